"""Attribution without gradients against slow twins, what gradients must add up to, and what is refused."""

import inspect
import itertools

import keras
import numpy as np
import pytest
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.architecture import PAPER
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import (
    METHODS,
    Curve,
    channel_attribution,
    grad_cam,
    guided_backpropagation,
    importance_curve,
    integrated_gradients,
    occlusion,
    rise,
    saliency,
    score_cam,
    signed_overlay,
    smooth_grad,
)
from keras_googlenet.visualize.attribution.baselines import BASELINES, baseline_of
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.receptive import centers

SIDE = 64
MEAN = np.float32([123, 117, 104])
FAST = {"smoothgrad": {"samples": 2}, "integrated-gradients": {"steps": 2}, "rise": {"masks": 8}}
FAST |= {"occlusion": {"window": 32, "stride": 32}, "score-cam": {"layer": "pool1"}}


def build(side=SIDE, **options):
    made = GoogLeNet(**{"weights": None, "input_shape": (side, side, 3), "classes": 4, "variant": SMALL} | options)
    deterministic.fill(made)
    return made


@pytest.fixture(scope="module")
def model():
    """With larger scores, so that probabilities are not all alike."""
    made = build()
    layer = made.get_layer("predictions")
    layer.set_weights([20 * array for array in layer.get_weights()])
    return made


@pytest.fixture(scope="module")
def logits(model):
    """The scores before the softmax, of images of 0 to 255, by Keras alone."""
    kernel, bias = model.get_layer("predictions").get_weights()
    pooled = keras.Model(model.input, model.endpoints["avg_pool"])
    return lambda images: pooled.predict(preprocess_input(np.float32(images)), verbose=0) @ kernel + bias


def photos(count=2, side=SIDE):
    return deterministic.images(count, side) + MEAN


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_one_signature(model, name):
    images, classes = photos(), [2, 1]
    heats = METHODS[name](model, images, classes, **FAST.get(name, {}))
    assert (heats.dtype, heats.shape) == (np.float32, (2, SIDE, SIDE))
    assert np.isfinite(heats).all()
    assert all(np.ptp(heat) > 0 for heat in heats)
    # An image's heat does not depend on what else is explained; and of the same seed it is the same.
    [alone] = METHODS[name](Network(model), images[1:].astype("float64"), np.array([1]), **FAST.get(name, {}))
    np.testing.assert_allclose(alone, heats[1], rtol=0, atol=1e-4 * np.abs(alone).max())
    optional = list(inspect.signature(METHODS[name]).parameters.values())[3:]
    assert all(one.default is not one.empty for one in optional)
    kinds = {one.kind for one in optional}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY} or name == "grad-cam"  # older than the others


def test_more_images_than_go_through_at_once(model):
    images = photos(19)
    whole = saliency(model, images, [1] * 19)
    np.testing.assert_allclose(whole[17], saliency(model, images[17:18], [1])[0], rtol=0, atol=1e-4 * whole.max())


def test_integrated_gradients_are_complete(model, logits):
    """Their sum is the score's rise from the baseline; so it is of the heat."""
    images, classes = photos(), [3, 0]
    # From another color than the mean many ReLUs turn on at once, which a rule of so few places sees roughly.
    for baseline, slack in (("mean", 1e-2), ("blur", 3e-2), ("black", 0.2)):
        heats = integrated_gradients(model, images, classes, baseline=baseline)
        rise = (logits(images) - logits(baseline_of(images, baseline)))[range(2), classes]
        np.testing.assert_allclose(heats.sum((1, 2)), rise, rtol=0, atol=slack * np.abs(rise).max())
        assert (heats < 0).any()
    colors = integrated_gradients(model, images, classes, steps=3, per_channel=True)
    assert colors.shape == images.shape
    np.testing.assert_allclose(
        colors.sum(-1), integrated_gradients(model, images, classes, steps=3), atol=1e-5 * np.abs(colors).max()
    )


def test_channels_below_a_linear_layer_are_the_score(model, logits):
    images, classes = photos(), [3, 0]
    found = channel_attribution(model, images, classes, layer="5b")
    bias = model.get_layer("predictions").get_weights()[1]
    np.testing.assert_allclose(found.sum(1), (logits(images) - bias)[range(2), classes], rtol=1e-4)


