"""Class names: which names are one, and which of a model's outputs a name means."""

import re
import unicodedata

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
