"""Several sources of one file, a mirror of the user's own, and an archive, from servers on this machine."""

import dataclasses
import hashlib
import http.server
import io
import json
import tarfile
import threading
import zipfile

import keras
import numpy as np
import pytest
from caffe_builders import caffe_layers, keras_network, net, snapshot
from file_builders import onnx_model

from keras_googlenet import decode_predictions
from keras_googlenet.weights import REGISTRY, WeightsError, load, read, reader
from keras_googlenet.weights.download import fetch
from keras_googlenet.weights.registry import Download

NAME = "tiny.caffemodel"
CONTENT = net(caffe_layers(), v1=True)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("KERAS_GOOGLENET_MIRROR", raising=False)
    return tmp_path / "keras" / "models"


@pytest.fixture
def server():
    """Serves `server.files` by path: bytes, bytes whose end is withheld, or the address to go to instead."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            content = self.server.files.get(self.path)
            if content is None:
                self.send_error(404)
            elif isinstance(content, str):
                self.send_response(302)
                self.send_header("Location", content)
                self.end_headers()
            else:
                content, withheld = content if isinstance(content, tuple) else (content, 0)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) - withheld])

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.asked = {}, []
        server.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def sources(server, *folders, content=CONTENT, name=NAME):
    digest = hashlib.sha256(content).hexdigest()
    return tuple(Download(f"{server.address}/{folder}/{name}", name, len(content), digest) for folder in folders)


@pytest.fixture
def weights(server):
    """One file that two servers have."""
    return dataclasses.replace(REGISTRY["imagenet"], sources=sources(server, "first", "second"))


def assert_fetched(weights):
    model, expected = keras_network(), keras_network()
    load(model.layers, fetch(weights))
    for name, array in read_back().items():
        layer, _, variable = name.rpartition("/")
        getattr(expected.get_layer(layer), variable).assign(array)
    assert snapshot(model) == snapshot(expected)


def read_back():
    from keras_googlenet.weights.caffe import from_caffe
    from keras_googlenet.weights.layouts import to_hwio

    return dict(
        from_caffe(
            {
                f"{layer}/{variable}": to_hwio(array)
                for layer, arrays in caffe_layers().items()
                for variable, array in zip(("kernel", "bias"), arrays, strict=True)
            }
        )
    )


@pytest.mark.parametrize(
    "first",
    [None, CONTENT[:-1] + b"?", CONTENT[:-100], (CONTENT, 100), b"<html>moved</html>"],
    ids=["down", "another hash", "shorter", "cut off", "a page"],
)
def test_the_second_source_where_the_first_has_not_the_file(cache, server, weights, first):
    server.files = {f"/first/{NAME}": first, f"/second/{NAME}": CONTENT}
    assert_fetched(weights)
    assert server.asked == [f"/first/{NAME}", f"/second/{NAME}"]
    assert [path.name for path in cache.iterdir()] == ["googlenet_imagenet.npz"]


def test_a_server_that_is_not_there(cache, server, weights):
    gone = dataclasses.replace(weights.sources[0], url=f"http://127.0.0.1:9/{NAME}")
    server.files = {f"/second/{NAME}": CONTENT}
    assert_fetched(dataclasses.replace(weights, sources=(gone, weights.sources[1])))


def test_a_redirection_is_followed(cache, server, weights):
    server.files = {f"/first/{NAME}": f"{server.address}/elsewhere", "/elsewhere": CONTENT}
    assert_fetched(weights)
    assert server.asked == [f"/first/{NAME}", "/elsewhere"]


def test_the_files_and_the_sources_that_failed_are_told(cache, server, weights):
    server.files = {f"/second/{NAME}": b"short"}
    with pytest.raises(WeightsError) as caught:
        fetch(weights)
    message = str(caught.value)
    assert f"- {server.address}/first/{NAME}: URL fetch failure" in message
    assert f"- {server.address}/second/{NAME}: a file of 5 bytes\n" in message
    assert message.count("sha256") == 1  # it is one file, which one is told to put into the cache
    assert not cache.exists()  # which is made for the file only


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_mirror_comes_first(cache, server, weights, monkeypatch, slash):
    server.files = {f"/mine/{NAME}": CONTENT}
    monkeypatch.setenv("KERAS_GOOGLENET_MIRROR", f"{server.address}/mine{slash}")
    assert_fetched(weights)
    assert server.asked == [f"/mine/{NAME}"]


def test_a_mirror_is_not_trusted_either(cache, server, weights, monkeypatch):
    server.files = {f"/mine/{NAME}": CONTENT[:-1] + b"?", f"/first/{NAME}": CONTENT}
    monkeypatch.setenv("KERAS_GOOGLENET_MIRROR", f"{server.address}/mine")
    assert_fetched(weights)
    assert server.asked == [f"/mine/{NAME}", f"/first/{NAME}"]


def test_a_mirror_may_have_another_file_of_the_same_weights(cache, server, weights, monkeypatch):
    pytest.importorskip("onnx")
    content = onnx_model(caffe_layers(heads=False)).SerializeToString()
    both = (*weights.sources, *sources(server, "third", content=content, name="tiny.onnx"))
    server.files = {"/mine/tiny.onnx": content, f"/first/{NAME}": CONTENT}
    monkeypatch.setenv("KERAS_GOOGLENET_MIRROR", f"{server.address}/mine")
    fetch(dataclasses.replace(weights, sources=both))
    assert server.asked == [f"/mine/{NAME}", "/mine/tiny.onnx"]


@pytest.mark.parametrize("form", ["{}", "{}/", "file://{}"])
def test_a_mirror_may_be_a_folder(cache, server, weights, monkeypatch, tmp_path, form):
    (tmp_path / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("KERAS_GOOGLENET_MIRROR", form.format(tmp_path))
    assert_fetched(weights)
    assert server.asked == []
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_mirror_that_is_nowhere_is_told(cache, server, weights, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_GOOGLENET_MIRROR", str(tmp_path / "none"))
    with pytest.raises(WeightsError, match=rf"- {tmp_path}/none/{NAME}: There is no weights file at"):
        fetch(weights)
    server.files = {f"/first/{NAME}": CONTENT}
    assert_fetched(weights)


def test_the_names_of_the_classes_come_from_the_mirror_too(cache, tmp_path, monkeypatch):
    index = {str(i): [f"n{i:08}", f"name {i}"] for i in range(1000)}
    (tmp_path / "imagenet_class_index.json").write_text(json.dumps(index))
    monkeypatch.setenv("KERAS_GOOGLENET_MIRROR", str(tmp_path))
    monkeypatch.setattr(keras.utils, "get_file", lambda *_, **__: pytest.fail("asked the network"))
    assert decode_predictions(np.eye(1, 1000), top=1)[0][0][1] == "name 0"


def test_wrong_names_from_a_mirror_are_not_kept(cache, server, tmp_path, monkeypatch):
    from keras_googlenet import imagenet

    server.files = {"/mine/imagenet_class_index.json": b"{}"}
    monkeypatch.setenv("KERAS_GOOGLENET_MIRROR", f"{server.address}/mine")
    monkeypatch.setattr(imagenet, "_CLASS_INDEX_URL", f"{server.address}/theirs.json")
    cache.mkdir(parents=True)
    with pytest.raises(OSError, match="could not be downloaded"):
        decode_predictions(np.eye(1, 1000))
    assert server.asked == ["/mine/imagenet_class_index.json", "/theirs.json"]
    assert list(cache.iterdir()) == []


def archive(path, *members):
    """A `.tar.gz` of pairs: a name or `TarInfo`, and its content."""
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["second format", "first format"])
def checkpoint(request, tmp_path_factory):
    """A tiny checkpoint's files by name."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("ckpt")
    names = ["InceptionV1/Conv2d_1a_7x7/weights", "InceptionV1/Logits/Conv2d_0c_1x1/biases"]
    tensors = [tf.ones((7, 7, 3, 4)), tf.range(1001.0)]
    if request.param:
        tf.raw_ops.Save(filename=str(folder / "net.ckpt"), tensor_names=names, data=tensors)
    else:
        tf.raw_ops.SaveV2(
            prefix=str(folder / "net.ckpt"), tensor_names=names, shape_and_slices=["", ""], tensors=tensors
        )
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("folder", ["", "./", "deep/er/", "/etc/", "../../"])
def test_an_archive_is_read_wherever_it_would_unpack(tmp_path, checkpoint, folder):
    members = [(folder + name, content) for name, content in checkpoint.items()]
    path = archive(tmp_path / "net.tar.gz", ("README", b"words"), *members)
    arrays = read(path)
    np.testing.assert_array_equal(arrays["predictions/bias"], np.arange(1, 1001))
    assert arrays["conv1_7x7_s2/kernel"].shape == (7, 7, 3, 4)
    assert [path.name for path in tmp_path.iterdir()] == ["net.tar.gz"]


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