def test_smooth_grad_is_a_mean_of_gradients(model):
    """Without noise it is the gradient. Its seed makes another."""
    images, classes = photos(), [3, 0]
    plain = smooth_grad(model, images, classes, samples=3, noise=0)
    np.testing.assert_allclose(plain, saliency(model, images, classes), rtol=0, atol=1e-5 * plain.max())
    one, other = (smooth_grad(model, images, classes, samples=2, seed=seed) for seed in (0, 1))
    assert np.abs(one - other).max() > 0.05 * one.max()


def test_guided_backpropagation_leaves_the_model_alone(model):
    """A gradient that its ReLUs let back in part, whatever the model is wrapped in."""
    images, before = photos(), [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    found = guided_backpropagation(model, images, [0, 1], per_channel=True)
    assert np.abs(found - saliency(model, images, [0, 1], per_channel=True)).max() > 0.1 * np.abs(found).max()
    for weight, array in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(weight), array)
    inside = model.inference_model()
    inputs = keras.Input((SIDE, SIDE, 3))
    wrapped = keras.Model(inputs, inside(inputs))
    again = guided_backpropagation(wrapped, images, [0, 1], per_channel=True)
    np.testing.assert_allclose(again, found, rtol=0, atol=1e-4 * np.abs(found).max())


def test_rise_is_its_slow_twin(model):
    """Equation 6, mask by mask and pixel by pixel, enlarged by hand."""
    images, index, masks, cells = photos(1), 2, 6, 5
    found = rise(model, images, [index], masks=masks, cells=cells, kept=0.4, seed=5)[0]
    rng = np.random.default_rng(5)
    grids = rng.random((masks, cells, cells)) < 0.4
    cell = -(-SIDE // cells)
    down, right = rng.integers(0, cell, masks), rng.integers(0, cell, masks)
    expected = np.zeros((SIDE, SIDE))
    for grid, top, left in zip(grids, down, right, strict=True):
        mask = np.empty((SIDE, SIDE))
        for y, x in np.ndindex(SIDE, SIDE):
            mask[y, x] = bilinear(grid, y + top, x + left, cells / (cell * (cells + 1)))
        seen = MEAN + mask[..., None] * (images[0] - MEAN)
        answer = model.predict(preprocess_input(seen[None].astype("float32")), verbose=0)
        expected += np.asarray(answer[0])[0, index] * mask / (masks * 0.4)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * expected.max())


def bilinear(grid, y, x, scale):
    """A grid's value between the centers of its cells; beyond the outermost it stays the same."""
    at = [min(max((place + 0.5) * scale - 0.5, 0), len(grid) - 1) for place in (y, x)]
    low = [min(int(place), len(grid) - 2) for place in at]
    (b, a), value = (place - one for place, one in zip(at, low, strict=True)), 0.0
    for i, j in np.ndindex(2, 2):
        value += grid[low[0] + i, low[1] + j] * (b if i else 1 - b) * (a if j else 1 - a)
    return value


