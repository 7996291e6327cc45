"""The links of an HDF5 group, old and new, a few or many, by name. Links into other files are refused."""

from collections.abc import Iterator

from keras_googlenet.weights.hdf5.blocks import (
    LINK,
    LINK_INFO,
    SYMBOL_TABLE,
    Blocks,
    Cursor,
    Hdf5Error,
)

SOFT = 2
"""What an old group's entry says of a soft link."""

DEEPEST = 30
"""Most levels of a tree."""


def links(blocks: Blocks, messages: list[tuple[int, memoryview]]) -> Iterator[tuple[str, int]]:
    """The name and the header's address of each member of a group.

    Args:
        blocks: The file's.
        messages: Of the group's header.

    Raises:
        Hdf5Error: The group is damaged, or has a link that is not to an object of the file.
    """
    for kind, message in messages:
        if kind == SYMBOL_TABLE:
            yield from _old(blocks, Cursor(message))
        elif kind == LINK:
            yield _link(blocks, Cursor(message))
        elif kind == LINK_INFO:
            yield from _dense(blocks, Cursor(message))


def _old(blocks, cursor):
    """Of a symbol table: a tree of nodes, whose names lie in a heap (III.A.1, III.B, III.C, III.D)."""
    tree, heap = blocks.address(cursor), blocks.visit(blocks.address(cursor))
    heap.expect(b"HEAP\x00")
    heap.take(3)
    size, _ = blocks.length(heap), blocks.length(heap)
    names = bytes(blocks.block(blocks.address(heap), size))
    for node in leaves(blocks, tree, 0, lambda key: blocks.length(key)):
        node = blocks.visit(node[1])
        node.expect(b"SNOD\x01")
        node.take(1)
        for _ in range(node.number(2)):
            place, address, kind = blocks.length(node), blocks.address(node), node.number(4)
            node.take(20)
            blocks.count()
            end = names.find(b"\x00", place)
            name = _text(names[place : end if end >= 0 else None])
            if kind == SOFT:
                raise Hdf5Error(f"{name!r} is a link (SoftLink)")
            yield name, address


def leaves(blocks, address, kind, read_key, level=None) -> Iterator[tuple]:
    """What an old tree leads to (III.A.1).

    Args:
        blocks: The file's.
        address: Of the root.
        kind: 0 for groups, 1 for chunks.
        read_key: Reads a key from a cursor.
        level: Of the node; None for the root's.

    Yields:
        The key before each address, and the address.
    """
    node = blocks.visit(address)
    node.expect(b"TREE" + bytes([kind]))
    depth, count = node.numbers(1, 2)
    if depth > DEEPEST or level not in (None, depth):
        raise Hdf5Error("a tree with nodes on the wrong level")
    node.take(2 * blocks.offset_size)
    for _ in range(count):
        key, child = read_key(node), blocks.address(node)
        blocks.count()
        if depth:
            yield from leaves(blocks, child, kind, read_key, depth - 1)
        else:
            yield key, child


def _link(blocks, cursor):
    """Of a link's message (IV.A.2.g)."""
    version, flags = cursor.numbers(1, 1)
    kind = cursor.number(1) if flags & 8 else 0
    cursor.take(8 * bool(flags & 4) + bool(flags & 0x10))
    name = _text(cursor.take(cursor.number(1 << (flags & 3))))
    blocks.count()
    if version != 1 or kind:
        raise Hdf5Error(f"{name!r} is a link ({ {1: 'SoftLink', 64: 'ExternalLink'}.get(kind, 'unknown') })")
    return name, blocks.address(cursor)


def _dense(blocks, cursor):
    """Of a group with many links: a tree of places in a heap (IV.A.2.c, III.A.2, III.G)."""
    _, flags = cursor.numbers(1, 1)
    cursor.take(8 * (flags & 1))
    heap, tree = blocks.address(cursor), blocks.address(cursor)
    if heap is None:
        return
    heap = _Heap(blocks, heap)
    for record in _records(blocks, tree):
        yield _link(blocks, Cursor(heap.item(record[4:])))  # a hash comes before the place


