"""The two views of an image that show the same: the central square and its mirror image."""

import numpy as np

from keras_googlenet.data.augmentation import SeededSampler
from keras_googlenet.data.center_crop import center_crop


class MirrorSampler(SeededSampler):
    """The evaluation view, in every other epoch its mirror image. Nothing is drawn.

    Example:
        >>> sampler = MirrorSampler(seed=7)
        >>> image = np.zeros((48, 48, 3), "uint8")
        >>> bool((sampler(image, 32, epoch=1, index=0) == sampler(image, 32, epoch=0, index=0)[:, ::-1]).all())
        True
    """

    def __call__(self, image: np.ndarray, size: int, epoch: int, index: int) -> np.ndarray:
        """See `SeededSampler.__call__`."""
        view = center_crop(image, size)
        return view[:, ::-1].copy() if epoch % 2 else view
