"""Named weights from a server on this machine into a cache of the test's own."""

import contextlib
import dataclasses
import hashlib
import http.server
import socket
import threading

import keras
import numpy as np
import pytest
from caffe_builders import caffe_layers, keras_network, net, snapshot
from file_builders import onnx_model
from support.full_disk import room, small_disk
from support.version_0_1_0 import version_0_1_0

from keras_googlenet import GoogLeNet
from keras_googlenet.utils.cache import models_dir
from keras_googlenet.weights import REGISTRY, WeightsError, download, load, read
from keras_googlenet.weights.assignment import targets
from keras_googlenet.weights.download import fetch
from keras_googlenet.weights.registry import Download

CAFFEMODEL, ONNX = "tiny.caffemodel", "tiny.onnx"
CONVERTED = "googlenet_imagenet.npz"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


@pytest.fixture
def server():
    """Serves `server.files`; a name that is not there is 404. Remembers what was asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.lstrip("/")
            self.server.asked.append(name)
            content = self.server.files.get(name)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content) + self.server.withheld))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.asked, server.withheld = {}, [], 0
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def weights(server):
    """Tiny weights in two sources: a .caffemodel with heads, an .onnx without."""
    pytest.importorskip("onnx")
    server.files = {
        CAFFEMODEL: net(caffe_layers(), v1=True),
        ONNX: onnx_model(caffe_layers(heads=False)).SerializeToString(),
    }
    return dataclasses.replace(
        REGISTRY["imagenet"],
        sources=tuple(
            Download(
                url=f"http://127.0.0.1:{server.server_port}/{name}",
                filename=name,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
            for name, content in server.files.items()
        ),
    )


def inhabitants(cache):
    return sorted(path.name for path in cache.glob("*"))


def assert_fetched(weights, *, heads):
    model = keras_network()
    before = {layer.name: snapshot(layer) for layer in model.layers}
    path = fetch(weights)
    if heads:
        load(model.layers, path)
    else:
        with pytest.warns(UserWarning, match="stay as initialized: aux1_conv"):
            load(model.layers, path)
    changed = {layer.name for layer in model.layers if snapshot(layer) != before[layer.name]}
    assert "predictions" in changed
    assert ("aux1_fc" in changed) == heads


def test_downloaded_once_converted_and_kept(cache, server, weights, capsys):
    assert_fetched(weights, heads=True)
    assert inhabitants(cache) == [CONVERTED]
    assert "Downloading data from http://127.0.0.1" in capsys.readouterr().err
    assert_fetched(weights, heads=True)
    assert server.asked == [CAFFEMODEL]


def test_the_next_source_is_tried(cache, server, weights):
    del server.files[CAFFEMODEL]
    assert_fetched(weights, heads=False)
    assert server.asked == [CAFFEMODEL, ONNX]
    assert inhabitants(cache) == [CONVERTED]


@pytest.mark.parametrize("damage", [lambda c: c[:-100], lambda c: c[:-1] + b"?", lambda c: b"404"])
def test_a_wrong_download_is_not_used(cache, server, weights, damage):
    server.files[CAFFEMODEL] = damage(server.files[CAFFEMODEL])
    assert_fetched(weights, heads=False)
    assert inhabitants(cache) == [CONVERTED]


def fail(weights, match):
    with pytest.raises(WeightsError, match=match) as caught:
        fetch(weights)
    return str(caught.value)


def test_every_reason_and_the_remedy_are_told(cache, server, weights):
    server.files[CAFFEMODEL] = server.files[CAFFEMODEL][:-1] + b"?"
    del server.files[ONNX]
    message = fail(weights, "Could not download weights='imagenet'")
    caffemodel, onnx = weights.sources
    wrong = hashlib.sha256(server.files[CAFFEMODEL]).hexdigest()
    assert f"- {caffemodel.url}: a file with sha256 {wrong}\n" in message
    assert f"- {onnx.url}: URL fetch failure" in message
    assert "404" in message
    assert f"put {CAFFEMODEL} ({caffemodel.size:,} bytes, sha256 {caffemodel.sha256})" in message
    assert f"into {cache}, or pass the path of such a file as `weights`. Received: none of 2 sources" in message
    assert inhabitants(cache) == []


def test_a_download_that_breaks_off(cache, server, weights):
    server.withheld = 1000
    fail(weights, "retrieval incomplete")
    assert inhabitants(cache) == []


def test_a_silent_server_is_given_up(cache, weights, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/{CAFFEMODEL}"
        source = dataclasses.replace(weights.sources[0], url=url)
        fail(dataclasses.replace(weights, sources=(source,)), r"tiny\.caffemodel: .*timed out")
    assert socket.getdefaulttimeout() is None
    assert inhabitants(cache) == []


def test_without_a_network(cache, weights):
    offline = dataclasses.replace(
        weights,
        sources=tuple(
            dataclasses.replace(source, url="http://127.0.0.1:9/" + source.filename) for source in weights.sources
        ),
    )
    fail(offline, r"127\.0\.0\.1:9/tiny\.caffemodel: .*refused")
    assert inhabitants(cache) == []


@pytest.mark.parametrize("name", [CAFFEMODEL, ONNX])
def test_a_file_put_into_the_cache_is_used_and_kept(cache, server, weights, name):
    cache.mkdir(parents=True)
    (cache / name).write_bytes(server.files[name])
    assert_fetched(weights, heads=name == CAFFEMODEL)
    assert server.asked == []
    assert inhabitants(cache) == sorted([CONVERTED, name])


@pytest.mark.parametrize(("content", "received"), [(b"short", "a file of 5 bytes"), (None, "a file with sha256 ")])
def test_a_wrong_file_put_into_the_cache_is_named_and_kept(cache, server, weights, content, received):
    cache.mkdir(parents=True)
    content = content or server.files[CAFFEMODEL][:-1] + b"?"
    (cache / CAFFEMODEL).write_bytes(content)
    fail(weights, rf"models/tiny\.caffemodel is not the file .*Received: {received}.*Delete or")
    assert (cache / CAFFEMODEL).read_bytes() == content
    assert inhabitants(cache) == [CAFFEMODEL]
    assert server.asked == []


def test_a_damaged_conversion_is_named(cache, weights):
    path = fetch(weights)
    path.write_bytes(path.read_bytes()[:-1000])
    model = keras_network()
    with pytest.raises(
        WeightsError, match=rf"Cannot read .*{CONVERTED}.*delete it if it is in Keras's cache.*Received: "
    ):
        load(model.layers, fetch(weights))


def test_a_file_that_cannot_be_read_leaves_nothing(cache, server, weights):
    """It is the registered one, to the bit, and yet no weights file."""
    server.files = {CAFFEMODEL: b"<html>"}
    digest = hashlib.sha256(b"<html>").hexdigest()
    source = dataclasses.replace(weights.sources[0], size=6, sha256=digest)
    fail(dataclasses.replace(weights, sources=(source,)), r"Cannot read .*tiny\.caffemodel")
    assert inhabitants(cache) == []


def test_a_file_that_does_not_fit_leaves_the_network_alone(cache, weights):
    model = keras_network(aux_heads=False)
    narrow = keras.Model(
        model.inputs, keras.layers.Dense(7, name="conv1_7x7_s2")(keras.layers.Flatten()(model.inputs[0]))
    )
    before = snapshot(narrow)
    with pytest.raises(WeightsError, match=rf"of .*{CONVERTED} do not fit the model"):
        load(narrow.layers, fetch(weights))
    assert snapshot(narrow) == before


def test_an_interrupted_conversion_leaves_nothing(cache, weights, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(weights)
    assert inhabitants(cache) == []


def test_what_is_kept_is_what_the_source_has(cache, server, weights, tmp_path):
    """To the bit, by this package's names: what a version that knows the source's format better makes of it."""
    kept = read(fetch(weights))
    (tmp_path / CAFFEMODEL).write_bytes(server.files[CAFFEMODEL])
    expected = read(tmp_path / CAFFEMODEL)
    assert kept.keys() == expected.keys()
    for name, array in expected.items():
        assert kept[name].dtype == array.dtype
        np.testing.assert_array_equal(kept[name], array)


@pytest.mark.computes
@pytest.mark.parametrize("version", [version_0_1_0, contextlib.nullcontext])
def test_a_cache_that_an_older_version_filled_is_used(cache, monkeypatch, version):
    """Version 0.1.0 and those after it kept a `.weights.h5`, of a network with its heads."""
    monkeypatch.setattr(keras.utils, "get_file", lambda *_, **__: pytest.fail("asked the network"))
    cache.mkdir(parents=True)
    with version():
        old = GoogLeNet(weights=None)
        old.save_weights(cache / "googlenet_imagenet.weights.h5")
    model = GoogLeNet(weights="imagenet", aux_heads=True)
    expected = targets(old.layers)
    for name, variable in targets(model.layers).items():
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (variable, expected[name])), err_msg=name)
    assert inhabitants(cache) == ["googlenet_imagenet.weights.h5"]


def test_conversion_keeps_full_precision(cache, weights):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float16")
    try:
        path = fetch(weights)
        assert keras.config.dtype_policy().name == "float16"
    finally:
        keras.config.set_dtype_policy(policy)
    model, expected = keras_network(), keras_network()
    load(model.layers, path)
    (cache / CAFFEMODEL).write_bytes(net(caffe_layers()))
    load(expected.layers, cache / CAFFEMODEL)
    assert snapshot(model) == snapshot(expected)


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch, weights):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    fail(weights, r"Cannot write to Keras's cache .*file/models.*set KERAS_HOME.*Received: ")


def test_the_cache_is_where_keras_keeps_it(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert models_dir() == tmp_path / ".keras" / "models"


@pytest.mark.parametrize("attempt", range(10))
def test_two_first_downloads_into_one_cache(attempt, cache, server, weights):
    """Each has the weights, and nothing else is left."""
    together, paths = threading.Barrier(2), []

    def first():
        together.wait()
        paths.append(fetch(weights))

    threads = [threading.Thread(target=first) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [cache / CONVERTED] * 2
    assert_fetched(weights, heads=True)
    assert inhabitants(cache) == [CONVERTED]


def test_a_cache_on_a_full_disk(tmp_path, monkeypatch, weights, server):
    """Neither an answer nor a source: the disk is to blame, once."""
    with small_disk(tmp_path / "disk", 2**20) as disk, room(disk, 2**12):
        monkeypatch.setenv("KERAS_HOME", str(disk / "keras"))
        with pytest.raises(WeightsError, match="Cannot write to Keras's cache .*No space left on device") as caught:
            fetch(weights)
        assert caught.value.status == 1
        assert server.asked == [CAFFEMODEL]
        assert [path.name for path in disk.iterdir()] == ["ballast"]
