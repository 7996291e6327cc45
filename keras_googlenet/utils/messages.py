"""Words for messages: the nearest choice to a misspelt one, and names of files on one line."""

import difflib
import itertools
import unicodedata

_BREAKING = frozenset(("Cc", "Cs", "Zl", "Zp"))


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
    # float16 is more like float32 than like mixed_float16, which is meant.
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
        names: A sequence of anything.
        most: How many are named.

    Example:
        >>> few("abcdefg")
        'a, b, c, d, e and 2 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def one_line(text):
    r"""A text, such as the name of a file, as it can be printed: on one line, and in any encoding of Unicode.

    Args:
        text: Anything.

    Returns:
        Its text, with control characters, line breaks and bytes that are no UTF-8 written as escapes.

    Example:
        >>> one_line("a" + chr(10) + "b")
        'a\\nb'
    """
    return "".join(ascii(c)[1:-1] if unicodedata.category(c) in _BREAKING else c for c in str(text))
