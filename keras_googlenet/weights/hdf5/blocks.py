"""The bytes of an HDF5 file, the headers of its objects, and what their messages say of names and links.

Numbers in comments are those of the "HDF5 File Format Specification, version 3.0".
"""

from collections.abc import Iterator

SIGNATURE = b"\x89HDF\r\n\x1a\n"

MAX_PARTS = 500_000
"""Most blocks, messages and links of a file; a network of a thousand layers has fifty thousand."""

DATASPACE, DATATYPE, LINK_INFO, LINK, EXTERNAL, LAYOUT, FILTERS = 0x1, 0x3, 0x2, 0x6, 0x7, 0x8, 0xB
ATTRIBUTE, CONTINUATION, SYMBOL_TABLE = 0xC, 0x10, 0x11


class Hdf5Error(ValueError):
    """The file is damaged, or made in a way that Keras makes none."""


class Cursor:
    """Reads numbers and bytes one after another, never beyond the end.

    Args:
        content: Bytes.
        at: Where to begin.
    """

    def __init__(self, content, at=0):
        self._content, self.at = content, at

    def take(self, size):
        """The next `size` bytes."""
        end = self.at + size
        if size < 0 or end > len(self._content):
            raise Hdf5Error("it ends too early")
        taken, self.at = self._content[self.at : end], end
        return taken

    def number(self, size):
        """A number of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def numbers(self, *sizes):
        """Several numbers."""
        return [self.number(size) for size in sizes]

    def expect(self, signature):
        """Refuses all but some bytes."""
        if self.take(len(signature)) != signature:
            raise Hdf5Error(f"no {signature.decode('latin-1').strip()!r} where one should be")

    def rest(self):
        """How many bytes are left."""
        return len(self._content) - self.at


class Blocks:
    """A file's blocks by their addresses.

    Args:
        content: The whole file, a `memoryview`.

    Attributes:
        root: Address of the root group's header.
    """

    def __init__(self, content):
        self.content, self._visited, self._parts = content, set(), 0
        cursor = Cursor(content)
        cursor.expect(SIGNATURE)
        version = cursor.number(1)
        if version > 3:
            raise Hdf5Error(f"a superblock of version {version}")
        if version < 2:
            cursor.take(4)
        self.offset_size, self.length_size = cursor.numbers(1, 1)
        if not {self.offset_size, self.length_size} <= {2, 4, 8}:
            raise Hdf5Error("addresses of an unknown size")
        cursor.take({0: 9, 1: 13}.get(version, 1))  # sizes of nodes, flags
        base = cursor.number(self.offset_size)
        if base:
            raise Hdf5Error("it begins behind a block of a user's own")
        cursor.take(self.offset_size * (3 if version < 2 else 2))
        if version < 2:
            cursor.take(self.offset_size)  # of the root's name
        self.root = self.address(cursor)

    def address(self, cursor):
        """An address, or None where it is undefined."""
        address = cursor.number(self.offset_size)
        return None if address == (1 << 8 * self.offset_size) - 1 else address

    def length(self, cursor):
        """A length."""
        return cursor.number(self.length_size)

    def visit(self, address):
        """A cursor at a block that nothing else leads to."""
        if address is None or address in self._visited:
            raise Hdf5Error("no block where one should be" if address is None else "two ways lead to one block")
        self._visited.add(address)
        self.count()
        return Cursor(self.content, address)

    def count(self):
        """Counts one more part of the file."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise Hdf5Error(f"more than {MAX_PARTS:,} parts")

    def block(self, address, size):
        """`size` bytes at an address."""
        if address is None:
            raise Hdf5Error("no block where one should be")
        return Cursor(self.content, address).take(size)

    def messages(self, address) -> Iterator[tuple[int, memoryview]]:
        """The kind and content of each message in an object's header (IV.A.1).

        Args:
            address: Of the header.
        """
        cursor = self.visit(address)
        version = cursor.number(1)
        if version == 1:
            _, _, _, size = cursor.numbers(1, 2, 4, 4)
            cursor.take(4)
            sizes, padding = (2, 2, 1), 3
        else:
            cursor.at -= 1
            cursor.expect(b"OHDR\x02")
            flags = cursor.number(1)
            cursor.take(16 * bool(flags & 0x20) + 4 * bool(flags & 0x10))
            size = cursor.number(1 << (flags & 3))
            sizes, padding = (1, 2, 1), 2 * bool(flags & 4)
        pieces = [cursor.take(size)]
        for piece in pieces:
            inner = Cursor(piece)
            while inner.rest() >= sum(sizes) + padding:
                kind, length, flags = inner.numbers(*sizes)
                inner.take(padding)
                message = inner.take(length)
                self.count()
                if kind == CONTINUATION:
                    pieces.append(self._continued(message, version))
                elif flags & 2 and kind in (DATASPACE, DATATYPE, LAYOUT, FILTERS, ATTRIBUTE, LINK):
                    raise Hdf5Error("a message that is kept elsewhere")
                else:
                    yield kind, message

    def _continued(self, message, version):
        cursor = Cursor(message)
        address, size = self.address(cursor), self.length(cursor)
        block = self.visit(address).take(size)
        if version == 1:
            return block
        Cursor(block).expect(b"OCHK")
        return block[4:-4]
