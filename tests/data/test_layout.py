"""How a folder is read: split folders by any of their names, class folders, and what might be either and is refused."""

from pathlib import Path

import pytest
from PIL import Image

from keras_googlenet.data import DataError, load
from keras_googlenet.data.loading import load_split


def make(folder, *paths, each=3):
    """Writes images into folders: `make(root, "train/cat", "val/cat")`."""
    for path in paths:
        (folder / path).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            Image.new("RGB", (6, 5)).save(folder / path / f"{number}.png")
    return folder


def pair(*parents):
    return [f"{parent}/{name}" for parent in parents for name in ("cat", "dog")]


def refusal(folder):
    with pytest.raises(DataError) as caught:
        load(folder)
    message = str(caught.value)
    assert message.startswith(f"{folder}")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("train", ["train", "training", "Train", "TRAINING"])
@pytest.mark.parametrize("validation", ["val", "valid", "validation", "dev", "VAL", "Valid", "Validation", "Dev"])
def test_split_folders_by_their_names(tmp_path, train, validation):
    make(tmp_path, *pair(train))
    make(tmp_path, *pair(validation), each=1)
    source = load(tmp_path)
    assert source.classes == ("cat", "dog")
    assert (source.train.count, source.validation.count) == (6, 2)
    assert source.held_out == f"the folder {validation}/"
    assert load_split(tmp_path)[2] == f"{tmp_path}: 2 validation images in 2 classes"


@pytest.mark.parametrize("test", ["test", "testing", "Test", "TESTING"])
def test_a_test_folder_by_its_names(tmp_path, test):
    make(tmp_path, *pair("train"))
    make(tmp_path, *pair(test), each=2)
    source = load(tmp_path)
    assert (source.classes, source.test.count) == (("cat", "dog"), 4)
    assert load_split(tmp_path)[2] == f"{tmp_path}: 4 test images in 2 classes"


def test_of_two_folders_for_validation_one_serves_and_the_other_is_named(tmp_path):
    make(tmp_path, *pair("train", "dev", "valid"))
    source = load(tmp_path)
    assert source.held_out == "the folder valid/"
    assert source.ignored == (tmp_path / "dev",)


@pytest.mark.parametrize("split", ["train", "Training", "val", "valid", "dev", "test", "testing"])
def test_a_split_beside_classes_is_refused(tmp_path, split):
    """Kaggle's cat/ dog/ test/ would have trained a class of tests."""
    message = refusal(make(tmp_path, "cat", "dog", split))
    assert f"{split}/ would be a split, but beside it there is cat/, dog/." in message
    assert message.endswith("If all of these are classes, put them into a folder train/")
    with pytest.raises(DataError, match="would be a split"):
        load_split(tmp_path)


def test_a_class_may_be_called_as_a_split_below_train(tmp_path):
    source = load(make(tmp_path, "train/train", "train/bus", "train/test"))
    assert source.classes == ("bus", "test", "train")


@pytest.mark.parametrize(
    "splits",
    [("seg_train", "seg_test"), ("train_set", "test_set"), ("train2017", "val2017"), ("fold1", "fold2", "fold3")],
)
def test_splits_by_other_names_are_refused(tmp_path, splits):
    message = refusal(make(tmp_path, *pair(*splits)))
    named = ", ".join(f"{split}/" for split in sorted(splits))
    assert f"{named} all hold the same subfolders, cat/, dog/: these may be the classes. Expected: train/" in message


def test_splits_of_which_one_lacks_a_class(tmp_path):
    message = refusal(make(tmp_path, "trn/cat", "trn/dog", "trn/emu", "vld/cat", "vld/dog"))
    assert "trn/, vld/ all hold the same subfolders, cat/, dog/" in message


def test_the_same_within_a_split(tmp_path):
    message = refusal(make(tmp_path, *pair("train/day1", "train/day2")))
    assert message.startswith(f"{tmp_path / 'train'}: day1/, day2/ all hold the same subfolders")


