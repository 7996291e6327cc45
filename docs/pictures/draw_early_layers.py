"""Draws `early-<layer>.jpg`, channels of BVLC's network from conv2 to 4d, for the guide `early_layers.md`.

    python docs/pictures/draw_early_layers.py WEIGHTS [LAYER ...]

WEIGHTS is what `GoogLeNet(weights=...)` takes, such as `imagenet`. On two cores it takes some minutes.
"""

import sys
from pathlib import Path

from PIL import Image

from keras_googlenet import GoogLeNet
from keras_googlenet.visualize import layer_page

PAGES = {
    "conv2": (range(32), {"columns": 8, "side": 48, "steps": 40}),
    "inception_3a": (range(32), {"columns": 8, "side": 80}),
    "inception_3b": (range(128, 140), {"columns": 6, "side": 96}),
    "inception_4a": ((22, 47, 75, 83, 102, 105, 159, 173, 251, 374, 441, 496), {"columns": 6, "side": 112}),
    "inception_4b": ((15, 23, 64, 68, 73, 103, 125, 152, 162, 198, 461, 496), {"columns": 6, "side": 112}),
    "inception_4d": ((8, 10, 18, 19, 37, 40, 59, 74, 101, 126, 247, 382), {"columns": 6, "side": 128}),
}
"""Of each layer: channels, and options of `layer_page`."""


def main(weights, *layers):
    """Draws the pages of all or some layers."""
    model = GoogLeNet(weights=weights)
    for layer in layers or PAGES:
        channels, options = PAGES[layer]
        page = layer_page(model, layer, channels, batch_size=16, **options)
        Image.fromarray(page).save(Path(__file__).with_name(f"early-{layer}.jpg"), quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
