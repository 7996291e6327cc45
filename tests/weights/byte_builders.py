"""TensorFlow's checkpoints, PyTorch's pickles and tars put together byte by byte, to be wrong in any place."""

import io
import struct
import tarfile

import numpy as np
from caffe_builders import block, integer, varint

TYPES = {"float32": 1, "float64": 2, "int32": 3, "int64": 9}


def crc32c(data):
    """Masked, as TensorFlow has it; a bit at a time."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def table_block(entries, kind=0, checksum=crc32c):
    """A block of a table, with its trailer; each entry shares nothing with the one before it."""
    content = b"".join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    return trailed(content + struct.pack("<II", 0, 1), kind, checksum)


def trailed(content, kind=0, checksum=crc32c):
    """A block's bytes with their trailer."""
    content += bytes([kind])
    return content + struct.pack("<I", checksum(content))


def table(entries, blocks=None, repeat=1):
    """A table of one block, whose index names it so many times."""
    data = table_block(entries) if blocks is None else blocks
    handle = varint(0) + varint(len(data) - 5)
    index = table_block([(b"\xff", handle)] * repeat)
    meta = table_block([])
    places = varint(len(data)) + varint(len(meta) - 5) + varint(len(data) + len(meta)) + varint(len(index) - 5)
    return data + meta + index + places.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def tensor_shape(lengths):
    return b"".join(block(2, integer(1, length)) for length in lengths)


def bundle_entry(shape, size, kind=1, offset=0, more=b""):
    return integer(1, kind) + block(2, tensor_shape(shape)) + integer(4, offset) + integer(5, size) + more


HEADER = (b"", integer(1, 1))


def write_bundle(path, arrays, entries=()):
    """A checkpoint of the second format; further entries may claim what they like."""
    told, data = [HEADER], b""
    for name, array in sorted(arrays.items()):
        content = array.tobytes()
        told.append((name.encode(), bundle_entry(array.shape, len(content), TYPES[str(array.dtype)], len(data))))
        data += content
    path.with_name(f"{path.name}.index").write_bytes(table([*told, *entries]))
    path.with_name(f"{path.name}.data-00000-of-00001").write_bytes(data)
    return path


def first_format(arrays, claims=None):
    """A checkpoint of the first format, float32."""
    shapes = {name: array.shape for name, array in arrays.items()} | (claims or {})
    metas = [
        block(1, block(1, name.encode()) + block(2, tensor_shape(shapes[name])) + integer(3, 1)) for name in arrays
    ]
    entries = [(b"", block(1, b"".join(metas)))]
    for name, array in sorted(arrays.items()):
        saved = block(1, name.encode()) + block(2, b"") + block(3, block(5, array.tobytes()))
        entries.append((b"\0\1" + name.encode(), block(2, saved)))
    return table(entries)


def tar_header(name, size, kind=tarfile.REGTYPE):
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def tar(*members, end=True):
    content = b""
    for name, data in members:
        content += tar_header(name, len(data)) + data + bytes(-len(data) % 512)
    return content + bytes(1024 if end else 0)


def unicode(text):
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def function(module, name):
    return f"c{module}\n{name}\n".encode()


def storage(count, key="0", kind="FloatStorage"):
    """A persistent id."""
    return b"(" + unicode("storage") + function("torch", kind) + unicode(key) + unicode("cpu") + number(count) + b"tQ"


def number(value):
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(shape, strides, count, offset=0, key="0", kind="FloatStorage", function_name="_rebuild_tensor_v2"):
    """A pickled tensor."""
    arguments = storage(count, key, kind) + number(offset) + numbers(shape) + numbers(strides) + b"\x89" + b"}"
    return function("torch._utils", function_name) + b"(" + arguments + b"tR"


def state_dict(items):
    """A pickled dict of pickled values."""
    return b"\x80\x02}(" + b"".join(unicode(name) + value for name, value in items.items()) + b"u."


def tensors(arrays):
    """A state dict of arrays, whose storages are called 0, 1, 2, ..."""
    return state_dict(
        {
            name: tensor(array.shape, [stride // array.itemsize for stride in array.strides], array.size, key=f"{key}")
            for key, (name, array) in enumerate(arrays.items())
        }
    )


def legacy(pickled, storages=()):
    """A file of PyTorch before 1.6."""
    magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
    system = b"\x80\x02}" + unicode("little_endian") + b"\x88s."
    keys = b"\x80\x02](" + b"".join(unicode(key) for key, _ in storages) + b"e."
    ends = b"".join(struct.pack("<q", array.size) + array.tobytes() for _, array in storages)
    return magic + b"\x80\x02M\xe9\x03." + system + pickled + keys + ends


def npy(header, body=b"", version=(1, 0)):
    """A member of an `.npz` with any header: a dict, or bytes."""
    file = io.BytesIO()
    if isinstance(header, dict):
        np.lib.format.write_array_header_1_0(file, header)
        return file.getvalue() + body
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header + body
