"""Keras's layers where JAX computes them faster in another way: see `jax_kernels`.

They are Keras's in all else: their configuration, their weights, and what every other backend makes of them. So are
their names, since Keras calls the groups of a weights file by the classes of its layers.
"""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="keras_googlenet")
class Conv2D(keras.layers.Conv2D):
    """A `keras.layers.Conv2D`, which JAX computes over blocks of 2x2 pixels where matrix units do the work.

    That takes an image of at most four channels, an odd window and a stride of 2, such as the first convolution of
    7x7 pixels. On a CPU, which has use for few channels as well, blocks are slower and left alone.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolves."""
        if _on_jax(self, inputs) and self._fits(inputs.shape):
            from keras_googlenet.layers import jax_kernels

            if jax_kernels.has_matrix_units():
                return jax_kernels.space_to_depth_conv(inputs, keras.ops.convert_to_tensor(kernel, inputs.dtype))
        return super().convolution_op(inputs, kernel)

    def _fits(self, shape):
        (side, width), plain = self.kernel_size, self.groups == 1 and self.dilation_rate == (1, 1)
        odd = side == width and side % 2 == 1
        return odd and plain and self.strides == (2, 2) and self.padding == "valid" and shape[-1] <= 4


@keras.saving.register_keras_serializable(package="keras_googlenet")
class MaxPooling2D(keras.layers.MaxPooling2D):
    """A `keras.layers.MaxPooling2D`, whose 3x3 windows JAX computes as shifted slices, with a gradient of its own."""

    def call(self, inputs: Any) -> Any:
        """Pools."""
        if _on_jax(self, inputs) and self.pool_size == (3, 3) and self.strides in ((1, 1), (2, 2)):
            from keras_googlenet.layers import jax_kernels

            return jax_kernels.max_pool(inputs, self.strides[0], self.padding)
        return super().call(inputs)


@keras.saving.register_keras_serializable(package="keras_googlenet")
class Concatenate(keras.layers.Concatenate):
    """A `keras.layers.Concatenate`, which JAX computes once, and not anew for each slice of a pool that follows."""

    def call(self, inputs: Any) -> Any:
        """Concatenates."""
        outputs = super().call(inputs)
        if keras.backend.backend() != "jax":
            return outputs
        from keras_googlenet.layers import jax_kernels

        return jax_kernels.written_once(outputs)


def _on_jax(layer, x):
    """Whether `jax_kernels` takes a layer's input: floats, channels last, of a known height and width."""
    if keras.backend.backend() != "jax" or layer.data_format != "channels_last":
        return False
    floats = keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype))
    return floats and all(isinstance(side, int) for side in x.shape[1:])
