"""`torchvision.models.googlenet`, there and back: the same outputs, main and heads, for random weights."""

import dataclasses
import functools
import hashlib
import http.server
import importlib.util
import tarfile
import threading

import keras
import numpy as np
import pytest
from support.tiers import does

from keras_googlenet import GoogLeNet, preprocess_input, weights
from keras_googlenet.cli import main
from keras_googlenet.data import center_crop
from keras_googlenet.data.images import decode_image
from keras_googlenet.weights import torchvision as pth
from keras_googlenet.weights.assignment import targets

torch = pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
if importlib.util.find_spec("torchvision") is None:
    pytest.skip("torchvision is in the extra `peers`", allow_module_level=True)

CLASSES = 30


def theirs(seed, **options):
    from support import torchvision_twin

    return torchvision_twin.network(seed, CLASSES, **options)


def normalized(images):
    from support import torchvision_twin

    return torchvision_twin.normalized(images)


def answers(network, images):
    from support import torchvision_twin

    return torchvision_twin.probabilities(network, images)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).uniform(0, 255, (3, 224, 224, 3)).astype("float32")


@pytest.fixture(scope="module")
def photos(shared_data):
    views = []
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        names = sorted(name for name in archive.getnames() if "/val/" in name and name.endswith(".jpg"))
        for name in names[::40]:
            views.append(center_crop(decode_image(archive.extractfile(name).read(), name), 224))
    return np.stack(views).astype("float32")


@pytest.fixture(scope="module", params=[0, 1, 2])
@does("computes")
def pair(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("pth") / "googlenet.pth"
    network = theirs(request.param)
    torch.save(network.state_dict(), path)
    return network, GoogLeNet(weights=path, classes=CLASSES, aux_heads=True), path


def test_it_is_the_variant_of_its_file(pair):
    _, model, _ = pair
    assert model.architecture.name == "torchvision"


def test_the_main_head(pair, noise):
    network, model, _ = pair
    found = model.predict(preprocess_input(noise), verbose=0)[0]
    expected = answers(network, noise)
    assert expected.max() > 2 / CLASSES  # not uniform: agreement would prove little
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_photos(pair, photos):
    network, model, _ = pair
    found = model.predict(preprocess_input(photos), verbose=0)[0]
    np.testing.assert_allclose(found, answers(network, photos), rtol=0, atol=1e-5)


def test_all_heads_in_training(pair, noise):
    """Normalization by the batch's own statistics. Dropout is off: theirs by its rate, ours in a copy.

    The classifiers are as torchvision draws them: three images' statistics are less exact than moving ones, and
    eightfold weights make eight times as much of that.
    """
    from support.torchvision_twin import DECIDED

    network, model, _ = pair

    def without_dropout(layer):
        config = layer.get_config()
        return type(layer).from_config({**config, "rate": 0.0} if isinstance(layer, keras.layers.Dropout) else config)

    copy = keras.models.clone_model(model, clone_function=without_dropout)
    copy.set_weights([w for w in model.get_weights() if w.dtype == "float32"][: len(copy.get_weights())])
    state = {name: value.clone() for name, value in network.state_dict().items()}
    for name in ("predictions", "aux1", "aux2"):
        copy.get_layer(name).kernel.assign(copy.get_layer(name).kernel / DECIDED)
    for classifier in (network.fc, network.aux1.fc2, network.aux2.fc2):
        classifier.weight.data /= DECIDED
    ours = copy(preprocess_input(noise), training=True)
    try:
        with torch.no_grad():
            outputs = network.train()(normalized(noise))
    finally:
        network.load_state_dict(state)
        network.eval()
    expected = (outputs.logits, outputs.aux_logits1, outputs.aux_logits2)
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(one, torch.softmax(other, 1).numpy(), rtol=0, atol=1e-5)


def test_and_back(pair, noise, tmp_path, capsys):
    """Through `.keras` to a file that torchvision takes strictly, to the bit."""
    network, model, _ = pair
    model.save(tmp_path / "model.keras")
    assert main(["convert", str(tmp_path / "model.keras"), str(tmp_path / "back.pth")]) == 0
    again = theirs(seed=9)
    again.load_state_dict(torch.load(tmp_path / "back.pth", weights_only=True), strict=True)
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, again.state_dict()[name]), name
    np.testing.assert_array_equal(answers(again, noise[:1]), answers(network, noise[:1]))


