"""The kinds of sampling that a recipe can name: what training sees of an image.

Another one is a `SeededSampler` in a file of its own, and a line here: training, its rules and the
command line take the names from this table.
"""

from keras_googlenet.data.augmentation import Sampler
from keras_googlenet.data.mirror import MirrorSampler
from keras_googlenet.data.pad_and_crop import PadAndCropSampler
from keras_googlenet.data.seeded_sampler import SeededSampler

SAMPLERS: dict[str, type[SeededSampler] | None] = {
    "paper": Sampler,
    "center": None,  # the one view that the network is evaluated on
    "mirror": MirrorSampler,  # that view, and in every other epoch its mirror image
    "pad_and_crop": PadAndCropSampler,
}


def sampler_for(name: str, seed: int) -> SeededSampler | None:
    """A sampler by the name that recipes have for it.

    Args:
        name: one of `SAMPLERS`.
        seed: the run's.

    Returns:
        What `training_stream` takes as `sampler`.

    Example:
        >>> sampler_for("pad_and_crop", seed=7)
        PadAndCropSampler(seed=7)
    """
    kind = SAMPLERS[name]
    return None if kind is None else kind(seed)


def name_of(sampler: object) -> str | None:
    """The name that recipes have for a kind of sampling.

    Args:
        sampler: what `training_stream` takes as `sampler`.

    Returns:
        A name of `SAMPLERS`; `None` for a sampler of somebody else's.
    """
    return next((name for name, kind in SAMPLERS.items() if type(sampler) is (kind or type(None))), None)
