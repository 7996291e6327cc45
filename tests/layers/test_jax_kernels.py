"""`layers/jax_kernels.py`: outputs and gradients are those of what it takes the place of."""

import functools

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is in the extra `peers`")
from keras_googlenet.layers import jax_kernels as kernels  # noqa: E402

SIZES = [(8, 11), (7, 7), (3, 4)]


def normal(*shape):
    return np.random.default_rng(len(shape)).normal(0, 1, shape).astype("float32")


def many_equal(*shape):
    return np.maximum(np.round(normal(*shape)) - 1, 0)  # zeros and a few ones


def plain_pool(x, stride, padding):
    return jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 3, 3, 1), (1, stride, stride, 1), padding.upper())


def plain_conv(x, kernel):
    return jax.lax.conv_general_dilated(x, kernel, (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def plain_lrn(x, radius, bias, alpha, beta):
    near = abs(np.subtract.outer(range(x.shape[-1]), range(x.shape[-1]))) <= radius
    return x / (bias + alpha * (x**2 @ near.astype(x.dtype))) ** beta


def agree(kernel, plain, *arguments, rtol=1e-5, atol=1e-6, dtype="float32"):
    """The outputs, and for random gradients of these the gradients of all arguments; `plain` always in float32."""
    arguments = [jax.numpy.asarray(argument, dtype) for argument in arguments]
    exact = [argument.astype("float32") for argument in arguments]
    shape = jax.eval_shape(plain, *exact).shape
    assert jax.eval_shape(kernel, *arguments).dtype == dtype
    g = jax.numpy.asarray(normal(*shape), dtype)

    @functools.partial(jax.jit, static_argnums=0)
    def outputs_and_gradients(function, g, *arguments):
        output, back = jax.vjp(function, *arguments)
        return function(*arguments), output, *back(g)

    found = outputs_and_gradients(kernel, g, *arguments)
    expected = outputs_and_gradients(plain, g.astype("float32"), *exact)
    for one, other in zip(found, expected, strict=True):
        assert np.any(other)
        scale = max(np.abs(other).max(), 1)
        np.testing.assert_allclose(one.astype("float32"), other, rtol=rtol, atol=atol * scale)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("draw", [normal, many_equal])
def test_max_pool(draw, size, stride, padding):
    """Of equal maxima XLA gives the gradient to the first; so must the kernel."""
    agree(
        lambda x: kernels.max_pool(x, stride, padding),
        lambda x: plain_pool(x, stride, padding),
        draw(2, *size, 3),
    )


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 5)])
def test_maps_smaller_than_the_window(size, stride):
    agree(lambda x: kernels.max_pool(x, stride, "same"), lambda x: plain_pool(x, stride, "same"), normal(2, *size, 3))


def test_a_pool_over_a_pooled_map():
    """Where the same value is the maximum of neighboring windows, and is met again."""
    agree(
        lambda x: kernels.max_pool(kernels.max_pool(x, 2, "same"), 1, "same"),
        lambda x: plain_pool(plain_pool(x, 2, "same"), 1, "same"),
        normal(2, 14, 14, 3),
    )


@pytest.mark.parametrize("stride", [1, 2])
def test_equal_maxima_as_in_pytorch(stride):
    torch = pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
    x = many_equal(2, 9, 9, 3)
    output, back = jax.vjp(lambda x: kernels.max_pool(x, stride, "valid"), x)
    g = normal(*output.shape)
    theirs = torch.tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
    torch.nn.functional.max_pool2d(theirs, 3, stride).backward(torch.tensor(g.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(back(g)[0], theirs.grad.numpy().transpose(0, 2, 3, 1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("place", [0, 4, 8])
@pytest.mark.parametrize("training", [False, True])
def test_what_is_not_a_number_is_not_hidden(place, training):
    x = normal(1, 3, 3, 1)
    x.reshape(9)[place] = np.nan
    pool = lambda x: kernels.max_pool(x, 1, "valid")  # noqa: E731
    assert np.isnan(jax.vjp(pool, x)[0] if training else pool(x)).all()


@pytest.mark.parametrize("beta", [0.75, 0.5])
@pytest.mark.parametrize(("radius", "channels"), [(2, 8), (2, 3), (1, 7), (0, 4)])
def test_local_response_normalization(radius, channels, beta):
    """With a large `alpha`, so that the neighbors count."""
    numbers = radius, 2.0, 0.5, beta
    agree(
        lambda x: kernels.local_response_normalization(x, *numbers),
        lambda x: plain_lrn(x, *numbers),
        normal(2, 3, 4, channels),
    )


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("side", [7, 3])
@pytest.mark.parametrize("size", [(22, 22), (21, 24), (23, 21)])
def test_space_to_depth_conv(size, side, channels):
    agree(kernels.space_to_depth_conv, plain_conv, normal(2, *size, channels), normal(side, side, channels, 5))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_within_rounding_in_half_precision(dtype):
    half = {"dtype": dtype, "rtol": 2 * float(jax.numpy.finfo(dtype).eps), "atol": float(jax.numpy.finfo(dtype).eps)}
    for stride in (1, 2):
        agree(
            lambda x, stride=stride: kernels.max_pool(x, stride, "same"),
            lambda x, stride=stride: plain_pool(x, stride, "same"),
            normal(2, 8, 8, 3),
            **half,
        )
    numbers = 2, 2.0, 0.5, 0.75
    agree(
        lambda x: kernels.local_response_normalization(x, *numbers),
        lambda x: plain_lrn(x, *numbers),
        normal(2, 3, 4, 8),
        **half,
    )
    agree(kernels.space_to_depth_conv, plain_conv, normal(2, 15, 15, 3), normal(7, 7, 3, 5), **half)
