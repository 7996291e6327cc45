"""The data sets that `load` finds: digits and folders."""

import importlib
import shutil
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import keras_googlenet.data
from keras_googlenet.data import DataError, load
from keras_googlenet.data.loading import load_split


def make(folder, **classes):
    """Write a folder of class subfolders: `make(path, cat=3, dog=["a.png", "deep/b.jpg"])`."""
    for name, files in classes.items():
        (folder / name).mkdir(parents=True)
        if isinstance(files, int):
            files = [f"{index:03}.png" for index in range(files)]
        for file in files:
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (6, 5), (len(name), 0, 0)).save(path, format="PNG")
    return folder


def names(split, root):
    return [str(Path(path.decode()).relative_to(root)) for path in split.items]


def test_digits_are_the_scans_of_scikit_learn():
    source = load("digits")
    assert (source.train.count, source.validation.count) == (1437, 360)
    assert source.classes == tuple("0123456789")
    images = np.concatenate([source.train.items, source.validation.items])
    assert images.shape == (1797, 8, 8, 3)
    assert (images.dtype, images.min(), images.max()) == (np.uint8, 0, 255)
    scans = np.rint(load_digits().images / 16 * 255)
    assert sorted(map(bytes, images[..., 1])) == sorted(map(bytes, scans.astype(np.uint8)))


def test_digits_are_split_by_class_and_always_alike():
    one, two = load("digits"), load("digits")
    np.testing.assert_array_equal(one.validation.items, two.validation.items)
    in_class = np.bincount(one.train.labels) + np.bincount(one.validation.labels)
    assert (abs(np.bincount(one.validation.labels) - in_class / 5) < 1).all()


def test_nothing_slow_is_imported_for_digits_and_folders(tmp_path, monkeypatch):
    make(tmp_path, a=2, b=2)
    monkeypatch.setattr(keras_googlenet, "data", keras_googlenet.data)  # to be put back afterwards
    importlib.import_module("keras_googlenet.data.folder")  # or the fresh one would stay
    for name in [name for name in sys.modules if name.startswith("keras_googlenet.data")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)  # an import of it fails now
    fresh = importlib.import_module("keras_googlenet.data")
    assert fresh.load("digits").train.count == 1437
    assert fresh.load(tmp_path).train.count == 2
    with pytest.raises(ImportError, match="tensorflow_datasets"):
        fresh.load("cifar10")


@pytest.mark.parametrize("validation", ["val", "validation"])
def test_folder_with_a_split(tmp_path, validation):
    make(tmp_path / "train", dog=2, cat=3)
    make(tmp_path / validation, cat=1, dog=["a.JPG", "deep/er/b.jpeg"])
    source = load(tmp_path)
    assert source.classes == ("cat", "dog")
    assert names(source.train, tmp_path / "train") == [
        "cat/000.png", "cat/001.png", "cat/002.png", "dog/000.png", "dog/001.png",
    ]  # fmt: skip
    assert source.train.labels.tolist() == [0, 0, 0, 1, 1]
    assert names(source.validation, tmp_path / validation) == [
        "cat/000.png", "dog/a.JPG", "dog/deep/er/b.jpeg",
    ]  # fmt: skip
    assert source.ignored == ()
    assert source.test is None
    assert source.summary() == (
        f"{tmp_path}: 5 training and 3 validation images in 2 classes; validation: the folder {validation}/"
    )


def test_the_rest_beside_a_split_is_reported(tmp_path):
    for split in ("train", "val", "validation", "unlabeled"):
        make(tmp_path / split, cat=1, dog=1)
    source = load(tmp_path)
    assert source.held_out == "the folder val/"
    assert source.ignored == (tmp_path / "unlabeled", tmp_path / "validation")


