"""KerasHub's classifier and detector on this trunk, held against the network itself and against plain arithmetic."""

import json

import keras
import numpy as np
import pytest
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.architecture import PAPER, costs

keras_hub = pytest.importorskip("keras_hub", reason="KerasHub is in the extra `peers`")

from keras_googlenet import hub  # noqa: E402
from keras_googlenet.hub.detector import ImagewiseNonMaxSuppression  # noqa: E402

pytestmark = [
    # KerasHub compiles each task as it is made, so that a loaded one has an optimizer that is not of the file.
    pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer:UserWarning"),
    pytest.mark.filterwarnings("ignore:`compile\\(\\)` was not called as part of model loading:UserWarning"),
]

ROWS = {"P2": "conv2_norm2", "P3": "inception_3b_output", "P4": "inception_4e_output", "P5": "inception_5b_output"}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def values(model):
    return [np.array(weight) for weight in model.weights]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# The backbone


def test_gray_images_with_weights_of_rgb_are_refused(tmp_path):
    """From its configuration another network would be built."""
    rgb = GoogLeNet(weights=None, variant=SMALL, input_shape=(64, 64, 3), aux_heads=False)
    rgb.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match=r"takes three channels.*Received: image_shape=\(64, 64, 1\)"):
        hub.GoogLeNetBackbone(SMALL, (64, 64, 1), weights=tmp_path / "w.weights.h5")


