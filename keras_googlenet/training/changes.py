"""What has changed in a data set since a run was started on it, in words."""

from keras_googlenet.utils.class_names import composed
from keras_googlenet.utils.messages import few


def differences(before, now):
    """Compares two records of a data set.

    Args:
        before: A dict as `data.Source.record` gives it, from a run's `recipe.json`. What it lacks, being of an older
            version, is not compared.
        now: Likewise, of the data set as it is.

    Returns:
        Texts, a list; empty where nothing differs.

    Example:
        >>> differences({"classes": ["cat", "dgo"]}, {"classes": ["cat", "dog"]})
        ["class 'dgo' is gone", "class 'dog' is new"]
    """
    changes = _classes(before.get("classes", now.get("classes", [])), now.get("classes", []))
    for name, old, new in _pairs("images", before, now):
        changes.append(f"{old or 0:,} {_word(name)} images became {new or 0:,}")
    if changes:
        return changes
    for name, old, new in _pairs("fingerprints", before, now):
        names = f"the {_word(name)} images are as many, but not of the same names"
        changes.append(f"{old} became {new}" if "/" in old else names)  # versions, of TensorFlow data sets
    for name, old, new in _pairs("samples", before, now):
        exchanged = [label for label, *found in zip(now["classes"], old, new, strict=False) if _exchanged(*found)]
        if exchanged:
            changes.append(f"the {_word(name)} images of {few(map(repr, exchanged))} are others, under the same names")
    return changes


def _exchanged(old, new):
    """Whether none of two or three files is what it was: one may have been mended."""
    old, new = set(old.split()), set(new.split())
    return min(len(old), len(new)) > 1 and old.isdisjoint(new)


def _pairs(key, before, now):
    """What was recorded under a key and what there is now, split by split, where they differ."""
    new = now.get(key, {})
    old = before.get(key, new)
    return [(name, old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)]


def _word(name):
    return "training" if name == "train" else name


def _classes(before, now):
    before, now = (list(map(composed, names)) for names in (before, now))
    if before == now:
        return []
    found = [
        f"{'class' if len(names) == 1 else 'classes'} {few(map(repr, names))} "
        f"{'is' if len(names) == 1 else 'are'} {what}"
        for names, what in (
            ([name for name in before if name not in now], "gone"),
            ([name for name in now if name not in before], "new"),
        )
        if names
    ]
    return found or ["the classes come in another order"]
