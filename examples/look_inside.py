"""What each row of Table 1 makes of a photo: the shape of its map, how much of it is zero, where it looks.

    python examples/look_inside.py                        # a flower that comes with scikit-learn, BVLC's weights
    python examples/look_inside.py photo.jpg --weights bvlc_googlenet.npz

Prints a line for each row. `zeros` is the part that ReLU has cut off, which grows toward the top; the strip
shows, from left to right, how strong the row's answer is along the photo's width.
"""

import argparse

import keras
import numpy as np

import keras_googlenet as kg
from keras_googlenet import data

BLOCKS = " ▁▂▃▄▅▆▇█"


def main():
    """Computes all endpoints in one pass and describes them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photo", nargs="?")
    parser.add_argument("--weights", default="imagenet", help="a name or a file")
    options = parser.parse_args()
    view = data.center_crop(data.read_image(options.photo) if options.photo else flower(), 224)

    model = kg.GoogLeNet(weights=options.weights)
    network = keras.Model(model.input, model.endpoints)
    found = network.predict(kg.preprocess_input(view[None].astype("float32")), verbose=0)

    print(f"{'row':<18} {'map':>12}  zeros  along the width")
    for name, answer in found.items():
        size = "x".join(map(str, answer.shape[1:]))
        strip = along_the_width(answer[0]) if answer.ndim == 4 else ""
        print(f"{name:<18} {size:>12} {(answer == 0).mean():>6.0%}  {strip}".rstrip())


def flower():
    """The second of scikit-learn's two sample photos."""
    from sklearn.datasets import load_sample_images

    return load_sample_images().images[1]


def along_the_width(answer, columns=28):
    """The mean over height and channels as a strip of blocks."""
    line = answer.mean(axis=(0, 2))
    places = np.linspace(0, len(line) - 1, min(columns, len(line))).round().astype(int)
    line = line[places] - line.min()
    return "".join(BLOCKS[round(8 * value / max(line.max(), 1e-9))] for value in line)


if __name__ == "__main__":
    main()
