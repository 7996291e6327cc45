"""Which of a model's outputs the classes of a data set are."""

import itertools
from collections.abc import Sequence

from keras_googlenet.errors import InputError
from keras_googlenet.utils.class_names import ClassNames, number
from keras_googlenet.utils.messages import few, nearest


def class_mapping(classes: Sequence[str], outputs: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The output of a model that each class of a data set is.

    A class is matched by any of the output's names: its WordNet number (`n01440764`), the word for it. Where none is
    just the same, letter case, blanks, `_` and hyphens between letters are passed over, and numbers compared by value.
    A number is a name as any other, never a place among the outputs.

    Args:
        classes: The data set's class names.
        outputs: For each of the model's outputs, its names.

    Returns:
        A tuple of columns, one for each class.

    Raises:
        InputError: A class is none of the outputs, or could be several of them, or two are the same one.

    Example:
        >>> class_mapping(("n02219486", "bee"), [("n02206856", "bee"), ("n02219486", "ant")])
        (1, 0)
    """
    known = ClassNames(outputs)
    found = {name: known.find(name) for name in classes}
    unknown = [name for name, some in found.items() if not some]
    if unknown:
        words, are_numbers = dict.fromkeys(itertools.chain(*outputs)), [number(name) is not None for name in unknown]
        meant = "" if are_numbers[0] else nearest(unknown[0], words)
        hint = ": numbers are names, and not places among its outputs" if all(are_numbers) else ""
        raise InputError(
            f"The model does not know {len(unknown):,} of the {len(classes):,} classes: {few(unknown)}. Expected each "
            f"to be one of its {len(outputs):,}: {few([names[-1] for names in outputs])}.{meant} "
            f"Rename the class folders as the model calls them{hint}"
        )
    for name, some in found.items():
        if len(some) > 1:
            raise InputError(f"The model has several classes of the name {name}: {_choice(some, outputs)}")
    by_column: dict[int, list[str]] = {}
    for name in classes:
        by_column.setdefault(found[name][0], []).append(name)
    twice = [name for names in by_column.values() if len(names) > 1 for name in names]
    if twice:
        raise InputError(f"These classes are the same one to the model: {few(twice)}. Merge their folders")
    return tuple(found[name][0] for name in classes)


def _choice(some, outputs):
    """What to do about a name that several outputs have."""
    keys = [outputs[column][0] for column in some]
    if len(set(keys)) < len(keys):
        return f"outputs {few(some)}. Give them names of their own (the model's `class_names`)"
    return f"{few(keys)}. Rename its folder as one of these"