def test_score_cam_is_its_slow_twin(model, logits):
    """Algorithm 1, map by map."""
    images, index, layer = photos(1), 2, "inception_3a"
    found = score_cam(model, images, [index], layer="3a")[0]
    features = keras.Model(model.input, model.endpoints[layer])
    maps = features.predict(preprocess_input(images.copy()), verbose=0)[0]
    at, pixels = centers(SMALL, layer, SIDE)(len(maps)), np.arange(SIDE)

    def enlarged(a):
        rows = np.stack([np.interp(pixels, at, column) for column in a.T], 1)
        return np.stack([np.interp(pixels, at, row) for row in rows])

    scores, kept = [], []
    for a in np.moveaxis(maps, -1, 0):
        if a.max() == a.min():
            continue
        mask = enlarged(a)
        mask = (mask - mask.min()) / (mask.max() - mask.min())
        seen = MEAN + mask[..., None] * (images - MEAN)
        scores.append(logits(seen)[0, index] - logits(MEAN + 0 * images)[0, index])
        kept.append(a)
    weights = np.exp(scores) / np.exp(scores).sum()
    expected = enlarged(np.maximum(sum(w * a for w, a in zip(weights, kept, strict=True)), 0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * expected.max())


def test_occlusion_of_a_linear_network_is_what_the_square_adds():
    """One window for each pixel's square: the loss is a difference of two scores."""
    made = build()
    images = photos(1)
    found = occlusion(made, images, [1], window=32, stride=32, baseline="gray")[0]
    kernel, bias = made.get_layer("predictions").get_weights()
    pooled = keras.Model(made.input, made.endpoints["avg_pool"])
    for y, x in np.ndindex(2, 2):
        covered = images.copy()
        covered[:, 32 * y : 32 * y + 32, 32 * x : 32 * x + 32] = 127.5
        whole, less = (
            (pooled.predict(preprocess_input(one.copy()), verbose=0) @ kernel + bias)[0, 1] for one in (images, covered)
        )
        square = found[32 * y : 32 * y + 32, 32 * x : 32 * x + 32]
        np.testing.assert_allclose(square, whole - less, atol=1e-4)


def test_curves_by_hand(model):
    """Pixels in the order of the heat, a quarter at a time: the areas are sums of trapezoids."""
    images, index = photos(1), 2
    heat = np.arange(SIDE * SIDE, dtype="float32").reshape(1, SIDE, SIDE)  # from the lower right on
    rows = np.array([0, 16, 32, 48, 64])
    for kind, base in (("deletion", "mean"), ("insertion", "black")):
        curve = importance_curve(model, images, [index], heat, kind, steps=4, baseline=base)
        expected = []
        for count in rows:
            picture = images.copy() if kind == "deletion" else 0 * images
            picture[:, SIDE - count :] = MEAN if kind == "deletion" else images[:, SIDE - count :]
            expected.append(np.asarray(model.predict(preprocess_input(picture), verbose=0)[0])[0, index])
        np.testing.assert_allclose(curve.probabilities[0], expected, atol=1e-5)
        by_hand = sum((a + b) / 8 for a, b in itertools.pairwise(expected))
        np.testing.assert_allclose(curve.areas, [by_hand], atol=1e-5)
        np.testing.assert_array_equal(curve.parts, rows / SIDE)


def test_areas_are_those_of_trapezoids():
    curve = Curve(np.linspace(0, 1, 3), np.float32([[1, 0.5, 0], [1, 1, 1]]))
    np.testing.assert_allclose(curve.areas, [0.5, 1.0])


def test_equally_hot_pixels_are_taken_at_random(model):
    """Not from the top, where the sky is."""
    heat, images = np.zeros((1, SIDE, SIDE)), photos(1)
    one, same, other = (importance_curve(model, images, [0], heat, steps=2, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.probabilities, same.probabilities)
    assert one.probabilities[0, 1] != other.probabilities[0, 1]


def test_inside_a_module(model):
    """Grad-CAM where other branches go on beside: the first-order change of the score by the maps is a real one."""
    network, images = Network(model), photos(1)
    inputs = keras.ops.convert_to_tensor(network.images.preprocess(images))
    maps = keras.ops.convert_to_tensor(network.maps("inception_3a_3x3", images))
    scores = network.scores("inception_3a_3x3", inputs)
    np.testing.assert_allclose(scores(maps), network.scores()(inputs), rtol=1e-4, atol=1e-4)
    assert np.abs(np.asarray(scores(0 * maps)) - np.asarray(scores(maps))).max() > 1e-3
    assert grad_cam(model, images, [1], "mixed3a_3x3").max() > 0
    with pytest.raises(InputError, match="inception_3a_3x3 is one of several branches. Expected the images, too"):
        network.scores("inception_3a_3x3")


def test_heat_inside_a_module_lies_where_the_modules_does():
    for name in ("inception_3b_3x3_reduce", "inception_3b_pre_relu", "inception_3b_5x5_pre_relu"):
        np.testing.assert_array_equal(centers(SMALL, name, 224)(5), centers(SMALL, "inception_3b", 224)(5))
    np.testing.assert_array_equal(centers(PAPER, "inception_4b_3x3", 224)(3), [14, 30, 46])
    np.testing.assert_array_equal(centers(PAPER, "conv2_3x3_reduce", 224)(3), [2, 6, 10])
    np.testing.assert_array_equal(centers(PAPER, "conv1_7x7_s2_pre_relu", 224)(3), [0, 2, 4])


def test_what_the_classes_do_not_depend_on_is_refused(model):
    with pytest.raises(InputError, match="Expected a layer on the way to the classes. Received: aux1_conv, on which"):
        grad_cam(model, photos(), [0, 1], "aux1_conv")
    with pytest.raises(InputError, match="on the way to inception_3a. Received: inception_4a, on which they do not"):
        channel_attribution(model, photos(), [0, 1], layer="4a", later="3a")
    with pytest.raises(InputError, match="makes a vector"):
        channel_attribution(model, photos(), [0, 1], layer="avg_pool")
    with pytest.raises(InputError, match="Expected the index of a channel, 0 to .* Received: .9999, 0."):
        channel_attribution(model, photos(), [9999, 0], layer="3a", later="4a")


GOOD = photos()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("images", "classes", "message"),
    [
        (GOOD, [0, 4], "Expected the index of a class, 0 to 3. Received: 4"),
        (GOOD, [0], "Expected a class for each of 2 images. Received: 1"),
        (GOOD, [0.0, 1.0], "Expected the indices of classes. Received: .0.0, 1.0."),
        (GOOD[0], [0], r"of shape \(images, height, width, 3\). Received: \(64, 64, 3\)"),
        (GOOD[:, :32], [0, 1], "input size, 64x64 pixels, as `data.center_crop` makes them. Received: 32x64"),
        (GOOD[..., :1], [0, 1], "Expected RGB images"),
        (GOOD[:0], [], "Expected RGB images"),
        (GOOD - MEAN, [0, 1], "Expected pixels of 0 to 255, as read from a file and before preprocess_input"),
        (np.where(GOOD > 200, np.nan, GOOD), [0, 1], "Received: nan to nan"),
        (GOOD.astype(str), [0, 1], "Expected pixels of 0 to 255. Received: values of type <U"),
    ],
)
def test_what_cannot_be_explained_is_refused(model, name, images, classes, message):
    with pytest.raises(InputError, match=message):
        METHODS[name](model, images, classes)


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (integrated_gradients, {"steps": 0}, "steps must be a whole number of at least 1. Received: 0"),
        (integrated_gradients, {"baseline": "meen"}, "Did you mean 'mean'?"),
        (smooth_grad, {"samples": 1.5}, "samples must be a whole number of at least 1. Received: 1.5"),
        (smooth_grad, {"noise": float("nan")}, "noise must be a part of the range"),
        (occlusion, {"window": 65}, "Expected a window of at most 64 pixels"),
        (occlusion, {"window": 8, "stride": 9}, "so that each pixel is covered. Received: window=8, stride=9"),
        (rise, {"masks": 0}, "masks must be a whole number"),
        (rise, {"kept": 1.0}, "kept between 0 and 1"),
        (rise, {"cells": 65}, "Expected cells of at most 64"),
        (score_cam, {"layer": "9z"}, "No such layer: 9z"),
    ],
)
def test_options_are_checked(model, method, options, message):
    with pytest.raises(InputError, match=message):
        method(model, GOOD, [0, 1], **options)


