"""Each artifact is opened by its own runtime and held against the network before it takes its name, or nothing is."""

import contextlib
import dataclasses
import importlib
import json
import runpy
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_googlenet import export
from keras_googlenet.cli import main
from keras_googlenet.errors import WorkError
from keras_googlenet.export import artifacts, savedmodel, trial
from keras_googlenet.utils.export_formats import FORMATS

LABELS = ("ant", "bee", "wasp")
NEEDS = {"onnx": ["tf2onnx", "onnxruntime"], "openvino": ["openvino", "nncf"]}
RUNTIMES = Path(__file__).parents[2] / "benchmarks" / "runtimes.py"
SIDE = 16


def need(format):
    for package in NEEDS.get(format, ()):
        pytest.importorskip(package, reason=f"{package} is in the extra `peers`")


def runtime(format):
    return importlib.import_module(f"keras_googlenet.export.{format}")


def classifier(*before):
    """A small network behind some layers."""
    keras.utils.set_random_seed(5)
    layers = [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()]
    layers += [keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), *before, *layers])
    layers[-1].kernel.assign(layers[-1].kernel / 20)  # decided, and not certain
    return model


def idle_layers():
    """Layers that do nothing at inference."""
    names = (
        "Flip",
        "Rotation",
        "Zoom",
        "Translation",
        "Contrast",
        "Brightness",
        "Hue",
        "Saturation",
        "Invert",
        "Erasing",
    )
    options = {"Rotation": [0.2], "Zoom": [0.3], "Translation": [0.1, 0.1], "Contrast": [0.3], "Brightness": [0.3]}
    options |= {"Hue": [0.5], "Saturation": [0.5], "Invert": [1.0]}
    for name in names:
        range = {"value_range": (-128, 255)} if name in ("Brightness", "Hue", "Saturation", "Invert", "Erasing") else {}
        yield getattr(keras.layers, f"Random{name}")(*options.get(name, ()), **range)
    yield keras.layers.GaussianNoise(1.0)
    yield keras.layers.GaussianDropout(0.5)
    yield keras.layers.AlphaDropout(0.5)
    yield keras.layers.Dropout(0.5)
    yield keras.layers.SpatialDropout2D(0.5)
    yield keras.layers.ActivityRegularization(l2=0.1)


@keras.saving.register_keras_serializable(package="tests")
class Drifting(keras.layers.Layer):
    """Another answer at each call, whoever asks."""

    def call(self, inputs):
        return inputs + tf.random.normal(tf.shape(inputs), stddev=60.0)


@keras.saving.register_keras_serializable(package="tests")
class Foreign(keras.layers.Layer):
    """An operation of TensorFlow's that nothing else knows."""

    def call(self, inputs):
        return inputs * tf.raw_ops.BesselK1e(x=tf.abs(inputs) + 1.0)