@pytest.mark.parametrize(
    "members",
    [
        [],
        [("net.pb", b"x")],
        [special("net.ckpt", tarfile.SYMTYPE, "/etc/passwd")],
        [special("net.ckpt", tarfile.LNKTYPE, "/etc/passwd")],
        [special("net.ckpt", tarfile.CHRTYPE)],
        [special("net.ckpt", tarfile.FIFOTYPE)],
        [special("net.ckpt", tarfile.DIRTYPE)],
        [("a.ckpt", b"x"), ("b.ckpt", b"x")],
        [("net.ckpt", b"x"), ("again/net.ckpt", b"x")],
        [("net.ckpt", b"not a checkpoint")],
    ],
)
def test_an_archive_without_one_checkpoint_is_refused(tmp_path, members):
    path = archive(tmp_path / "net.tar.gz", *members)
    with pytest.raises(WeightsError, match=r"Cannot read (net.ckpt of )?\S+/net\.tar\.gz\. Expected a.* checkpoint"):
        read(path)
    assert [path.name for path in tmp_path.iterdir()] == ["net.tar.gz"]


@pytest.mark.parametrize("name", ["net.ckpt", "padding.bin"])
def test_an_archive_that_swells_is_given_up(tmp_path, monkeypatch, name):
    monkeypatch.setattr(reader, "MAX_BYTES", 100_000)
    path = archive(tmp_path / "net.tar.gz", (name, bytes(10_000_000)))
    assert path.stat().st_size < 100_000
    with pytest.raises(WeightsError, match="claims to hold more than a network of this kind can"):
        read(path)


