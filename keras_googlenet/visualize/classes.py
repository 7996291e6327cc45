"""A class as a person names it."""

import itertools

from keras_googlenet.errors import InputError
from keras_googlenet.utils.class_names import ClassNames, number
from keras_googlenet.utils.messages import nearest


def find_class(text, names):
    """The index of a class.

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
        more = ", ..." if len(numbered) > 5 else ""
        raise InputError(f"No such class: {text}. Expected a name: {', '.join(numbered[:5])}{more}")
    if 0 <= index < len(names):
        return index
    raise InputError(f"No such class: {text}. Expected a name, or an index of 0 to {len(names) - 1}")
