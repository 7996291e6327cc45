"""Features of images: what is in the file, against the model itself; and files that were begun, killed or damaged."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.data import ImageError, center_crop, read_image
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.utils.partial import ExistsError
from keras_googlenet.visualize import Features, features, write_features
from keras_googlenet.visualize.dataset import partial_features
from keras_googlenet.visualize.network import Network

pytestmark = pytest.mark.computes

LAYERS = ["mixed3a", "inception_4a/3x3_reduce", "conv2d0_pre_relu", "softmax2"]
NAMES = ["inception_3a", "inception_4a_3x3_reduce", "conv1_pre_relu", "predictions"]


@pytest.fixture(scope="module")
def model():
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=5, variant=SMALL)
    deterministic.fill(made)
    return made


@pytest.fixture(scope="module", autouse=True)
def traced_once():
    """Some hundred passes through the same few layers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "features", functools.cache(Network.features))
        yield


@pytest.fixture(scope="module")
def network(model):
    return Network(model)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Ten images of several sizes, the third of which is none."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for number in range(10):
        (tmp_path / "in" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        path = tmp_path / "in" / "ab"[number % 2] / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (50 + 7 * number, 90 - 3 * number, 3), "uint8")).save(path)
    (tmp_path / "in" / "a" / "4.png").write_bytes(b"no image")
    return tmp_path


ORDER = [f"in/a/{n}.png" for n in (0, 2, 4, 6, 8)] + [f"in/b/{n}.png" for n in (1, 3, 5, 7, 9)]
READABLE = [path for path in ORDER if path != "in/a/4.png"]


def expected(model, pooling):
    """The same by Keras alone, image by image."""
    outputs = keras.Model(model.input, [model.endpoints[layer] for layer in LAYERS])
    rows = []
    for path in READABLE:
        pixels = preprocess_input(center_crop(read_image(path), 64)[None].astype("float32"))
        rows.append([np.asarray(keras.ops.convert_to_numpy(one))[0] for one in outputs(pixels, training=False)])
    found = [np.stack(column) for column in zip(*rows, strict=True)]
    pool = {"mean": np.mean, "max": np.max, "none": lambda maps, axis: maps}[pooling]
    return [pool(one, axis=(1, 2)) if one.ndim == 4 else one for one in found]


@pytest.mark.parametrize("pooling", ["mean", "max", "none"])
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_they_are_the_models(model, network, folder, pooling, batch_size):
    bad = []
    count = write_features(
        network, "in", LAYERS, "out.npz", pooling=pooling, batch_size=batch_size, on_error=bad.append, verbose=0
    )
    assert count == 9
    assert [str(error) for error in bad] == ["in/a/4.png: not an image in a format that Pillow can read"]
    assert sorted(os.listdir()) == ["in", "out.npz"]
    with np.load("out.npz") as file:
        assert file.files == ["paths", *NAMES, "layers", "pooling", "model", "digest"]
        assert file["paths"].tolist() == READABLE
        assert (file["layers"].tolist(), str(file["pooling"]), str(file["model"])) == (NAMES, pooling, "model")
        wanted = expected(model, pooling)
        for name, rows in zip(NAMES, wanted, strict=True):
            assert file[name].dtype == "float32"
            np.testing.assert_allclose(file[name], rows, rtol=1e-4, atol=1e-5 * np.abs(rows).max())
            assert np.ptp(rows) > 0
    found = features(network, ["in/a", "in/b"], LAYERS, pooling=pooling, on_error=bad.append, batch_size=3)
    assert isinstance(found, Features)
    read, layers = found
    assert read == READABLE
    for name, rows in zip(NAMES, wanted, strict=True):
        np.testing.assert_allclose(layers[name], rows, rtol=1e-4, atol=1e-5 * np.abs(rows).max())


def test_without_somebody_to_tell_an_unreadable_image_is_an_error(model, folder):
    with pytest.raises(ImageError, match=r"in/a/4\.png: not an image"):
        features(model, "in", "4a")
    with pytest.raises(ImageError, match=r"in/a/4\.png: not an image"):
        write_features(model, "in", "4a", "out.npz", verbose=0)
    assert sorted(os.listdir()) == ["in", "out.npz.part"]


