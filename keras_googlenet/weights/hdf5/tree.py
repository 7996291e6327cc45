"""An HDF5 file as a tree of groups, which are dictionaries, and datasets."""

from keras_googlenet.weights.hdf5 import blocks as b
from keras_googlenet.weights.hdf5.blocks import Blocks, Hdf5Error
from keras_googlenet.weights.hdf5.datasets import Dataset, attribute
from keras_googlenet.weights.hdf5.groups import links

DEEPEST = 64
"""Most groups within each other; Keras puts a model's layers four deeper than the model."""


class Group(dict):
    """The members of a group by their names; `attrs` has its attributes that are texts.

    Args:
        attrs: Texts by name.
    """

    def __init__(self, attrs):
        super().__init__()
        self.attrs = attrs

    def get(self, path, default=None):
        """The member at a path such as `layers/dense/vars`."""
        found = self
        for part in path.strip("/").split("/"):
            found = dict.get(found, part) if isinstance(found, Group) else None
        return default if found is None else found

    def datasets(self, path=""):
        """The path and the dataset of each that is in the group or below it."""
        for name, member in self.items():
            if isinstance(member, Group):
                yield from member.datasets(f"{path}{name}/")
            else:
                yield path + name, member


def parse(content: bytes | memoryview, leave: frozenset[str] = frozenset()) -> Group:
    r"""Reads the tree of a file, and none of its numbers.

    Args:
        content: The whole file.
        leave: Members of the root that are left out.

    Returns:
        The root.

    Raises:
        Hdf5Error: The file is damaged, refers to other files, or is made in a way that Keras makes none.

    Example:
        >>> parse(b"no such thing")
        Traceback (most recent call last):
            ...
        keras_googlenet.weights.hdf5.blocks.Hdf5Error: no '\x89HDF\r\n\x1a' where one should be
    """
    blocks = Blocks(memoryview(content))
    return _member(blocks, blocks.root, "", leave)


def _member(blocks, address, path, leave=frozenset()):
    if path.count("/") > DEEPEST:
        raise Hdf5Error(f"groups more than {DEEPEST} deep")
    try:
        messages = list(blocks.messages(address))
        found = (attribute(blocks, message) for kind, message in messages if kind == b.ATTRIBUTE)
        attrs = {name: text for name, text in found if text is not None}
        kinds = {kind for kind, _ in messages}
        if b.LAYOUT in kinds:
            if not {b.DATASPACE, b.DATATYPE} <= kinds:
                raise Hdf5Error("a dataset without a shape or a type")
            return Dataset(blocks, messages, attrs)
    except (Hdf5Error, IndexError) as error:
        raise Hdf5Error(f"{path.strip('/') or 'root'}: {error}") from error
    group = Group(attrs)
    for name, target in links(blocks, messages):
        if name in group:
            raise Hdf5Error(f"two members called {path}{name}"[1:])
        if name not in leave or path:
            group[name] = _member(blocks, target, f"{path}/{name}")
    return group
