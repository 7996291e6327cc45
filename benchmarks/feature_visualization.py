"""Do the pictures of channels excite them more than photos do, and more than torch-lucent's pictures?

    python benchmarks/feature_visualization.py bvlc_googlenet.npz photos/ more/ --pictures made/
    python benchmarks/feature_visualization.py bvlc_googlenet.npz photos/ --lucent 6    # pip install torch-lucent

Channels are drawn from modules 3b to 5a. A picture, and a photo, is worth the channel's mean over all places, at the
same size. torch-lucent gets the same weights in a PyTorch module (`gpu_twin.py`), whose ReLUs are its own redirected
ones. Its Fourier image, its transforms, its objective and its learning rate are used. Only its enlargement of small
pictures to 224 pixels is not: both networks look at the pictures as they are.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROWS = ("3b", "4a", "4b", "4c", "4d", "4e", "5a")


def main():
    """Prints a row for each channel, then how many of the pictures are worth more than every photo."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("weights", help="as MODEL in predict")
    parser.add_argument("photos", nargs="*", type=Path, help="folders, at any depth; or none")
    parser.add_argument("--channels", type=int, default=30, help="how many (default: 30)")
    parser.add_argument("--batch", type=int, default=1, help="pictures that are made together (default: 1)")
    parser.add_argument("--most", type=int, default=1000, help="photos at most (default: 1000)")
    parser.add_argument("--size", type=int, default=128, help="of the pictures (default: 128)")
    parser.add_argument("--steps", type=int, default=512, help="of both (default: 512)")
    parser.add_argument("--lucent", type=int, default=0, metavar="N", help="of the first N channels (default: 0)")
    parser.add_argument("--pictures", type=Path, help="folder for all pictures")
    options = parser.parse_args()

    from keras_googlenet.model.loading import load_model
    from keras_googlenet.visualize.network import Network
    from keras_googlenet.visualize.rendering.scoring import of_any_size

    network = Network(load_model(options.weights))
    trunk = of_any_size(network)
    channels = drawn(network, options.channels)
    photos = values(trunk, read(options.photos, options.most, options.size), channels)
    print(f"{len(photos)} photos, {options.size} pixels, {options.steps} steps; seconds are wall and processor time")
    print("channel | best photo | picture | seconds | torch-lucent | seconds")
    wins = beaten = 0
    for start in range(0, len(channels), options.batch):
        some = channels[start : start + options.batch]
        ours, taken = timed(lambda some=some: render(network, some, options))
        worth = np.diag(values(trunk, ours, some))
        for i, channel in enumerate(some):
            best = photos[:, start + i].max(initial=0.0)
            wins += worth[i] > best
            line = [f"{channel[0]} {channel[1]}", f"{best:.1f}", f"{worth[i]:.1f}", per(taken, len(some))]
            keep(options.pictures, channel, ours[i], "ours")
            if start + i < options.lucent:
                theirs, taken_there = timed(lambda channel=channel: lucent(network, channel, options))
                there = values(trunk, theirs, [channel])[0, 0]
                beaten += worth[i] >= there
                line += [f"{there:.1f}", per(taken_there, 1)]
                keep(options.pictures, channel, theirs[0], "lucent")
            print(" | ".join(line), flush=True)
    print(f"{wins} of {len(channels)} pictures are worth more than the best photo")
    if options.lucent:
        print(f"{beaten} of {min(options.lucent, len(channels))} pictures are worth at least as much as torch-lucent's")
    return 0


def drawn(network, count):
    """Pairs of a row and a channel, always the same."""
    rng, found = np.random.default_rng(0), []
    for _ in range(count):
        row = network.endpoint(str(rng.choice(ROWS)))
        found.append((row, int(rng.integers(network.endpoints[row].shape[-1]))))
    return found


def read(folders, most, size):
    """Photos, their central squares at a size."""
    from keras_googlenet import data

    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    images = []
    for path in paths:
        if len(images) < most:
            try:
                images.append(data.center_crop(data.read_image(path), size))
            except data.ImageError as error:
                print(error, file=sys.stderr)
    return np.array(images).reshape(-1, size, size, 3)


def values(trunk, images, channels):
    """Each channel's mean over all places, for each image."""
    rows = list(dict(channels))
    features, found = trunk.features(*rows), []
    for start in range(0, len(images), 32):
        maps = features.predict_on_batch(trunk.images.preprocess(images[start : start + 32]))
        found.append(np.stack([maps[row][..., channel].mean((1, 2)) for row, channel in channels], -1))
    return np.concatenate([np.zeros((0, len(channels))), *found])


def render(network, channels, options):
    """This package's pictures, one batch."""
    from keras_googlenet.visualize import objectives, render

    objective = sum(objectives.on(objectives.channel(*channel), i) for i, channel in enumerate(channels))
    return render(network, objective, size=options.size, images=len(channels), steps=options.steps)[0]


def lucent(network, channel, options):
    """torch-lucent's picture."""
    import torch
    from lucent.optvis import objectives, param, render, transform
    from lucent_twin import twin

    torch.manual_seed(0)
    np.random.seed(0)
    model, mean = twin(network), torch.tensor([123.0, 117.0, 104.0])[:, None, None]
    parameters, image = param.image(options.size)
    changed = transform.compose([*transform.standard_transforms, lambda x: 255 * x - mean])
    hook = render.hook_model(model, image)
    objective = objectives.channel(f"steps_{channel[0]}", channel[1])
    adam = torch.optim.Adam(parameters, lr=0.05)
    for _ in range(options.steps):
        adam.zero_grad()
        model(changed(image()))
        objective(hook).backward()
        adam.step()
    return np.rint(255 * render.tensor_to_img_array(image())).astype("uint8")


def timed(function):
    """What it returns, and its wall and processor time in seconds."""
    start, used = time.perf_counter(), _processor()
    made = function()
    return made, (time.perf_counter() - start, _processor() - used)


def per(taken, count):
    """The seconds of one picture."""
    return " ".join(f"{seconds / count:.0f}" for seconds in taken)


def keep(folder, channel, image, maker):
    """Writes a picture, if there is a folder."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{channel[0]}-{channel[1]}-{maker}.png")


def _processor():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
