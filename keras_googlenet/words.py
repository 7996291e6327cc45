"""Words for messages: the nearest choice to a misspelt one, and names of files on one line."""

import difflib
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
        >>> nearest("xyz", ["train", "predict"])
        ''
    """
    text, choices = str(text).lower(), list(map(str, choices))
    # float16 is more like float32 than like mixed_float16, which is meant.
    longer = [choice for choice in choices if len(text) > 2 and text in choice]
    matches = difflib.get_close_matches(text, longer or choices, n=count, cutoff=0.0 if longer else cutoff)
    return f" Did you mean {' or '.join(map(repr, matches))}?" if matches else ""


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
