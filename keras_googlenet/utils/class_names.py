"""Class names: which names are one, and which of a model's outputs a name means."""

import itertools
import re
import unicodedata
from collections.abc import Sequence

from keras_googlenet.errors import InputError
from keras_googlenet.utils.messages import few, nearest

_NUMBER = re.compile(r"[+-]?\d{1,18}")


class ClassNames:
    """The outputs of a model by their names.

    A name means the outputs that are called just so; only where there are none, those that are called alike.

    Args:
        outputs: For each output its names, such as a WordNet number and a word.

    Example:
        >>> ClassNames([("A",), ("a",), ("great white shark",)]).find("a")
        (1,)
        >>> ClassNames([("A",), ("a",), ("great white shark",)]).find("Great_white-shark")
        (2,)
    """

    def __init__(self, outputs):
        self._same, self._alike = {}, {}
        for column, names in enumerate(outputs):
            for known, form in ((self._same, composed), (self._alike, alike)):
                for name in dict.fromkeys(map(form, names)):
                    known[name] = (*known.get(name, ()), column)

    def find(self, name):
        """The outputs that a name means.

        Args:
            name: A name.

        Returns:
            A tuple of their places: none where no output is called so, several where it could be any of them.
        """
        return self._same.get(composed(name)) or self._alike.get(alike(name), ())


def find_class(text: str, names: Sequence[tuple[str, str]]) -> int:
    """The index of a class that a person names.

    Args:
        text: A class's key or name; where none is just the same, letter case, blanks, `_` and hyphens between letters
            are passed over. Or its index, unless most classes are called by numbers: one that is not there is none.
        names: A `(key, name)` pair for each class.

    Returns:
        An index of `names`.

    Raises:
        InputError: There is no such class, and the message names the nearest; or several have the name.

    Example:
        >>> find_class("ant", [("n02206856", "bee"), ("n02219486", "ant")])
        1
    """
    found, index = ClassNames(names).find(text), number(text)
    if len(found) == 1:
        return found[0]
    numbers = [key for key, name in names if key == name and number(key) is not None]
    numbered = numbers if 2 * len(numbers) > len(names) else []
    if found:
        several = ", ".join(names[i][0] if numbered else f"{i} ({names[i][0]})" for i in found)
        raise InputError(
            f"Several classes are called {text}. Expected {'one of' if numbered else 'an index'}: {several}"
        )
    if index is None:
        raise InputError(f"No such class: {text}.{nearest(text, itertools.chain(*names), cutoff=0)}")
    if numbered:
        raise InputError(f"No such class: {text}. Expected a name: {few(numbered)}")
    if 0 <= index < len(names):
        return index
    raise InputError(f"No such class: {text}. Expected a name, or an index of 0 to {len(names) - 1}")


def composed(name):
    """A name with its accents in one character each, as keyboards type them; macOS writes them apart.

    Args:
        name: A name.

    Returns:
        The same for two names that differ in nothing that can be seen.
    """
    return unicodedata.normalize("NFC", str(name))


def alike(name):
    """What a name has in common with others that a person may write for it.

    Letter case is left out, as Unicode folds it (`ß` is `ss`; the dotless i of Turkish is not `i`), and so are the
    width of characters, what cannot be seen, and blanks and `_` at the ends. Blanks, `_`, and a hyphen between letters
    or digits are one. A hyphen elsewhere is a sign, in `-1` and in `A-`. Whole numbers are compared by value: `01` is
    `1`.

    Args:
        name: A name.

    Returns:
        The same for names that are alike.

    Example:
        >>> alike("Straße_01"), alike("STRASSE-01"), alike("007"), alike("-1")
        ('strasse 01', 'strasse 01', '7', '-1')
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", str(name)).casefold())
    text = "".join(_plain(character) for character in text)
    text = re.sub(r"(?<=\w)-(?=\w)", " ", re.sub(r"[\s_]+", " ", text).strip())
    value = number(text)
    return (text if value is None else str(value)) or composed(name)


def number(text):
    """The whole number that a name is, or None.

    Args:
        text: A name.
    """
    text = str(text).strip()
    return int(text) if _NUMBER.fullmatch(text) else None


def _plain(character):
    """A character as it is compared: invisible ones are left out, and every dash is a hyphen."""
    category = unicodedata.category(character)
    return "-" if category == "Pd" or character == "\u2212" else "" if category == "Cf" else character
