"""The curves are drawn from `metrics.csv` alone, for one head or several, from the first epoch on."""

import math
import xml.etree.ElementTree

import pytest
from PIL import Image

from keras_googlenet.report import plot_curves
from keras_googlenet.report.curves import curves_svg
from keras_googlenet.report.metrics import read_metrics

ONE_HEAD = "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.5,1.0,0.4,1.2\n1,0.7,0.8,0.6,0.9\n"
THREE_HEADS = (
    "epoch,loss,predictions_loss,predictions_accuracy,val_loss,val_predictions_loss,val_predictions_accuracy\n"
    "0,2.0,1.0,0.5,2.2,1.1,0.4\n"
)


def colors(path):
    with Image.open(path) as image:
        return {color for _, color in image.convert("RGB").getcolors(maxcolors=2**24)}


@pytest.mark.parametrize("text", [ONE_HEAD, THREE_HEADS])
def test_draws_training_and_validation(text, tmp_path):
    (tmp_path / "metrics.csv").write_text(text)
    plot_curves(tmp_path / "metrics.csv", tmp_path / "curves.png")
    assert (0x1F, 0x5F, 0xA8) in colors(tmp_path / "curves.png")  # the main head's line


def test_refuses_a_run_without_epochs(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,loss\n")
    with pytest.raises(ValueError, match=r"Expected a row per epoch. Received: .*metrics.csv without any"):
        plot_curves(tmp_path / "metrics.csv", tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()


def test_an_epoch_that_was_trained_again_counts_once(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,loss,val_loss\n0,3,4\n1,2,3\n2,9,9\n1,1.5,2.5\n2,1,2\n")
    assert read_metrics(tmp_path / "metrics.csv") == ([1, 2, 3], {"loss": [3.0, 1.5, 1.0], "val_loss": [4.0, 2.5, 2.0]})


def test_what_is_missing_is_not_a_number(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,loss,val_loss\n0,nan,\n1,inf,3\n2,2")
    epochs, columns = read_metrics(tmp_path / "metrics.csv")
    assert epochs == [1, 2, 3]
    assert math.isnan(columns["loss"][0])
    assert columns["loss"][1:] == [math.inf, 2.0]
    assert [math.isnan(value) for value in columns["val_loss"]] == [True, False, True]


def test_what_is_no_number_is_refused(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,loss\n0,low\n")
    with pytest.raises(ValueError, match=r"Expected numbers in .*metrics.csv. Received: .*'low'"):
        read_metrics(tmp_path / "metrics.csv")


@pytest.mark.parametrize("losses", [("nan", "nan", "nan"), ("inf", "1.0", "nan"), ("1.0", "nan", "1.0")])
def test_gaps_are_no_trouble(losses, tmp_path):
    rows = "".join(f"{epoch},{loss},0.5,{loss}\n" for epoch, loss in enumerate(losses))
    (tmp_path / "metrics.csv").write_text("epoch,loss,accuracy,learning_rate\n" + rows)
    plot_curves(tmp_path / "metrics.csv", tmp_path / "curves.png")
    assert (0x1F, 0x5F, 0xA8) in colors(tmp_path / "curves.png")  # a lonely point between gaps is seen, too


def test_the_learning_rate_is_a_gray_line(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,loss,learning_rate\n0,2,0.2\n1,1,0.1\n")
    assert "learning rate" in curves_svg(*read_metrics(tmp_path / "metrics.csv"), "loss")
    assert "learning rate" not in curves_svg(*read_metrics(tmp_path / "metrics.csv"), "accuracy")


@pytest.mark.parametrize("kind", ["loss", "accuracy"])
def test_a_panel_is_svg_that_can_stand_in_a_page(kind, tmp_path):
    (tmp_path / "metrics.csv").write_text(THREE_HEADS)
    svg = curves_svg(*read_metrics(tmp_path / "metrics.csv"), kind)
    tree = xml.etree.ElementTree.fromstring(svg)
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in tree.attrib  # the page's style gives it its size
    assert svg == curves_svg(*read_metrics(tmp_path / "metrics.csv"), kind)  # the same each time
    names = [element.get("id") for element in tree.iter() if element.get("id")]
    other = curves_svg(*read_metrics(tmp_path / "metrics.csv"), "accuracy" if kind == "loss" else "loss")
    assert not [name for name in names if f'id="{name}"' in other]
    assert "epoch" in "".join(tree.itertext())
