"""What is rare in sound files, and has to be read all the same."""

import gzip

import byte_builders as b
import numpy as np
import pytest
from caffe_builders import block, caffe_layers
from file_builders import keras_arrays, write
from hostile_pytorch import pth

from keras_googlenet.weights import WeightsError, read
from keras_googlenet.weights.crc32c import masked

LAYERS = caffe_layers(classes=10)


def assert_same(arrays):
    expected = keras_arrays(LAYERS)
    assert arrays.keys() == expected.keys()
    assert all(np.array_equal(arrays[name], expected[name]) for name in expected)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors", ".ckpt", ".tar.gz"])
def test_files_put_together_by_hand(tmp_path, suffix):
    assert_same(read(write(tmp_path / f"net{suffix}", LAYERS)))


def test_a_checkpoint_of_the_second_format(tmp_path):
    path = b.write_bundle(tmp_path / "net.ckpt", keras_arrays(LAYERS))
    assert_same(read(path))
    path.with_name("net.ckpt.data-00000-of-00001").unlink()
    with pytest.raises(WeightsError, match=r"no weights file at .*net\.ckpt\.data-00000-of-00001"):
        read(path)


def test_an_archive_of_several_streams_with_zeros_behind(tmp_path):
    whole = gzip.decompress(write(tmp_path / "net.tar.gz", LAYERS).read_bytes())
    parts = [gzip.compress(whole[start : start + 3000]) for start in range(0, len(whole), 3000)]
    (tmp_path / "net.tar.gz").write_bytes(b"".join(parts) + bytes(100_000))
    assert_same(read(tmp_path / "net.tar.gz"))


def test_a_tensor_that_is_turned_around_and_in_the_middle(tmp_path):
    stored = np.arange(20, dtype="f4")
    pth(tmp_path / "x.pth", b.state_dict({"x": b.tensor((3, 2), (1, 3), 20, offset=5)}), **{"0": stored.tobytes()})
    np.testing.assert_array_equal(read(tmp_path / "x.pth")["x"], stored[5:11].reshape(2, 3).T)


def test_an_ordered_dict_of_python_2(tmp_path):
    pairs = b"](" + b"".join(b.unicode(name) + b.tensor((2,), (1,), 2) + b"\x86" for name in "xy") + b"e"
    made = b.function("collections", "OrderedDict") + pairs + b"\x85R."
    pth(tmp_path / "x.pth", b"\x80\x02" + made, **{"0": bytes(8)})
    assert list(read(tmp_path / "x.pth")) == ["x", "y"]


def test_unpacked_numbers_of_caffe(tmp_path):
    numbers = b"".join(b"\x2d" + np.float32(number).tobytes() for number in (1, 2, 3))
    blob = block(7, numbers + block(7, block(1, b"\3")))
    (tmp_path / "x.caffemodel").write_bytes(block(100, block(1, b"conv") + blob))
    assert read(tmp_path / "x.caffemodel")["conv/kernel"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 5000, 5001, (4 << 20) + 9])
def test_the_checksum_is_that_of_a_bit_at_a_time(size):
    data = np.random.default_rng(size).bytes(size)
    if size < 10_000:
        assert masked(memoryview(data)) == b.crc32c(data)
    assert masked(memoryview(data + b"x")) != masked(memoryview(data + b"y"))
