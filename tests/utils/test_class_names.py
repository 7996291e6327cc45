"""Which names are one: held against Unicode's own tables, and what must never be confused."""

import itertools
import unicodedata

import pytest

from keras_googlenet.utils.class_names import ClassNames, alike, composed, number

CAFE, CAFE_OF_MACOS = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"


@pytest.mark.parametrize(
    "names",
    [
        ("Great White Shark", "great_white_shark", "great-white-shark", " great  white__shark_", "GREAT\tWHITE SHARK"),
        (CAFE, CAFE_OF_MACOS, CAFE.upper(), unicodedata.normalize("NFKD", CAFE.title())),
        ("stra\N{LATIN SMALL LETTER SHARP S}e", "STRASSE", "Strasse", "STRA\N{LATIN CAPITAL LETTER SHARP S}E"),
        ("cat 1", "\N{FULLWIDTH LATIN CAPITAL LETTER C}at_\N{FULLWIDTH DIGIT ONE}", "cat\N{IDEOGRAPHIC SPACE}1"),
        ("1", "01", "+1", " 001 ", "\N{FULLWIDTH DIGIT ZERO}1", "\N{ARABIC-INDIC DIGIT ONE}"),
        ("-1", "-01", "\N{MINUS SIGN}1", "\N{EN DASH}1", "\N{FULLWIDTH HYPHEN-MINUS}1"),
        ("cat", "\N{ZERO WIDTH NO-BREAK SPACE}cat", "c\N{SOFT HYPHEN}at", "cat\N{NO-BREAK SPACE}"),
        ("n02219486", "N02219486"),
        ("\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK CAPITAL LETTER SIGMA}"),
    ],
)
def test_names_that_are_alike(names):
    assert len({alike(name) for name in names}) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("1", "-1", "10", "0", "1.0", "0.1"),
        ("A", "A-", "A+", "-", "+", "_", "--"),
        ("i", "\N{LATIN SMALL LETTER DOTLESS I}"),
        ("e", CAFE[-1]),
        ("St. Bernard", "St Bernard"),
        ("n02219486", "n02219487"),
        ("12", "1-2"),
    ],
)
def test_names_that_are_not(names):
    assert len({alike(name) for name in names}) == len(names)


def test_case_is_left_out_as_unicode_folds_it():
    """Of every letter that Unicode has a simple upper and lower case for, both are one."""
    letters = [chr(i) for i in range(0x110000) if unicodedata.category(chr(i)) in ("Lu", "Ll")]
    pairs = [(one, one.upper()) for one in letters if one.upper().lower() == one]
    assert len(pairs) > 1000
    assert [one for one, other in pairs if alike(one) != alike(other)] == []


def test_no_name_is_lost():
    for text in map("".join, itertools.product("-_ +a1", repeat=4)):
        assert alike(text)
        assert alike(alike(text)) == alike(text), text


def test_numbers():
    assert [number(text) for text in ("7", "007", "-7", "+7", " 7 ")] == [7, 7, -7, 7, 7]
    assert [number(text) for text in ("", "7a", "1_000", "1.0", "--7", "9" * 5000)] == [None] * 6
    assert number(5) == 5


def test_what_is_just_the_same_comes_first():
    known = ClassNames([("A",), ("a",), (CAFE,), ("01",), ("1",), ("ss",), ("cat ",), ("cat",)])
    found = [known.find(name) for name in ("A", "a", CAFE_OF_MACOS, "01", "1", "ss", "cat ", "cat")]
    assert found == [(0,), (1,), (2,), (3,), (4,), (5,), (6,), (7,)]
    others = ("\N{FULLWIDTH LATIN SMALL LETTER A}", "001", "\N{LATIN SMALL LETTER SHARP S}", "CAT", "b", "0")
    assert [known.find(name) for name in others] == [(0, 1), (3, 4), (5,), (6, 7), (), ()]


def test_an_output_has_several_names():
    known = ClassNames([("n02012849", "crane"), ("n03126707", "crane"), ("bee", "bee")])
    assert [known.find(name) for name in ("N03126707", "Crane", "bee")] == [(1,), (0, 1), (2,)]


def test_composed():
    assert composed(CAFE_OF_MACOS) == composed(CAFE) == CAFE
    assert composed("\udcff") == "\udcff"  # a byte of a file's name that is no UTF-8