def _records(blocks, address):
    """The records of a tree of the second kind."""
    head = blocks.visit(address)
    head.expect(b"BTHD\x00\x05")
    node_size, record_size, depth, _, _ = head.numbers(4, 2, 2, 1, 1)
    root, count = blocks.address(head), head.number(2)
    if root is None:
        return
    if not 11 <= record_size <= 64 or depth > DEEPEST or node_size > len(blocks.content):
        raise Hdf5Error("a tree of unknown records")
    # Records that fit into a node of each level, and into a node with all below it, which size the numbers in a node.
    fits = [(node_size - 10) // record_size]
    below = [fits[0]]
    for level in range(1, depth + 1):
        pointer = blocks.offset_size + _bytes_for(fits[level - 1]) + (_bytes_for(below[level - 1]) if level > 1 else 0)
        fits.append(max((node_size - 10 - pointer) // (record_size + pointer), 0))
        below.append((fits[level] + 1) * below[level - 1] + fits[level])
    yield from _node(blocks, root, count, depth, record_size, fits, below)


def _node(blocks, address, count, level, record_size, fits, below):
    node = blocks.visit(address)
    node.expect(b"BTIN\x00\x05" if level else b"BTLF\x00\x05")
    for _ in range(count):
        blocks.count()
        yield bytes(node.take(record_size))
    for _ in range(count + 1 if level else 0):
        child, inside = blocks.address(node), node.number(_bytes_for(fits[level - 1]))
        node.take(_bytes_for(below[level - 1]) if level > 1 else 0)
        yield from _node(blocks, child, inside, level - 1, record_size, fits, below)


class _Heap:
    """A fractal heap, of which only what lies in its blocks is read (III.G)."""

    def __init__(self, blocks, address):
        self._blocks, self._direct = blocks, []
        head = blocks.visit(address)
        head.expect(b"FRHP\x00")
        _, filters, _, largest = head.numbers(2, 2, 1, 4)
        if filters:
            raise Hdf5Error("a filtered heap")
        head.take(10 * blocks.length_size + 2 * blocks.offset_size)
        self._width, start, most = head.number(2), blocks.length(head), blocks.length(head)
        bits, _ = head.numbers(2, 2)
        root, rows = blocks.address(head), head.number(2)
        self._offset_bytes, self._start, self._most = -(-bits // 8), start, most
        self._length_bytes = _bytes_for(min(most, largest))
        if not (0 < self._width <= 64 and 0 < start <= most <= 1 << 32 and bits <= 64):
            raise Hdf5Error("a heap of unknown shape")
        if root is not None:
            self._gather(root, rows, 0, start)

    def _gather(self, address, rows, base, size):
        """Notes where direct blocks begin: their place in the heap, their size, and their address."""
        if not rows:
            self._direct.append((base, size, address))
            return
        node = self._blocks.visit(address)
        node.expect(b"FHIB\x00")
        node.take(self._blocks.offset_size + self._offset_bytes)
        for row in range(rows):
            size = self._start << max(row - 1, 0)
            for _ in range(self._width):
                child = self._blocks.address(node)
                self._blocks.count()
                if child is not None:
                    inner = 0 if size <= self._most else (size // (self._start * self._width)).bit_length()
                    self._gather(child, inner, base, size)
                base += size

    def item(self, place):
        """What lies at a place, as a heap's own identifier gives it."""
        cursor = Cursor(place)
        if cursor.number(1) & 0xF0:
            raise Hdf5Error("an item of a heap that lies elsewhere")
        at, length = cursor.numbers(self._offset_bytes, self._length_bytes)
        for base, size, address in self._direct:
            if base <= at and at + length <= base + size:
                return self._blocks.block(address + at - base, length)
        raise Hdf5Error("an item beyond its heap")


def _bytes_for(number):
    """Bytes that numbers up to one take."""
    return max(-(-number.bit_length() // 8), 1)


def _text(content):
    name = bytes(content).decode("utf-8", "surrogateescape")
    if not name or "/" in name or name in (".", ".."):
        raise Hdf5Error(f"the name {name[:50]!r}")
    return name
