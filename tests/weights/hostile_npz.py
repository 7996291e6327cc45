"""Hostile archives of NumPy's."""

import struct
import zipfile

import byte_builders as b
import numpy as np
from hostile import MANY, case, zeros, zipped

from keras_googlenet.architecture import PAPER
from keras_googlenet.architecture.shapes import shapes


@case(".npz")
def gibibyte_of_zeros(path):
    head = b.npy({"descr": "<f4", "fortran_order": False, "shape": (1 << 28,)})
    zipped(path, {"conv1/7x7_s2/kernel.npy": zeros(1 << 30, head)}, zipfile.ZIP_DEFLATED)


@case(".npz")
def half_a_gibibyte_of_zeros_turned(path):
    """Below the limit, to be turned around and made float32."""
    head = b.npy({"descr": ">f2", "fortran_order": True, "shape": (1 << 18, 1000)})
    zipped(
        path,
        {
            "loss1/fc/kernel.npy": zeros(500 << 20, head),
            "loss1/conv/bias.npy": b.npy({"descr": "<f4", "fortran_order": False, "shape": (2,)}, bytes(8)),
        },
        zipfile.ZIP_DEFLATED,
    )


@case(".npz")
def long_doubles(path):
    head = b.npy({"descr": "<f16", "fortran_order": False, "shape": (500 << 16,)})
    zipped(path, {"a/kernel.npy": zeros(500 << 20, head)}, zipfile.ZIP_DEFLATED)


@case(".npz")
def complex_numbers(path):
    head = b.npy({"descr": "<c16", "fortran_order": False, "shape": (500 << 16,)})
    zipped(path, {"a/kernel.npy": zeros(500 << 20, head)}, zipfile.ZIP_DEFLATED)


@case(".npz")
def shape_beyond_the_member(path):
    zipped(path, {"a/kernel.npy": b.npy({"descr": "<f4", "fortran_order": False, "shape": (1 << 27,)}, bytes(16))})


@case(".npz")
def shape_of_nothing(path):
    zipped(path, {"a/kernel.npy": b.npy({"descr": "|V0", "fortran_order": False, "shape": (1 << 60,)})})


@case(".npz")
def long_header(path):
    zipped(
        path, {"a/kernel.npy": zeros(400 << 20, b"\x93NUMPY\2\0" + struct.pack("<I", 400 << 20))}, zipfile.ZIP_DEFLATED
    )


@case(".npz")
def deep_header(path):
    zipped(path, {"a/kernel.npy": b.npy(b"(" * 9000)})


@case(".npz")
def structured(path):
    np.savez(path, a=np.zeros(3, [("x", "f4"), ("y", "i8")]))


@case(".npz")
def many_members(path):
    """A directory of a million entries, each a few bytes."""
    entry = b"PK\1\2" + bytes(24) + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = MANY // len(entry)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, count * len(entry), 0, 0)
    path.write_bytes(entry * count + end)


@case(".npz")
def overlapping_members(path):
    body = b.npy({"descr": "<f4", "fortran_order": False, "shape": (1 << 20,)}, bytes(1 << 22))
    zipped(path, {"a.npy": body})
    content = path.read_bytes()
    start = content.index(b"PK\1\2")
    end = content.index(b"PK\5\6")
    entry = content[start:end]
    entries = b"".join(entry.replace(b"a.npy", f"{name:05d}".encode()) for name in range(5000))
    tail = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 5000, 5000, len(entries), start, 0)
    path.write_bytes(content[:start] + entries + tail)


@case(".npz")
def sizes_that_are_lies(path):
    zipped(path, {"a/kernel.npy": bytes(100)})
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\1\2")
    content[at + 20 : at + 28] = struct.pack("<II", 0x10000000, 0x10000000)
    path.write_bytes(content)


def network(path, classes, fill):
    """A whole network, all zeros but for the classifier's bias."""
    arrays = {name: np.zeros(shape, "f4") for name, shape in shapes(PAPER, classes=classes).items()}
    arrays["predictions/bias"][:] = fill
    members = {}
    for name, array in arrays.items():
        head = b.npy({"descr": "<f4", "fortran_order": False, "shape": array.shape})
        whole = array.nbytes >> 20 << 20
        members[f"{name}.npy"] = [*zeros(whole, head), array.ravel()[whole // 4 :].tobytes()]
    zipped(path, members, zipfile.ZIP_DEFLATED)


@case(".npz")
def many_classes(path):
    """Not hostile."""
    network(path, 30_000, 0)


@case(".npz")
def many_classes_of_no_number(path):
    network(path, 110_000, np.nan)