def test_a_test_folder_beside_one_for_validation(tmp_path):
    make(tmp_path / "train", dog=2, cat=3)
    make(tmp_path / "val", cat=1, dog=1)
    make(tmp_path / "test", cat=["a.png", "b.png"], dog=["c.png", "notes.txt"])
    source = load(tmp_path)
    assert source.held_out == "the folder val/"
    assert names(source.validation, tmp_path / "val") == ["cat/000.png", "dog/000.png"]
    assert names(source.test, tmp_path / "test") == ["cat/a.png", "cat/b.png", "dog/c.png"]
    assert source.test.labels.tolist() == [0, 0, 1]
    assert source.ignored == (tmp_path / "test" / "dog" / "notes.txt",)
    assert source.summary().startswith(f"{tmp_path}: 5 training, 2 validation and 3 test images in 2 classes; ")


def test_a_test_folder_alone_leaves_validation_to_the_files_of_train(tmp_path):
    """The same files are held out with it and without it, and none of its own."""
    make(tmp_path / "train", cat=10, dog=10)
    held_out = names(load(tmp_path).validation, tmp_path / "train")
    make(tmp_path / "test", cat=2, dog=3)
    source = load(tmp_path)
    assert names(source.validation, tmp_path / "train") == held_out
    assert source.train.count == 20 - len(held_out)
    assert source.test.count == 5
    assert set(source.train.items).isdisjoint(source.validation.items)
    assert {path.split("/")[0] for path in names(source.test, tmp_path)} == {"test"}
    assert "20% of each class" in source.held_out


def test_train_alone_is_split(tmp_path):
    make(tmp_path / "train", cat=10, dog=10)
    source = load(tmp_path)
    assert source.classes == ("cat", "dog")
    assert source.train.count + source.validation.count == 20
    assert set(source.train.labels) == set(source.validation.labels) == {0, 1}


def test_held_out_files_follow_from_their_names(tmp_path):
    one = make(tmp_path / "one", cat=50, dog=2, **{"ärger": ["é/ü.png", "x.png", "y.png"]})
    two = shutil.copytree(one, tmp_path / "elsewhere" / "two")
    first, second = load(one), load(str(two))
    assert names(first.validation, one) == names(second.validation, two)
    held_out = np.bincount(first.validation.labels)
    assert abs(held_out[0] - 10) <= 2
    assert held_out[1] == 1
    assert held_out[2] in (1, 2)
    assert set(names(first.train, one)).isdisjoint(names(first.validation, one))
    assert first.train.count + first.validation.count == 55
    assert "validation: about 20% of each class, each file by its own hash" in first.summary()
    assert load(one, validation_fraction=0.5, hold_out="rank").validation.count == 25 + 1 + 2


def test_a_new_class_moves_no_image_of_another(tmp_path):
    make(tmp_path, cat=20, dog=20)
    before = set(names(load(tmp_path).validation, tmp_path))
    make(tmp_path, bird=20)
    assert before < set(names(load(tmp_path).validation, tmp_path))


def test_other_files_are_reported_and_those_of_systems_are_not(tmp_path):
    make(tmp_path, cat=2, dog=2)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._000.png", "notes.txt", "deep.csv"):
        (tmp_path / "cat" / name).write_text("x")
    (tmp_path / "dog" / ".cache").mkdir()
    (tmp_path / "dog" / ".cache" / "000.png").write_text("x")
    source = load(tmp_path)
    assert (source.train.count, source.validation.count) == (2, 2)
    assert source.ignored == (tmp_path / "cat" / "deep.csv", tmp_path / "cat" / "notes.txt")
    assert source.summary().endswith(f"ignored 2 that are no images: {tmp_path}/cat/deep.csv, {tmp_path}/cat/notes.txt")


def test_links_are_followed_but_not_in_circles(tmp_path):
    make(tmp_path / "set", cat=2, dog=2)
    make(tmp_path, far=["1.png", "2.png"])
    (tmp_path / "set" / "far").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "circle").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "gone.png").symlink_to(tmp_path / "nothing")
    source = load(tmp_path / "set")
    assert source.train.count + source.validation.count == 7  # the broken link is to be missed


