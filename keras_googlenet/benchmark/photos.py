"""Photos made for measuring the pipeline: what decoding them costs is what decoding ImageNet's costs."""

from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 375, 500


def make_photos(folder: Path, count: int) -> list[Path]:
    """Writes JPEGs whose spectrum falls as a photo's does, compressed as ImageNet's are, in two class folders.

    Args:
        folder: Where to make them.
        count: How many.

    Returns:
        Their paths.
    """
    rng = np.random.default_rng(0)
    frequencies = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH))
    frequencies[0, 0] = 1
    paths = [folder / str(number % 2) / f"{number}.jpg" for number in range(count)]
    for path in paths:
        waves = rng.normal(size=(3, *frequencies.shape)) + 1j * rng.normal(size=(3, *frequencies.shape))
        planes = np.fft.irfft2(waves / frequencies**1.3, s=(HEIGHT, WIDTH))
        planes /= planes.std(axis=(1, 2), keepdims=True)
        gray, *colors = planes
        pixels = np.stack([gray + 0.3 * colors[0], gray, gray + 0.3 * colors[1]], axis=-1)
        path.parent.mkdir(exist_ok=True)
        Image.fromarray((128 + 50 * pixels).clip(0, 255).astype(np.uint8)).save(path, quality=92)
    return paths
