"""Artifacts of 16 bits, against networks that Keras rounds so."""

import importlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.small import SMALL

from keras_googlenet import GoogLeNet, export
from keras_googlenet.cli import main
from keras_googlenet.errors import InputError
from keras_googlenet.utils.dtype_policy import default_dtype_policy
from keras_googlenet.utils.export_formats import FORMATS

LABELS = ("ant", "bee", "wasp")
NEEDS = {"litert": ["ai_edge_litert"], "onnx": ["tf2onnx", "onnxruntime"], "openvino": ["openvino"]}
NOISE = np.random.default_rng(0).normal(0, 60, (4, 64, 64, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    """A network with logits of 2 at most, so that its probabilities show what is rounded."""
    keras.utils.set_random_seed(3)
    built = GoogLeNet(weights=None, classes=3, input_shape=(64, 64, 3), variant=SMALL, aux_heads=False)
    built.class_names = LABELS
    head = built.get_layer("predictions")
    logits = keras.Model(built.input, head.input).predict(NOISE, verbose=0) @ head.kernel.numpy()
    head.kernel.assign(head.kernel * (2 / np.abs(logits).max()))
    return built


@pytest.mark.exports
@pytest.mark.parametrize("format", ["litert", "onnx", "openvino"])
@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
def test_weights_of_16_bits_take_half_of_the_room(model, format, tmp_path, capsys):
    """And their runtime answers as the network does whose weights are rounded so."""
    for package in NEEDS[format]:
        pytest.importorskip(package, reason=f"{package} is in the extra `peers`")
    model.save(tmp_path / "m.keras")
    target, whole = (tmp_path / f"{name}{FORMATS[format]}" for name in ("half", "whole"))
    command = ["export", str(tmp_path / "m.keras"), str(target), "--format", format, "--precision"]
    assert main([*command, "bfloat16"]) == 2
    assert f"{format} is written in float32, float16" in capsys.readouterr().err
    assert main([*command, "float16"]) == 0
    assert json.loads((tmp_path / f"{target.name}.model_card.json").read_text())["precision"] == "float16"
    export.export(model, whole, format, labels=LABELS)
    with_weights = ".bin" if format == "openvino" else target.suffix
    half, full = (path.with_suffix(with_weights).stat().st_size for path in (target, whole))
    assert half < 0.62 * full  # the graph of so small a network takes its part
    runtime = importlib.import_module(f"keras_googlenet.export.{format}")
    found, before = (runtime.run(path, NOISE, "probabilities") for path in (target, whole))
    rounded = keras.models.clone_model(model)
    rounded.set_weights([one.astype("float16").astype("float32") for one in model.get_weights()])
    expected = rounded.predict(NOISE, verbose=0)
    changed = np.abs(expected - before).max()
    assert changed > 1e-5
    # ONNX's activations are float16, too, which are as many roundings again.
    np.testing.assert_allclose(found, expected, rtol=0, atol=(5 if format == "onnx" else 0.1) * changed)
    assert np.abs(found - before).max() > changed / 2


@pytest.mark.exports
@pytest.mark.parametrize("half", ["bfloat16", "float16"])
def test_a_saved_model_computes_in_half_precision(model, half, tmp_path):
    """As the network does that was built under Keras's policy; the network given is as it was."""
    before = keras.ops.convert_to_numpy(model(NOISE))
    with default_dtype_policy(f"mixed_{half}"):
        built = GoogLeNet(weights=None, classes=3, input_shape=(64, 64, 3), variant=SMALL, aux_heads=False)
    built.set_weights(model.get_weights())
    expected = built.predict(NOISE, verbose=0)
    changed = np.abs(expected - before).max()
    assert changed > 1e-5
    export.export(model, tmp_path / "served", "savedmodel", labels=LABELS, precision=half)
    answer = tf.saved_model.load(tmp_path / "served").signatures["serving_default"](images=tf.constant(NOISE))
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=0, atol=changed / 2)
    np.testing.assert_array_equal(model(NOISE), before)


@pytest.mark.parametrize(
    ("format", "precision", "int8", "message"),
    [
        ("onnx", "bfloat16", False, "onnx is written in float32, float16. Received: precision='bfloat16'"),
        ("litert", "bfloat16", False, "litert is written in float32, float16. Received: precision='bfloat16'"),
        ("openvino", "bfloat16", False, "'bfloat16'. OpenVINO computes in bfloat16 on processors that have it"),
        ("litert", "float16", True, "8 bits take the place of another precision"),
        ("savedmodel", "half", False, "float32, bfloat16, float16. Received: precision='half'"),
    ],
)
def test_precisions_that_a_format_has_not(model, format, precision, int8, message, tmp_path):
    calibration = np.zeros((1, 64, 64, 3), "uint8") if int8 else None
    target = tmp_path / f"x{FORMATS[format]}"
    with pytest.raises(InputError, match=message):
        export.export(model, target, format, labels=LABELS, calibration=calibration, precision=precision)
    assert not list(tmp_path.iterdir())
