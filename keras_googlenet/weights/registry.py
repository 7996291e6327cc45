"""Pretrained weights: where they come from, and what they are, as data."""

from dataclasses import dataclass
from typing import Any

from keras_googlenet.utils.ilsvrc2012 import WIDTH


@dataclass(frozen=True)
class Download:
    """A file on the network that weights can be made from.

    Attributes:
        url: Where it is, or None for a file that only a user can have put into the cache, or onto a mirror.
        filename: What it is called in Keras's cache.
        size: Its length in bytes, or None if its publisher does not say.
        sha256: Its SHA-256 digest, 64 hexadecimal digits, or as many of the first as its publisher gives.
    """

    url: str | None
    filename: str
    size: int | None
    sha256: str


@dataclass(frozen=True)
class Weights:
    """Pretrained weights that have a name.

    Attributes:
        name: Their name, as in `GoogLeNet(weights=name)`.
        variant: The variant of the network that they are for.
        sources: Files that they can be made from, in order of preference.
        license: Terms of use, in their publisher's words.
        top1: ImageNet validation accuracy of the center crop, in percent; None where their publisher gives none.
        top5: The same for the five best guesses.
        origin: Who trained them, on what, and who measured the accuracies.
        classes: How many outputs their classifier can have, the usual number first.
    """

    name: str
    variant: str
    sources: tuple[Download, ...]
    license: str
    top1: float | None
    top5: float | None
    origin: str
    classes: tuple[int, ...] = (1000,)


def _mirrored(filename: str, size: int | None, sha256: str, *folders: str) -> tuple[Download, ...]:
    """One file in several places, to be tried in their order."""
    return tuple(Download(f"{folder}/{filename}", filename, size, sha256) for folder in folders)


_ZOO = "validated/vision/classification/inception_and_googlenet/googlenet/model"

BVLC = Weights(
    name="imagenet",
    variant="paper",
    sources=(
        # The only file with the auxiliary heads.
        *_mirrored(
            "bvlc_googlenet.caffemodel",
            53_533_754,
            "6f7101e3a2183738a7125a0c5021ba82a1feb4228c5ca0924d991b6daf6f6fad",
            "http://dl.caffe.berkeleyvision.org",
            "https://www.deepdetect.com/downloads/platform/pretrained/caffe/googlenet",
        ),
        *_mirrored(
            "googlenet-12.onnx",
            28_021_836,
            "c99c507058eaf41de8723408fdda7db8325cb57f0a89f2ee07a716d6e963e14e",
            f"https://github.com/onnx/models/raw/main/{_ZOO}",
            f"https://media.githubusercontent.com/media/onnx/models/4f43949841cb55a0b98dc8fcd045431ccafd9f96/{_ZOO}",
            f"https://huggingface.co/onnxmodelzoo/legacy_models/resolve/main/{_ZOO}",
        ),
        *_mirrored(
            "googlenet-9.onnx",
            28_020_232,
            "bd979d99d10d9acf84c5a67252bcae4992bf4e1afdab046cb0ea370e6f01ee38",
            f"https://github.com/onnx/models/raw/main/{_ZOO}",
        ),
    ),
    license="unrestricted use",
    top1=68.7,
    top5=88.9,
    origin="BVLC GoogLeNet, trained by Sergio Guadarrama with Caffe on ILSVRC 2012 after "
    "Szegedy et al. 2014 (arXiv 1409.4842); accuracies from its model card",
)

TORCHVISION = Weights(
    name="imagenet_torchvision",
    variant="torchvision",
    # PyTorch's rule: the file's name carries the first digits of its hash.
    sources=_mirrored("googlenet-1378be20.pth", None, "1378be20", "https://download.pytorch.org/models"),
    license="BSD-3-Clause, torchvision's; trained on ImageNet, whose terms are for non-commercial research",
    top1=69.778,
    top5=89.530,
    origin="torchvision's GoogLeNet_Weights.IMAGENET1K_V1, ported from TensorFlow by its authors; the auxiliary heads "
    "are not trained; accuracies from its documentation",
)

SLIM = Weights(
    name="imagenet_slim",
    variant="slim",
    sources=_mirrored(
        "inception_v1_2016_08_28.tar.gz",
        24_642_554,
        "7a620c430fcaba8f8f716241f5148c4c47c035cce4e49ef02cfbe6cd1adf96a6",
        "http://download.tensorflow.org/models",
        "https://storage.googleapis.com/download.tensorflow.org/models",
    ),
    license="Apache-2.0, TF-slim's; trained on ImageNet, whose terms are for non-commercial research",
    top1=69.8,
    top5=89.6,
    origin="TF-slim's inception_v1 of 2016-08-28, without its class for none of the others; accuracies from its page",
)

INCEPTION5H = Weights(
    name="inception5h",
    variant="inception5h",
    sources=(
        *_mirrored(
            "inception5h.zip",
            49_937_555,
            "d13569f6a98159de37e92e9c8ec4dae8f674fbf475f69fe6199b514f756d4364",
            "https://storage.googleapis.com/download.tensorflow.org/models",
            "http://download.tensorflow.org/models",
        ),
        # What is in it, for who has unpacked it.
        Download(
            None,
            "tensorflow_inception_graph.pb",
            53_884_595,
            "a39b08b826c9d5a5532ff424c03a3a11a202967544e389aca4b06c2bd8aef63f",
        ),
    ),
    license="Apache-2.0, the TensorFlow Authors'; trained on ImageNet, whose terms are for non-commercial research",
    top1=None,
    top5=None,
    origin="Google's own GoogLeNet of 2015, inception5h, with its auxiliary heads; its publisher gives no accuracies",
    classes=(WIDTH, 1000),
)

REGISTRY = {weights.name: weights for weights in (BVLC, TORCHVISION, SLIM, INCEPTION5H)}
"""All named weights."""


def find(weights: Any) -> Weights | None:
    """The entry of named weights, or None for anything that is no name of any.

    Args:
        weights: What somebody gave: a name, a path, None.

    Example:
        >>> find("imagenet").classes, find("googlenet.npz")
        ((1000,), None)
    """
    return REGISTRY.get(weights) if isinstance(weights, str) else None
