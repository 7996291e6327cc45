"""Every way in which Keras makes a model of a model keeps what `get_config` holds."""

import copy
import pickle

import keras
import numpy as np
import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet, GoogLeNetModel

NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def headed():
    model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL)
    model.class_names = NAMES
    return model


@pytest.fixture(params=[True, False], ids=["heads", "none"])
def model(headed, request):
    return headed if request.param else headed.inference_model()


def others(layer):
    """The classifier with other classes, every other layer as it is."""
    config = layer.get_config()
    return type(layer).from_config(config | {"units": 7} if layer.name == "predictions" else config)


WAYS = {
    "clone_model": keras.models.clone_model,
    "clone_function": lambda model: keras.models.clone_model(
        model, clone_function=lambda layer: type(layer).from_config(layer.get_config())
    ),
    "same layers": lambda model: keras.models.clone_model(model, clone_function=lambda layer: layer),
    "call_function": lambda model: keras.models.clone_model(
        model, call_function=lambda layer, *args, **kwargs: layer(*args, **kwargs)
    ),
    "recursive": lambda model: keras.models.clone_model(model, recursive=True),
    "input_tensors": lambda model: keras.models.clone_model(model, input_tensors=keras.Input((32, 32, 3))),
    "from_config": lambda model: GoogLeNetModel.from_config(model.get_config()),
    "json": lambda model: keras.models.model_from_json(model.to_json()),
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}


@pytest.mark.computes
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost(model, way):
    other = WAYS[way](model)
    assert type(other) is GoogLeNetModel
    assert other.class_names == NAMES
    assert other.architecture == SMALL
    assert other.name == model.name
    assert other.output_names == model.output_names
    assert other.endpoints.keys() == model.endpoints.keys()
    extra = {key for key in model.get_config() if not key.endswith("layers")}
    assert {key: other.get_config()[key] for key in extra} == {key: model.get_config()[key] for key in extra}


def test_a_frozen_clone_is_frozen():
    frozen = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL)
    frozen.trainable = False
    clone = keras.models.clone_model(frozen)
    assert not clone.trainable
    assert not clone.trainable_weights


def test_a_clone_with_other_classes_has_no_names(headed):
    clone = keras.models.clone_model(headed, clone_function=others)
    assert clone.outputs[0].shape[-1] == 7
    assert clone.class_names is None
    assert clone.architecture == SMALL


def test_a_clone_of_a_compiled_model_is_compiled(headed):
    source = keras.models.clone_model(headed)
    source.compile("sgd", "sparse_categorical_crossentropy", loss_weights=[1, 0.5, 0.5], run_eagerly=True)
    clone = keras.models.clone_model(source)
    clone.set_weights(source.get_weights())
    batch = np.random.default_rng(0).normal(0, 60, (4, 32, 32, 3)), np.arange(4)
    expected = source.test_on_batch(*batch, return_dict=True)
    assert clone.test_on_batch(*batch, return_dict=True) == pytest.approx(expected)


def test_a_model_upon_a_clones_outputs_is_its_own(headed):
    """What a clone took over does not stick to its tensors."""
    clone = keras.models.clone_model(headed.inference_model())
    assert GoogLeNetModel(clone.input, clone.output).class_names is None


@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
def test_hdf5_loads_as_it_was_saved(model, tmp_path, suffix):
    model.save(tmp_path / f"net{suffix}")
    again = keras.models.load_model(tmp_path / f"net{suffix}")
    assert type(again) is GoogLeNetModel
    assert again.class_names == NAMES
    assert again.architecture == SMALL
    for layer in model.layers:
        for ours, theirs in zip(layer.get_weights(), again.get_layer(layer.name).get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_hdf5_of_a_compiled_model(headed, tmp_path):
    source = keras.models.clone_model(headed)
    source.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    batch = np.random.default_rng(0).normal(0, 60, (4, 32, 32, 3)), np.arange(4)
    expected = source.test_on_batch(*batch, return_dict=True)
    source.save(tmp_path / "net.h5")
    again = keras.models.load_model(tmp_path / "net.h5")
    assert again.test_on_batch(*batch, return_dict=True) == pytest.approx(expected)


def test_hdf5_of_0_1_0_is_refused(tmp_path):
    """It has three classifiers of one shape in another order, and Keras goes by order alone."""
    from support.version_0_1_0 import version_0_1_0

    with version_0_1_0():
        GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL).save(tmp_path / "net.h5")
    with pytest.raises(ValueError, match=r"0\.1\.0 wrote cannot be loaded .*`model\.load_weights\(path\)`"):
        keras.models.load_model(tmp_path / "net.h5")