def test_curves_are_refused(model):
    heats = np.zeros((2, SIDE, SIDE))
    for kind, heat, message in (
        ("removal", heats, "Expected deletion or insertion. Received: 'removal'"),
        ("deletion", heats[:1], r"Expected heats, finite numbers of shape \(2, 64, 64\). Received: shape"),
        ("deletion", heats + np.nan, "values that are no numbers"),
    ):
        with pytest.raises(InputError, match=message):
            importance_curve(model, GOOD, [0, 1], heat, kind)


def test_a_network_of_any_size_explains_any():
    base = GoogLeNet(weights=None, include_top=False, pooling="avg", input_shape=(None, None, 3), variant=SMALL)
    deterministic.fill(base)
    made = keras.Model(base.input, keras.layers.Dense(2, name="mine")(base.output))
    images = photos(1, 80)[:, :, :72]
    assert saliency(made, images, [1]).shape == occlusion(made, images, [1], window=40).shape == (1, 80, 72)


def test_baselines():
    images = photos()
    for name in BASELINES:
        assert baseline_of(images, name).shape == images.shape
    blurred = baseline_of(images, "blur")
    assert 0 < np.abs(np.diff(blurred, axis=1)).mean() < np.abs(np.diff(images, axis=1)).mean()


def test_signs_are_seen():
    picture, attribution = np.full((4, 4, 3), 100, "uint8"), np.zeros((4, 4))
    attribution[0], attribution[1] = 1, -1
    shown = signed_overlay(picture, attribution).astype(int)
    assert shown.dtype == int
    assert shown[0, 0, 0] > shown[0, 0, 2] + 100
    assert shown[1, 0, 2] > shown[1, 0, 0] + 100
    assert np.ptp(shown[2, 0]) == 0
    np.testing.assert_array_equal(signed_overlay(picture, 0 * attribution)[0], shown[2])
