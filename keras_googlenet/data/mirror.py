"""The two views of an image that show the same: the central square and its mirror image."""

from PIL import Image, ImageOps

from keras_googlenet.data.center_crop import central_part
from keras_googlenet.data.seeded_sampler import SeededSampler


class MirrorSampler(SeededSampler):
    """The evaluation view, in every other epoch its mirror image. Nothing is drawn.

    Example:
        >>> import numpy as np
        >>> sampler = MirrorSampler(seed=7)
        >>> image = np.zeros((48, 48, 3), "uint8")
        >>> bool((sampler(image, 32, epoch=1, index=0) == sampler(image, 32, epoch=0, index=0)[:, ::-1]).all())
        True
    """

    def view(
        self, image: Image.Image, size: int, epoch: int, index: int, extent: tuple[float, float] | None = None
    ) -> Image.Image:
        """See `SeededSampler.view`."""
        view = central_part(image, size)
        return ImageOps.mirror(view) if epoch % 2 else view