def test_gray_oblong_and_of_any_size(folder):
    for shape, size in (((48, 96, 1), (48, 96)), ((None, None, 3), (224, 224))):
        made = GoogLeNet(weights=None, include_top=False, input_shape=shape, variant=SMALL)
        layers = features(made, READABLE[:2], "pool1", pooling="none").layers
        assert layers["pool1"].shape[1:3] == tuple(side // 4 for side in size)


class Stop(Exception):
    """In place of whatever ends a process."""


def interrupted(network, at, **options):
    """Begins to write, and ends after some images."""

    def stop(done):
        if done >= at:
            raise Stop

    with pytest.raises(Stop):
        write_features(
            network, "in", LAYERS, "out.npz", on_batch=stop, batch_size=2, verbose=0, on_error=lambda e: None, **options
        )


@pytest.fixture
def whole(network, folder):
    """The bytes of the file that is written at once."""
    write_features(network, "in", LAYERS, "out.npz", batch_size=2, verbose=0, on_error=lambda e: None)
    content = (folder / "out.npz").read_bytes()
    os.remove("out.npz")
    return content


def goes_on(network, **options):
    bad, seen = [], []
    write_features(
        network, "in", LAYERS, "out.npz", batch_size=2, verbose=0, on_error=bad.append, on_batch=seen.append, **options
    )
    assert [str(error) for error in bad] == ["in/a/4.png: not an image in a format that Pillow can read"]
    return seen


@pytest.mark.parametrize("at", [2, 4, 6, 10])
def test_it_goes_on_to_the_same_bytes(network, folder, whole, at):
    """The unreadable image is told again, also where it was met before."""
    interrupted(network, at)
    assert goes_on(network) == list(range(at + 2, 11, 2))
    assert (folder / "out.npz").read_bytes() == whole
    assert sorted(os.listdir()) == ["in", "out.npz"]


def test_what_was_not_noted_is_done_again(network, folder, whole):
    """As a killed process leaves it: rows without a note, and half a line of a note."""
    interrupted(network, 6)
    with open("out.npz.part/inception_3a.f32", "ab") as file:
        file.write(b"\1" * 1001)
    with open("out.npz.part/done.jsonl", "ab") as file:
        file.write(b'{"done": 8, "unread')
    assert goes_on(network) == [8, 10]
    assert (folder / "out.npz").read_bytes() == whole


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"layers": ["3a"]}, "layers"),
        ({"pooling": "max"}, "pooling"),
        ({"batch_size": 3}, "batch size"),
        ({"name": "other"}, "model"),
        ({"paths": "in/a"}, "images"),
    ],
)
def test_what_another_command_has_begun_is_refused(network, folder, whole, changes, differs):
    interrupted(network, 6)
    left = {path.name: path.read_bytes() for path in (folder / "out.npz.part").iterdir()}
    options = {"paths": "in", "layers": LAYERS, "batch_size": 2, "verbose": 0, "on_error": lambda e: None} | changes
    with pytest.raises(InputError, match=rf"another command has begun: it differs in {differs}\. .*--restart"):
        write_features(network, file="out.npz", **options)
    assert left == {path.name: path.read_bytes() for path in (folder / "out.npz.part").iterdir()}
    write_features(network, file="out.npz", restart=True, **options)
    assert sorted(os.listdir()) == ["in", "out.npz"]


def test_so_are_another_model_and_changed_images(model, network, folder, whole):
    interrupted(network, 4)
    other = keras.models.clone_model(model)
    with pytest.raises(InputError, match=r"differs in digest\."):
        goes_on(other)
    os.utime("in/b/9.png", (1, 1))
    with pytest.raises(InputError, match=r"differs in images\."):
        goes_on(network)
    assert goes_on(network, restart=True) == [2, 4, 6, 8, 10]
    assert (folder / "out.npz").read_bytes() == whole


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("about.json", b"{", "is damaged (about.json: "),
        ("done.jsonl", b"[1]\n", "is damaged (done.jsonl: "),
        ("done.jsonl", b'{"done": 11, "unreadable": {}}\n', "is damaged (done.jsonl: it speaks of images that are not"),
        ("done.jsonl", b'{"done": "4", "unreadable": {}}\n', "is damaged (done.jsonl: "),
        ("done.jsonl", b'{"done": 4, "unreadable": {"x": ""}}\n', "is damaged (done.jsonl: "),
        ("done.jsonl", b'{"done": 4, "unreadable": {"5": ""}}\n', "is damaged (done.jsonl: "),
        ("inception_3a.f32", b"short", "is damaged: inception_3a.f32 is shorter than what was noted"),
        ("inception_3a.f32", None, "is damaged: inception_3a.f32 "),
    ],
)
def test_damage_is_named(network, folder, name, content, message):
    interrupted(network, 6)
    path = folder / "out.npz.part" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        goes_on(network)
    assert message in str(caught.value)
    goes_on(network, restart=True)


def test_a_folder_of_that_name_is_not_emptied(network, folder):
    (folder / "out.npz.part").mkdir()
    (folder / "out.npz.part" / "mine.txt").write_text("precious")
    goes_on(network)
    assert (folder / "out.npz.part" / "mine.txt").read_text() == "precious"


def test_a_file_that_is_there_stays(network, folder):
    (folder / "out.npz").write_text("older")
    with pytest.raises(ExistsError, match=r"out\.npz exists already"):
        goes_on(network)
    assert sorted(os.listdir()) == ["in", "out.npz"]
    assert (folder / "out.npz").read_text() == "older"


