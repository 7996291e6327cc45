"""The shapes of a network's variables, derived from a table before anything is built."""

from keras_googlenet.architecture.costs import chains, costs
from keras_googlenet.architecture.rows import Conv, Linear
from keras_googlenet.architecture.table import DEFAULT_SIZE, Architecture


def shapes(
    architecture: Architecture, *, channels: int = 3, classes: int = 1000, aux_heads: bool = False
) -> dict[str, tuple[int, ...]]:
    """What variables the layers of a network for images of 224 pixels have.

    Args:
        architecture: An `Architecture`.
        channels: Of the images.
        classes: Width of the classifiers.
        aux_heads: Whether the network has the auxiliary heads.

    Returns:
        Shapes by `"<layer>/<variable>"`, in the order of each layer's weights.

    Example:
        >>> from keras_googlenet.architecture import PAPER
        >>> shapes(PAPER, classes=5)["predictions/kernel"]
        (1024, 5)
    """
    found: dict[str, tuple[int, ...]] = {}
    shape: tuple[int, ...] = (DEFAULT_SIZE, DEFAULT_SIZE, channels)
    rows = zip(architecture.rows, costs(architecture, shape, classes), strict=True)
    for row, cost in rows:
        if isinstance(row, Linear):
            _add(found, row.name, (shape[-1], classes))
        for steps in chains(row):
            _add_convolutions(found, architecture, steps, shape[-1])
        shape = cost.output
        for head in architecture.auxiliary if aux_heads else ():
            if head.after == row.name:
                _add_convolutions(found, architecture, [head.conv], shape[-1])
                pixels = head.pooled(shape[0]) * head.pooled(shape[1])
                _add(found, f"{head.name}_fc", (head.filters * pixels, head.units))
                _add(found, head.name, (head.units, classes))
    return found


def _add(found, layer, kernel):
    found[f"{layer}/kernel"], found[f"{layer}/bias"] = kernel, kernel[-1:]


def _add_convolutions(found, architecture, steps, channels):
    norm = architecture.batch_norm
    for step in steps:
        if isinstance(step, Conv):
            _add(found, step.name, (step.kernel, step.kernel, channels, step.filters))
            if norm is not None:
                shape = found.pop(f"{step.name}/bias")
                scales = ("gamma",) if norm.scale else ()
                variables = (*scales, "beta", "moving_mean", "moving_variance")
                found |= {f"{step.name}_bn/{variable}": shape for variable in variables}
            channels = step.filters