@pytest.mark.trains
def test_trained_here_it_agrees_there(tmp_path, noise):
    """A model of this package without heads, its statistics moved by a step, in torchvision."""
    model = GoogLeNet(weights=None, classes=CLASSES, variant="torchvision", aux_heads=False)
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    model.train_on_batch(preprocess_input(noise), np.arange(3))
    arrays = {name: keras.ops.convert_to_numpy(v) for name, v in targets(model.layers).items()}
    pth.write(tmp_path / "ours.pth", arrays)
    network = theirs(seed=5, aux_logits=False)
    network.load_state_dict(torch.load(tmp_path / "ours.pth", weights_only=True), strict=True)
    found = model.predict(preprocess_input(noise), verbose=0)
    np.testing.assert_allclose(found, answers(network, noise), rtol=0, atol=1e-5)


@pytest.mark.computes
def test_another_image_size(tmp_path):
    """Odd sizes, where the pools round their output up."""
    images = np.random.default_rng(1).uniform(0, 255, (2, 131, 131, 3)).astype("float32")
    network = theirs(seed=4, aux_logits=False)
    torch.save(network.state_dict(), tmp_path / "x.pth")
    model = GoogLeNet(weights=tmp_path / "x.pth", classes=CLASSES, input_shape=(131, 131, 3))
    np.testing.assert_allclose(model.predict(preprocess_input(images), verbose=0), answers(network, images), atol=1e-5)


@pytest.mark.parametrize("variant", ["paper", "batchnorm", "slim"])
def test_other_variants_are_not_written(variant, tmp_path):
    model = GoogLeNet(weights=None, classes=3, input_shape=(32, 32, 3), variant=variant, aux_heads=False)
    arrays = {name: keras.ops.convert_to_numpy(v) for name, v in targets(model.layers).items()}
    with pytest.raises(weights.WeightsError, match="the variant `torchvision`"):
        pth.write(tmp_path / "x.pth", arrays)
    assert not list(tmp_path.iterdir())


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "pwned"), "w"))

    torch.save({"conv1.conv.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(weights.WeightsError, match=r"Cannot read .*evil\.pth"):
        weights.read(tmp_path / "evil.pth")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(2)], "it holds list"),
        ({"fc.weight": "x"}, "'fc.weight' is no tensor"),
        ({"fc.weight": torch.zeros(1).expand(10**12)}, "claims to hold more than"),
        ({}, "holds no weights"),
    ],
)
def test_what_is_no_state_dict_is_refused(content, message, tmp_path):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(weights.WeightsError, match=message):
        weights.read(tmp_path / "x.pth")


def test_wrappers_of_training_scripts(tmp_path):
    state = {f"module.{name}": tensor for name, tensor in theirs(seed=1).state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "wrapped.pth")
    torch.save(theirs(seed=1).state_dict(), tmp_path / "bare.pth")
    wrapped, bare = weights.read(tmp_path / "wrapped.pth"), weights.read(tmp_path / "bare.pth")
    assert list(wrapped) == list(bare)
    for name, array in bare.items():
        np.testing.assert_array_equal(wrapped[name], array)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.mark.computes
def test_by_name_from_a_server(tmp_path, monkeypatch, noise):
    """PyTorch names its files by the beginning of their digest, and nobody gives the rest or the size."""
    from support import torchvision_twin

    network = torchvision_twin.network(0, 1000)
    torch.save(network.state_dict(), tmp_path / "new.pth")
    digest = hashlib.sha256((tmp_path / "new.pth").read_bytes()).hexdigest()
    (tmp_path / "new.pth").rename(tmp_path / f"googlenet-{digest[:8]}.pth")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    handler = functools.partial(Quiet, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        entry = weights.REGISTRY["imagenet_torchvision"]
        name = f"googlenet-{digest[:8]}.pth"
        url = f"http://127.0.0.1:{server.server_port}/{name}"
        for said, fits in ((digest[:8][::-1], False), (digest[:8], True)):
            source = dataclasses.replace(entry.sources[0], url=url, filename=name, sha256=said)
            found = dataclasses.replace(entry, sources=(source,))
            monkeypatch.setitem(weights.REGISTRY, "imagenet_torchvision", found)
            if not fits:
                with pytest.raises(weights.WeightsError, match=rf"put {name} \(sha256 {said}\.\.\.\) into"):
                    GoogLeNet(weights="imagenet_torchvision")
                continue
            model = GoogLeNet(weights="imagenet_torchvision")
        server.shutdown()
    assert model.architecture.name == "torchvision"
    expected = torchvision_twin.probabilities(network, noise)
    np.testing.assert_allclose(model.predict(preprocess_input(noise), verbose=0), expected, rtol=0, atol=1e-5)
