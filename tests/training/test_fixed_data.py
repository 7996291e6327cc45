"""A run's images are those of one listing: what happens to the folders meanwhile never changes a label or a number."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image
from support.small_training import small_network

from keras_googlenet import data, experiment, training
from keras_googlenet.data.reading import Reader
from keras_googlenet.data.stamps import check, stamps
from keras_googlenet.errors import WorkError
from keras_googlenet.training import run as runs

CLASSES = ("cat", "dog", "emu")
EXCHANGED = r": changed or exchanged since the images were listed\Z"


def picture(path, gray=100, kind="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (gray, gray, gray)).save(path, kind)


@pytest.fixture(params=["png", "bmp"])
def photos(tmp_path, request):
    """Bitmaps as from an archive: all of one size and of one time."""
    root = tmp_path / "photos"
    for label, name in enumerate(CLASSES):
        for number in range(10):
            path = root / name / f"{number}.{request.param}"
            picture(path, 80 * label + number, request.param)
            if request.param == "bmp":
                os.utime(path, (10**9, 10**9))
    return root


def swap(root):
    (root / "cat").rename(root / "other")
    (root / "dog").rename(root / "cat")
    (root / "other").rename(root / "dog")


def refill(root):
    shutil.rmtree(root / "cat")
    for path in (root / "dog").iterdir():
        picture(root / "cat" / path.name, 200, path.suffix[1:])


def exchange(root):
    first, second = ((root / name / next(iter(sorted(os.listdir(root / name))))) for name in ("cat", "dog"))
    first.rename(root / "aside")
    second.rename(first)
    (root / "aside").rename(second)


CHANGES = {"swapped": swap, "refilled": refill, "renamed": lambda root: (root / "cat").rename(root / "lion")}


@pytest.mark.parametrize("change", [*CHANGES, "exchanged"])
def test_an_image_is_read_as_listed_or_not_at_all(photos, change):
    before = {part: split for part, split in data.load(photos).splits.items()}
    pixels = {
        (part, place): int(split.read(place)[0, 0, 0]) for part, split in before.items() for place in range(split.count)
    }
    {**CHANGES, "exchanged": exchange}[change](photos)
    refused = 0
    for (part, place), gray in pixels.items():
        try:
            assert int(before[part].read(place)[0, 0, 0]) == gray
        except data.ImageError as error:
            refused += str(error).startswith(before[part].path(place))
    assert refused == {"swapped": 20, "refilled": 10, "renamed": 10, "exchanged": 2}[change]


def test_what_tells_files_apart(tmp_path):
    paths = [os.fsencode(tmp_path / name) for name in ("a", "b", "c", "missing")]
    for path, content in zip(paths, (b"11", b"22", b"333"), strict=False):
        with open(path, "wb") as file:
            file.write(content)
        os.utime(path, ns=(5, 5))
    found = stamps(paths)
    assert found[:, 0].tolist() == [2, 2, 3, -1]
    assert (found[:, 2] != 0).tolist() == [True, True, False, False]  # two could stand for each other
    for path, stamp in zip(paths, found, strict=True):
        check(path, stamp)
    os.replace(paths[1], paths[0])
    with pytest.raises(data.ImageError, match=EXCHANGED):
        check(paths[0], found[0])
    os.utime(paths[2], ns=(5, 6))
    with pytest.raises(data.ImageError, match=EXCHANGED):
        check(paths[2], found[2])
    with open(paths[3], "wb"), pytest.raises(data.ImageError, match=EXCHANGED):
        check(paths[3], found[3])
    assert stamps([]).shape == (0, 3)
    assert stamps([os.fsencode(tmp_path / "nul\0")]).tolist() == [[-1, -1, 0]]


def test_a_class_that_is_gone_is_an_error_whatever_is_skipped(tmp_path):
    root = tmp_path / "photos"
    for name in CLASSES:
        for number in range(10):
            picture(root / name / f"{number}.png")
    source = data.load(root)
    split = source.train
    dogs = np.flatnonzero(split.labels == 1).tolist()
    reader = Reader(split, on_corrupt="skip", classes=source.classes, words="training images", memory=0)
    for place in dogs[:-1]:
        os.remove(split.items[place])
        assert reader.read(place, place) is None
    assert len(reader.skipped) == len(dogs) - 1
    os.remove(split.items[dogs[-1]])
    with pytest.raises(
        data.ImageError, match=r"^class 'dog': none of its \d training images can be read, .*: no such"
    ) as end:
        reader.read(dogs[-1], dogs[-1])
    assert "\n" not in str(end.value)
    with pytest.raises(data.ImageError, match="^class 'dog': none"):
        reader.read(0, 0)  # nor is anything else read
    shutil.rmtree(root / "emu")
    early = Reader(split, on_corrupt="skip", classes=source.classes, words="training images")
    with pytest.raises(data.ImageError, match=r"^class 'emu': none of its \d training"):
        early.read(split.count - 1, split.count - 1)  # the first that is missed


def recipe(photos, **changes):
    small = {
        "image_size": 32,
        "batch_size": 4,
        "epochs": 1,
        "sampling": "center",
        "averaging": None,
        "aux_heads": False,
    }
    return training.recipe_for(str(photos), **{**small, **changes})


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


@pytest.fixture
def folder(tmp_path):
    """Of PNGs, with a test split."""
    root = tmp_path / "photos"
    for part, count in (("train", 8), ("val", 3), ("test", 3)):
        for label, name in enumerate(CLASSES):
            for number in range(count):
                picture(root / part / name / f"{number}.png", 80 * label + number)
    return root


@pytest.mark.trains
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("part", ["train", "test"])
def test_a_run_whose_classes_change_ends(folder, tmp_path, meanwhile, change, part):
    """Of test images, in its last evaluation: they were read by nothing before."""
    meanwhile.append(lambda: CHANGES[change](folder / part))
    with pytest.raises(data.ImageError, match=rf"^{folder / part}/.*({EXCHANGED}|: no such file\Z)"):
        experiment.run(recipe(folder), tmp_path / "run", verbose=0)
    assert (tmp_path / "run" / "model.keras").exists() == (part == "test")
    assert not (tmp_path / "run" / "evaluation.json").exists()


@pytest.mark.trains
@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_class_that_is_gone_ends_a_run_that_skips(folder, tmp_path, meanwhile, part):
    meanwhile.append(lambda: shutil.rmtree(folder / part / "dog"))
    words, kind = {
        "train": ("training", data.ImageError),
        "val": ("validation", data.ImageError),
        "test": ("test", WorkError),
    }[part]
    with pytest.raises(kind, match=rf"^class 'dog': none of its \d {words} images can be read") as end:
        experiment.run(recipe(folder, on_corrupt="skip"), tmp_path / "run", verbose=0)
    assert end.value.status == 1
    assert not (tmp_path / "run" / "evaluation.json").exists()
