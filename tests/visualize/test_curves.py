"""The curves are drawn from `metrics.csv` alone, for one head or several, from the first epoch on."""

import pytest
from PIL import Image

from keras_googlenet.visualize import plot_curves

ONE_HEAD = "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.5,1.0,0.4,1.2\n1,0.7,0.8,0.6,0.9\n"
THREE_HEADS = (
    "epoch,loss,predictions_loss,predictions_accuracy,val_loss,val_predictions_loss,val_predictions_accuracy\n"
    "0,2.0,1.0,0.5,2.2,1.1,0.4\n"
)


def colours(path):
    with Image.open(path) as image:
        return {colour for _, colour in image.convert("RGB").getcolors(maxcolors=2**24)}


@pytest.mark.parametrize("text", [ONE_HEAD, THREE_HEADS])
def test_draws_training_and_validation(text, tmp_path):
    (tmp_path / "metrics.csv").write_text(text)
    plot_curves(tmp_path / "metrics.csv", tmp_path / "curves.png")
    assert (0x1F, 0x5F, 0xA8) in colours(tmp_path / "curves.png")  # the main head's line


def test_refuses_a_run_without_epochs(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,loss\n")
    with pytest.raises(ValueError, match=r"Expected a row per epoch. Received: .*metrics.csv without any"):
        plot_curves(tmp_path / "metrics.csv", tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()
