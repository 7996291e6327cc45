"""Which of a model's outputs the classes of a data set are."""

from keras_googlenet.errors import InputError


def columns(classes, outputs):
    """The output of a model that each class of a data set is.

    A class is matched by its name, by its WordNet number (`n01440764`), or, where all classes are numbers, by them.
    Upper and lower case, and blanks, `_` and `-`, are the same.

    Args:
        classes: The data set's class names.
        outputs: For each of the model's outputs, its names.

    Returns:
        A tuple of columns, one for each class.

    Raises:
        InputError: A class is none of the outputs, or could be several of them, or two are the same one.

    Example:
        >>> columns(("n02219486", "bee"), [("n02206856", "bee"), ("n02219486", "ant")])
        (1, 0)
    """
    known = {}
    for column, names in enumerate(outputs):
        for name in {_plain(name) for name in names}:
            known.setdefault(name, []).append(column)
    found = [known.get(_plain(name), []) for name in classes]
    if not all(found) and all(name.isdecimal() and int(name) < len(outputs) for name in classes):
        found = [[int(name)] for name in classes]
    unknown = [name for name, some in zip(classes, found, strict=True) if not some]
    if unknown:
        raise InputError(
            f"The model does not know {len(unknown):,} of the {len(classes):,} classes: {_few(unknown)}. Expected each "
            f"to be one of its {len(outputs):,}: {_few([names[-1] for names in outputs])}. Rename the class folders"
        )
    unclear = [name for name, some in zip(classes, found, strict=True) if len(some) > 1]
    if unclear:
        raise InputError(
            f"The model has several classes of the name {_few(unclear)}. Rename their folders by WordNet number"
        )
    taken = [some[0] for some in found]
    if len(set(taken)) < len(taken):
        twice = [name for name, column in zip(classes, taken, strict=True) if taken.count(column) > 1]
        raise InputError(f"These classes are the same one to the model: {_few(twice)}. Merge their folders")
    return tuple(taken)


def _plain(name):
    return str(name).casefold().replace("_", " ").replace("-", " ").strip()


def _few(names, most=5):
    return ", ".join(map(str, names[:most])) + (", ..." if len(names) > most else "")
