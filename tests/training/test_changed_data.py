"""A run and its images: it goes on with those that it began with, stays out of their folder, and lists them once."""

import json
import os
import shutil
import unicodedata

import pytest
from PIL import Image
from support.small import SMALL
from support.small_training import small_network

from keras_googlenet import GoogLeNet, data, experiment, training
from keras_googlenet.cli import main
from keras_googlenet.errors import InputError
from keras_googlenet.training import run as runs
from keras_googlenet.training.changes import differences
from keras_googlenet.training.distributed import broadcast as agreement
from keras_googlenet.training.feeding import load_source
from keras_googlenet.training.run_folder import RunFolder
from keras_googlenet.utils.files import is_within


def picture(path, gray=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (gray, gray, gray)).save(path)


@pytest.fixture
def photos(tmp_path):
    for label, name in enumerate(("cat", "dog", "emu")):
        for number in range(10):
            picture(tmp_path / "photos" / name / f"{number}.png", 80 * label + number)
    return tmp_path / "photos"


def recipe(photos, **changes):
    small = {"image_size": 32, "batch_size": 4, "epochs": 1, "sampling": "center", "averaging": None}
    return training.recipe_for(str(photos), **{**small, **changes})


@pytest.fixture
def begun(photos, tmp_path):
    """The folder of a run that was stopped before its first step."""
    folder = tmp_path / "run"
    RunFolder(folder).write_recipe(recipe(photos, deterministic=True), load_source(recipe(photos)), 6)
    return folder


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def older(folder):
    """The folder's record as version 0.1.0 would have left it."""
    record = json.loads((folder / "recipe.json").read_text())
    del record["recipe"]["hold_out"], record["fingerprints"]
    (folder / "recipe.json").write_text(json.dumps(record))


def rename(photos):
    (photos / "dog").rename(photos / "hound")


def add_class(photos):
    picture(photos / "fox" / "0.png")
    picture(photos / "fox" / "1.png")


def swap(photos):
    (photos / "cat").rename(photos / "other")
    (photos / "dog").rename(photos / "cat")
    (photos / "other").rename(photos / "dog")


CHANGES = {
    "a class renamed": (rename, "class 'dog' is gone; class 'hound' is new"),
    "a class added": (add_class, "class 'fox' is new; "),
    "a class removed": (lambda photos: shutil.rmtree(photos / "emu"), "class 'emu' is gone; "),
    "an image added": (lambda photos: picture(photos / "cat" / "new.png"), "24 training images became 25"),
    "an image removed": (lambda photos: (photos / "cat" / "2.png").unlink(), "24 training images became 23"),
    "an image of validation removed": (
        lambda photos: (photos / "cat" / "3.png").unlink(),
        "6 validation images became 5",
    ),
    "a test folder added": (lambda photos: add_test(photos), "0 test images became 6"),
}


def add_test(photos):
    for name in ("cat", "dog", "emu"):
        shutil.copytree(photos / name, photos.parent / "moved" / "train" / name)
        for number in range(2):
            picture(photos.parent / "moved" / "test" / name / f"{number}.png")
    shutil.rmtree(photos)
    (photos.parent / "moved").rename(photos)


def test_what_the_fixture_holds(photos):
    """Else the numbers above would mean nothing."""
    source = data.load(photos)
    held_out = [os.fsdecode(item).removeprefix(str(photos)) for item in source.validation.items]
    assert (source.train.count, len(held_out)) == (24, 6)
    assert [name for name in held_out if "cat" in name] == ["/cat/0.png", "/cat/3.png", "/cat/8.png"]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_a_run_does_not_go_on_with_other_images(photos, begun, change, old):
    if old:
        older(begun)
    carry_out, said = CHANGES[change]
    before = content(begun)
    carry_out(photos)
    with pytest.raises(InputError) as caught:
        training.train(training.read_recipe(begun), begun, resume=True, verbose=0)
    message = str(caught.value)
    assert message.startswith(f"{begun / 'recipe.json'}: this run was started on other images, and can only go on with")
    assert old or said in message
    assert "\n" not in message
    assert content(begun) == before


def test_as_many_of_other_names(photos, begun):
    (photos / "cat" / "2.png").rename(photos / "cat" / "two.png")
    with pytest.raises(InputError, match="the training images are as many, but not of the same names"):
        training.train(recipe(photos), begun, resume=True, verbose=0)


def test_two_classes_that_changed_their_names(photos, begun):
    """As many images of the same names: what is in them tells."""
    swap(photos)
    with pytest.raises(
        InputError, match="the training images of 'cat', 'dog' are others, under the same names; the valid"
    ):
        training.train(recipe(photos), begun, resume=True, verbose=0)


