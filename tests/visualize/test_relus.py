"""ReLUs swapped for others: the same values with the same weights, and the gradient that is written down."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.relus import redirected, with_relu


@pytest.fixture(scope="module")
def model():
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL, aux_heads=False)
    deterministic.fill(made)
    return made


def test_a_tenth_of_the_gradient_comes_back_where_the_relu_is_off():
    x = np.array([-3, -0.5, 0.5, 2], "float32")
    weights = ops.convert_to_tensor(np.array([1, -2, 3, -4], "float32"))
    value, gradient = value_and_gradient(lambda x: ops.sum(redirected(x) * weights), x)
    assert value == pytest.approx(3 * 0.5 - 4 * 2)
    np.testing.assert_allclose(gradient, [0.1, -0.2, 3, -4], rtol=1e-6)


def test_values_and_weights_are_the_models_own(model):
    names = "inception_3a", "inception_4a_pre_relu", "inception_5b"
    features = Network(model).features(*names)
    swapped, images = with_relu(features, redirected), deterministic.images(2, 64)
    for name in names:
        ours, theirs = (ops.convert_to_numpy(made(images)[name]) for made in (swapped, features))
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)
    assert {id(weight) for weight in swapped.weights} == {id(weight) for weight in features.weights}
    off = with_relu(features, ops.zeros_like)(images)["inception_5b"]
    assert not ops.convert_to_numpy(off).any()
    again = ops.convert_to_numpy(features(images)["inception_5b"])
    assert again.any()  # the model goes on with its own


def test_every_kind_of_relu_is_found():
    """Fused into a convolution or a dense layer, a layer of its own, in a model within a model."""
    inner = keras.Sequential([keras.Input((4, 4, 2)), layers.Conv2D(3, 2, activation="relu")])
    whole = keras.Sequential([keras.Input((4, 4, 2)), inner, layers.Conv2D(2, 2), layers.ReLU(), layers.Flatten()])
    whole.add(layers.Dense(5, "relu"))
    found = []

    def noted(x):
        found.append(tuple(x.shape))
        return ops.relu(x)

    images = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype("float32")
    ours, theirs = (ops.convert_to_numpy(made(images)) for made in (with_relu(whole, noted), whole))
    assert found == [(2, 3, 3, 3), (2, 2, 2, 2), (2, 5)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_the_redirected_gradient_is_pytorchs():
    """Against a function of PyTorch whose backward pass is written down, through a small network."""
    torch = pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")

    class Redirected(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(context, gradient):
            [x] = context.saved_tensors
            return torch.where(x < 0, 0.1 * gradient, gradient)

    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu"), layers.Dense(5, "relu"), layers.Dense(1)])
    for dense in model.layers:
        dense.bias.assign(np.random.default_rng(1).normal(size=dense.bias.shape))
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    swapped = with_relu(model, redirected)
    _, found = value_and_gradient(lambda x: ops.sum(swapped(x)), x)
    theirs = torch.tensor(x, requires_grad=True)
    y = theirs
    for i, dense in enumerate(model.layers):
        kernel, bias = (torch.tensor(ops.convert_to_numpy(weight)) for weight in dense.weights)
        y = y @ kernel + bias
        y = Redirected.apply(y) if i < 2 else y
    y.sum().backward()
    np.testing.assert_allclose(found, theirs.grad.numpy(), rtol=1e-4, atol=1e-6)
    _, plain = value_and_gradient(lambda x: ops.sum(model(x)), x)
    assert np.abs(found - plain).max() > 1e-3
