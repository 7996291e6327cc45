"""Three heads, one label: compile, fit, evaluate and save as a Keras user would write them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from support.small import SMALL

from keras_googlenet import GoogLeNet, GoogLeNetModel

CLASSES = 4


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=CLASSES, variant=SMALL)


@pytest.fixture
def model(network):
    """A fresh model for each test, with the same weights; no dropout, so that losses can be worked out by hand."""
    model = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(network))
    model.set_weights(network.get_weights())
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return model


def batch(count=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 60, (count, 32, 32, 3)).astype("float32"), rng.integers(0, CLASSES, count)


def cross_entropies(model, x, y, sample_weight=None):
    """Mean loss of each head, from predictions alone."""
    sample_weight = np.ones(len(y)) if sample_weight is None else sample_weight
    return [float(np.mean(-np.log(p[np.arange(len(y)), y]) * sample_weight)) for p in model.predict(x, verbose=0)]


PAPER_WEIGHTS = [1, 0.3, 0.3]


@pytest.mark.trains
@pytest.mark.parametrize("loss_weights", [PAPER_WEIGHTS, None, {"predictions": 1, "aux1": 0.3, "aux2": 0.3}])
def test_one_loss_one_label(model, loss_weights):
    x, y = batch()
    main, aux1, aux2 = cross_entropies(model, x, y)
    model.compile("sgd", loss="sparse_categorical_crossentropy", loss_weights=loss_weights, metrics=["accuracy"])
    logs = model.fit(x, y, batch_size=8, verbose=0).history
    assert logs["loss"][0] == pytest.approx(main + 0.3 * aux1 + 0.3 * aux2, rel=1e-5)
    assert logs["predictions_loss"][0] == pytest.approx(main, rel=1e-5)
    assert logs["aux1_loss"][0] == pytest.approx(aux1, rel=1e-5)
    assert logs["aux2_loss"][0] == pytest.approx(aux2, rel=1e-5)
    names = {"loss"} | {f"{head}_{what}" for head in model.output_names for what in ("loss", "accuracy")}
    assert set(logs) == names


@pytest.mark.trains
@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, tf.constant])
def test_a_batch_of_as_many_images_as_outputs(model, eager, kind):
    """Stock Keras splits an eager batch of three over three outputs, one image each."""
    x, y = batch(3)
    main, aux1, aux2 = cross_entropies(model, x, y)
    model.compile("sgd", loss="sparse_categorical_crossentropy", run_eagerly=eager, metrics=["accuracy"])
    logs = model.test_on_batch(kind(x), kind(y), return_dict=True)
    assert float(logs["loss"]) == pytest.approx(main + 0.3 * (aux1 + aux2), rel=1e-5)
    logs = model.train_on_batch(kind(x), kind(y), return_dict=True)
    assert float(logs["loss"]) == pytest.approx(main + 0.3 * (aux1 + aux2), rel=1e-5)


@pytest.mark.trains
@pytest.mark.parametrize(
    "loss",
    [
        "sparse_categorical_crossentropy",
        keras.losses.SparseCategoricalCrossentropy(),
        keras.losses.sparse_categorical_crossentropy,
        ["sparse_categorical_crossentropy"] * 3,
        {name: "sparse_categorical_crossentropy" for name in ("predictions", "aux1", "aux2")},
    ],
)
@pytest.mark.parametrize("labels", ["shared", "list", "dict"])
def test_every_form_of_loss_and_labels(model, loss, labels):
    x, y = batch()
    main, aux1, aux2 = cross_entropies(model, x, y)
    model.compile("sgd", loss=loss)
    target = {"shared": y, "list": [y, y, y], "dict": dict.fromkeys(model.output_names, y)}[labels]
    logs = model.evaluate(x, target, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(main + 0.3 * (aux1 + aux2), rel=1e-5)


@pytest.mark.trains
def test_labels_of_ones_own_for_each_head(model):
    x, y = batch()
    other = (y + 1) % CLASSES
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    logs = model.evaluate(x, [y, other, other], verbose=0, return_dict=True)
    expected = cross_entropies(model, x, y)[0], cross_entropies(model, x, other)[1]
    assert (logs["predictions_loss"], logs["aux1_loss"]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.trains
def test_one_hot_labels(model):
    x, y = batch()
    main, aux1, aux2 = cross_entropies(model, x, y)
    model.compile("sgd", loss="categorical_crossentropy", metrics=["accuracy"])
    logs = model.evaluate(x, keras.utils.to_categorical(y, CLASSES), verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(main + 0.3 * (aux1 + aux2), rel=1e-5)


@pytest.mark.trains
def test_a_loss_for_the_main_head_alone(model):
    x, y = batch()
    model.compile("sgd", loss=["sparse_categorical_crossentropy", None, None])
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(cross_entropies(model, x, y)[0], rel=1e-5)


@pytest.mark.trains
def test_sample_weight(model):
    x, y = batch()
    weight = np.linspace(0.1, 3, 8).astype("float32")
    main, aux1, aux2 = cross_entropies(model, x, y, weight)
    model.compile("sgd", loss="sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    logs = model.fit(x, y, sample_weight=weight, batch_size=8, verbose=0).history
    assert logs["loss"][0] == pytest.approx(main + 0.3 * (aux1 + aux2), rel=1e-5)


@pytest.mark.trains
def test_class_weight(model):
    x, y = batch()
    class_weight = {0: 0.5, 1: 2.0, 2: 1.0, 3: 3.0}
    main, aux1, aux2 = cross_entropies(model, x, y, np.array([class_weight[int(c)] for c in y]))
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    logs = model.fit(x, y, class_weight=class_weight, batch_size=8, verbose=0).history
    assert logs["loss"][0] == pytest.approx(main + 0.3 * (aux1 + aux2), rel=1e-5)


@pytest.mark.trains
def test_metric_objects_are_not_shared_between_heads(model):
    x, y = batch(16)
    probabilities = model.predict(x, verbose=0)
    metrics = [
        keras.metrics.SparseCategoricalAccuracy(name="top1"),
        keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2"),
        keras.metrics.SparseTopKCategoricalAccuracy(3, name="top3"),
    ]
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=metrics)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    for name, scores in zip(model.output_names, probabilities, strict=True):
        rank = np.argsort(np.argsort(-scores, axis=1), axis=1)[np.arange(len(y)), y]
        for k in (1, 2, 3):
            assert logs[f"{name}_top{k}"] == pytest.approx(np.mean(rank < k))


@pytest.mark.trains
@pytest.mark.parametrize(
    ("metrics", "names"),
    [
        (["accuracy"], {"predictions_accuracy", "aux1_accuracy", "aux2_accuracy"}),
        (["accuracy"] * 3, {"predictions_accuracy", "aux1_accuracy", "aux2_accuracy"}),
        (["accuracy", None, None], {"predictions_accuracy"}),
        ([["accuracy"], [], []], {"predictions_accuracy"}),
        ({"aux1": ["accuracy"]}, {"aux1_accuracy"}),
        (None, set()),
    ],
)
def test_every_form_of_metrics(model, metrics, names):
    x, y = batch()
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=metrics)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert {name for name in logs if not name.endswith("loss")} == names


@pytest.mark.parametrize("loss_weights", [[1, 0.3], [1.0] * 4, {"predictions": 1}, 0.3])
def test_loss_weights_that_do_not_match_the_outputs(model, loss_weights):
    with pytest.raises(ValueError, match=r"one weight for each of the outputs \['predictions', 'aux1', 'aux2'\]. Rec"):
        model.compile("sgd", loss="mse", loss_weights=loss_weights)


def test_a_custom_loop(model):
    x, y = batch(3)
    main, aux1, aux2 = cross_entropies(model, x, y)
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        loss = model.compute_loss(x, tf.constant(y), outputs)
    gradients = tape.gradient(loss, model.trainable_weights)
    assert float(loss) == pytest.approx(main + 0.3 * (aux1 + aux2), rel=1e-5)
    assert all(gradient is not None for gradient in gradients)


@pytest.mark.trains
@pytest.mark.parametrize("compiled", [True, False])
def test_a_saved_model_comes_back(model, tmp_path, compiled):
    x, y = batch()
    if compiled:
        model.compile(
            keras.optimizers.SGD(0.001, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        model.fit(x, y, verbose=0)
    model.class_names = ["a", "b", "c", "d"]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert type(again) is GoogLeNetModel
    assert again.class_names == ("a", "b", "c", "d")
    assert again.architecture == model.architecture
    assert again.compiled is compiled
    for ours, theirs in zip(model.predict(x, verbose=0), again.predict(x, verbose=0), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    if compiled:
        assert again.optimizer.momentum == 0.9
        assert model.evaluate(x, y, verbose=0, return_dict=True) == again.evaluate(x, y, verbose=0, return_dict=True)
        again.fit(x, y, verbose=0)


def test_inference_model_shares_weights_and_drops_the_heads(model):
    x, _ = batch()
    small = model.inference_model()
    assert isinstance(small, GoogLeNetModel)
    assert small.output_names == ["predictions"]
    assert not [layer.name for layer in small.layers if layer.name.startswith("aux")]
    np.testing.assert_array_equal(small.predict(x, verbose=0), model.predict(x, verbose=0)[0])
    small.layers[-1].bias.assign(np.arange(CLASSES, dtype="float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(model.get_layer("predictions").bias), np.arange(CLASSES))
    small.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    assert set(small.evaluate(*batch(), verbose=0, return_dict=True)) == {"loss", "accuracy"}


def test_endpoints_are_the_rows_of_the_table(model):
    endpoints = model.endpoints
    assert list(endpoints) == [row.name for row in model.architecture.rows]
    assert endpoints["inception_4a"].shape == (None, 2, 2, 64)
    pyramid = keras.Model(model.input, {name: endpoints[name] for name in ("conv2", "inception_3a")})
    assert set(pyramid.predict(batch()[0], verbose=0)) == {"conv2", "inception_3a"}
    trunk = GoogLeNet(weights=None, include_top=False)
    assert list(trunk.endpoints)[-1] == "inception_5b"


def test_class_names_must_match_the_output(model):
    with pytest.raises(ValueError, match="a name for each of the 4 columns of the main output. Received: 2 names"):
        model.class_names = ["ants", "bees"]


def test_a_network_of_ones_own_gets_the_same():
    base = GoogLeNet(weights=None, include_top=False, input_shape=(32, 32, 3), pooling="avg", variant=SMALL)
    main = keras.layers.Dense(CLASSES, activation="softmax", name="mine")(base.output)
    early = keras.layers.GlobalAveragePooling2D()(base.endpoints["inception_4a"])
    early = keras.layers.Dense(CLASSES, activation="softmax", name="early")(early)
    model = GoogLeNetModel(base.input, [main, early])
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = batch(2)
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(logs["mine_loss"] + 0.3 * logs["early_loss"], rel=1e-5)
    assert model.inference_model().output_names == ["mine"]
