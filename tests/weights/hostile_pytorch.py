"""Hostile files of PyTorch's."""

import struct
import zipfile

import byte_builders as b
import numpy as np
from hostile import MANY, case, zeros, zipped
from hostile_npz import many_members


def pth(path, pickled, compression=zipfile.ZIP_STORED, **storages):
    zipped(path, {"x/data.pkl": pickled} | {f"x/data/{key}": data for key, data in storages.items()}, compression)


def byte_array(count):
    return b"\x80\x02c__builtin__\nbytearray\n" + b.numbers([count]) + b"R."


@case(".pth")
def byte_array_of_gigabytes(path):
    pth(path, byte_array(8 * 10**9))


@case(".pth")
def byte_array_of_gigabytes_in_the_older_format(path):
    path.write_bytes(b.legacy(byte_array(8 * 10**9)))


@case(".pth")
def byte_array_in_a_state_dict(path):
    inner = byte_array(8 * 10**9)[2:-1]
    pth(path, b.state_dict({"conv1.conv.weight": inner, "x": b"](" + inner * 50 + b"e"}))


@case(".pth")
def encoded_text(path):
    text = b.unicode("\u00e9" * 10_000_000)
    pth(path, b"\x80\x02" + b.function("_codecs", "encode") + text + b.unicode("punycode") + b"\x86R.")


@case(".pth")
def deflated_storage(path):
    state = b.state_dict({"conv1.conv.weight": b.tensor((5 << 28,), (1,), 5 << 28)})
    pth(path, state, zipfile.ZIP_DEFLATED, **{"0": zeros(5 << 30)})


@case(".pth")
def expanded_tensor(path):
    pth(path, b.state_dict({"conv1.conv.weight": b.tensor((1 << 15, 1 << 15), (0, 0), 1)}), **{"0": bytes(4)})


@case(".pth")
def tensor_beyond_its_storage(path):
    pth(path, b.state_dict({"conv1.conv.weight": b.tensor((1 << 26,), (1,), 4)}), **{"0": bytes(16)})


@case(".pth")
def many_tensors_of_one_storage(path):
    one = b.tensor((1 << 23,), (1,), 1 << 23)
    pth(path, b.state_dict({f"conv1.conv.{n}": one for n in range(1000)}), **{"0": bytes(1 << 25)})


@case(".pth")
def storage_that_claims_more(path):
    pth(path, b.state_dict({"conv1.conv.weight": b.tensor((4,), (1,), 1 << 38)}), **{"0": bytes(16)})


@case(".pth")
def storage_of_the_older_format_that_claims_more(path):
    state = b.state_dict({"conv1.conv.weight": b.tensor((4,), (1,), 1 << 38)})
    path.write_bytes(b.legacy(state, [("0", np.zeros(4, "f4"))])[:-24] + struct.pack("<q", 1 << 38) + bytes(16))


@case(".pth")
def sparse_tensor(path):
    value = b.function("torch._utils", "_rebuild_sparse_tensor") + b"(K\x00" + b.numbers([1 << 38]) + b"tR"
    pth(path, b.state_dict({"conv1.conv.weight": value}))


@case(".pth")
def meta_tensor(path):
    value = b.function("torch._utils", "_rebuild_meta_tensor_no_storage") + b.numbers([1 << 38]) + b"\x85R"
    pth(path, b.state_dict({"conv1.conv.weight": value}))


@case(".pth")
def memo_of_billions(path):
    pth(path, b"\x80\x02" + b"]r\xff\xff\xff\x7f" + b".")


@case(".pth")
def deep_tuples(path):
    pth(path, b"\x80\x02N" + b"\x85" * MANY + b".")


@case(".pth")
def deep_tuples_within_the_count(path):
    pth(path, b"\x80\x02}" + b"N" + b"\x85" * 290_000 + b"Ns.")


@case(".pth")
def many_marks(path):
    pth(path, b"\x80\x02" + b"(" * MANY + b".")


@case(".pth")
def many_dicts(path):
    pth(path, b"\x80\x02](" + b"}" * MANY + b"e.")


