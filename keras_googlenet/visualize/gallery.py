"""All pictures of a trained model, made one at a time and written whole or not at all."""

import collections
import io
import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from PIL import Image

from keras_googlenet.errors import InputError
from keras_googlenet.utils.pictures import filter_grid
from keras_googlenet.utils.writing import written_whole
from keras_googlenet.visualize import objectives
from keras_googlenet.visualize.activations import activation_sheet
from keras_googlenet.visualize.attribution import METHODS
from keras_googlenet.visualize.attribution.cam import default_layer, grad_cam, overlay, signed_overlay
from keras_googlenet.visualize.channels import parse_channel
from keras_googlenet.visualize.dataset.example_sheet import example_sheet
from keras_googlenet.visualize.dataset.examples import dataset_examples
from keras_googlenet.visualize.diagram import plot_architecture
from keras_googlenet.visualize.mosaics.atlas import activation_atlas
from keras_googlenet.visualize.mosaics.channel_page import layer_page
from keras_googlenet.visualize.mosaics.factors import factor_sheet
from keras_googlenet.visualize.mosaics.grid import activation_grid
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.page import write_page, write_picture
from keras_googlenet.visualize.rendering.ascent import render
from keras_googlenet.visualize.rendering.dream import LAYER, dream
from keras_googlenet.visualize.rendering.maximize import maximize_class
from keras_googlenet.visualize.sheet import sheet

CHANNEL_STEPS = 128
"""A picture in a third of a minute on two cores."""


