"""An `.npz` file can carry code, claim to be huge, or be damaged: each is an error."""

import io
import zipfile

import numpy as np
import pytest
from caffe_builders import caffe_layers, keras_network, snapshot
from file_builders import npz_arrays, write_npz

from keras_googlenet.weights import WeightsError, load, read, reader


class Bomb:
    """Running when unpickled is what this must never do."""

    def __reduce__(self):
        return (pytest.fail, ("a pickled object was loaded",))


def test_pickled_arrays_are_refused(tmp_path):
    bomb = np.empty(1, object)
    bomb[0] = Bomb()
    path = write_npz(tmp_path / "net.npz", caffe_layers(), surprise=bomb)
    with pytest.raises(WeightsError, match=r"net\.npz.*not pickled.*Object arrays cannot be load"):
        read(path)


def test_a_pickle_is_no_archive(tmp_path):
    bomb = np.empty(1, object)
    bomb[0] = Bomb()
    with (tmp_path / "net.npz").open("wb") as file:
        np.save(file, bomb)
    with pytest.raises(WeightsError, match=r"net\.npz.*not a zip file"):
        read(tmp_path / "net.npz")


def test_size_is_checked_before_reading(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "net.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conv1/7x7_s2/kernel.npy", bytes(1 << 20))
    monkeypatch.setattr(reader, "MAX_BYTES", 1 << 19)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("decompressed the bomb"))
    with pytest.raises(WeightsError, match=r"at most 524,288 bytes. Received: 1,048,576 bytes"):
        read(tmp_path / "net.npz")


def test_an_array_that_claims_to_be_huge(tmp_path):
    header = io.BytesIO()
    claim = {"descr": "<f4", "fortran_order": False, "shape": (1 << 20, 1 << 20)}
    np.lib.format.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr("conv1/7x7_s2/kernel.npy", header.getvalue() + bytes(16))
    with pytest.raises(WeightsError, match=r"Cannot read .*net\.npz"):
        read(tmp_path / "net.npz")


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "net.npz"
    np.savez(path, **npz_arrays(caffe_layers()))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"Bad CRC-32"):
        read(path)


def test_members_that_are_no_arrays(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr("README.txt", "weights")
    with pytest.raises(WeightsError, match=r"no array.*Received: 'README\.txt'"):
        read(tmp_path / "net.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(tmp_path):
    array = io.BytesIO()
    np.save(array, np.ones(1, "f4"))
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr("conv/bias.npy", array.getvalue())
        archive.writestr("conv/bias.npy", array.getvalue())
    with pytest.raises(WeightsError, match=r"Received: 'conv/bias' twice"):
        read(tmp_path / "net.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss3/classifier/bias": None}, r"Missing \(1\): predictions/bias"),
        ({"extra/bias": np.ones(3)}, r"Surplus \(1\): extra/bias"),
        ({"conv1/7x7_s2/kernel": np.ones((4, 3, 7, 7))}, r"Misshapen \(1\): conv1_7x7_s2/kernel"),
        ({"conv1/7x7_s2/bias": np.full(4, np.nan)}, r"Not finite \(1\): conv1_7x7_s2/bias"),
        ({"conv1/7x7_s2/bias": np.zeros(4, int)}, r"Not floating-point \(1\): conv1_7x7_s2/bias"),
    ],
)
def test_wrong_arrays_leave_the_model_alone(tmp_path, change, message):
    arrays = {**npz_arrays(caffe_layers()), **change}
    path = tmp_path / "net.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    model = keras_network()
    before = snapshot(model)
    with pytest.raises(WeightsError, match=message):
        load(model.layers, path)
    assert snapshot(model) == before