@pytest.mark.parametrize("name", ["1.png", "0.png"])
def test_an_image_that_was_mended_changes_nothing(photos, begun, name):
    """One may have stopped the run since it could not be read."""
    picture(photos / "cat" / name, 250)
    RunFolder(begun).check_same_images(data.load(photos))


def test_differences():
    record = {"classes": ["a", "b"], "images": {"train": 9, "validation": 2}, "fingerprints": {"train": "1"}}
    assert differences(record, record) == []
    assert differences({**record, "classes": ["b", "a"]}, record) == ["the classes come in another order"]
    assert differences({"recipe": {}}, record) == []
    assert differences({**record, "images": {"train": 9}}, record) == ["0 validation images became 2"]
    versions = [{**record, "fingerprints": {"train": f"cifar10/{n} train[:9]"}} for n in ("3.0.2", "3.1.0")]
    assert differences(*versions) == ["cifar10/3.0.2 train[:9] became cifar10/3.1.0 train[:9]"]
    many = {"classes": [f"c{n}" for n in range(8)]}
    assert differences(many, {"classes": ["c0"]}) == ["classes 'c1', 'c2', 'c3', 'c4', 'c5' and 2 more are gone"]
    names = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
    assert differences({"classes": names[:1]}, {"classes": names[1:]}) == []


def test_a_fingerprint_is_of_names_and_labels_wherever_the_folder_lies(photos, tmp_path):
    before = data.load(photos).record()
    shutil.copytree(photos, tmp_path / "elsewhere" / "else")
    assert data.load(tmp_path / "elsewhere" / "else").record() == before
    (photos / "cat" / "2.png").rename(photos / "cat" / "two.png")
    after = data.load(photos).record()
    assert after["fingerprints"]["train"] != before["fingerprints"]["train"]
    assert after["fingerprints"]["validation"] == before["fingerprints"]["validation"]
    digits = data.load("digits")
    assert digits.record() == data.load("digits").record()
    assert digits.train.fingerprint("") != digits.validation.fingerprint("")


def test_workers_that_find_other_files_do_not_agree(photos):
    one = agreement._digest(recipe(photos), data.load(photos))
    assert one == agreement._digest(recipe(photos), data.load(photos))
    (photos / "cat" / "2.png").rename(photos / "cat" / "two.png")
    assert one != agreement._digest(recipe(photos), data.load(photos))


def test_a_run_of_version_0_1_0_keeps_its_validation_images(photos, begun, monkeypatch):
    """With its own recipe, with a preset on the command line, and as the start of another run."""
    older(begun)
    seen = []

    def train(recipe, *_, **__):
        seen.append(recipe.hold_out)
        raise InputError("seen")

    assert training.read_recipe(begun).hold_out == "rank"
    with pytest.raises(InputError, match="this run was started with hold_out='rank', and can only go on with it"):
        training.train(recipe(photos), begun, resume=True, verbose=0)
    monkeypatch.setattr(training, "train", train)
    arguments = ["--dataset", str(photos), "--preset", "paper", "--output", str(begun), "--resume"]
    for given in (arguments, ["--output", str(begun), "--resume"], ["--recipe", str(begun)], arguments[:2]):
        assert main(["train", *given]) == 2
    assert seen == ["rank", "rank", "rank", "hash"]


@pytest.fixture
def places(photos, tmp_path, monkeypatch):
    """Folders within the data set, by other ways to say so."""
    monkeypatch.chdir(photos)
    (tmp_path / "link").symlink_to(photos)
    (tmp_path / "other").mkdir()
    return {
        "runs": (".", "runs/one"),
        "default": (".", None),
        "below": (str(photos), str(photos / "run")),
        "class": (str(photos), str(photos / "cat" / "run")),
        "itself": (str(photos), str(photos)),
        "dots": (str(photos), str(tmp_path / "other" / ".." / "photos" / "run")),
        "link to the data": (str(tmp_path / "link"), str(photos / "run")),
        "link to the output": (str(photos), str(tmp_path / "link" / "run")),
        "relative": (str(photos), "run"),
        "home": ("~/photos", str(photos / "run")),
    }