def test_a_truncated_archive(tmp_path, checkpoint):
    path = archive(tmp_path / "net.tar.gz", *checkpoint.items())
    whole = path.read_bytes()
    for size in (0, 1, 20, len(whole) // 2, len(whole) - 20):
        path.write_bytes(whole[:size])
        with pytest.raises(WeightsError, match=r"Cannot read .*net\.tar\.gz"):
            read(path)


@pytest.mark.computes
def test_slims_weights_by_name(cache, server, tmp_path):
    """A network of slim's own making, from an archive on a server to the model's outputs."""
    from support import slim_twin

    from keras_googlenet import GoogLeNet, preprocess_input

    network = slim_twin.Network(seed=0, outputs=1001)
    network.save(tmp_path / "inception_v1.ckpt", first_format=True)
    path = archive(tmp_path / "x.tar.gz", ("inception_v1.ckpt", (tmp_path / "inception_v1.ckpt").read_bytes()))
    entry = REGISTRY["imagenet_slim"]
    content, name = path.read_bytes(), entry.sources[0].filename
    server.files = {f"/{name}": content, f"/first/{name}": content}
    images = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype("float32")
    with pytest.MonkeyPatch.context() as patch:
        found = dataclasses.replace(entry, sources=sources(server, "first", content=content, name=name))
        patch.setitem(REGISTRY, "imagenet_slim", found)
        model = GoogLeNet(weights="imagenet_slim", input_shape=(64, 64, 3))
    assert model.architecture.name == "slim"
    assert (cache / "googlenet_imagenet_slim.npz").exists()
    logits = np.array(network((images / 127.5 - 1).astype("float32")))[:, 1:]
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(model(preprocess_input(images)), expected, rtol=0, atol=1e-5)


@pytest.mark.computes
def test_googles_own_weights_by_name(cache, server):
    """An archive of the graph's own nodes: of another hash, from a server, and unpacked in the cache."""
    from support import inception5h_twin

    from keras_googlenet import GoogLeNet, preprocess_input

    network, entry = inception5h_twin.Network(seed=0), REGISTRY["inception5h"]
    graph, made = network.graph.SerializeToString(), io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("tensorflow_inception_graph.pb", graph)
        archive.writestr("imagenet_comp_graph_label_strings.txt", "dummy")
    content, name = made.getvalue(), entry.sources[0].filename
    unpacked = Download(None, entry.sources[-1].filename, len(graph), hashlib.sha256(graph).hexdigest())
    [source] = sources(server, "first", content=content, name=name)
    server.files = {f"/first/{name}": content}
    images = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype("float32")
    expected = network.run(images - 117, ["softmax2", "softmax1"])
    with pytest.MonkeyPatch.context() as patch:

        def known(*files):
            patch.setitem(REGISTRY, "inception5h", dataclasses.replace(entry, sources=files))

        known(dataclasses.replace(source, sha256="0" * 64), unpacked)
        with pytest.raises(
            WeightsError, match=r"a file with sha256 [0-9a-f]{64}\nWithout a network, put inception5h.zip"
        ):
            GoogLeNet(weights="inception5h")
        assert not [path for path in cache.rglob("*") if path.is_file()]
        known(source, unpacked)
        models = [GoogLeNet(weights="inception5h", classes=1008, aux_heads=True)]
        assert server.asked == [f"/first/{name}"] * 2
        kept = cache / "googlenet_inception5h.npz"
        assert [path.name for path in cache.iterdir()] == [kept.name]
        kept.unlink()
        (cache / unpacked.filename).write_bytes(graph)
        models.append(GoogLeNet(weights="inception5h", classes=1008, aux_heads=True))
        assert len(server.asked) == 2
        assert GoogLeNet(weights="inception5h", include_top=False).output_shape == (None, None, None, 1024)
        assert GoogLeNet(weights="inception5h").output_shape == (None, 1008)
        assert GoogLeNet(weights="inception5h", classes=1000).output_shape == (None, 1000)
    for model in models:
        assert model.architecture.name == "inception5h"
        main, _, second = model(preprocess_input(images))
        np.testing.assert_allclose(main, expected["softmax2"], rtol=0, atol=1e-5)
        np.testing.assert_allclose(second, expected["softmax1"], rtol=0, atol=1e-5)
