"""The classifiers' layer of version 0.1.0, so that models saved then can be loaded."""

import keras


@keras.saving.register_keras_serializable(package="keras_googlenet")
class BlockDense(keras.layers.Dense):
    """A `keras.layers.Dense` by the name that saved models of version 0.1.0 have for their classifiers.

    Networks are built with `keras.layers.Dense`.

    Args:
        units: Number of outputs.
        **kwargs: Arguments of `keras.layers.Dense`.

    Example:
        >>> import numpy as np
        >>> layer = BlockDense(1, kernel_initializer="ones")
        >>> float(layer(np.ones((1, 300)))[0, 0])
        300.0
    """

    def quantize(self, mode=None, type_check=True, config=None):
        """Quantizes the weights as `keras.layers.Dense` does, which refuses other classes."""
        super().quantize(mode, type_check=False, config=config)
