"""What is on a photo? BVLC's network and the five ImageNet classes that it finds likeliest.

    python examples/classify.py                           # two photos that come with scikit-learn
    python examples/classify.py photo.jpg more/           # yours
    python examples/classify.py --weights bvlc_googlenet.npz --class-index imagenet_class_index.json   # no network

Prints five classes and their probabilities for each photo.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import keras_googlenet as kg
from keras_googlenet import data
from keras_googlenet.data.scan import image_files


def main():
    """Classifies, and prints what it found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--weights", default="imagenet", help="a name or a file")
    parser.add_argument("--class-index", type=Path)
    options = parser.parse_args()
    names, views = zip(*photos(options.photos), strict=True)
    model = kg.GoogLeNet(weights=options.weights)
    probabilities = model.predict(kg.preprocess_input(np.stack(views)), verbose=0)

    for name, best in zip(names, top(probabilities, options.class_index), strict=True):
        print(name)
        for label, probability in best:
            print(f"  {probability:6.1%}  {label}")


def photos(paths):
    """The name and the central square, 224 pixels, of each photo."""
    if not paths:
        from sklearn.datasets import load_sample_images

        samples = load_sample_images()
        for name, image in zip(samples.filenames, samples.images, strict=True):
            yield Path(name).name, data.center_crop(image, 224)
    for path in paths:
        for file in image_files(path) if path.is_dir() else [path]:
            yield str(file), data.center_crop(data.read_image(file), 224)


def top(probabilities, class_index):
    """The five likeliest `(label, probability)` of each row."""
    if class_index is None:
        return [[found[1:] for found in row] for row in kg.decode_predictions(probabilities, top=5)]
    labels = {int(number): label for number, (_, label) in json.loads(class_index.read_text()).items()}
    return [[(labels[i], row[i]) for i in np.argsort(-row)[:5]] for row in probabilities]


if __name__ == "__main__":
    main()