@pytest.mark.parametrize(
    "place",
    [
        "runs",
        "default",
        "below",
        "class",
        "itself",
        "dots",
        "link to the data",
        "link to the output",
        "relative",
        "home",
    ],
)
def test_a_run_stays_out_of_its_data_set(places, photos, tmp_path, monkeypatch, capsys, place):
    monkeypatch.setenv("HOME", str(tmp_path))
    before = content(photos)
    dataset, output = places[place]
    where = ["--output", output] if output else []
    again = ["--resume"] if place == "itself" else []
    assert main(["train", "--dataset", dataset, *where, *again, "--image-size", "32"]) == 2
    error = capsys.readouterr().err
    assert "The run's folder must lie outside the data set, or its pictures would become images of it." in error
    assert error.count("\n") == 1
    assert content(photos) == before
    assert sorted(path.name for path in photos.iterdir()) == ["cat", "dog", "emu"]


def test_a_run_may_lie_beside_the_splits(photos, tmp_path):
    (tmp_path / "set").mkdir()
    photos.rename(tmp_path / "set" / "train")
    source = data.load(tmp_path / "set")
    RunFolder(tmp_path / "set" / "runs" / "one").check_outside(source)
    with pytest.raises(InputError, match="Received: .*/set/train/runs/one, within .*/set/train"):
        RunFolder(tmp_path / "set" / "train" / "runs" / "one").check_outside(source)


@pytest.fixture
def meanwhile(monkeypatch):
    """What happens to the data set once it was listed."""
    happens = []

    def build(recipe, source):
        for change in happens:
            change()
        return small_network(recipe, source)

    monkeypatch.setattr(runs, "build", build)
    return happens


@pytest.mark.trains
def test_what_changes_meanwhile_changes_nothing(photos, tmp_path, meanwhile, capsys):
    """More classes and images do not count, neither in training nor in the evaluation at its end."""
    meanwhile.append(lambda: [picture(photos / name / f"new{n}.png") for name in ("cat", "bat") for n in range(9)])
    folder = tmp_path / "run"
    experiment.run(recipe(photos, aux_heads=False), folder, verbose=0)
    measured = json.loads((folder / "evaluation.json").read_text())
    assert (measured["count"], measured["class_names"]) == (6, ["cat", "dog", "emu"])
    assert "\nclasses: cat, dog, emu\n" in capsys.readouterr().out
    with pytest.raises(InputError, match="class 'bat' is new; 24 training images became"):
        experiment.run(recipe(photos, aux_heads=False), folder, resume=True, verbose=0)


@pytest.mark.trains
@pytest.mark.parametrize("name", ["cat/1.png", "cat/0.png"])
def test_an_image_that_vanishes_is_named_or_skipped(photos, tmp_path, meanwhile, name):
    """One of training, one of validation."""
    meanwhile.append(lambda: (photos / name).unlink(missing_ok=True))
    with pytest.raises(data.ImageError, match=rf"{photos / name}: no such file\Z"):
        experiment.run(recipe(photos, aux_heads=False), tmp_path / "one", verbose=0)
    picture(photos / name)
    experiment.run(recipe(photos, aux_heads=False, on_corrupt="skip"), tmp_path / "two", verbose=0)
    assert (tmp_path / "two" / "skipped.txt").read_text() == f"{photos / name}: no such file\n"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "model.keras"
    model = GoogLeNet(weights=None, classes=3, input_shape=(32, 32, 3), variant=SMALL, aux_heads=False)
    model.class_names = ("cat", "dog", "emu")
    model.save(path)
    return path


@pytest.mark.computes
def test_evaluation_takes_what_the_models_own_run_held_out(photos, network, begun, tmp_path, capsys):
    """A model of 0.1.0 would else be measured on images that it was trained on."""
    shutil.copy(network, begun)
    shutil.copytree(begun, tmp_path / "old")
    older(tmp_path / "old")
    models = {name: str(tmp_path / name / "model.keras") for name in ("run", "old")}
    measure = ["--dataset", str(photos), "--split", "validation"]
    for name, said in (
        ("run", "about 20% of each class, each file by its own"),
        ("old", "20% of each class, chosen by"),
    ):
        assert main(["evaluate", models[name], *measure]) == 0
        assert f" validation images ({said}" in capsys.readouterr().out
    assert main(["evaluate", *models.values(), str(network), *measure]) == 2
    assert "The runs of these models held out different images. Evaluate" in capsys.readouterr().err
    assert main(["evaluate", models["old"], str(network), *measure]) == 0
    assert main(["evaluate", *models.values(), *measure[:2]]) == 0


def test_what_lies_within_a_folder(photos, tmp_path, monkeypatch):
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "link").symlink_to(photos / "cat")
    monkeypatch.chdir(photos / "cat")
    for path in ("run", "../dog/a/b", "..", photos, tmp_path / "aside" / "link" / "run"):
        assert is_within(path, photos), path
    for path in ("../../run", "../../photos-2/run", tmp_path, "../../photos.run"):
        assert not is_within(path, photos), path