@case(".pth")
def doubled_tuples_as_a_key(path):
    doubled = b"K\x01" + b"2\x86" * 200
    pth(path, b"\x80\x02}" + doubled + b"K\x01s.")


@case(".pth")
def doubled_tuples_in_a_set(path):
    pth(path, b"\x80\x04\x8f(" + b"K\x01" + b"2\x86" * 200 + b"\x90.")


@case(".pth")
def dict_within_itself(path):
    pth(path, b"\x80\x02}q\x00" + b.unicode("model") + b"h\x00s.")


@case(".pth")
def dicts_within_dicts(path):
    """Each of four levels has the next 100,000 times."""
    level = b"}"
    for number in range(4):
        keys = b"".join(b.unicode(f"{key}") + b"h" + bytes([number]) for key in range(20_000))
        level = level + b"q" + bytes([number]) + b"0}(" + keys + b"u"
    pth(path, b"\x80\x02" + level + b".")


@case(".pth")
def long_key_of_many_dicts(path):
    keys = b"".join(b.unicode(f"{key}") + b"}" for key in range(60_000))
    pth(path, b"\x80\x02}" + b.unicode("k" * 30_000_000) + b"}(" + keys + b"us.")


@case(".pth")
def many_networks(path):
    keys = b"".join(b.unicode(f"{key}.conv1.conv.weight") + b"K\x01" for key in range(60_000))
    pth(path, b"\x80\x02}(" + keys + b"u.")


@case(".pth")
def text_that_claims_more(path):
    pth(path, b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b"x.")


@case(".pth")
def whole_number_of_megabytes(path):
    size = 30_000_000
    pth(path, b.state_dict({"conv1.conv.weight": b"\x8b" + struct.pack("<i", size) + b"\x7f" * size}))


@case(".pth")
def member_of_millions(path):
    many_members(path)


@case(".bin")
def zip64_lie(path):
    pth(path, b.state_dict({"conv1.conv.weight": b.tensor((4,), (1,), 4)}), **{"0": bytes(16)})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\1\2")
    content[at + 24 : at + 28] = b"\xff" * 4
    path.write_bytes(content)


def memoized(value, use, count):
    """A pickle that makes a value once, and uses it many times."""
    return b"\x80\x02" + value + b"q\x010](" + use * count + b"e."


PAIRS = b"](" + b"N" * 100_000 + b"e"


@case(".pth")
def dicts_of_the_same_pairs(path):
    pairs = b"](" + b"K\x01K\x02\x86" * 40_000 + b"e"
    pth(path, memoized(pairs, b.function("collections", "OrderedDict") + b"h\x01\x85R", 40_000))


@case(".pth")
def pairs_of_the_same_many(path):
    use = b.function("collections", "OrderedDict") + b"](" + b"h\x01" * 100_000 + b"e\x85R"
    pth(path, memoized(PAIRS, use, 1))


@case(".pth")
def calls_of_the_same_arguments(path):
    arguments = b"(" + b"N" * 100_000 + b"t"
    pth(path, memoized(arguments, b.function("torch._utils", "_rebuild_tensor_v2") + b"h\x01R", 60_000))


@case(".pth")
def storages_of_the_same_arguments(path):
    arguments = b"(" + b.unicode("storage") + b.function("torch", "FloatStorage") + b"N" * 100_000 + b"t"
    pth(path, memoized(arguments, b"h\x01Q", 90_000))


@case(".pth")
def tensors_of_the_same_axes(path):
    tensor = b.function("torch._utils", "_rebuild_tensor_v2") + b"(" + b.storage(1) + b"K\x00h\x01h\x01tR"
    pth(path, memoized(PAIRS, tensor, 10_000))


@case(".pth")
def functions_of_the_same_long_name(path):
    pth(path, memoized(b.unicode("x" * 30_000_000), b"h\x01h\x01\x93", 90_000))


@case(".pth")
def storage_of_many_counts(path):
    state = {f"conv1.conv.{count}": b.tensor((1,), (1,), count) for count in range(1, 9000)}
    pth(path, b.state_dict(state), **{"0": bytes(MANY // 100 * 80)})