def test_the_second_of_two_is_refused(network, folder, whole):
    def meanwhile(done):
        if done == 4:
            with pytest.raises(WorkError, match=r"Another process writes .*out\.npz: wait"):
                goes_on(network)

    write_features(
        network, "in", LAYERS, "out.npz", batch_size=2, verbose=0, on_error=lambda e: None, on_batch=meanwhile
    )
    assert (folder / "out.npz").read_bytes() == whole


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": "out.csv"}, "Features go into a file that ends with .npz or .parquet. Received: 'out.csv'"),
        ({"layers": "4f"}, "No such layer: 4f"),
        ({"layers": []}, "Expected the name of a layer"),
        ({"pooling": "median"}, "`pooling` must be one of mean, max, none. Received: 'median'"),
        ({"paths": []}, "Expected one or more images"),
        ({"batch_size": 0}, "`batch_size` must be at least 1. Received: 0"),
    ],
)
def test_wrong_arguments(network, folder, changes, message):
    arguments = {"paths": "in", "layers": "3a", "file": "out.npz", "verbose": 0} | changes
    with pytest.raises(InputError) as caught:
        write_features(network, **arguments)
    assert message in str(caught.value)
    assert os.listdir() == ["in"]


def test_a_layer_asked_for_twice_by_two_names_is_there_once(network, folder):
    assert list(features(network, READABLE[:1], ["3a", "mixed3a"]).layers) == ["inception_3a"]


def test_a_layer_of_a_name_that_the_file_needs_is_refused(model, folder):
    """Which another builder's model may have."""
    named = keras.Model(model.inputs, keras.layers.Dense(2, name="paths")(model.outputs[0]))
    with pytest.raises(InputError, match="needs this name for itself: rename the layer. Received: paths"):
        write_features(named, "in", "paths", "f.npz", on_error=print, verbose=0)
    assert sorted(path.name for path in folder.iterdir()) == ["in"]


def test_names_that_are_no_utf8(network, folder):
    name = os.fsdecode(b"in/\xff.png")
    shutil.copy(READABLE[0], name)
    write_features(network, [name, READABLE[1]], "3a", "out.npz", verbose=0)
    assert np.load("out.npz")["paths"].tolist() == [name, READABLE[1]]
    if "pyarrow" in sys.modules:
        with pytest.raises(InputError, match="holds names in UTF-8"):
            write_features(network, [name], "3a", "out.parquet", verbose=0)


@pytest.mark.parametrize("pooling", ["mean", "none"])
def test_parquet(model, network, folder, pooling):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is in the extra `peers`")
    write_features(network, READABLE, LAYERS, "out.parquet", pooling=pooling, verbose=0)
    table = parquet.read_table("out.parquet")
    assert table.column_names == ["path", *NAMES]
    assert table["path"].to_pylist() == READABLE
    for name, rows in zip(NAMES, expected(model, pooling), strict=True):
        field = table.schema.field(name)
        found = np.array(table[name].to_pylist(), "float32").reshape(-1, *json.loads(field.metadata[b"shape"]))
        np.testing.assert_allclose(found, rows, rtol=1e-4, atol=1e-5 * np.abs(rows).max())
    about = table.schema.metadata
    assert (about[b"pooling"], json.loads(about[b"layers"])) == (pooling.encode(), NAMES)


KILLED = """
import sys
import keras
from keras_googlenet.visualize import write_features
from keras_googlenet.visualize.dataset import partial_features
partial_features.SAVE_SECONDS = 0.0
model = keras.saving.load_model("net.keras")
print("begun", flush=True)
write_features(model, "in", "3a", "out.npz", batch_size=2, verbose=0, on_error=print,
    on_batch=lambda done: print(done, flush=True))
"""


@pytest.mark.spawns
def test_a_killed_process_is_gone_on_from(model, folder):
    model.save("net.keras")
    loaded = keras.saving.load_model("net.keras")
    write_features(loaded, "in", "3a", "whole.npz", batch_size=2, verbose=0, on_error=lambda e: None)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", KILLED], env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        while process.stdout.readline() != "6\n":
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    assert os.path.isdir("out.npz.part")
    seen = []
    write_features(
        loaded, "in", "3a", "out.npz", batch_size=2, verbose=0, on_error=lambda e: None, on_batch=seen.append
    )
    assert seen in ([8, 10], [10], [])
    assert (folder / "out.npz").read_bytes() == (folder / "whole.npz").read_bytes()


def test_notes_are_made_now_and_then(network, folder, monkeypatch):
    """Not at each batch, which would wait for the disk each time."""
    times = iter(range(0, 1000, 4))
    monkeypatch.setattr(partial_features.time, "monotonic", lambda: float(next(times)))
    interrupted(network, 10)
    with open("out.npz.part/done.jsonl") as file:
        done = [json.loads(line)["done"] for line in file]
    assert done[-1] == 10
    assert len(done) < 5