class Gallery:
    """The pictures of a model in a folder. Its methods write them and yield their paths, each as soon as it is there.

    Args:
        model: A model that is a GoogLeNet or holds one.
        folder: Where the pictures go. It is made with the first.
        names: A `(key, name)` pair for each class; none, of a model without a classifier.
        called: What the model is called on the page; None means its own name.
        classes: Indices of the classes to explain and to maximize; without any, an image's best is explained.
        channels: Channels, such as `mixed4a:97`.
        layer: Name of the row to explain and to dream at; None means `cam.default_layer`, and 4c to dream.
        seed: Of what is random.
        verbose: As in Keras: 1 for progress bars.

    Raises:
        InputError: The model is no such one, or has no such layer or channel.
    """

    def __init__(self, model, folder, names, *, called=None, classes=(), channels=(), layer=None, seed=0, verbose=0):
        self.network, self.folder, self.names = Network(model), Path(folder), names
        self.classes, self.options = list(classes), {"seed": seed, "verbose": verbose}
        self.layer = None if layer is None else self.network.endpoint(layer)
        self.channels = [parse_channel(self.network, text) for text in channels]
        self._model, self._taken = called or model.name, collections.Counter()

    def check(self, kinds: Collection[str]) -> None:
        """Refuses pictures that the model cannot give, before any is made.

        Args:
            kinds: Names of this class's other methods.

        Raises:
            InputError: One of them needs a classifier or a table, and there is none.
        """
        if {"cam", "attribution", "maximize"} & set(kinds):
            self.network.scores()
        needs = {"diagram": "A diagram needs", "dream": "Dreams need"}
        needs |= {"grid": "Grids need", "atlas": "Atlases need", "channels": "Small pictures of channels need"}
        for kind, what in needs.items():
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
        sheet_of_all = sheet(title, [("", [(grid, "")])], side=len(grid), note=note)
        yield self._write("filters", sheet_of_all, "filters", layer.name)

    def diagram(self) -> Iterator[Path]:
        """The architecture, as SVG and PNG."""
        size, channels = self.network.images.side, self.network.first_convolution.kernel.shape[-2]
        sizes = {"size": size, "channels": channels, "classes": len(self.names) or 1000}
        path = self._path("architecture", "svg")
        with written_whole(path) as partial:
            plot_architecture(self.network.table, partial, **sizes)
        yield path
        drawn = io.BytesIO()
        plot_architecture(self.network.table, drawn, **sizes, format="png")
        yield self._write("architecture", np.asarray(Image.open(drawn)), "diagram", self.network.table.name)

    def channel(self) -> Iterator[Path]:
        """An image that excites it, for each channel."""
        for layer, index in self.channels:
            objective = objectives.channel(layer, index)
            [image], [value] = render(self.network, objective, steps=CHANNEL_STEPS, **self.options)
            title = f"{layer}:{index}, mean {value:.4g}"
            yield self._write(f"channel-{layer}-{index}", image, "channel", title)

    def maximize(self) -> Iterator[Path]:
        """An image with a high score, for each class."""
        for index in self.classes:
            image, score = maximize_class(self.network.model, index, **self.options)
            answer = self._said(self.network.predictions(image)[index])
            note = f"score {score:.1f} before any softmax; the model says {answer}"
            picture = sheet(self._called(index), [("", [(image, "")])], side=448, note=note)
            yield self._write(f"maximize-{self._called(index)}", picture, "maximize", self._called(index))

    def examples(self, images: Sequence[str], **options: Any) -> Iterator[Path]:
        """The images that excite each channel most and least; options as in `dataset_examples`."""
        for found in dataset_examples(self.network, images, [f"{layer}:{i}" for layer, i in self.channels], **options):
            if found.most:
                picture, name = example_sheet(self.network, found), f"{found.layer}:{found.channel}"
                yield self._write(f"examples-{found.layer}-{found.channel}", picture, "examples", name)

    def channels_of_a_layer(self) -> Iterator[Path]:
        """All channels of the layer, each as a small picture."""
        kept = self.folder / ".channels"
        page = layer_page(self.network, self.layer, keep=kept, **self.options)
        yield self._write(f"channels-{self.layer}", page, "channels", self.layer)
        shutil.rmtree(kept, ignore_errors=True)  # what an interrupted command would have gone on from

    def atlas(self, images: Sequence[str], **options: Any) -> Iterator[Path]:
        """What a layer sees in many images; options as in `activation_atlas`."""
        layer = self.layer or LAYER
        picture = activation_atlas(self.network, images, layer, **self.options, **options)
        yield self._write(f"atlas-{layer}", picture, "atlas", layer)

    def activations(self, image: np.ndarray, name: str) -> Iterator[Path]:
        """The most active maps of each module, for an image of the model's input size."""
        yield self._write(f"{name}-activations", activation_sheet(self.network.model, image, name), "activations", name)

    def cam(self, image: np.ndarray, name: str) -> Iterator[Path]:
        """Where an image of the model's input size shows each class."""
        answer = self.network.predictions(image)
        layer, pictures = self.layer or default_layer(self.network), [(image, "what the network sees")]
        for index in self.classes or [int(answer.argmax())]:
            [heat] = grad_cam(self.network.model, image[None], [index], layer)
            pictures.append((overlay(image, heat), f"{self._called(index)}\n{self._said(answer[index])}"))
        picture = sheet(f"{name}: Grad-CAM at {layer}", [("", pictures)], side=224)
        yield self._write(f"{name}-cam", picture, "cam", f"{name}, at {layer}")

    def attribution(self, image: np.ndarray, name: str) -> Iterator[Path]:
        """What in an image of the model's input size each class rests on, by every method."""
        answer, rows = self.network.predictions(image), []
        for index in self.classes or [int(answer.argmax())]:
            pictures = [(image, f"{self._called(index)}\n{self._said(answer[index])}")]
            for method, explain in METHODS.items():
                [heat] = explain(self.network, image[None], [index])
                drawn = signed_overlay(image, heat) if heat.min() < 0 else overlay(image, heat - heat.min())
                pictures.append((drawn, method))
            rows += [("", pictures[start : start + 5]) for start in range(0, len(pictures), 5)]
        note = "Where heat has a sign, red speaks for the class and blue against it."
        yield self._write(f"{name}-attribution", sheet(name, rows, side=168, note=note), "attribution", name)

    def grid(self, image: np.ndarray, name: str) -> Iterator[Path]:
        """What each place of a layer sees in an image of the model's input size, and its factors."""
        layer = self.layer or LAYER
        picture = activation_grid(self.network, image, layer, **self.options)
        yield self._write(f"{name}-grid-{layer}", picture, "grid", f"{name}, {layer}")
        factors = factor_sheet(self.network, image, layer, title=f"{name}: {layer}", **self.options)
        yield self._write(f"{name}-factors-{layer}", factors, "grid", f"{name}, factors of {layer}")

    def dream(self, image: np.ndarray, name: str) -> Iterator[Path]:
        """A dream of an image of any size."""
        layer = self.layer or LAYER
        picture = dream(self.network.model, image, layer, **self.options)
        yield self._write(f"{name}-dream-{layer}", picture, "dream", f"{name}, {layer}")

    @property
    def drawn(self) -> bool:
        """Whether there is a picture yet."""
        return bool(self._taken)

    def page(self) -> Path:
        """The page of all pictures in the folder."""
        return write_page(self.folder)

    def _write(self, name, picture, kind, title):
        path = self._path(name, "png")
        write_picture(path, picture, kind=kind, title=title, model=self._model)
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