@pytest.mark.exports
@pytest.mark.parametrize("format", FORMATS)
def test_layers_that_do_nothing_are_left_out(format, tmp_path):
    """What augments during training, alone or in a model of its own: the artifact is the network without it."""
    need(format)
    first, *others = idle_layers()
    augmented = classifier(first, keras.Sequential([*others]))
    plain = classifier()
    plain.set_weights([*augmented.layers[-3].get_weights(), *augmented.layers[-1].get_weights()])
    images = np.random.default_rng(0).normal(0, 60, (3, SIDE, SIDE, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(plain(images))
    assert np.ptp(expected) > 0.05
    target = tmp_path / f"shipped{FORMATS[format]}"
    export.export(augmented, target, format, labels=LABELS)
    if format == "litert":
        pytest.importorskip("ai_edge_litert", reason="ai_edge_litert is in the extra `peers`")
    found = runpy.run_path(str(RUNTIMES))["run"](format, target, images, tmp_path)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.exports
@pytest.mark.parametrize("format", FORMATS)
def test_what_cannot_be_converted_leaves_nothing(format, tmp_path, capsys):
    need(format)
    classifier(Foreign()).save(tmp_path / "model.keras")
    target = tmp_path / "new" / "folders" / f"shipped{FORMATS[format]}"
    status = main(["export", str(tmp_path / "model.keras"), str(target), "--format", format])
    said = capsys.readouterr().err.strip().splitlines()[-1]
    if format == "savedmodel":  # TensorFlow's own knows it
        assert status == 0, said
        return
    assert status == 1
    assert said.startswith("keras-googlenet: error: The ")
    assert "nothing was written. Leave out the layers that compute this, or choose another format" in said
    assert said.endswith(": BesselK1e") or said.endswith("for BesselK1e")
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.exports
@pytest.mark.parametrize("format", FORMATS)
def test_what_answers_otherwise_leaves_nothing(format, tmp_path):
    need(format)
    with pytest.raises(WorkError, match="nothing was written"):
        export.export(classifier(Drifting()), tmp_path / f"shipped{FORMATS[format]}", format, labels=LABELS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.exports
def test_without_onnx_runtime_the_file_is_checked_at_least(tmp_path, monkeypatch):
    need("onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # not to be had
    export.export(classifier(), tmp_path / "sound.onnx", "onnx", labels=LABELS)
    with pytest.raises(WorkError, match="No Op registered for BesselK1e"):
        export.export(classifier(Foreign()), tmp_path / "broken.onnx", "onnx", labels=LABELS)
    assert not list(tmp_path.glob("broken*"))


@pytest.mark.exports
@pytest.mark.parametrize("format", FORMATS)
def test_what_prepares_images_goes_along(format, tmp_path):
    """Layers of Keras that compute at inference, with numbers of their own: the trial finds them to be right."""
    need(format)
    layers = [keras.layers.CenterCrop(12, 12), keras.layers.Resizing(20, 20)]
    layers += [keras.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0]), keras.layers.Rescaling(9.0)]
    model = classifier(*layers)
    mean = layers[2].mean
    export.export(model, tmp_path / f"shipped{FORMATS[format]}", format, labels=LABELS)
    assert layers[2].mean is mean  # the model is as it was


@pytest.mark.exports
def test_convert_is_tried_too(tmp_path, capsys):
    need("onnx")
    for name, layer, status in (("idle", keras.layers.RandomFlip(), 0), ("foreign", Foreign(), 1)):
        classifier(layer).save(tmp_path / f"{name}.keras")
        assert main(["convert", str(tmp_path / f"{name}.keras"), str(tmp_path / f"{name}.onnx")]) == status
    assert "nothing was written" in capsys.readouterr().err.splitlines()[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign.keras", "idle.keras", "idle.onnx"]


@pytest.fixture
def written(monkeypatch):
    """What the SavedModel's writer writes, in the place of the network that it is given."""

    def put(other):
        write = savedmodel.write
        monkeypatch.setattr(savedmodel, "write", lambda served, path: write(other(served, path), path))

    return put


@pytest.mark.exports
def test_a_wrong_artifact_does_not_take_its_name(written, tmp_path):
    model = classifier()
    other = classifier()
    other.layers[-1].bias.assign([0.01, 0.0, 0.0])
    written(lambda served, _: dataclasses.replace(served, model=other))
    with pytest.raises(WorkError, match="answers within 0.0001 of the network's. Received: 0.00"):
        export.export(model, tmp_path / "shipped", "savedmodel", labels=LABELS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("the disk is full"), RuntimeError("first\nsecond")])
def test_whatever_stops_it_leaves_nothing(error, written, tmp_path):
    def fails(served, path):
        path.mkdir()
        (path / "half").write_text("half")
        raise error

    written(fails)
    kind = WorkError if isinstance(error, RuntimeError) else type(error)
    with pytest.raises(kind) as caught:
        export.export(classifier(), tmp_path / "new" / "shipped", "savedmodel", labels=LABELS)
    assert "second" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.exports
def test_the_card_comes_with_the_artifact_or_not_at_all(written, tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "CARD", "no/such/folder.json")
    with pytest.raises(OSError, match="No such file"):
        export.export(classifier(), tmp_path / "shipped", "savedmodel", labels=LABELS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.exports
@pytest.mark.parametrize("format", ["litert", "onnx", "openvino"])
def test_eight_bits_are_held_loosely(format, tmp_path, monkeypatch):
    """What 8 bits cost passes; an artifact that answers about other images does not."""
    need(format)
    views = np.random.default_rng(1).integers(0, 256, (12, SIDE, SIDE, 3), np.uint8)
    model = classifier()
    target = tmp_path / f"eight{FORMATS[format]}"
    export.export(model, target, format, labels=LABELS, calibration=views)
    card = json.loads((tmp_path / f"{target.name}.model_card.json").read_text())
    assert card["precision"] == "int8"
    run = runtime(format).run
    with contextlib.chdir(tmp_path):
        other = f"other{FORMATS[format]}"
        monkeypatch.setattr(runtime(format), "run", lambda *asked: np.roll(run(*asked), 1, 1))
        with pytest.raises(WorkError, match="answers within 0.25 of the network's"):
            export.export(model, other, format, labels=LABELS, calibration=views)
    assert not list(tmp_path.glob("other*"))
    assert not list(tmp_path.glob("partial*"))


@pytest.mark.exports
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("format", FORMATS)
def test_what_was_trained_in_half_precision_computes_in_float32(format, policy, tmp_path):
    """As a network of the same weights does that was built in float32; the network itself is as it was."""
    need(format)
    keras.config.set_dtype_policy(policy)
    try:
        model = classifier(keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Conv2D(3, 1)]))
    finally:
        keras.config.set_dtype_policy("float32")
    whole = classifier(keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Conv2D(3, 1)]))
    whole.set_weights(model.get_weights())
    images = np.random.default_rng(0).normal(0, 60, (2, SIDE, SIDE, 3)).astype("float32")
    expected, before = keras.ops.convert_to_numpy(whole(images)), keras.ops.convert_to_numpy(model(images))
    target = tmp_path / f"shipped{FORMATS[format]}"
    export.export(model, target, format, labels=LABELS)
    np.testing.assert_allclose(runtime(format).run(target, images, "probabilities"), expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(images)), before)
    assert {layer.dtype_policy.name for layer in model.layers} == {policy}


@pytest.mark.parametrize("where", ["Check 'false' failed at frontend.cpp:53:\nConverting input model\n", ""])
def test_a_runtime_that_has_not_enough_memory(where):
    with pytest.raises(RuntimeError, match="pthread_create"), trial.in_a_line("It does not run"):
        raise RuntimeError(f"{where}pthread_create has failed: Resource temporarily unavailable")


def test_where_in_a_runtime_it_failed_is_no_reason():
    with (
        pytest.raises(WorkError, match=r"nothing was written\. Received: Unknown layer$"),
        trial.in_a_line("It failed"),
    ):
        raise RuntimeError("Exception from src/core.cpp:132:\nException from src/plugin.cpp:59:\nUnknown layer\n")
