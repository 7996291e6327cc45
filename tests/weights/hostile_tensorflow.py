"""Hostile checkpoints of TensorFlow's, and archives of them."""

import gzip
import struct
import tarfile

import byte_builders as b
import numpy as np
from caffe_builders import block, integer, varint
from hostile import MANY, case, deflated, zeros


def bundle(path, entries, data=b"", **options):
    path.with_name(f"{path.name}.index").write_bytes(b.table([b.HEADER, *entries], **options))
    path.with_name(f"{path.name}.data-00000-of-00001").write_bytes(data)


@case(".ckpt")
def shape_beyond_the_data(path):
    bundle(path, [(b"x", b.bundle_entry((1 << 26,), 1 << 28))], bytes(100))


@case(".ckpt")
def shape_beyond_all(path):
    bundle(path, [(b"x", b.bundle_entry((1 << 40, 1 << 40), 1 << 62))], bytes(100))


@case(".ckpt")
def negative_axes(path):
    bundle(path, [(b"x", b.bundle_entry(((1 << 64) - 5, (1 << 64) - 5), 100))], bytes(100))


@case(".ckpt")
def entries_of_the_same_bytes(path):
    one = b.bundle_entry((1 << 23,), 1 << 25)
    bundle(path, [(f"{n:05d}".encode(), one) for n in range(2000)], bytes(1 << 25))


@case(".ckpt")
def parts_of_a_tensor(path):
    bundle(path, [(b"x", b.bundle_entry((1 << 30,), 0, more=block(7, block(1, integer(2, 1 << 29)))))])


@case(".ckpt")
def strings(path):
    bundle(path, [(b"x", b.bundle_entry((1 << 30,), 8, kind=7))], bytes(8))


def unchecked(_):
    return 0


@case(".ckpt")
def many_entries(path):
    content = b"\0\1\0a" * (MANY // 4) + struct.pack("<II", 0, 1)
    path.write_bytes(b.table([], b.trailed(content, checksum=unchecked)))


@case(".ckpt")
def key_of_growing_length(path):
    """Each shares all of the one before it, and adds a letter."""
    content, key = bytearray(), 0
    while len(content) < 1_000_000:
        content += varint(key) + b"\1\0a"
        key += 1
    path.write_bytes(b.table([], b.trailed(bytes(content) + struct.pack("<II", 0, 1))))


@case(".ckpt")
def compressed_block(path):
    path.write_bytes(b.table([], b.trailed(varint((1 << 32) - 1) + b"\xfe\1\0" * 1000, kind=1)))


@case(".ckpt")
def block_named_often(path):
    entries = [(f"{n}".encode(), bytes(100)) for n in range(100)]
    path.write_bytes(b.table(entries, repeat=5000))


@case(".ckpt")
def shape_beyond_the_table(path):
    path.write_bytes(b.first_format({"x": np.zeros(4, "f4")}, {"x": (1 << 30,)}))


def gz(path, pieces):
    data, checksum, size = deflated(pieces)
    path.write_bytes(b"\x1f\x8b\x08" + bytes(7) + data + struct.pack("<II", checksum, size & 0xFFFFFFFF))


@case(".tar.gz")
def member_of_gibibytes(path):
    gz(path, zeros(2 << 30, b.tar_header("x.ckpt", 2 << 30)))


@case(".tar.gz")
def member_of_half_a_gibibyte(path):
    size = 500 << 20
    gz(path, [*zeros(size, b.tar_header("x.ckpt", size)), bytes(1024)])


@case(".tgz")
def number_of_gibibytes_behind_the_end(path):
    gz(path, zeros(2 << 30, b.tar(("x.ckpt", b"x"))))


@case(".tar.gz")
def member_that_claims_more(path):
    gz(path, [b.tar_header("x.ckpt", 500 << 20), b"x"])


@case(".tar.gz")
def many_files(path):
    gz(path, [b.tar_header("x", 0) * 2000] * 400)


@case(".tar.gz")
def extended_header_of_half_a_gibibyte(path):
    size = 500 << 20
    gz(path, [*zeros(size, b.tar_header("x", size, tarfile.XHDTYPE)), b.tar(("x.ckpt", b"x"))])


@case(".tar.gz")
def long_name_of_half_a_gibibyte(path):
    size = 500 << 20
    gz(path, [*zeros(size, b.tar_header("x", size, tarfile.GNUTYPE_LONGNAME)), b.tar(("x.ckpt", b"x"))])


@case(".tar.gz")
def many_streams(path):
    path.write_bytes(gzip.compress(b"") * (MANY // 20))


@case(".tar.gz")
def links_and_devices(path):
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    gz(path, [*(b.tar_header("x.ckpt", 0, kind) for kind in kinds), bytes(1024)])


@case(".tar.gz")
def sparse_file(path):
    gz(path, [b.tar_header("x.ckpt", 1 << 20, tarfile.GNUTYPE_SPARSE), bytes(2 << 20)])
