"""A class as a person names it."""

import itertools

from keras_googlenet.errors import InputError
from keras_googlenet.words import nearest


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
    raise InputError(f"No such class: {text}.{nearest(wanted, itertools.chain(*names), cutoff=0)}")


def _plain(name):
    return name.strip().lower().replace("_", " ")
