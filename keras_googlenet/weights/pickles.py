"""Pickles of PyTorch's files, of which nothing is made but what state dicts are made of.

Unpicklers call what a pickle names, and some of that fills the memory (`bytearray(8e9)`). Here no call is made: dicts,
lists, tuples, strings and numbers come to be, tensors are described, and an `Unread` stands for everything else. The
opcodes are those of Python's `pickletools`.
"""

import io
import pickletools
import re
from dataclasses import dataclass
from typing import Any

MAX_OPCODES = 300_000
"""Most opcodes of a file; a network of 300 tensors and its optimizer take 50,000."""

_VALUES = re.compile(
    "(BIN)?INT|BININT[12]|LONG[14]?|(BIN)?FLOAT|(SHORT_)?(BIN)?(STRING|UNICODE)8?|(SHORT_)?BINBYTES8?|BYTEARRAY8"
)
"""The opcodes that put their argument on the stack."""

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}

_MADE: dict[str, tuple[type, int | None]] = {
    **{name: (tuple, count) for count, name in enumerate(("EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"))},
    **{"TUPLE": (tuple, None), "EMPTY_LIST": (list, 0), "LIST": (list, None)},
    **{"EMPTY_DICT": (dict, 0), "DICT": (dict, None), "EMPTY_SET": (list, 0), "FROZENSET": (list, None)},
}
"""What opcodes make, and of how many items on the stack; None: of all since the last mark. Sets are lists: it can
take very long to find a tuple of tuples in a set."""

_FILL: dict[str, int | None] = {"APPEND": 1, "SETITEM": 2, "APPENDS": None, "SETITEMS": None, "ADDITEMS": None}

_NAME = 200
"""Characters of a function's or class's name that are looked at."""

_MOST = 20
"""Most arguments of a known call, and most axes of a tensor. A pickle may give the same million to many calls."""

_DICTS = ("collections.OrderedDict", "collections.defaultdict")


class Unread:
    """Stands for a function or class, and for what it would make: it takes whatever the file gives it.

    Attributes:
        kind: The name in the file.
    """

    def __init__(self, kind: str):
        self.kind = kind


@dataclass(frozen=True)
class Storage:
    """The numbers of tensors, as a file describes them.

    Attributes:
        kind: PyTorch's class, `FloatStorage`.
        key: Its name in the file.
        count: How many numbers it has.
    """

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A tensor, as a file describes it.

    Attributes:
        storage: Where its numbers are.
        offset: The place of the first.
        shape: Its shape.
        strides: How far apart neighbors are, for each axis.
        kind: What its numbers are where the storage does not say, `torch.uint16`; else None.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str | None = None


def load(stream: io.BytesIO, storages: dict[str, Storage] | None = None) -> Any:
    """Reads one pickle.

    Args:
        stream: Of the file. It is left behind the pickle.
        storages: Filled with the storages of all tensors, by their keys.

    Returns:
        What it holds: dicts, lists, tuples, strings, numbers, `Tensor`, `Unread`.

    Raises:
        Exception: Of many kinds, where the pickle is damaged, or larger than a network's.
    """
    machine = _Machine({} if storages is None else storages)
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if count == MAX_OPCODES:
            raise ValueError(f"its pickle has more than {MAX_OPCODES:,} parts")
        if opcode.name == "STOP":
            break
        machine.do(opcode.name, argument)
    return machine.stack.pop()