def test_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    make(tmp_path / "photos", cat=2, dog=2)
    assert load("~/photos").name == str(tmp_path / "photos")


def test_unusable_folders(tmp_path):
    def refuse(folder, message):
        with pytest.raises(DataError, match=f"^{folder}: {message}"):
            load(folder)

    refuse(tmp_path / "none", "no such folder. Expected: a folder with one subfolder for each")
    (tmp_path / "file").write_text("x")
    refuse(tmp_path / "file", "this is a file. Expected: a folder")
    (tmp_path / "bare").mkdir()
    refuse(tmp_path / "bare", "no class folders in it. Expected: one subfolder for each class")
    make(tmp_path, loose=3)
    refuse(tmp_path / "loose", "no class folders in it. 3 images lie directly in it: move them")
    refuse(make(tmp_path / "single", cat=3), "only one class, cat/. Expected: two or more")
    for name in ("val", "test"):
        refuse(make(tmp_path / f"only{name}" / name, a=1, b=1).parent, f"there is {name}/ but no train/")


def test_a_folder_that_cannot_be_listed(tmp_path, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied", path)

    make(tmp_path, cat=2, dog=2)
    monkeypatch.setattr("os.scandir", deny)
    with pytest.raises(DataError, match=f"^{tmp_path}: cannot list this folder: Permission denied"):
        load(tmp_path)


def test_unusable_classes(tmp_path):
    def refuse(folder, culprit, message):
        with pytest.raises(DataError, match=f"^{culprit}: {message}"):
            load(folder)

    empty = make(tmp_path / "empty", cat=2, dog=0)
    refuse(empty, empty / "dog", "no images in this class folder. Expected: at least one")
    lone = make(tmp_path / "lone", cat=2, dog=1)
    refuse(lone, lone / "dog", "only one image, 000.png, but one has to be held out")
    for name, train, val in (("more", "train", "val"), ("less", "val", "train"), ("tested", "test", "train")):
        make(tmp_path / name / train, cat=1, dog=1)
        make(tmp_path / name / val, cat=1, dog=1, emu=1)
        lacking = tmp_path / name / train
        refuse(tmp_path / name, lacking, f"lacks 1 of the classes of {tmp_path / name / val}: emu")
    bare = make(tmp_path / "bareval" / "train", a=1, b=1).parent
    (bare / "val").mkdir()
    refuse(bare, bare / "val", "no class folders in it")


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")])
def test_the_fraction_is_one(fraction):
    with pytest.raises(DataError, match=rf"between 0 and 1.*validation_fraction={fraction}"):
        load("digits", validation_fraction=fraction)


def test_hymenoptera(shared_data, tmp_path):
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    source = load(tmp_path / "hymenoptera")
    assert source.classes == ("ants", "bees")
    assert (source.train.count, source.validation.count) == (245, 153)
    assert "ants/imageNotFound.gif" in names(source.train, tmp_path / "hymenoptera" / "train")


@pytest.mark.parametrize("root", ["", "train"])
def test_validation_without_a_folder_of_its_own_is_what_training_holds_out(tmp_path, root):
    make(tmp_path / root, a=10, b=5)
    expected = [str(Path(root, name)) for name in names(load(tmp_path).validation, tmp_path / root)]
    assert 2 <= len(expected) <= 5
    assert list(load_split(tmp_path, "validation")[0].names) == expected
    assert load_split(tmp_path)[0].count == (len(expected) if root else 15)
    assert load_split(tmp_path, "all")[0].count == 15


def test_the_images_of_a_test_folder_are_measured_on_unasked(tmp_path):
    for part in ("train", "test"):
        make(tmp_path / part, a=2, b=2)
    assert {Path(name).parts[0] for name in load_split(tmp_path)[0].names} == {"test"}
    assert [Path(name).parts[0] for name in load_split(tmp_path, "validation")[0].names] == ["train"] * 2