@pytest.mark.parametrize("size", [(224, 224), (192, 256), (200, 231)])
def test_the_pyramid_is_the_rows_of_the_table(size):
    backbone = hub.GoogLeNetBackbone(image_shape=(*size, 3))
    assert {level: maps._keras_history.operation.name for level, maps in backbone.pyramid_outputs.items()} == ROWS
    counted = {cost.layer: cost.output for cost in costs(PAPER, (*size, 3))}
    for level, maps in backbone.pyramid_outputs.items():
        assert maps.shape[1:] == counted[ROWS[level]]
        if size != (200, 231):
            assert maps.shape[1:3] == tuple(side // 2 ** int(level[1]) for side in size)
    if size == (200, 231):
        assert backbone.pyramid_outputs["P5"].shape[1:3] == (6, 7)  # by Caffe's rule; 7 and 8 would be rounded up


@pytest.mark.parametrize("variant", ["plain", "batchnorm", "slim"])
def test_each_variant_has_a_pyramid_of_rectified_maps(variant, rng):
    backbone = hub.GoogLeNetBackbone(variant, image_shape=(64, 64, 3))
    images = rng.normal(0, 50, (1, 64, 64, 3))
    pyramid = keras.Model(backbone.input, backbone.pyramid_outputs).predict(images, verbose=0)
    assert [maps.shape[1:] for maps in pyramid.values()] == [(16, 16, 192), (8, 8, 480), (4, 4, 832), (2, 2, 1024)]
    for maps in pyramid.values():
        assert maps.min() == 0 < maps.max()


def test_the_configuration_builds_the_same(rng):
    backbone = hub.GoogLeNetBackbone(SMALL, (64, 96, 3), trainable=False, name="trunk")
    config = json.loads(json.dumps(backbone.get_config()))
    again = hub.GoogLeNetBackbone.from_config(config)
    assert (again.variant, again.image_shape, again.name, again.trainable) == (SMALL, (64, 96, 3), "trunk", False)
    assert again.get_config() == backbone.get_config()
    again.set_weights(backbone.get_weights())
    images = rng.normal(0, 50, (2, 64, 96, 3))
    assert np.array_equal(backbone.predict(images, verbose=0), again.predict(images, verbose=0))


def test_frozen_means_frozen_wherever_the_layers_go():
    frozen = hub.GoogLeNetBackbone(SMALL, trainable=False)
    assert not keras.Model(frozen.input, frozen.pyramid_outputs).trainable_variables
    frozen.trainable = True
    assert keras.Model(frozen.input, frozen.pyramid_outputs).trainable_variables


def test_the_dtype_is_the_layers_and_nobody_elses():
    backbone = hub.GoogLeNetBackbone(SMALL, dtype="mixed_bfloat16")
    assert backbone.get_layer("conv1_7x7_s2").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    with pytest.raises(ValueError, match="at least 32x32"):
        hub.GoogLeNetBackbone(SMALL, (16, 16, 3), dtype="bfloat16")
    assert keras.config.dtype_policy().name == "float32"


def test_a_backbone_goes_through_a_preset(tmp_path, rng):
    backbone = hub.GoogLeNetBackbone(SMALL)
    backbone.save_to_preset(str(tmp_path))
    again = keras_hub.models.Backbone.from_preset(str(tmp_path))
    assert type(again) is hub.GoogLeNetBackbone
    images = rng.normal(0, 50, (2, 64, 64, 3))
    assert np.array_equal(backbone.predict(images, verbose=0), again.predict(images, verbose=0))
    fresh = keras_hub.models.Backbone.from_preset(str(tmp_path), load_weights=False, image_shape=(32, 32, 3))
    assert fresh.image_shape == (32, 32, 3)
    assert not same(values(fresh), values(backbone))


# Its images


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_images_are_converted_as_preprocess_input_does(dtype, rng):
    images = rng.integers(0, 256, (2, 5, 7, 3)).astype(dtype)
    convert = hub.GoogLeNetImageConverter()
    assert np.array_equal(convert(images), preprocess_input(images))
    assert np.array_equal(convert(images[0]), preprocess_input(images[0]))
    again = hub.GoogLeNetImageConverter.from_config(json.loads(json.dumps(convert.get_config())))
    assert np.array_equal(again(images), convert(images))
    assert hub.GoogLeNetImageConverter((4, 6))(images).shape == (2, 4, 6, 3)


def test_boxes_move_with_their_image():
    """64x128 made 64x64: halved, and 16 rows of black above and below."""
    converter = hub.retinanet(hub.GoogLeNetBackbone(SMALL), 2, (64, 64)).preprocessor.image_converter
    boxes = np.array([[[10, 10, 50, 60], [-1, -1, -1, -1]]], "float32")
    given = {"images": np.full((1, 64, 128, 3), 200, "uint8"), "bounding_boxes": {"boxes": boxes, "labels": [[1, -1]]}}
    found = converter(given)
    assert np.asarray(found["bounding_boxes"]["boxes"])[0].tolist() == [[5, 21, 25, 46], [0, 0, 0, 0]]
    rows = np.asarray(found["images"])[0, :, 32, 0] + 123
    assert rows.tolist() == [0] * 16 + [200] * 32 + [0] * 16


# The classifier


@pytest.mark.computes
def test_a_classifier_answers_as_the_network_does(shared_data, rng):
    weights = shared_data / "bvlc_googlenet.npz"
    network = GoogLeNet(weights=weights)
    images = rng.integers(0, 256, (2, 224, 224, 3)).astype("uint8")
    expected = network.predict(preprocess_input(images), verbose=0)
    assert 0.01 < expected.max(axis=1).min() < 0.99  # undecided enough to tell

    own = hub.GoogLeNetImageClassifier.from_weights(weights)
    assert own.dropout == 0.4
    assert np.abs(own.predict(images, verbose=0) - expected).max() < 1e-5

    backbone = hub.GoogLeNetBackbone(weights=weights)
    preprocessor = hub.GoogLeNetImageClassifierPreprocessor(hub.GoogLeNetImageConverter())
    plain = keras_hub.models.ImageClassifier(backbone, 1000, preprocessor, activation="softmax")
    plain.output_dense.set_weights(network.get_layer("predictions").get_weights())
    assert np.abs(plain.predict(images, verbose=0) - expected).max() < 1e-5


def test_from_weights_takes_networks_of_this_package(tmp_path, rng):
    network = GoogLeNet(weights=None, variant=SMALL, classes=3, input_shape=(64, 64, 3))
    network.save(tmp_path / "model.keras")
    classifier = hub.GoogLeNetImageClassifier.from_weights(
        tmp_path / "model.keras", num_classes=3, image_size=None, activation=None
    )
    images = rng.integers(0, 256, (2, 64, 64, 3))
    logits = classifier.predict(images, verbose=0)
    expected = network.inference_model().predict(preprocess_input(images), verbose=0)
    assert np.abs(np.exp(logits) / np.exp(logits).sum(1, keepdims=True) - expected).max() < 1e-6
    assert np.abs(logits.sum(1) - 1).min() > 1e-3


@pytest.mark.trains
def test_a_classifier_trains_predicts_saves_and_loads(tmp_path, rng):
    preprocessor = hub.GoogLeNetImageClassifierPreprocessor(hub.GoogLeNetImageConverter((64, 64)))
    classifier = hub.GoogLeNetImageClassifier(hub.GoogLeNetBackbone(SMALL), 2, preprocessor)
    images, labels = rng.integers(0, 256, (4, 80, 72, 3)).astype("uint8"), np.array([0, 1, 1, 0])
    classifier.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    before = values(classifier)
    classifier.fit(images, labels, batch_size=2, verbose=0, shuffle=False)
    moved = [not np.array_equal(a, b) for a, b in zip(before, values(classifier), strict=True)]
    assert np.mean(moved) > 0.9  # from the first convolution on
    expected = classifier.predict(images, verbose=0)

    classifier.save_to_preset(str(tmp_path / "preset"))
    loaded = keras_hub.models.ImageClassifier.from_preset(str(tmp_path / "preset"))
    assert type(loaded) is hub.GoogLeNetImageClassifier
    loaded.compile(jit_compile=False)
    assert np.allclose(loaded.predict(images, verbose=0), expected, atol=1e-6)
    other = keras_hub.models.ImageClassifier.from_preset(str(tmp_path / "preset"), num_classes=5)
    assert other.output_shape == (None, 5)
    assert same(values(other.backbone), values(classifier.backbone))

    classifier.save(tmp_path / "classifier.keras")
    loaded = keras.saving.load_model(tmp_path / "classifier.keras")
    loaded.compile(jit_compile=False)
    assert np.allclose(loaded.predict(images, verbose=0), expected, atol=1e-6)


# The detector


def detector(**settings):
    settings = {"levels": (4, 5), "aspect_ratios": (1.0,), "pre_logits_num_conv_layers": 1, **settings}
    made = hub.retinanet(hub.GoogLeNetBackbone(SMALL, trainable=False), 3, (64, 64), **settings)
    made.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    return made


@pytest.mark.trains
def test_a_detector_trains_predicts_saves_and_loads(tmp_path, rng):
    model = detector(anchor_size=2, confidence_threshold=0.01)
    images = rng.integers(0, 256, (4, 64, 64, 3)).astype("uint8")
    one, two = [[10, 10, 50, 60], [30, 5, 60, 30]], [[4, 4, 60, 60], [-1, -1, -1, -1]]
    truth = {"boxes": np.array([one, two] * 2, "float32"), "labels": np.array([[1, 2], [0, -1]] * 2)}
    trunk, before = values(model.backbone.image_encoder), values(model)
    losses = model.fit(images, truth, batch_size=2, epochs=4, verbose=0, shuffle=False).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.8 * losses[0]
    assert same(trunk, values(model.backbone.image_encoder))
    assert not same(before, values(model))
    found = model.predict(images[:3], batch_size=2, verbose=0)  # and one is left over
    assert found["boxes"].shape == (3, 100, 4)
    assert found["num_detections"].min() > 0

    model.save_to_preset(str(tmp_path / "preset"))
    model.save(tmp_path / "detector.keras")
    for loaded in (
        keras_hub.models.ObjectDetector.from_preset(str(tmp_path / "preset")),
        keras.saving.load_model(tmp_path / "detector.keras"),
    ):
        assert type(loaded.backbone.image_encoder) is hub.GoogLeNetBackbone
        assert type(loaded.prediction_decoder) is ImagewiseNonMaxSuppression
        loaded.compile(jit_compile=False)
        again = loaded.predict(images[:3], batch_size=3, verbose=0)
        assert np.array_equal(again["num_detections"], found["num_detections"])
        assert np.allclose(again["boxes"], found["boxes"], atol=1e-2)


def test_before_training_each_class_has_a_probability_of_a_hundredth():
    """Focal loss starts from there; boxes start as the anchors."""
    model = detector()
    for head in (model.box_head, model.classification_head):
        kernel = head.prediction_layer.kernel
        kernel.assign(np.zeros(kernel.shape))
    raw = model(np.zeros((1, 64, 64, 3)))
    assert np.allclose(1 / (1 + np.exp(-raw["cls_logits"])), 0.01)
    assert not np.any(raw["bbox_regression"])


def test_maps_that_would_not_fit_together_are_refused():
    with pytest.raises(ValueError, match=r"multiples of 32.*Received: \(64, 200\)"):
        hub.retinanet(hub.GoogLeNetBackbone(SMALL), 2, (64, 200))


@pytest.mark.computes
def test_overlapping_boxes_are_chosen_as_a_slow_twin_chooses(rng):
    corners = rng.uniform(0, 100, (3, 60, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(10, 60, (3, 60, 2))], -1).astype("float32")
    logits = rng.normal(0, 2, (3, 60, 4)).astype("float32")
    decoder = ImagewiseNonMaxSuppression("xyxy", from_logits=True, confidence_threshold=0.3)
    inputs = keras.Input((60, 4)), keras.Input((60, 4))  # of any batch size, at which KerasHub's own fails
    found = keras.Model(inputs, decoder(*inputs)).predict([boxes, logits], batch_size=2, verbose=0)
    for image in range(3):
        kept = twin(boxes[image], 1 / (1 + np.exp(-logits[image].max(-1))))
        assert 5 < len(kept) < 60
        assert found["num_detections"][image] == len(kept)
        assert np.array_equal(found["boxes"][image, : len(kept)], boxes[image, kept])
        assert np.array_equal(found["labels"][image, : len(kept)], logits[image, kept].argmax(-1))
        assert (found["labels"][image, len(kept) :] == -1).all()


def twin(boxes, shares):
    """From the surest box down: a box stays unless one that stays covers half of the two."""
    kept = []
    for i in sorted(np.flatnonzero(shares > 0.3), key=lambda i: -shares[i]):
        if all(overlap(boxes[i], boxes[j]) < 0.5 for j in kept):
            kept.append(i)
    return kept


def overlap(one, other):
    width, height = np.maximum(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)
