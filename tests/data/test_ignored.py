"""What operating systems and runs leave among the images is no data, wherever folders are read."""

import json

import pytest
from PIL import Image

from keras_googlenet.cli.paths import expand
from keras_googlenet.data import DataError, load
from keras_googlenet.data.loading import load_split
from keras_googlenet.data.scan import image_files

FOLDERS = [
    *("$RECYCLE.BIN", "$Recycle.Bin", "RECYCLER", "System Volume Information", "lost+found", "__MACOSX", ".Trashes"),
    *(".Trash-1000", ".Spotlight-V100", ".fseventsd", ".AppleDouble", ".ipynb_checkpoints", "@eaDir", "#recycle"),
    *("__pycache__", "found.000"),
]
FILES = [".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", "._1.png", "Icon\r", "Picasa.ini"]


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 5)).save(path)


def fill(root):
    """Two classes of three, and what is left behind on every level."""
    for name in ("cat", "dog"):
        for number in range(3):
            picture(root / name / f"{number}.png")
    for place in (root, root / "cat"):
        for name in FOLDERS:
            picture(place / name / "S-1-5" / "$R1.png")
        for name in FILES:
            (place / name).write_bytes(b"x")
    return root


def test_in_a_data_set(tmp_path):
    for root in (tmp_path / "classes", tmp_path / "splits"):
        if root.name == "splits":
            fill(root / "val")
        fill(root if root.name == "classes" else root / "train")
        source = load(root)
        assert source.classes == ("cat", "dog")
        assert source.ignored == ()
        assert load_split(root, "all")[0].count == (6 if root.name == "classes" else 12)


def test_a_folder_that_only_its_system_may_list(tmp_path, monkeypatch):
    """`lost+found` belongs to the superuser; it is not even looked into."""
    import os

    scandir = os.scandir

    def refuse(path):
        if "lost+found" in str(path):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    fill(tmp_path)
    monkeypatch.setattr("os.scandir", refuse)
    assert load(tmp_path).classes == ("cat", "dog")


def test_in_folders_and_patterns_of_the_command_line(tmp_path):
    fill(tmp_path)
    expected = [str(tmp_path / name / f"{number}.png") for name in ("cat", "dog") for number in range(3)]
    assert [str(path) for path in image_files(tmp_path)] == expected
    assert expand([str(tmp_path)], pytest.fail) == expected
    assert expand([str(tmp_path / "**" / "*.png")], pytest.fail) == expected
    assert expand([str(tmp_path / "*")], pytest.fail) == expected
    # What is named is meant.
    assert expand([str(tmp_path / "__MACOSX" / "S-1-5" / "*.png")], pytest.fail)


def leave_run(folder):
    folder.mkdir(parents=True)
    (folder / "recipe.json").write_text(json.dumps({"recipe": {"dataset": "."}, "classes": ["cat", "dog"]}))
    for name in ("samples.png", "curves.png"):
        picture(folder / name)


@pytest.mark.parametrize("place", ["runs/photos-20261124-101500", "run", "cat/run", "runs/deep/er/one"])
@pytest.mark.parametrize("split", ["", "train"])
def test_the_folder_of_a_run_is_no_data(tmp_path, place, split):
    """Version 0.1.0 left its runs there."""
    root = tmp_path / "photos"
    fill(root / split)
    leave_run(root / place if place != "cat/run" else root / split / place)
    source = load(root)
    assert source.classes == ("cat", "dog")
    assert source.train.count + source.validation.count == 6
    assert not any(
        item.endswith((b"samples.png", b"curves.png")) for item in (*source.train.items, *source.validation.items)
    )
    assert load_split(root, "all")[0].count == 6
    assert len(image_files(root)) == 6


def test_a_recipe_of_something_else_hides_nothing(tmp_path):
    for text in ("{", "[]", '{"name": "cake"}'):
        fill(tmp_path)
        (tmp_path / "cat" / "recipe.json").write_text(text)
        assert load(tmp_path).classes == ("cat", "dog")


def test_a_folder_of_nothing_but_runs(tmp_path):
    leave_run(tmp_path / "runs" / "one")
    with pytest.raises(DataError, match=f"^{tmp_path}: no class folders in it, but runs"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"recipe": ' * 100_000, "9" * 5000, "\x00", ""])
def test_a_stray_file_called_as_a_recipe_makes_no_run(tmp_path, text):
    root = fill(tmp_path / "classes")
    (root / "cat" / "recipe.json").write_text(text)
    source = load(root)
    assert (source.classes, source.train.count + source.validation.count) == (("cat", "dog"), 6)
