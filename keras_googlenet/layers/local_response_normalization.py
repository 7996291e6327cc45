"""Local response normalization (Fig. 3, `LocalRespNorm`), which Keras does not have.

Krizhevsky et al. (2012), section 3.3, define it; GoogLeNet applies it after the first max pool and after the second
3x3 convolution.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_googlenet")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by a power of the sum of squares over its neighboring channels.

    `output[c] = input[c] / (bias + alpha * sum(input[c - r : c + r + 1] ** 2)) ** beta`, `r` being `depth_radius`;
    channels beyond the ends count as zero. The parameters are those of `tf.nn.local_response_normalization`.
    Caffe divides its `alpha` by the window's size: BVLC's `local_size: 5, alpha: 1e-4` is `depth_radius=2,
    alpha=2e-5` here.

    The arithmetic is float32 even under mixed precision, since squares overflow float16. On TensorFlow with channels
    last its own kernel does the work: it is faster than composed operations, forward and backward, and exports to
    LiteRT and ONNX as one operation. Elsewhere the same sum is composed of shifted additions, on JAX with channels last
    with a gradient by hand.

    Args:
        depth_radius: Channels to each side, an integer of at least 0.
        bias: Offset, positive, so that zeros stay finite.
        alpha: Factor of the sum of squares, not negative.
        beta: Exponent.
        data_format: `"channels_last"` or `"channels_first"`; None means `keras.config.image_data_format()`.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Rank-4 tensor of any height, width (both may be dynamic) and number of channels.

    Returns:
        A tensor of the input's shape, in the layer's compute dtype.

    Raises:
        ValueError: A parameter is out of range, or the input is not of rank 4 with a known number of channels.

    Example:
        >>> import numpy as np
        >>> from keras_googlenet import LocalResponseNormalization
        >>> layer = LocalResponseNormalization(depth_radius=1, bias=1.0, alpha=1.0, beta=1.0)
        >>> float(layer(np.full((1, 1, 1, 3), 2.0))[0, 0, 0, 0])  # 2 / (1 + 2 * 2 ** 2)
        0.2222222238779068

    Reference:
        [Going Deeper with Convolutions](https://arxiv.org/abs/1409.4842), Fig. 3; Caffe's
        `models/bvlc_googlenet/train_val.prototxt`, layers `pool1/norm1` and `conv2/norm2`.
    """

    def __init__(
        self,
        depth_radius: int = 5,
        bias: float = 1.0,
        alpha: float = 1.0,
        beta: float = 0.5,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not isinstance(depth_radius, int) or depth_radius < 0:
            raise ValueError(
                f"`depth_radius` must be an integer of at least 0. Received: depth_radius={depth_radius!r}"
            )
        if not bias > 0 or not alpha >= 0:
            raise ValueError(
                "`bias` must be positive and `alpha` not negative, so that the sum has a power. "
                f"Received: bias={bias}, alpha={alpha}"
            )
        data_format = data_format or keras.config.image_data_format()
        if data_format not in ("channels_last", "channels_first"):
            raise ValueError(
                f"`data_format` must be 'channels_last' or 'channels_first'. Received: data_format={data_format!r}"
            )
        self.depth_radius = depth_radius
        self.bias = float(bias)
        self.alpha = float(alpha)
        self.beta = float(beta)
        self.data_format = data_format
        self.supports_masking = True

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Checks the shape; there is nothing to create."""
        if len(input_shape) != 4 or input_shape[self._axis] is None:
            raise ValueError(
                "LocalResponseNormalization needs an input of rank 4 with a known number of channels "
                f"({self.data_format}). Received: input_shape={tuple(input_shape)}"
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Normalizes `inputs`."""
        numbers = (self.depth_radius, self.bias, self.alpha, self.beta)
        exact = self.compute_dtype == "float64"  # of which the kernels make float32
        kernel = keras.backend.backend() if self.data_format == "channels_last" and not exact else None
        x = ops.cast(inputs, self.compute_dtype if exact or kernel == "jax" else "float32")
        if kernel == "tensorflow":
            import tensorflow as tf

            outputs = tf.nn.local_response_normalization(x, *numbers)
        elif kernel == "jax":
            from keras_googlenet.layers import jax_kernels

            outputs = jax_kernels.local_response_normalization(x, *numbers)
        else:
            outputs = x * self._power(self.bias + self.alpha * self._sum_of_squares(x))
        return ops.cast(outputs, self.compute_dtype)

    @property
    def _axis(self):
        return -1 if self.data_format == "channels_last" else 1

    def _sum_of_squares(self, x):
        axis, radius = self._axis % 4, self.depth_radius
        padding = [(radius, radius) if i == axis else (0, 0) for i in range(4)]
        squares = ops.pad(ops.square(x), padding)
        others = (slice(None),) * axis  # the axes before the channels
        return sum((squares[(*others, slice(at, at + x.shape[axis]))] for at in range(2 * radius + 1)), 0.0)

    def _power(self, base):
        """`base ** -beta`; the network's own 0.75 takes two square roots, several times faster than a power."""
        if self.beta == 0.75:
            return ops.rsqrt(base * ops.sqrt(base))
        return ops.power(base, -self.beta)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Sequence[int | None]:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("depth_radius", "bias", "alpha", "beta", "data_format")
        return super().get_config() | {name: getattr(self, name) for name in own}
