"""A frozen trunk's features, computed once: the run is the one that computes them in each epoch."""

import csv
import errno
import signal
from contextlib import contextmanager

import keras
import numpy as np
import pytest
from PIL import Image
from support.few_digits import training_on
from support.small import SMALL
from support.small_training import RECIPE
from support.tiers import does

from keras_googlenet import GoogLeNet, data, training
from keras_googlenet.architecture import LRN, edit
from keras_googlenet.architecture.table import BatchNorm
from keras_googlenet.model.features import split_at_features
from keras_googlenet.training import features, freeze_trunk
from keras_googlenet.training import run as runs
from keras_googlenet.training.interruption import Interrupted
from keras_googlenet.utils.disk import WriteError

NORMALIZED = edit(
    SMALL, lambda row: None if isinstance(row, LRN) else row, name="small-bn", batch_norm=BatchNorm(momentum=0.5)
)
FROZEN = {
    **RECIPE,
    "learning_rate": 0.02,
    "weights": "imagenet",
    "freeze": "trunk",
    "freeze_epochs": 3,
    "freeze_views": 2,
    "epochs": 4,
}


@pytest.fixture(scope="module", autouse=True)
def small():
    """Trains the small table on 120 of the digits and validates on 40."""
    with training_on(120):
        yield


@contextmanager
def images_instead(run, phase):
    """The phase is fed with images, through the trunk in each epoch."""
    yield run.feed


def train(folder, load=None, **changes):
    recipe = training.recipe_for("digits", **{**FROZEN, "sampling": "pad_and_crop", **changes})
    training.train(recipe, folder, verbose=0, load=load)
    return folder


def weights_of(folder):
    return keras.saving.load_model(folder / "model.keras", compile=False).get_weights()


def assert_same_run(one, two):
    rows = [list(csv.DictReader((folder / "metrics.csv").read_text().splitlines())) for folder in (one, two)]
    assert len(rows[0]) == len(rows[1])
    for ours, theirs in zip(*rows, strict=True):
        assert ours.keys() == theirs.keys()
        assert [float(value) for value in ours.values()] == pytest.approx(list(map(float, theirs.values())), abs=1e-5)
    for ours, theirs in zip(*map(weights_of, (one, two)), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.fixture(scope="module")
@does("trains")
def kept(small, tmp_path_factory):
    """A run with kept features, and how many images its trunk saw."""
    seen = []
    counted = features.FeatureFeed._of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            features.FeatureFeed, "_of", lambda self, images: seen.append(len(images)) or counted(self, images)
        )
        return train(tmp_path_factory.mktemp("kept") / "run"), seen


@pytest.mark.trains
def test_a_run_with_kept_features_is_the_run_on_images(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "feed_for", images_instead)
    assert_same_run(kept[0], train(tmp_path / "run"))


@pytest.mark.trains
def test_other_views_make_another_run(kept, tmp_path):
    """Else the comparison above would prove nothing."""
    with pytest.raises(AssertionError):
        assert_same_run(kept[0], train(tmp_path / "run", freeze_views=1))


def test_each_view_goes_through_the_trunk_once(kept):
    assert sum(kept[1]) == 2 * 120 + 40


@pytest.mark.trains
def test_features_on_disk_are_those_in_memory(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "MEMORY", 0)
    folder = train(tmp_path / "run")
    assert (folder / "metrics.csv").read_bytes() == (kept[0] / "metrics.csv").read_bytes()
    assert {path.name for path in folder.iterdir()} == {path.name for path in kept[0].iterdir()}


@pytest.mark.trains
def test_what_is_skipped_is_replaced_as_ever(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for split, count in (("train", 30), ("val", 5)):
        for name in ("a", "b"):
            (tmp_path / "photos" / split / name).mkdir(parents=True)
            for number in range(count):
                image = Image.fromarray(rng.integers(0, 256, (40, 36, 3), "uint8"))
                image.save(tmp_path / "photos" / split / name / f"{number}.png")
            (tmp_path / "photos" / split / name / "0.png").write_bytes(b"no image")
    source = data.loading.load(tmp_path / "photos")
    options = {"load": lambda recipe: source, "on_corrupt": "skip", "epochs": 3, "batch_size": 8}
    one = train(tmp_path / "one", **options)
    monkeypatch.setattr(runs, "feed_for", images_instead)
    two = train(tmp_path / "two", **options)
    assert_same_run(one, two)
    assert (one / "skipped.txt").read_text() == (two / "skipped.txt").read_text()
    assert len((one / "skipped.txt").read_text().splitlines()) == 4


def test_a_signal_ends_the_computing(tmp_path, monkeypatch):
    counted = features.FeatureFeed._of

    def of(self, images):
        signal.raise_signal(signal.SIGTERM)
        return counted(self, images)

    monkeypatch.setattr(features.FeatureFeed, "_of", of)
    monkeypatch.setattr(features, "MEMORY", 0)
    with pytest.raises(Interrupted, match=r"SIGTERM. There is no checkpoint yet. Go on with --resume"):
        train(tmp_path / "run")
    assert not list((tmp_path / "run").glob(".keras-googlenet-partial*"))


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    class Full:
        def tobytes(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(features.FeatureFeed, "_of", lambda self, images: Full())
    monkeypatch.setattr(features, "MEMORY", 0)
    with pytest.raises(WriteError, match="features cannot be written: No space left on device"):
        train(tmp_path / "run")


@pytest.mark.parametrize("table", [SMALL, NORMALIZED], ids=lambda table: table.name)
def test_the_two_parts_are_the_network(table):
    keras.utils.set_random_seed(0)
    model = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=3, variant=table)
    for variable in model.non_trainable_variables:
        if "moving" in variable.name:
            variable.assign(np.random.default_rng(0).uniform(0.5, 2, variable.shape))
    freeze_trunk(model)
    trunk, rest = split_at_features(model)
    images = np.random.default_rng(1).normal(0, 70, (5, 64, 64, 3)).astype("float32")
    found = trunk.predict_on_batch(images)
    for ours, whole in zip(rest.predict_on_batch(found), model.predict_on_batch(images), strict=True):
        np.testing.assert_allclose(ours, whole, atol=1e-6)
    assert not trunk.trainable_variables
    assert {v.path for v in rest.trainable_variables} == {v.path for v in model.trainable_variables}
    with model.fed_with_features(rest):  # and images are taken as ever
        np.testing.assert_array_equal(model(found)[0], rest(found)[0])
        np.testing.assert_allclose(model(images)[0], rest(found)[0], atol=1e-6)
    with pytest.raises(ValueError, match="input"):
        model(found)
