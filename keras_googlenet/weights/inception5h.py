"""Google's own GoogLeNet: the frozen graph in `inception5h.zip`, for the variant `inception5h`.

Its node `output` is an auxiliary classifier's, `output2` (`softmax2`) the network's: what the graph computes tells, not
its names. Source: https://storage.googleapis.com/download.tensorflow.org/models/inception5h.zip
"""

from functools import partial
from pathlib import Path

from keras_googlenet.architecture.variants import INCEPTION5H
from keras_googlenet.utils import archives
from keras_googlenet.weights.graph_matching import weights_of
from keras_googlenet.weights.graphdef import Graph
from keras_googlenet.weights.reader import Named, check_size

KIND = "a frozen TensorFlow graph (GraphDef) of Google's GoogLeNet"

KIND_OF_ARCHIVE = "a .zip archive with a frozen TensorFlow graph (x.pb) of Google's GoogLeNet in it"


def read(path: Path) -> Named:
    """Reads the weights of a frozen graph, with or without auxiliary classifiers.

    Args:
        path: The `.pb` file.

    Returns:
        `"<keras layer>/<variable>"` and an array: HWIO or (in, out). Constants of floats that are no part of the
        network keep their names, so that a strict assignment reports them.

    Raises:
        WeightsError: If the file is too large.
        ValueError: It is damaged, or the graph of another network.
    """
    return weights_of(Graph(path), INCEPTION5H)


def read_archive(path: Path) -> Named:
    """Reads the graph in a `.zip`, as Google's is published.

    Args:
        path: The archive. Nothing of it is written anywhere.

    Returns:
        As `read`.

    Raises:
        Exception: Of many kinds, if the archive is damaged or has not one `.pb` file.
    """
    with archives.opened(path, partial(check_size, path)) as archive:
        members = [member for member in archive.infolist() if member.filename.lower().endswith(".pb")]
        if len(members) != 1:
            raise ValueError(f"it holds {len(members)} files .pb")
        return weights_of(Graph(path, archives.content(archive, members[0])), INCEPTION5H)
