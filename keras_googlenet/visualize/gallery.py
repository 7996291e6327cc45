"""All pictures of a trained model, made one at a time and written whole or not at all."""

import collections
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from PIL import Image

from keras_googlenet.errors import InputError
from keras_googlenet.utils.pictures import filter_grid
from keras_googlenet.utils.writing import written_whole
from keras_googlenet.visualize.activations import activation_sheet
from keras_googlenet.visualize.cam import default_layer, grad_cam, overlay
from keras_googlenet.visualize.diagram import plot_architecture
from keras_googlenet.visualize.dream import LAYER, dream
from keras_googlenet.visualize.example_sheet import example_sheet
from keras_googlenet.visualize.examples import dataset_examples
from keras_googlenet.visualize.maximize import maximize_class
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.sheet import sheet


class Gallery:
    """The pictures of a model in a folder. Its methods write them and yield their paths, each as soon as it is there.

    Args:
        model: A model that is a GoogLeNet or holds one.
        folder: Where the pictures go. It is made with the first.
        names: A `(key, name)` pair for each class; none, of a model without a classifier.
        classes: Indices of the classes to explain and to maximize; without any, an image's best is explained.
        layer: Name of the row to explain and to dream at; None means `cam.default_layer`, and 4c to dream.
        seed: Of what is random.
        verbose: As in Keras: 1 for progress bars.

    Raises:
        InputError: The model is no such one, or has no such layer.
    """

    def __init__(self, model, folder, names, *, classes=(), layer=None, seed=0, verbose=0):
        self.network, self.folder, self.names = Network(model), Path(folder), names
        self.classes, self.options = list(classes), {"seed": seed, "verbose": verbose}
        self.layer = None if layer is None else self.network.endpoint(layer)
        self._taken = collections.Counter()

    def check(self, kinds: Collection[str]) -> None:
        """Refuses pictures that the model cannot give, before any is made.

        Args:
            kinds: Names of this class's other methods.

        Raises:
            InputError: One of them needs a classifier or a table, and there is none.
        """
        if {"cam", "maximize"} & set(kinds):
            self.network.scores()
        for kind, what in (("diagram", "A diagram needs"), ("dream", "Dreams need")):
            if kind in kinds and self.network.table is None:
                raise InputError(f"{what} a model that was built from a table of this package. Received: another")

    def filters(self) -> Iterator[Path]:
        """The filters of the first layer."""
        layer = self.network.first_convolution
        kernel = ops.convert_to_numpy(layer.kernel)
        if kernel.shape[2] == 1:  # gray filters
            kernel = kernel.repeat(3, axis=2)
        if kernel.shape[2] != 3:
            raise InputError(f"Filters can be seen where images are RGB or gray. Received: {kernel.shape[2]} channels")
        title = f"{layer.name}: {kernel.shape[-1]} filters of {kernel.shape[0]}x{kernel.shape[1]} pixels"
        grid = filter_grid(kernel)
        note = "Gray is 0; each filter is scaled by its own largest weight."
        yield self._write("filters", sheet(title, [("", [(grid, "")])], side=len(grid), note=note))

    def diagram(self) -> Iterator[Path]:
        """The architecture, as SVG and PNG."""
        size, channels = self.network.images.side, self.network.first_convolution.kernel.shape[-2]
        sizes = {"size": size, "channels": channels, "classes": len(self.names) or 1000}
        for path in (self._path("architecture", suffix) for suffix in ("svg", "png")):
            with written_whole(path) as partial:
                plot_architecture(self.network.table, partial, **sizes)
            yield path

    def maximize(self) -> Iterator[Path]:
        """An image with a high score, for each class."""
        for index in self.classes:
            image, score = maximize_class(self.network.model, index, **self.options)
            answer = self._said(self.network.predictions(image)[index])
            note = f"score {score:.1f} before any softmax; the model says {answer}"
            picture = sheet(self._called(index), [("", [(image, "")])], side=448, note=note)
            yield self._write(f"maximize-{self._called(index)}", picture)

    def examples(self, images: Sequence[str], channels: Sequence[str], **options: Any) -> Iterator[Path]:
        """The images that excite each channel most and least; arguments as in `dataset_examples`."""
        for found in dataset_examples(self.network, images, channels, **options):
            if found.most:
                yield self._write(f"examples-{found.layer}-{found.channel}", example_sheet(self.network, found))

    def activations(self, image: np.ndarray, name: str) -> Iterator[Path]:
        """The most active maps of each module, for an image of the model's input size."""
        yield self._write(f"{name}-activations", activation_sheet(self.network.model, image, name))

    def cam(self, image: np.ndarray, name: str) -> Iterator[Path]:
        """Where an image of the model's input size shows each class."""
        answer = self.network.predictions(image)
        layer, pictures = self.layer or default_layer(self.network), [(image, "what the network sees")]
        for index in self.classes or [int(answer.argmax())]:
            [heat] = grad_cam(self.network.model, image[None], [index], layer)
            pictures.append((overlay(image, heat), f"{self._called(index)}\n{self._said(answer[index])}"))
        yield self._write(f"{name}-cam", sheet(f"{name}: Grad-CAM at {layer}", [("", pictures)], side=224))

    def dream(self, image: np.ndarray, name: str) -> Iterator[Path]:
        """A dream of an image of any size."""
        layer = self.layer or LAYER
        yield self._write(f"{name}-dream-{layer}", dream(self.network.model, image, layer, **self.options))

    def _write(self, name, picture):
        path = self._path(name, "png")
        with written_whole(path) as partial:
            Image.fromarray(picture).save(partial, format="PNG", optimize=True)
        return path

    def _path(self, name, suffix):
        """A path that was not written before: several images may have one name."""
        name = re.sub(r"[^\w.-]+", "_", name)
        self._taken[name, suffix] += 1
        number = self._taken[name, suffix]
        return self.folder / (f"{name}.{suffix}" if number == 1 else f"{name}-{number}.{suffix}")

    def _called(self, index):
        return self.names[index][1].replace("_", " ")

    def _said(self, answer):
        return f"score {answer:.3f} by itself" if self.network.classifier.independent else f"{answer:.1%}"
