"""What a convolution or a dense layer computes before its activation, which Keras has in one layer with it."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_googlenet")
class BeforeActivation(keras.layers.Layer):
    """Computes what another layer does, with its weights, but for the activation.

    Args:
        layer: A `Conv2D` or `Dense`.
        **kwargs: As in `keras.layers.Layer`.

    Example:
        >>> import numpy as np
        >>> dense = keras.layers.Dense(1, "relu", kernel_initializer="ones")
        >>> x = np.array([[-2.0]])
        >>> float(dense(x)[0, 0]), float(BeforeActivation(dense)(x)[0, 0])
        (0.0, -2.0)
    """

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**{"dtype": layer.dtype_policy} | kwargs)
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        """Builds the layer, if it is not yet."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def call(self, inputs: Any) -> Any:
        """The linear part."""
        layer = self.layer
        if not isinstance(layer, keras.layers.Conv2D):
            outputs = ops.matmul(inputs, layer.kernel)
            return outputs if layer.bias is None else ops.add(outputs, layer.bias)
        outputs = layer.convolution_op(inputs, layer.kernel)
        shape = (-1, 1, 1) if layer.data_format == "channels_first" else (-1,)
        return outputs if layer.bias is None else ops.add(outputs, ops.reshape(layer.bias, shape))

    def get_config(self) -> dict[str, Any]:
        """Arguments, the other layer's configuration among them."""
        return super().get_config() | {"layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "BeforeActivation":
        """A new layer, with one of its own inside."""
        return cls(**config | {"layer": keras.saving.deserialize_keras_object(config["layer"])})
