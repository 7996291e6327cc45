"""Keras's own files: found by layer name, whatever else the saved model had."""

import zipfile

import h5py
import keras
import numpy as np
import pytest
from caffe_builders import keras_network, snapshot

from keras_googlenet.weights import WeightsError, load, read, reader

NATIVE = [".weights.h5", ".keras"]


def save(model, path):
    (model.save if path.suffix == ".keras" else model.save_weights)(path)
    return path


@pytest.mark.parametrize("suffix", NATIVE)
def test_round_trip(tmp_path, suffix):
    saved, model = keras_network(), keras_network()
    load(model.layers, save(saved, tmp_path / f"net{suffix}"))
    assert snapshot(model) == snapshot(saved)


@pytest.mark.parametrize("suffix", NATIVE)
def test_optimizer_is_left_out(tmp_path, suffix):
    saved, model = keras_network(classes=3), keras_network(classes=3)
    saved.compile(keras.optimizers.SGD(momentum=0.9), loss=["mse"] * 3, run_eagerly=True)
    labels = np.ones((2, 3))
    saved.fit(np.ones((2, 8, 8, 3)), [labels] * 3, verbose=0)
    load(model.layers, save(saved, tmp_path / f"net{suffix}"))
    assert [value.tobytes() for value in model.get_weights()] == [value.tobytes() for value in saved.get_weights()]


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_batch_normalization_in_every_form(tmp_path, center, scale):
    def network():
        image = keras.Input((4,))
        layer = keras.layers.BatchNormalization(center=center, scale=scale, name="conv1_bn")
        return keras.Model(image, layer(image))

    saved, model = network(), network()
    rng = np.random.default_rng(0)
    saved.set_weights([rng.normal(size=w.shape) for w in saved.get_weights()])
    load(model.layers, save(saved, tmp_path / "net.weights.h5"))
    assert snapshot(model) == snapshot(saved)


def test_a_network_within_a_model_is_found(tmp_path):
    inner, model = keras_network(aux_heads=False), keras_network(aux_heads=False)
    image = keras.Input((8, 8, 3))
    outer = keras.Model(image, inner(keras.layers.Rescaling(2)(image)))
    load(model.layers, save(outer, tmp_path / "net.weights.h5"))
    assert snapshot(model) == snapshot(inner)


def test_bfloat16_is_read_exactly(tmp_path):
    layer = keras.layers.Dense(3, name="predictions", dtype="bfloat16", bias_initializer="normal")
    saved = keras.Sequential([keras.Input((4,)), layer])
    arrays = read(save(saved, tmp_path / "net.weights.h5"))
    for index, variable in enumerate(layer.weights):
        array = arrays[f"predictions/{index}"]
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, keras.ops.convert_to_numpy(keras.ops.cast(variable, "float32")))


@pytest.mark.parametrize("suffix", NATIVE)
def test_truncated_anywhere_leaves_the_model_alone(tmp_path, suffix):
    path = save(keras_network(classes=3), tmp_path / f"net{suffix}")
    whole = path.read_bytes()
    model = keras_network(classes=3)
    before = snapshot(model)
    for size in range(1, len(whole), max(1, len(whole) // 20)):
        path.write_bytes(whole[:size])
        with pytest.raises(WeightsError, match=rf"Cannot read .*net{suffix}.*delete it if it is"):
            load(model.layers, path)
    assert snapshot(model) == before


def test_a_zip_that_is_no_model(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(WeightsError, match=r"net\.keras.*model\.save\(\).*model\.weights\.h5"):
        read(tmp_path / "net.keras")


def test_nothing_in_a_model_file_is_executed(tmp_path):
    image = keras.Input((4,))
    hidden = keras.layers.Lambda(lambda x: pytest.fail("ran code of the file") if 0 else x)(image)
    model = keras.Model(image, keras.layers.Dense(3, name="predictions")(hidden))
    assert read(save(model, tmp_path / "net.keras")).keys() == {"predictions/0", "predictions/1"}


@pytest.mark.parametrize("suffix", NATIVE)
def test_size_is_checked_before_reading(tmp_path, monkeypatch, suffix):
    path = save(keras_network(), tmp_path / f"net{suffix}")
    monkeypatch.setattr(reader, "MAX_BYTES", 1000)
    with pytest.raises(WeightsError, match=r"at most 1,000 bytes\. Received: [\d,]+ bytes"):
        read(path)


def test_a_dataset_that_claims_to_be_huge(tmp_path):
    with h5py.File(tmp_path / "net.weights.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "predictions"
        group.create_dataset("0", (1 << 30, 1 << 10), "f4", chunks=(1024, 1024))  # none is stored
    with pytest.raises(WeightsError, match=r"Received: 4,398,046,511,104 bytes"):
        read(tmp_path / "net.weights.h5")


def hdf5(tmp_path, fill):
    """A file with one layer, whose group `fill` puts something into."""
    with h5py.File(tmp_path / "net.weights.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "predictions"
        fill(group)
    return tmp_path / "net.weights.h5"


def test_links_are_not_followed(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["secret"] = np.ones(3)

    def fill(group):
        group["0"] = h5py.ExternalLink("secret.h5", "/secret")
        group["1"] = h5py.SoftLink("/layers/dense/vars/0")

    with pytest.raises(WeightsError, match=r"damaged.*'0' is a link \(ExternalLink\)"):
        read(hdf5(tmp_path, fill))


def test_external_storage_is_refused(tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(12))

    def fill(group):
        group.create_dataset("0", (3,), "f4", external=[(tmp_path / "secret.bin", 0, 12)])

    with pytest.raises(
        WeightsError, match=r"layers/dense/vars/0: an external dataset, whose numbers are in another file"
    ):
        read(hdf5(tmp_path, fill))


def test_virtual_datasets_are_refused(tmp_path):
    def fill(group):
        layout = h5py.VirtualLayout((3,), "f4")
        layout[:] = h5py.VirtualSource("secret.h5", "secret", (3,))
        group.create_virtual_dataset("0", layout)

    with pytest.raises(WeightsError, match=r"layers/dense/vars/0: a virtual dataset"):
        read(hdf5(tmp_path, fill))


def test_chunks_as_keras_never_writes_them(tmp_path):
    """h5py does if it is asked for its latest version; what to do is not cut off, however deep the layer."""
    path = tmp_path / "x.weights.h5"
    with h5py.File(path, "w", libver="latest") as file:
        group = file.create_group("layers/functional/layers/" + "long" * 9 + "/vars")
        group.create_dataset("0", data=np.ones((3, 3)), chunks=(1, 3))
    with pytest.raises(WeightsError, match=r"vars/0: a dataset, laid out as Keras .*; load it in Keras and save it ag"):
        read(path)


def test_files_without_layer_names(tmp_path):
    def fill(group):
        group["0"] = np.ones(3)
        del group.attrs["name"]

    with pytest.raises(WeightsError, match=r"names of its layers.*'layers/dense/vars' without a n"):
        read(hdf5(tmp_path, fill))
