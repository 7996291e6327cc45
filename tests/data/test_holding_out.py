"""Which images of a folder are held out: a rule of each file's own, which what comes and goes beside it cannot move."""

import hashlib
import random
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from keras_googlenet.data import load
from keras_googlenet.data.holding_out import hold_out, place
from keras_googlenet.data.loading import load_split

WORDS = [f"{a}{b}{c}" for a in "abcdefgh" for b in "ijklmnop" for c in "qrstuvwx"]


def touch(folder, name, files):
    for file in files:
        path = folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def sides(folder):
    """Class and path of each file, by side."""
    source = load(folder)
    return {
        part: {str(Path(item.decode()).relative_to(folder)) for item in getattr(source, part).items}
        for part in ("train", "validation")
    }


def moved(before, after):
    return (before["train"] & after["validation"]) | (before["validation"] & after["train"])


def independent_place(name, stem, number=None):
    """The rule, written down once more in whole numbers."""
    marked = stem if number is None else stem.replace(str(number), "#")
    digest = hashlib.sha256(f"{name}//{marked}".encode()).hexdigest()
    return (int(digest[:16], 16) + (number or 0) * 11400714819323198485) % 2**64 / 2**64


def test_the_place_of_an_image():
    for word in ("sunset", "Ärger", "a b"):
        assert place("cat", f"{word}.jpg") == independent_place("cat", word)
    for number in (7, 19, 20251231):
        assert place("cat", f"IMG_{number}_x.jpg") == independent_place("cat", f"IMG_{number}_x", number)
    # Written down, so that no version chooses other files than the one before.
    held_out = hold_out("cat", [f"{number:03}.jpg" for number in range(30)], 0.2)
    assert held_out == ["000.jpg", "003.jpg", "008.jpg", "013.jpg", "016.jpg", "021.jpg", "029.jpg"]


def test_what_belongs_to_an_images_name():
    assert place("cat", "a/1.jpg") != place("cat", "b/1.jpg")
    assert place("cat", "1.jpg") != place("dog", "1.jpg")
    assert place("cat", "1.jpg") == place("cat", "1.png")  # one and the same photo, converted
    decomposed = [unicodedata.normalize("NFD", name) for name in ("café", "é.jpg")]
    assert place(*decomposed) == place("café", "é.jpg")


@pytest.mark.parametrize("names", [[f"{n:04}.jpg" for n in range(1000)], [f"{word}.png" for word in WORDS]])
def test_a_fifth_is_held_out(names):
    count = len(hold_out("cat", names, 0.2))
    expected, spread = len(names) / 5, (len(names) * 0.2 * 0.8) ** 0.5  # a binomial's
    assert abs(count - expected) < 3 * spread
    if names[0] == "0000.jpg":
        assert abs(count - expected) <= 2


def test_of_eight_consecutive_numbers_one_is_held_out():
    for first in range(0, 3000, 7):
        names = [f"DSC{number:05}.jpg" for number in range(first, first + 8)]
        assert any(place("cat", name) < 0.2 for name in names)


@pytest.mark.parametrize("numbered", [True, False])
def test_files_that_come_and_go_move_no_other(tmp_path, numbered):
    """40 files of each class, of which some are there."""
    rng = random.Random(0)
    pool = [f"{n}.jpg" for n in range(40)] if numbered else [f"{word}.jpg" for word in rng.sample(WORDS, 40)]
    for name in ("cat", "dog"):
        touch(tmp_path, name, pool)
    before = sides(tmp_path)
    for _ in range(12):
        for name in ("cat", "dog"):
            for file in pool:
                (tmp_path / name / file).unlink(missing_ok=True)
            touch(tmp_path, name, rng.sample(pool, 25))
        after = sides(tmp_path)
        assert not moved(before, after)
        assert after["validation"] < before["validation"]


def test_ten_files_added_to_thirty(tmp_path):
    for name in ("ants", "bees", "wasps"):
        touch(tmp_path, name, [f"{n:03}.jpg" for n in range(10)])
    before = sides(tmp_path)
    touch(tmp_path, "ants", [f"new-{n}.jpg" for n in range(10)])
    after = sides(tmp_path)
    assert not moved(before, after)
    assert before["validation"] < after["validation"]


def test_a_small_class_has_one_on_each_side():
    for word in WORDS[:200]:
        files = [f"{word}{letter}.jpg" for letter in "abc"]
        below = [file for file in files if place("cat", file) < 0.2]
        chosen = hold_out("cat", files, 0.2)
        if not below:
            assert chosen == [min(files, key=lambda file: place("cat", file))]
        elif len(below) == 3:
            assert sorted({*files} - {*chosen}) == [max(files, key=lambda file: place("cat", file))]
        else:
            assert chosen == below


def test_only_the_one_that_stands_in_goes_back():
    """A class in which none is below a fifth has its lowest held out, until there is one that is."""
    for word in WORDS[:200]:
        files = [f"{word}{letter}.jpg" for letter in "abcdefgh"]
        few = [file for file in files if place("cat", file) >= 0.2][:3]
        if len(few) < 3:
            continue
        before, after = set(hold_out("cat", few, 0.2)), set(hold_out("cat", files, 0.2))
        assert (before ^ after) & set(few) <= before
        assert len(before) == 1


def test_a_larger_fraction_holds_out_more_of_the_same():
    files = [f"{word}.jpg" for word in WORDS]
    one, two = (set(hold_out("cat", files, fraction)) for fraction in (0.1, 0.3))
    assert one < two


def test_the_rule_of_version_0_1_0(tmp_path):
    """Exactly the fraction of each class, the first by the SHA-256 of the path in it."""
    for name in ("cat", "dog"):
        touch(tmp_path, name, [f"{word}.jpg" for word in WORDS[:23]])
    source = load(tmp_path, hold_out="rank")
    found = {Path(item.decode()).name for item in source.validation.items}
    ranked = sorted((f"{word}.jpg" for word in WORDS[:23]), key=lambda name: hashlib.sha256(name.encode()).digest())
    assert found == set(ranked[:5])
    assert source.validation.count == 10
    assert source.held_out == "20% of each class, chosen by a hash of the file's name"
    measured, _, _ = load_split(str(tmp_path), "validation", hold_out="rank")
    assert {Path(name).name for name in measured.names} == found


def test_the_same_folder_with_accents_composed_and_decomposed(tmp_path):
    """As Linux and macOS write them: the same classes, the same files on each side, the same fingerprints."""
    records = []
    for form in ("NFC", "NFD"):
        root = tmp_path / form
        for name in ("café", "cafz"):
            for file in ("é.png", "über.png", "a.png", "z.png", *(f"{n}ñ.png" for n in range(6))):
                path = root / unicodedata.normalize(form, name) / unicodedata.normalize(form, file)
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (2, 2)).save(path)
        records.append(load(root).record())
    assert records[0] == records[1]
    assert records[0]["classes"] == ["cafz", "café"]
