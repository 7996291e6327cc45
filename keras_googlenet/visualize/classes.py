"""A class as a person names it."""

import difflib

from keras_googlenet.errors import InputError


def find_class(text, names):
    """The index of a class.

    Args:
        text: A class's key or name, capitals and underscores apart, or its index. A name that is a number goes
            before an index.
        names: A `(key, name)` pair for each class.

    Returns:
        An index of `names`.

    Raises:
        InputError: There is no such class, and the message names the nearest; or several have the name.

    Example:
        >>> find_class("ant", [("n02206856", "bee"), ("n02219486", "ant")])
        1
    """
    wanted = _plain(text)
    found = [i for i, pair in enumerate(names) if wanted in map(_plain, pair)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(f"{i} ({names[i][0]})" for i in found)
        raise InputError(f"Several classes are called {text}. Expected an index: {several}")
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    if text.lstrip("-").isdecimal():
        raise InputError(f"No such class: {text}. Expected a name, or an index of 0 to {len(names) - 1}")
    plain = {_plain(name): name for pair in reversed(names) for name in pair}
    raise InputError(f"No such class: {text}. Did you mean {plain[nearest(wanted, plain)]}?")


def nearest(word, choices):
    """The choice that is spelt most alike, of several the one that begins alike.

    Args:
        word: What was written.
        choices: At least one word.

    Returns:
        One of the choices.

    Example:
        >>> nearest("inception_5c", ["inception_4c", "inception_5b"])
        'inception_5b'
    """

    def likeness(choice):
        ratio = difflib.SequenceMatcher(None, word, choice, autojunk=False).ratio()
        return ratio, next(
            (i for i, pair in enumerate(zip(word, choice, strict=False)) if pair[0] != pair[1]), len(choice)
        )

    return max(choices, key=likeness)


def _plain(name):
    return name.strip().lower().replace("_", " ")
