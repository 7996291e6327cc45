"""A frozen graph of Google's network with few filters, and the same network here: small enough for many tries."""

import dataclasses
import functools
import zipfile

from support.inception5h_twin import Network

from keras_googlenet import GoogLeNet
from keras_googlenet.architecture import VARIANTS, edit

BY = 32
"""By what the widths are divided."""

CLASSES = 10

COLUMNS = ("filters", "reduce", "conv1x1", "reduce3x3", "conv3x3", "reduce5x5", "conv5x5", "pool_proj")


def _thin(row, columns=COLUMNS):
    widths = {name: getattr(row, name, None) for name in columns}
    return dataclasses.replace(row, **{name: max(1, width // BY) for name, width in widths.items() if width})


THIN = edit(
    VARIANTS["inception5h"],
    _thin,
    name="thin",
    auxiliary=[_thin(head, ("filters", "units")) for head in VARIANTS["inception5h"].auxiliary],
)


@functools.cache
def model(classes=CLASSES, aux_heads=True):
    return GoogLeNet(weights=None, variant=THIN, classes=classes, aux_heads=aux_heads)


def thin(**options):
    return Network(**{"thin": BY, "outputs": CLASSES, **options})


def write(path, **options):
    """Writes a `.pb`, or a `.zip` with one in it and the files that Google's has beside it."""
    graph = thin(**options).graph.SerializeToString()
    if path.suffix == ".pb":
        path.write_bytes(graph)
        return path
    return zipped(path, ("tensorflow_inception_graph.pb", graph), ("labels.txt", b"dummy\nkit fox"), ("LICENSE", b"x"))


def zipped(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path
