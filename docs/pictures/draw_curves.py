"""Finds the curve detectors of 3b by drawn curves, and draws `curves.jpg` of them for the guide `early_layers.md`.

    python docs/pictures/draw_curves.py WEIGHTS

WEIGHTS is what `GoogLeNet(weights=...)` takes, such as `imagenet`. On two cores it takes a minute. A curve detector
answers most to a curve of 18 pixels of radius or more; less than a third as much to any straight line or edge, and to
curves bent the other way; and at least half as much to at most nine of 24 directions. Half of the channels answer less.
"""

import itertools
import sys
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from keras_googlenet import GoogLeNet
from keras_googlenet.visualize import objectives, render
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.rendering.scoring import of_any_size

LAYER, SIDE, FINE = "inception_3b", 129, 4
RADII = (8, 12, 18, 27, 40, np.inf)
ANGLES = np.arange(0, 360, 15)
"""Degrees, clockwise from the right: where the middle of a curve points, from its center of curvature."""

KINDS = list(itertools.product(("line", "edge"), ("bright", "dark")))
SHOWN = 8


class Detector(NamedTuple):
    """What a channel answers most to, and how much, beside what it does to others."""

    channel: int
    answer: float
    kind: tuple[str, str]
    radius: float
    angle: int
    straight: float
    other_side: float
    curves: np.ndarray


def stimulus(radius, angle, kind, shade):
    """A half circle 3 pixels wide, or a disc, whose edge goes through the middle; infinite radii are straight."""
    size = SIDE * FINE
    rows, columns = np.mgrid[:size, :size] / FINE + 0.5 / FINE - SIDE / 2
    down, right = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    along = columns * down - rows * right
    if np.isinf(radius):
        distance, near = rows * down + columns * right, abs(along) < 40
    else:
        away = rows + radius * down, columns + radius * right
        distance, near = np.hypot(*away) - radius, away[0] * down + away[1] * right > 0
    drawn = (abs(distance) < 1.5) & near if kind == "line" else distance < 0
    drawn = drawn.reshape(SIDE, FINE, SIDE, FINE).mean((1, 3))
    gray = 60 + 135 * (drawn if shade == "bright" else 1 - drawn)
    return np.repeat(gray[..., None], 3, axis=-1)


def answers(network):
    """Array of shape (kinds, radii, angles, channels): the largest of the nine places in the middle."""
    features, found = network.features(LAYER), []
    for (kind, shade), radius in itertools.product(KINDS, RADII):
        images = np.array([stimulus(radius, angle, kind, shade) for angle in ANGLES])
        maps = features.predict(network.images.preprocess(images), verbose=0)[LAYER]
        middle = maps.shape[1] // 2
        found.append(maps[:, middle - 1 : middle + 2, middle - 1 : middle + 2].max((1, 2)))
    return np.array(found).reshape(len(KINDS), len(RADII), len(ANGLES), -1)


def detectors(found):
    """The channels that are curve detectors, those that answer most first."""
    order = np.argsort(-found.max((0, 1, 2)))
    for channel in order[: len(order) // 2]:
        own = found[..., channel]
        kind, radius, angle = np.unravel_index(own[:, :-1].argmax(), own[:, :-1].shape)
        curves, most = own[kind, radius], own[kind, radius, angle]
        straight, other_side = own[:, -1].max(), own[kind, :-1, (angle + len(ANGLES) // 2) % len(ANGLES)].max()
        if RADII[radius] >= 18 and max(straight, other_side) < most / 3 and np.sum(curves > most / 2) <= 9:
            yield Detector(channel, most, KINDS[kind], RADII[radius], ANGLES[angle], straight, other_side, curves)


def main(weights):
    """Prints a line for each curve detector, and draws some of them by their angles."""
    network = Network(GoogLeNet(weights=weights))
    found = list(detectors(answers(of_any_size(network))))
    for one in found:
        print(
            f"3b:{one.channel} {' '.join(reversed(one.kind))}, radius {one.radius:.0f}, {one.angle} degrees: "
            f"{one.answer:.0f}; straight {one.straight:.0f}, the other way {one.other_side:.0f}"
        )
    some = sorted(found[:SHOWN], key=lambda one: one.angle)
    figure, axes = plt.subplots(2, SHOWN, figsize=(2 * SHOWN, 4.4), layout="constrained")
    for column, one in enumerate(some):
        [picture], _ = render(network, objectives.channel(LAYER, int(one.channel)), size=128)
        axes[0, column].imshow(picture)
        axes[0, column].set_title(f"3b:{one.channel}")
        axes[0, column].axis("off")
        axes[1, column].remove()
        polar = figure.add_subplot(2, SHOWN, SHOWN + column + 1, projection="polar", theta_direction=-1)
        polar.plot(np.deg2rad([*ANGLES, 360]), [*one.curves, one.curves[0]], color="black")
        polar.set(xticks=np.deg2rad([0, 90, 180, 270]), xticklabels=[], yticks=[])
    figure.savefig(Path(__file__).with_name("curves.jpg"), dpi=60)


if __name__ == "__main__":
    main(*sys.argv[1:])