def test_splits_below_the_classes(tmp_path):
    message = refusal(make(tmp_path, "cat/train", "cat/val", "dog/train", "dog/val"))
    assert "cat/, dog/ all hold the same subfolders, train/, val/: the splits lie in the classes." in message


def test_subfolders_that_are_no_classes(tmp_path):
    """Tiny ImageNet has one `images` in each class; photos may lie in albums."""
    make(tmp_path / "tiny", "n01/images", "n02/images")
    assert load(tmp_path / "tiny").classes == ("n01", "n02")
    make(tmp_path / "albums", "cat/spain", "cat/france", "dog/italy", "dog/spain", "dog")
    assert load(tmp_path / "albums").classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("wrappers", "inside"), [("data", pair(".")), ("a/b/c", pair(".")), ("data", pair("train", "val"))]
)
def test_one_folder_more_around_it_all(tmp_path, wrappers, inside):
    make(tmp_path / wrappers, *inside)
    (tmp_path / "__MACOSX" / "data").mkdir(parents=True)
    held = "train/, val/" if "train/cat" in inside else "cat/, dog/"
    assert refusal(tmp_path) == (
        f"{tmp_path}: only one class, {Path(wrappers).parts[0]}/. It holds {held}: "
        f"if these are the classes or the splits, give {tmp_path / wrappers}"
    )


def test_one_folder_that_goes_in_circles(tmp_path):
    make(tmp_path, "cat")
    (tmp_path / "cat" / "more").symlink_to(tmp_path / "cat")
    assert "only one class, cat/. Expected: two or more class folders" in refusal(tmp_path)


@pytest.mark.parametrize("names", [["a.jpg", "b.jpg"], ["unknown/a.jpg", "unknown/b.jpg"], ["labels.csv"], []])
def test_test_images_without_labels_do_not_stop_training(tmp_path, names):
    make(tmp_path, *pair("train"))
    (tmp_path / "test").mkdir()
    for name in names:
        (tmp_path / "test" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "test" / name).touch()
    source = load(tmp_path)
    assert source.classes == ("cat", "dog")
    assert source.test is None
    said = f"{tmp_path / 'test'} has no folder of a class: left out, the network is measured on validation"
    assert source.summary().splitlines()[1] == said
    assert "validation images" in load_split(tmp_path)[2]
    assert load_split(tmp_path, "all")[0].count == 6


def test_test_images_without_labels_that_are_asked_for(tmp_path):
    make(tmp_path, *pair("train"), "test")
    with pytest.raises(DataError, match=rf"{tmp_path / 'test'}: no class folders in it. 3 images lie directly in it"):
        load_split(tmp_path, "test")


def test_a_test_folder_with_labels_must_have_all_classes(tmp_path):
    make(tmp_path, *pair("train"), "test/cat", "test/unknown")
    assert refusal(tmp_path).startswith(f"{tmp_path / 'test'}: lacks 1 of the classes of {tmp_path / 'train'}: dog")
    make(tmp_path, "test/dog")
    assert refusal(tmp_path).startswith(f"{tmp_path / 'train'}: lacks 1 of the classes of {tmp_path / 'test'}: unknown")


def test_two_spellings_of_one_class(tmp_path):
    make(tmp_path, "caf\u00e9", "cafe\u0301", "tea")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("this file system makes one folder of both")
    assert "two class folders have the same name, café, in two spellings of Unicode" in refusal(tmp_path)


def test_a_class_is_the_same_in_either_spelling(tmp_path):
    make(tmp_path, "train/caf\u00e9", "train/tea", "val/cafe\u0301", "val/tea")
    assert load(tmp_path).classes == ("caf\u00e9", "tea")


def test_the_names_of_the_classes_on_one_line(tmp_path):
    make(tmp_path, *(f"class{number:02}" for number in range(14)), each=2)
    names = ", ".join(f"class{number:02}" for number in range(10))
    assert load(tmp_path).class_names() == f"classes: {names} and 4 more"
    assert load("digits").class_names() == "classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
