"""Whether a file has the weights of a network, asked before the network is built."""

from pathlib import Path

from keras_googlenet.architecture.shapes import shapes
from keras_googlenet.architecture.variants import resolve
from keras_googlenet.model.pretrained import made_for
from keras_googlenet.weights import WeightsError, keras_files
from keras_googlenet.weights.assignment import check
from keras_googlenet.weights.reader import Arrays


def classes_of(spec: str | Path, arrays: Arrays, channels: int, aux_heads: bool) -> int:
    """How many classes the network of a file has.

    A network is as large as its classifier's bias says: a file of a few bytes could ask for one that fills the memory.

    Args:
        spec: The file, for the messages and for its variant.
        arrays: What it holds.
        channels: Of the images.
        aux_heads: Whether the network has the auxiliary heads.

    Returns:
        The number of classes, of a network all of whose arrays the file has.

    Raises:
        WeightsError: The file has no classifier, or arrays that are missing, misshapen or no finite numbers.
    """
    table = resolve(made_for(spec))
    kernel, bias = (keras_files.variable(arrays, table.classifier, name) for name in ("kernel", "bias"))
    if kernel is None or bias is None:
        raise WeightsError(
            f"A model of one's own needs a classifier, layer `{table.classifier}`, of a kernel and a bias. Received: "
            f"{spec}, which has none"
        )
    if kernel.ndim != 2 or bias.ndim != 1 or not bias.size or kernel.shape[1] != bias.size:
        raise WeightsError(
            f"The classifier of {spec}, layer `{table.classifier}`, does not fit together. Expected a kernel of shape "
            "(inputs, classes) and a bias of shape (classes,); save the file again. "
            f"Received: {kernel.shape} and {bias.shape}"
        )
    wanted = shapes(table, channels=channels, classes=bias.size, aux_heads=aux_heads)
    named = keras_files.by_variable(arrays, wanted)
    check({name: named[name] for name in wanted if name in named}, wanted, str(spec))
    return bias.size
