"""`convert` of models that are not `GoogLeNet()`'s own: one line that says why, and no file."""

import keras
import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main

SHAPE = (32, 32, 3)


def nested():
    base = GoogLeNet(weights=None, variant=SMALL, include_top=False, pooling="avg", input_shape=SHAPE)
    return keras.Sequential([keras.Input(SHAPE), base, keras.layers.Dense(3, name="mine")])


def attending():
    image = keras.Input((4, 8))
    return keras.Model(image, keras.layers.MultiHeadAttention(2, 4, name="attention")(image, image))


@pytest.mark.parametrize("suffix", [".npz", ".pth"])
@pytest.mark.parametrize("build", [nested, attending])
def test_two_variables_of_one_name_are_one_line(tmp_path, capsys, build, suffix):
    if suffix == ".pth":
        pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
    build().save(tmp_path / "model.keras")
    assert main(["convert", str(tmp_path / "model.keras"), str(tmp_path / f"model{suffix}")]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(
        "keras-googlenet: error: Two variables have one name. Expected layers with names of their own"
    )
    assert line.endswith("twice")
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_a_renamed_classifier_is_converted(tmp_path):
    """Fine-tuned with Caffe: the command takes it as `GoogLeNet(weights=...)` does."""
    import numpy as np

    model = GoogLeNet(weights=None, classes=3, aux_heads=False, input_shape=SHAPE)
    model.save(tmp_path / "model.keras")
    assert main(["convert", str(tmp_path / "model.keras"), str(tmp_path / "model.npz")]) == 0
    with np.load(tmp_path / "model.npz") as archive:
        arrays = {name.replace("loss3/classifier", "loss3/classifier_retrain"): archive[name] for name in archive.files}
    np.savez(tmp_path / "tuned.npz", **arrays)
    assert main(["convert", str(tmp_path / "tuned.npz"), str(tmp_path / "tuned.keras")]) == 0
    again = keras.saving.load_model(tmp_path / "tuned.keras")
    for value, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(value, other)