class _Machine:
    """The stack of an unpickler, what it has remembered, and the storages that it has met."""

    def __init__(self, storages: dict[str, Storage]) -> None:
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.storages = storages
        self.pairs = 0

    def do(self, opcode: str, argument: Any) -> None:
        """Does what an opcode says."""
        stack = self.stack
        match opcode:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                self.below.append(stack)
                self.stack = []
            case "BINPUT" | "LONG_BINPUT" | "PUT":
                self.memo[argument] = stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET" | "GET":
                stack.append(self.memo[argument])
            case "GLOBAL":
                stack.append(Unread(argument[:_NAME].replace(" ", ".")))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                stack.append(Unread(f"{module[:_NAME]}.{name[:_NAME]}"))
            case "POP":
                stack.pop()
            case "POP_MARK":
                self._taken(None)
            case "DUP":
                stack.append(stack[-1])
            case "REDUCE" | "NEWOBJ":
                called, arguments = self._taken(2)
                stack.append(self._dict(arguments) if called.kind in _DICTS else _call(called, arguments))
            case "NEWOBJ_EX":
                stack.append(Unread(self._taken(3)[0].kind))
            case "BUILD":  # an object's attributes: tensors and dicts have none that count
                stack.pop()
            case "BINPERSID":
                stack.append(found := _storage(*stack.pop()[:_MOST]))
                if isinstance(found, Storage):
                    self.storages[found.key] = found
            case name if name in _CONSTANTS:
                stack.append(_CONSTANTS[name])
            case name if _VALUES.fullmatch(name):
                stack.append(argument)
            case name if name in _MADE:
                kind, count = _MADE[name]
                items = self._taken(count)
                self.stack.append(_filled({}, items) if kind is dict else kind(items))
            case name if name in _FILL:
                items = self._taken(_FILL[name])
                _filled(self.stack[-1], items)
            case name:
                raise ValueError(f"its pickle has the opcode {name}")

    def _dict(self, arguments: Any) -> dict:
        """A dict of the pairs that Python 2 gives `OrderedDict`; a later Python fills it afterwards."""
        pairs = arguments[0] if arguments and isinstance(arguments[0], list) else []
        self.pairs += len(pairs)
        if self.pairs > MAX_OPCODES:
            raise ValueError(f"its dicts have more than {MAX_OPCODES:,} parts")
        return _filled({}, [part for key, value in pairs for part in (key, value)])

    def _taken(self, count: int | None) -> list[Any]:
        """Takes so many items from the stack; None: all since the last mark."""
        if count is None:
            items, self.stack = self.stack, self.below.pop()
            return items
        at = len(self.stack) - count
        if at < 0:
            raise ValueError("its pickle takes more than it has")
        items = self.stack[at:]
        del self.stack[at:]
        return items


def _filled(container: Any, items: list[Any]) -> Any:
    match container:
        case dict():
            pairs = zip(items[::2], items[1::2], strict=True)
            container.update(pair for pair in pairs if isinstance(pair[0], str) or _is_count(pair[0]))
        case list():
            container.extend(items)
        case Unread():
            pass
        case _:
            raise ValueError("its pickle fills what is no container")
    return container


def _call(called: Any, arguments: Any) -> Any:
    """What a call would make, of which only a few are known."""
    if not isinstance(called, Unread):
        raise ValueError("its pickle calls what is no function")
    match called.kind, arguments if len(arguments) <= _MOST else ():
        case "torch.Size", (size,):
            return size
        case "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2", (storage, offset, size, strides, *_):
            return _tensor(storage, offset, size, strides)
        case "torch._utils._rebuild_tensor_v3", (storage, offset, size, strides, _, _, Unread(kind=kind), *_):
            return _tensor(storage, offset, size, strides, kind)
        case "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state", (tensor, *_):
            return tensor
        case "torch._tensor._rebuild_from_type_v2", (Unread() as inner, _, inner_arguments, *_):
            return _call(inner, inner_arguments)
    return Unread(called.kind)


def _storage(what: str, kind: Unread, *rest: Any) -> Any:
    if what != "storage":  # a whole module, in files before PyTorch 1.6
        return Unread(kind.kind)
    key, _, count, *view = rest
    if not isinstance(key, str) or not _is_count(count) or any(part is not None for part in view):
        raise ValueError("its pickle has a storage that is none, or a part of another")
    return Storage(kind.kind.rpartition(".")[2], key, count)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, kind: str | None = None) -> Tensor:
    if max(len(shape), len(strides)) > _MOST:
        raise ValueError(f"its pickle has a tensor of more than {_MOST} axes")
    made = Tensor(storage, offset, tuple(shape), tuple(strides), kind)
    numbers = (offset, *made.shape, *made.strides)
    if not isinstance(storage, Storage) or len(made.shape) != len(made.strides) or not all(map(_is_count, numbers)):
        raise ValueError("its pickle has a tensor that is none")
    return made


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and 0 <= number < 1 << 40
