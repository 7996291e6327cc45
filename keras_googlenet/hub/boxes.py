"""Photos with the boxes that a detector found on them."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from PIL import Image, ImageDraw

TRUE, FOUND = "lime", "red"


def draw_boxes(
    images: np.ndarray,
    truth: Mapping[str, Any] | None,
    found: Mapping[str, Any] | None,
    threshold: float = 0.5,
    bounding_box_format: str = "xyxy",
    names: Sequence[str] | None = None,
) -> np.ndarray:
    """Draws true boxes in green and found ones, with class and confidence, in red.

    Args:
        images: RGB in 0..255, of shape `(images, height, width, 3)`.
        truth: `{"boxes": array (images, n, 4), "labels": array (images, n)}`, or None. Rows with a negative label are
            padding.
        found: The same with `"confidence"`, of shape `(images, m)`: what a detector's `predict` returns.
        threshold: Least confidence to draw, in 0..1.
        bounding_box_format: Format of all boxes, as in `keras.utils.bounding_boxes`.
        names: What the labels mean, a sequence of strings. None writes the labels.

    Returns:
        uint8 array of shape `(height, images * width, 3)`: the images side by side. `truth` and `found` may be of more
        images than are drawn.

    Example:
        >>> import numpy as np
        >>> found = {"boxes": np.array([[[2, 20, 9, 29]]]), "labels": [[0]], "confidence": [[0.9]]}
        >>> draw_boxes(np.zeros((1, 32, 32, 3)), None, found)[29, 5].tolist()
        [255, 0, 0]
    """
    height, width = images.shape[1:3]
    strip, kinds = [], [(kind, color) for kind, color in ((truth, TRUE), (found, FOUND)) if kind is not None]
    for number, image in enumerate(images):
        picture = Image.fromarray(np.clip(image, 0, 255).astype("uint8"))
        pen = ImageDraw.Draw(picture)
        for kind, color in kinds:
            boxes = np.asarray(kind["boxes"][number], "float32")
            corners = keras.utils.bounding_boxes.convert_format(boxes, bounding_box_format, "xyxy", height, width)
            shares = kind["confidence"][number] if "confidence" in kind else [None] * len(corners)
            for box, label, share in zip(np.asarray(corners), kind["labels"][number], shares, strict=True):
                if label < 0 or (share is not None and share < threshold):
                    continue
                left, top, right, bottom = map(float, box)
                pen.rectangle((left, top, max(left, right), max(top, bottom)), outline=color)
                if share is not None:
                    text, place = f"{names[label] if names else label}: {share:.0%}", (left, max(top - 12, 0))
                    pen.rectangle(pen.textbbox(place, text), fill=color)
                    pen.text(place, text, fill="white")
        strip.append(np.asarray(picture))
    return np.hstack(strip)
