"""Words for messages: the nearest choice to a misspelt one; names and values as they can be printed, on one line."""

import difflib
import itertools
import json
import math
import unicodedata

LONGEST = 100
"""Characters of a text that is still compared with choices."""

_BREAKING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_JOINERS = "\u200c\u200d"
"""Invisible, as the control characters of their category, but a part of words and of emoji."""


def nearest(text, choices, count=1, cutoff=0.5):
    """Suggests what may have been meant.

    Args:
        text: What was given.
        choices: What there is.
        count: How many to suggest at most.
        cutoff: How alike they must be, 0 to 1.

    Returns:
        ` Did you mean '...'?`, with the choices that are most like the text; nothing where none is.

    Example:
        >>> nearest("trian", ["train", "predict"])
        " Did you mean 'train'?"
        >>> nearest("inception_4b", ["inception_4a", "inception_5b"])
        " Did you mean 'inception_4a'?"
        >>> nearest("xyz", ["train", "predict"])
        ''
    """
    text, choices = str(text).lower(), list(map(str, choices))
    if len(text) > LONGEST:
        return ""
    # What contains the text is meant, though another may be more like it: pad is pad_and_crop, not paper.
    longer = [choice for choice in choices if len(text) > 2 and text in choice]
    alike = sorted(((_likeness(choice, text), choice) for choice in longer or choices), reverse=True)
    matches = [repr(choice) for (ratio, _), choice in alike[:count] if longer or ratio >= cutoff]
    return f" Did you mean {' or '.join(matches)}?" if matches else ""


def _likeness(choice, text):
    """To sort by: how alike, 0 to 1, and then how much of the beginning is the same."""
    ratio = difflib.SequenceMatcher(None, choice, text).ratio()
    return ratio, sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(choice, text, strict=False)))


def few(names, most=5):
    """The first few of many names, and how many more there are, on one line.

    Args:
        names: Anything that can be iterated over.
        most: How many are named.

    Example:
        >>> few("abcdefg")
        'a, b, c, d, e and 2 more'
    """
    names = list(map(str, names))
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def one_line(text):
    r"""A text, such as the name of a file, as it can be printed: on one line, and in any encoding of Unicode.

    Args:
        text: Anything.

    Returns:
        Its text, with what is not UTF-8, breaks a line, or would control the terminal or turn the direction of writing
        as escapes.

    Example:
        >>> one_line("a" + chr(10) + "b" + chr(0x202E))
        'a\\nb\\u202e'
    """
    text = str(text)
    return text if text.isprintable() else "".join(ascii(c)[1:-1] if _is_control(c) else c for c in text)


def json_line(record, encoding="utf-8"):
    r"""A record as JSON on one line that can be printed, whatever text is in it.

    Args:
        record: What JSON can hold.
        encoding: Of where it is printed to. What it lacks becomes an escape of JSON's, too.

    Returns:
        Text that is read back as the record.

    Example:
        >>> print(json_line({"name": "é" + chr(0x202E)}))
        {"name": "é\u202e"}
    """
    text = json.dumps(record, ensure_ascii=False)
    if text.isprintable() and text.encode(encoding, "ignore").decode(encoding) == text:
        return text
    return "".join(json.dumps(c)[1:-1] if _is_control(c) or not c.encode(encoding, "ignore") else c for c in text)


def shortened(text, most=LONGEST):
    """A text without its middle, where it is long.

    Args:
        text: Anything.
        most: Characters, about, that are not too many.

    Example:
        >>> shortened("a" * 5000, 20)
        'aaaaaaaaaaaaaaa...aaaaa (5,000 characters)'
    """
    text = str(text)
    tail = most // 4
    return text if len(text) <= most else f"{text[: most - tail]}...{text[-tail:]} ({len(text):,} characters)"


def shown(value, most=LONGEST):
    """A value as a message shows it: as Python writes it, but not at any length.

    Args:
        value: Anything.
        most: As in `shortened`.

    Example:
        >>> shown("ab")
        "'ab'"
        >>> shown(10**5000)
        'a number of 5,001 digits'
    """
    try:
        return shortened(repr(value), most)
    except (ValueError, RecursionError):  # Python writes no numbers of more than 4,300 digits
        if isinstance(value, int):
            return f"a number of {int(value.bit_length() * math.log10(2)) + 1:,} digits"
        return f"a {type(value).__name__} that cannot be written down"


def _is_control(character):
    category = unicodedata.category(character)
    return category in _BREAKING and character not in _JOINERS and unicodedata.bidirectional(character) != "AN"
