"""Which part of a file goes into which network, and what is said about the rest."""

import keras
import numpy as np
import pytest
from caffe_builders import caffe_layers, keras_network, snapshot
from file_builders import write

from keras_googlenet.weights import WeightsError, load, read
from keras_googlenet.weights.assignment import targets
from keras_googlenet.weights.caffe import HEADS

FORMATS = [".caffemodel", ".npz", ".weights.h5", ".keras"]


def saved(path, heads=True, classes=1000):
    """A file with the tiny network's weights, in the format of its name."""
    if path.suffix in (".caffemodel", ".npz"):
        return write(path, caffe_layers(heads, classes))
    model = keras_network(heads, classes)
    (model.save if path.suffix == ".keras" else model.save_weights)(path)
    return path


def trunk(heads=True, classes=1000):
    """The network without its classifier, as `include_top=False` makes it."""
    model = keras_network(heads, classes)
    return keras.Model(model.inputs, model.get_layer("avg_pool").output)


def state(model):
    return {name: keras.ops.convert_to_numpy(variable).tobytes() for name, variable in targets(model.layers).items()}


def changed_layers(model, before):
    return {name.split("/")[0] for name, value in state(model).items() if before[name] != value}


def initialized(**kwargs):
    """A model with no value that a file could happen to have."""
    model = keras_network(**kwargs)
    model.set_weights([np.full(w.shape, 0.5) for w in model.get_weights()])
    return model, state(model)


def ours(caught):
    """The warnings that are not Keras's."""
    return [warning for warning in caught if warning.category is UserWarning]


TRUNK = {"conv1_7x7_s2", "inception_3a_3x3_reduce"}


@pytest.mark.parametrize("suffix", FORMATS)
def test_whole_network_without_a_warning(tmp_path, suffix):
    model = keras_network()
    for variable in model.weights:
        variable.assign(np.full(variable.shape, 0.5))
    before = state(model)
    load(model.layers, saved(tmp_path / f"net{suffix}"))
    assert changed_layers(model, before) >= TRUNK | {"predictions", "aux1_fc"}


@pytest.mark.parametrize("suffix", FORMATS)
def test_heads_of_the_file_alone_are_left_out(tmp_path, suffix):
    model, before = initialized(aux_heads=False)
    load(model.layers, saved(tmp_path / f"net{suffix}"))
    assert changed_layers(model, before) == TRUNK | {"predictions"}


@pytest.mark.parametrize("suffix", FORMATS)
def test_heads_of_the_model_alone_stay_with_a_warning(tmp_path, suffix):
    model, before = initialized()
    path = saved(tmp_path / f"net{suffix}", heads=False)
    with pytest.warns(UserWarning, match=r"stay as initialized: .*Train them before use") as caught:
        load(model.layers, path)
    assert len(ours(caught)) == 1
    assert set(HEADS) <= set(str(ours(caught)[0].message).replace(",", "").replace(".", "").split())
    assert ours(caught)[0].filename == __file__
    assert changed_layers(model, before) == TRUNK | {"predictions"}


@pytest.mark.parametrize("heads", [True, False])
@pytest.mark.parametrize("suffix", FORMATS)
def test_other_classes_take_the_trunk_with_a_warning(tmp_path, suffix, heads):
    model, before = initialized(aux_heads=heads, classes=10)
    with pytest.warns(UserWarning, match=r"stay as initialized: .*predictions.*Train") as caught:
        load(model.layers, saved(tmp_path / f"net{suffix}"))
    assert ("aux1_conv" in str(ours(caught)[0].message)) == heads
    assert changed_layers(model, before) == TRUNK


def test_own_classes_are_loaded_whole(tmp_path):
    model, before = initialized(classes=10)
    load(model.layers, saved(tmp_path / "net.keras", classes=10))
    assert {"predictions", "aux2_fc"} <= changed_layers(model, before)


def test_classes_of_neither_give_the_trunk(tmp_path):
    model, before = initialized(classes=10)
    with pytest.warns(UserWarning, match=r"stay as initialized: .*predictions.*Train"):
        load(model.layers, saved(tmp_path / "net.keras", classes=7))
    assert changed_layers(model, before) == TRUNK


@pytest.mark.parametrize("suffix", FORMATS)
def test_trunk_only(tmp_path, suffix):
    model = trunk()
    before = state(model)
    load(model.layers, saved(tmp_path / f"net{suffix}"), trunk_only=True)
    assert changed_layers(model, before) == TRUNK


def test_trunk_only_leaves_the_models_own_top_silently(tmp_path):
    model, before = initialized(classes=10)
    load(model.layers, saved(tmp_path / "net.caffemodel"), trunk_only=True)
    assert changed_layers(model, before) == TRUNK


def test_a_trunk_is_no_network(tmp_path):
    base, model = trunk(), keras_network(aux_heads=False)
    before = snapshot(model)
    base.save_weights(tmp_path / "base.weights.h5")
    with pytest.raises(WeightsError, match=r"Missing \(2\): predictions/kernel, predictions/bias"):
        load(model.layers, tmp_path / "base.weights.h5")
    assert snapshot(model) == before


def test_half_a_set_of_heads_is_an_error(tmp_path):
    layers = caffe_layers()
    del layers["loss2/fc"]
    model, before = initialized()
    with pytest.raises(WeightsError, match=r"Missing \(2\): aux2_fc/kernel, aux2_fc/bias"):
        load(model.layers, write(tmp_path / "net.npz", layers))
    assert state(model) == before


def test_no_warning_when_nothing_was_loaded(tmp_path):
    layers = caffe_layers(heads=False)
    del layers["conv1/7x7_s2"]
    path = write(tmp_path / "net.npz", layers)
    model = keras_network()
    with pytest.raises(WeightsError, match="Missing"):  # and not a warning, which would be an error too
        load(model.layers, path)


def test_warnings_point_where_they_are_told_to(tmp_path):
    namespace = {"load": load}
    exec(compile("def build(*a, **k):\n    load(*a, **k)", "googlenet.py", "exec"), namespace)
    path = saved(tmp_path / "net.npz", heads=False)
    for stacklevel, filename in (2, "googlenet.py"), (3, __file__):
        with pytest.warns(UserWarning, match="stay as initialized") as caught:
            namespace["build"](keras_network().layers, path, stacklevel=stacklevel)
        assert ours(caught)[0].filename == filename


def test_names_of_classifier_and_heads_can_be_others(tmp_path):
    model, before = initialized()
    path = saved(tmp_path / "net.npz")
    load(model.layers, path, classifier="predictions", heads={"inception_3a_3x3_reduce"}, trunk_only=True)
    assert changed_layers(model, before) == {"conv1_7x7_s2"}
    load(model.layers, path, classifier="conv1_7x7_s2", trunk_only=True)
    assert changed_layers(model, before) == TRUNK | {"predictions"}


def test_read_and_load_take_text_paths(tmp_path):
    path = str(saved(tmp_path / "net.npz"))
    assert len(read(path)) == 18
    load(keras_network().layers, path)
