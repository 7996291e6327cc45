"""What JAX computes of the network in other ways than Keras has it, which a GPU does faster.

For maps with channels last whose sizes are known. Results and gradients are those of Keras's operations within
rounding; docs/results/gpu.md has how much each is worth. Behind an `optimization_barrier` XLA reads an array that it
has written out, where it would compute it anew for each of the shifted slices that a window is made of.

Gradients are JAX's `custom_vjp`: there is no forward mode (`jax.jvp`), which training does not need.
"""

import functools
import itertools

import jax
import jax.numpy as jnp
from jax import lax


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def max_pool(x, stride, padding):
    """A 3x3 max pool with a stride of 1 or 2 and Keras's `padding`: the maximum of nine shifted slices.

    XLA's `reduce_window` works in float32 whatever the type, and its gradient, `select-and-scatter`, is slow. Here
    a training step keeps each maximum's place in its window, a byte. To compare with the maximum instead would be
    wrong: a pool over a pooled map meets the same value twice, and both would get all of the gradient.

    Args:
        x: Floats of shape `(batch, height, width, channels)`.
        stride: 1 or 2, the same for rows and columns.
        padding: `"same"` or `"valid"`.

    Returns:
        The maxima. Of equal ones the first gets the gradient, as in TensorFlow and PyTorch.
    """
    return functools.reduce(jnp.maximum, _slices(x, stride, padding))


def _pool_forward(x, stride, padding):
    """The maxima; for the gradient their places, of equal values the first, and an empty array that tells the size."""
    best, *others = _slices(x, stride, padding)
    place = jnp.zeros(best.shape, jnp.uint8)
    for number, values in enumerate(others, 1):
        place = jnp.where(values > best, jnp.uint8(number), place)
        best = jnp.maximum(best, values)
    return best, (place, jnp.zeros((0, *x.shape[1:3])))


def _pool_backward(stride, padding, saved, g):
    """Each input gathers, from the windows that hold it, the gradients of those whose maximum it is.

    With a stride of 1 these are nine terms. With a stride of 2 even and odd rows are apart, and so are columns: windows
    have even rows at their first and last place and odd ones in the middle (the other way round where a row is padded
    before), which makes four kinds of inputs with 4, 2, 2 and 1 terms. They are woven together at the end.
    """
    place, (_, height, width) = saved[0], saved[1].shape

    def term(row, column):
        (i, top, bottom), (j, left, right) = row, column
        part = jnp.where(place == 3 * i + j, g, jnp.zeros_like(g)).astype(jnp.float32)
        return lax.pad(part, 0.0, [(0, 0, 0), (top, bottom, 0), (left, right, 0), (0, 0, 0)])

    def kind(rows, columns):
        return sum(term(row, column) for row in rows for column in columns).astype(g.dtype)

    horizontal = _kinds(width, stride, padding)
    kinds = [jnp.stack([kind(rows, columns) for columns in horizontal], 3) for rows in _kinds(height, stride, padding)]
    found = lax.collapse(lax.collapse(jnp.stack(kinds, 2), 3, 5), 1, 3)[:, :height, :width]
    return (lax.optimization_barrier(found) if stride > 1 else found,)


max_pool.defvjp(_pool_forward, _pool_backward)


def _slices(x, stride, padding):
    """What the windows have at each of their nine places, row by row."""
    (rows, top, bottom), (columns, left, right) = (_geometry(size, stride, padding) for size in x.shape[1:3])
    x = lax.pad(x, jnp.asarray(-jnp.inf, x.dtype), [(0, 0, 0), (top, bottom, 0), (left, right, 0), (0, 0, 0)])
    for i, j in itertools.product(range(3), repeat=2):
        ends = i + (rows - 1) * stride + 1, j + (columns - 1) * stride + 1
        yield lax.slice(x, (0, i, j, 0), (x.shape[0], *ends, x.shape[3]), (1, stride, stride, 1))


def _geometry(size, stride, padding):
    """How many windows a side has, and how many pixels are padded before and after it."""
    out = -(-size // stride) if padding == "same" else (size - 3) // stride + 1
    padded = max((out - 1) * stride + 3 - size, 0)
    return out, padded // 2, padded - padded // 2


def _kinds(size, stride, padding):
    """For each remainder of a row's number by the stride: its places in windows, and for each the windows' padding.

    Window `o` has row `o * stride + place - before` at `place`. So the rows of one remainder, taken alone, meet the
    windows one to one, some rows further on: the padding shifts the windows there.
    """
    (out, before, _), length = _geometry(size, stride, padding), -(-size // stride)
    found = [(place, *divmod(place - before, stride)) for place in range(3)]
    pads = [(rest, (place, shift, length - out - shift)) for place, shift, rest in found]
    return [[pad for rest, pad in pads if rest == remainder] for remainder in range(stride)]


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3, 4))
def local_response_normalization(x, radius, bias, alpha, beta):
    """`layers.LocalResponseNormalization`'s function, in float32; a training step keeps its input alone."""
    f = x.astype(jnp.float32)
    return (f * _power(bias + alpha * _window_sum(jnp.square(f), radius), beta)).astype(x.dtype)


def _lrn_backward(radius, bias, alpha, beta, x, g):
    """The derivative by hand; the terms of the window's sum are written once, in the input's type."""
    f, h = x.astype(jnp.float32), lax.optimization_barrier(g).astype(jnp.float32)
    base = bias + alpha * _window_sum(jnp.square(f), radius)
    power = _power(base, beta)
    terms = lax.optimization_barrier((h * f * power / base).astype(x.dtype))
    total = _window_sum(terms.astype(jnp.float32), radius)
    return ((h * power - 2 * alpha * beta * f * total).astype(x.dtype),)


local_response_normalization.defvjp(lambda x, *numbers: (local_response_normalization(x, *numbers), x), _lrn_backward)


def _window_sum(x, radius):
    padded = jnp.pad(x, ((0, 0), (0, 0), (0, 0), (radius, radius)))
    return sum(padded[..., shift : shift + x.shape[3]] for shift in range(2 * radius + 1))


def _power(base, beta):
    return lax.rsqrt(base * jnp.sqrt(base)) if beta == 0.75 else base**-beta


def space_to_depth_conv(x, kernel, channels=16):
    """A convolution of odd windows with a stride of 2, not padded, as one with a stride of 1 over blocks of 2x2 pixels.

    Matrix units like three channels badly; a block's 12 are filled up to `channels` with zeros. The 7x7 kernel becomes
    4x4 blocks by a last row and column of zeros; an image of odd sides gets one, too.
    """
    (n, height, width, c), (side, _, _, filters) = x.shape, kernel.shape
    x = jnp.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)))
    kernel = jnp.pad(kernel, ((0, 1), (0, 1), (0, 0), (0, 0)))
    height, width, side = (height + 1) // 2, (width + 1) // 2, (side + 1) // 2
    x = x.reshape(n, height, 2, width, 2, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, height, width, -1)
    kernel = kernel.reshape(side, 2, side, 2, c, -1).transpose(0, 2, 1, 3, 4, 5).reshape(side, side, -1, filters)
    more = (0, max(0, channels - 4 * c))
    x, kernel = jnp.pad(x, ((0, 0), (0, 0), (0, 0), more)), jnp.pad(kernel, ((0, 0), (0, 0), more, (0, 0)))
    return lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def has_matrix_units():
    """Whether JAX computes on something else than a CPU."""
    return jax.default_backend() != "cpu"


def written_once(x):
    """An array that XLA writes out, and does not compute anew wherever it is read."""
    return lax.optimization_barrier(x)
