"""What a loaded model takes and gives: every way in and out, against the numbers worked out here."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.errors import InputError, WorkError
from keras_googlenet.model import load_model
from keras_googlenet.model.classifier import Classifier
from keras_googlenet.model.inputs import ImageInput, image_input
from keras_googlenet.model.loading import loss_of
from keras_googlenet.model.outputs import Kind

MEAN = np.array([123, 117, 104], "float32")
WEIGHT = np.array([[0.01, -0.02, 0.03], [0.02, 0.01, -0.04], [-0.03, 0.02, 0.01]], "float32")
DENSE, SOFTMAX = layers.Dense, layers.Softmax


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), "uint8")


def model_of(head, width=3, name=None, **options):
    """A model whose linear layer reads the mean color: its logits are known."""
    inputs = keras.Input((32, 48, 3))
    x = layers.GlobalAveragePooling2D()(inputs)
    linear = DENSE(width, name=name, **options)
    model = keras.Model(inputs, head(linear(x)) if head else linear(x))
    linear.kernel.assign(WEIGHT[:, :width])
    return model


def logits_of(images, width=3):
    return (images.mean(axis=(1, 2)) - MEAN) @ WEIGHT[:, :width]


def softmax(x):
    parts = np.exp(x - x.max(axis=1, keepdims=True))
    return parts / parts.sum(axis=1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("model", "kind", "expected"),
    [
        (lambda: model_of(None, activation="softmax"), Kind.PROBABILITIES, softmax),
        (lambda: model_of(None), Kind.LOGITS, softmax),
        (lambda: model_of(layers.Activation("softmax")), Kind.PROBABILITIES, softmax),
        (lambda: model_of(layers.Activation("linear")), Kind.LOGITS, softmax),
        (lambda: model_of(SOFTMAX()), Kind.PROBABILITIES, softmax),
        (lambda: model_of(ops.softmax), Kind.PROBABILITIES, softmax),
        (lambda: model_of(None, activation="log_softmax"), Kind.LOGITS, softmax),
        (lambda: model_of(layers.Activation("log_softmax")), Kind.LOGITS, softmax),
        (lambda: model_of(layers.Rescaling(0.5)), Kind.LOGITS, lambda x: softmax(x / 2)),
        (lambda: model_of(lambda x: x / 2), Kind.LOGITS, lambda x: softmax(x / 2)),
        (lambda: model_of(lambda x: SOFTMAX()(layers.Rescaling(0.5)(x))), Kind.PROBABILITIES, lambda x: softmax(x / 2)),
        (lambda: model_of(keras.Sequential([keras.Input((3,)), SOFTMAX()])), Kind.PROBABILITIES, softmax),
        (lambda: model_of(layers.Dropout(0.5), activation="softmax"), Kind.PROBABILITIES, softmax),
        (lambda: model_of(lambda x: {"out": SOFTMAX()(x)}), Kind.PROBABILITIES, softmax),
        (lambda: model_of(lambda x: layers.Average()([SOFTMAX()(x), SOFTMAX()(x)])), None, softmax),
        (lambda: model_of(None, activation="sigmoid"), Kind.SCORES, sigmoid),
        (lambda: model_of(layers.Activation("sigmoid")), Kind.SCORES, sigmoid),
        (lambda: model_of(None, activation="hard_sigmoid"), Kind.SCORES, lambda x: np.clip(x / 6 + 0.5, 0, 1)),
        (lambda: model_of(lambda x: [x, SOFTMAX(name="other")(x)], name="predictions"), Kind.LOGITS, softmax),
    ],
)
def test_answers(model, kind, expected, images):
    classifier = Classifier(model())
    assert classifier.kind is kind
    assert classifier.independent == (kind is Kind.SCORES)
    wanted = expected(logits_of(images))
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(classifier.predict(images), wanted, atol=1e-5)


def test_one_sigmoid_is_two_classes(images):
    classifier = Classifier(model_of(None, 1, activation="sigmoid"))
    second = sigmoid(logits_of(images, 1))
    np.testing.assert_allclose(classifier.predict(images), np.concatenate([1 - second, second], axis=1), atol=1e-5)
    assert (classifier.classes, classifier.names()) == (2, [("0", "class 0"), ("1", "class 1")])
    named = GoogLeNet(weights=None, classes=1, input_shape=(32, 32, 3), variant=SMALL, classifier_activation="sigmoid")
    named.class_names = ("dog",)
    assert (Classifier(named).independent, Classifier(named).names()) == (True, [("dog", "dog")])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: model_of(None, activation="relu"), "which ends in layer 'dense.*' \\(relu\\)"),
        (lambda: model_of(layers.ReLU(6)), "which ends in layer 're_lu.*' \\(ReLU\\)"),
        (lambda: model_of(ops.tanh), "which ends in layer 'tanh.*' \\(Tanh\\)"),
        (lambda: model_of(layers.Rescaling(100.0), activation="softmax"), "a softmax whose numbers are changed aft"),
        (lambda: model_of(lambda x: 2 * x - 1, activation="sigmoid"), "a sigmoid whose numbers are changed afterwards"),
        (lambda: model_of(None, 1), "one sigmoid for two classes.*one number without bounds"),
        (lambda: model_of(None, 1, activation="softmax"), "one softmax, which is always 1"),
        (lambda: model_of(lambda x: ops.argmax(x, axis=-1)), "whose output has the shape \\(None,\\)"),
        (
            lambda: model_of(lambda x: [x, SOFTMAX(name="b")(x)], name="a"),
            "whose outputs are a, b. Choose one",
        ),
        (lambda: maps(), "a map of classes: put a GlobalAveragePooling2D behind it"),
        (lambda: keras.Sequential([layers.Conv2D(3, 3)]), "which takes no input of a known shape"),
        (lambda: keras.Sequential([keras.Input((9,)), DENSE(3)]), "which takes \\(None, 9\\)"),
        (lambda: images_of(4), "takes 4 channels"),
        (lambda: images_of(2), "of 1 channel, gray, or of 3, RGB. Received: .* takes 2 channels"),
    ],
)
def test_what_is_no_classifier(model, message):
    with pytest.raises(InputError, match=message):
        Classifier(model())


def maps():
    return keras.Sequential([keras.Input((32, 48, 3)), layers.Conv2D(3, 1, activation="softmax")])


def images_of(channels):
    return keras.Sequential([keras.Input((32, 48, channels)), layers.GlobalAveragePooling2D(), DENSE(3)])


@pytest.mark.parametrize(
    "head",
    [
        layers.UnitNormalization(),
        lambda x: layers.Average()([x, x + 1]),
        SOFTMAX(axis=0),
        lambda x: ops.exp(SOFTMAX()(x)),
    ],
)
def test_numbers_are_checked_where_layers_do_not_tell(head, images):
    with pytest.raises(WorkError, match="Expected probabilities, which sum to 1 .* rows that sum to"):
        Classifier(model_of(head)).predict(images)


@pytest.mark.parametrize(
    "loss", ["mse", ["mae"], keras.losses.Huber(), keras.losses.mean_squared_error, {"dense": "mse"}]
)
def test_a_regression_is_no_classifier(loss, tmp_path):
    model = model_of(None, name="dense")
    model.compile("sgd", loss)
    with pytest.raises(InputError, match="numbers that were trained by"):
        Classifier(model)
    model.save(tmp_path / "m.keras")
    loaded = load_model(str(tmp_path / "m.keras"))
    with pytest.raises(InputError, match="numbers that were trained by"):
        Classifier(loaded, loss_of(tmp_path / "m.keras"))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.save(tmp_path / "m.keras")
    assert Classifier(loaded, loss_of(tmp_path / "m.keras")).kind is Kind.LOGITS
    assert loss_of("imagenet") is None


def gray(images):
    return np.stack([np.asarray(Image.fromarray(image).convert("L"), "float32") for image in images])[..., None]


def behind(first, shape=(32, 48, 3), **options):
    """A model with a layer or a function of tensors before its first convolution."""
    inputs = keras.Input(shape, **options)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(first(inputs)))
    return keras.Model(inputs, DENSE(3, "softmax")(x))


def network(**options):
    return GoogLeNet(weights=None, classes=3, variant=options.pop("variant", SMALL), **options)


INSIDE, OUTSIDE = (lambda x: x.astype("float32")), (lambda x: x - MEAN)


@pytest.mark.parametrize(
    ("model", "expected", "assumed"),
    [
        (lambda: network(input_shape=(32, 48, 3)), OUTSIDE, False),
        (lambda: network(input_shape=(32, 48, 1)), lambda x: gray(x) - 117, False),
        (lambda: network(input_shape=(32, 48, 3), include_preprocessing=True), INSIDE, False),
        (lambda: network(input_shape=(32, 48, 1), include_preprocessing=True), gray, False),
        (lambda: network(input_shape=(32, 48, 3), variant="slim", aux_heads=False), OUTSIDE, False),
        (lambda: keras.Sequential([keras.Input((32, 48, 3)), small(), SOFTMAX()]), OUTSIDE, False),
        (lambda: keras.Sequential([keras.Input((32, 48, 3)), small(include_preprocessing=True)]), INSIDE, False),
        (lambda: keras.Sequential([keras.Input((32, 48, 3)), layers.RandomFlip(), small()]), OUTSIDE, False),
        (lambda: network(input_tensor=layers.Rescaling(1 / 255)(keras.Input((32, 48, 3)))), INSIDE, True),
        (lambda: behind(layers.Rescaling(1 / 255)), INSIDE, True),
        (lambda: behind(layers.Normalization(mean=100.0, variance=2500.0)), INSIDE, True),
        (lambda: behind(lambda x: layers.Rescaling(1 / 255)(layers.RandomFlip()(x))), INSIDE, True),
        (lambda: behind(preprocess_input), INSIDE, True),
        (lambda: behind(lambda x: x / 127.5 - 1), INSIDE, True),
        (lambda: behind(lambda x: ops.cast(x, "float32"), dtype="uint8"), INSIDE, True),
        (lambda: behind(lambda x: x), OUTSIDE, True),
        (lambda: behind(lambda x: layers.Rescaling(1 / 255)(layers.Conv2D(2, 3)(x))), OUTSIDE, True),
        (lambda: behind(layers.Rescaling(1 / 255), (32, 48, 1)), gray, True),
    ],
)
def test_what_images_a_model_takes(model, expected, assumed, images):
    found = image_input(model())
    assert isinstance(found, ImageInput)
    for given in (images, ops.convert_to_tensor(images)):
        np.testing.assert_array_equal(ops.convert_to_numpy(found.preprocess(given)), expected(images))
    assert (found.assumed is not None) == assumed


def small(**options):
    return network(input_shape=(32, 48, 3), aux_heads=False, **options)


@pytest.mark.parametrize(
    ("shape", "size", "side"),
    [
        ((48, 96, 3), (48, 96), (48, 96)),
        ((None, None, 3), (224, 224), 224),
        ((None, 96, 3), (96, 96), 96),
        ((64, None, 1), (64, 64), 64),
    ],
)
def test_sizes(shape, size, side):
    found = image_input(behind(lambda x: x, shape))
    assert (found.size, found.side) == (size, side)


def test_channels_first(images):
    inputs = keras.Input((3, 32, 48))
    x = layers.Conv2D(2, 3, data_format="channels_first")(inputs)
    x = layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    found = image_input(keras.Model(inputs, DENSE(3, "softmax")(x)))
    assert (found.size, found.channels, found.channels_first) == ((32, 48), 3, True)
    np.testing.assert_array_equal(found.preprocess(images), np.moveaxis(images - MEAN, -1, 1))


def test_names_are_those_of_the_network_inside():
    inner = small()
    inner.class_names = ("a", "b", "c")
    outer = keras.Sequential([keras.Input((32, 48, 3)), layers.RandomFlip(), inner])
    assert Classifier(outer).names() == [(name, name) for name in "abc"]
    longer = keras.Sequential([keras.Input((32, 48, 3)), inner, DENSE(3, "softmax")])
    assert Classifier(longer).names() == [(str(i), f"class {i}") for i in range(3)]
