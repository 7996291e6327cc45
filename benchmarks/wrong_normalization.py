"""What does the wrong normalization of other ports of inception5h change? Logits, answers and saliency, on photos.

    python benchmarks/wrong_normalization.py photos/ --weights bvlc_googlenet.npz    # some minutes on two cores
    python benchmarks/wrong_normalization.py photos/ --count 8                       # random weights alone

Google's graph divides by `(2 + 1e-4 * sum of 11 squares) ** 0.5`. torch-lucent 0.1.8 has PyTorch's
`local_response_norm(size=9, alpha=1e-4, beta=0.5, k=1)`, which takes their mean: `(1 + 1e-4 / 9 * sum of 9) ** 0.5`.

- `inception5h, random`: that very mistake, on Google's network with random weights, of which maps are about as large as
  those of trained networks. Its published weights are not needed.
- `paper, BVLC's`: a mistake of the same kind on trained weights, those of BVLC's network: two channels fewer, alpha
  divided by the window once more, half of k. It shows what a trained network does with it, not what Google's does.
"""

import argparse
import dataclasses
import sys

import numpy as np

RANDOM, TRAINED = "inception5h, random", "paper, BVLC's"


def wrong(table):
    """A table with the mistake."""
    from keras_googlenet.architecture import LRN, edit

    def mistaken(row):
        if not isinstance(row, LRN):
            return row
        window = 2 * (row.depth_radius - 1) + 1
        numbers = {"depth_radius": row.depth_radius - 1, "alpha": row.alpha / window, "bias": row.bias / 2}
        return dataclasses.replace(row, **numbers)

    return edit(table, mistaken, name=f"{table.name}-wrong")


def networks(name, weights):
    """The network as it is, and with the mistake: the same weights."""
    import keras_googlenet as kg
    from keras_googlenet.architecture import PAPER, VARIANTS

    if name == TRAINED:
        return [kg.GoogLeNet(weights=weights, variant=table) for table in (PAPER, wrong(PAPER))]
    right = VARIANTS["inception5h"]
    both = [kg.GoogLeNet(weights=None, aux_heads=False, variant=table, classes=1008) for table in (right, wrong(right))]
    rng = np.random.default_rng(0)
    values = [drawn(rng, np.shape(value)) for value in both[0].get_weights()]
    for model in both:
        model.set_weights(values)
    return both


def drawn(rng, shape):
    """A kernel that keeps maps as large as pixels are, or a small bias."""
    scale = 0.1 if len(shape) == 1 else (0.1 if len(shape) == 2 else 1.4) / np.sqrt(np.prod(shape[:-1]))
    return rng.normal(0, scale, shape)


def compare(right, mistaken, images):
    """How far the second network is from the first, a dict of numbers."""
    from keras import ops

    from keras_googlenet import preprocess_input
    from keras_googlenet.visualize.gradients import value_and_gradient
    from keras_googlenet.visualize.network import Network

    scores = [Network(model).scores() for model in (right, mistaken)]
    found = {
        "logits": [],
        "correlation of logits": [],
        "top1": [],
        "top5": [],
        "saliency": [],
        "correlation of saliency": [],
    }
    for image in images:
        x = preprocess_input(image[None].astype("float32"))
        logits = [ops.convert_to_numpy(score(x))[0] for score in scores]
        best = int(logits[0].argmax())
        maps = [
            np.abs(value_and_gradient(lambda x, score=score, best=best: score(x)[0, best], x)[1][0]).max(-1)
            for score in scores
        ]
        found["logits"].append(distance(*logits))
        found["correlation of logits"].append(np.corrcoef(*logits)[0, 1])
        found["top1"].append(best == logits[1].argmax())
        found["top5"].append(len(set(np.argsort(-logits[0])[:5]) & set(np.argsort(-logits[1])[:5])) / 5)
        found["saliency"].append(distance(*maps))
        found["correlation of saliency"].append(np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1])
    return {name: float(np.mean(values)) for name, values in found.items()}


def distance(right, mistaken):
    """The norm of the difference, in norms of what is right."""
    return np.linalg.norm(mistaken - right) / np.linalg.norm(right)


def main():
    """Prints a row for each network."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", help="a folder of photos")
    parser.add_argument("--weights", help="BVLC's, a file or the name `imagenet`")
    parser.add_argument("--count", type=int, default=40)
    options = parser.parse_args()

    from keras_googlenet.cli.images import Failures, views
    from keras_googlenet.cli.paths import expand

    fail = Failures()
    files = expand([options.photos], fail)
    files = [files[place] for place in np.unique(np.linspace(0, len(files) - 1, options.count).astype(int))]
    images = [views(file, 224)[0] for file in files]
    print(f"{len(images)} photos; means of each photo's numbers")
    for name in (RANDOM, *([TRAINED] if options.weights else [])):
        numbers = compare(*networks(name, options.weights), images)
        print(f"{name:<20}", ", ".join(f"{what} {value:.3f}" for what, value in numbers.items()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
