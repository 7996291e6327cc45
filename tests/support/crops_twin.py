"""Section 7's crops once more, literally and slowly: each pixel by a formula, nothing shared with the package."""

import numpy as np

from support.resize_twin import KERNELS, weights


def resize(pixels, height, width):
    """Pillow's bilinear of a whole image, horizontally first; halves are rounded up, in between too, as Pillow does."""
    columns = weights(0, pixels.shape[1], width, pixels.shape[1], *KERNELS["bilinear"])
    rows = weights(0, pixels.shape[0], height, pixels.shape[0], *KERNELS["bilinear"])
    between = np.floor(np.einsum("jx,yxc->yjc", columns, pixels) + 0.5 + 1e-9)
    return np.floor(np.einsum("iy,yjc->ijc", rows, between) + 0.5 + 1e-9).astype("uint8")


def cut(pixels, top, left, side):
    """A square, pixel by pixel."""
    return np.array([[pixels[top + y, left + x] for x in range(side)] for y in range(side)])


def mirrored(pixels):
    """Left for right."""
    return np.array([[row[len(row) - 1 - x] for x in range(len(row))] for row in pixels])


def crops144(image, size, sides):
    """The 144, with a word for each that says which it is."""
    found = []
    for side in sides:
        height, width = image.shape[:2]
        if height < width:
            resized = resize(image, side, round(width * side / height))
            offsets = {"left": 0, "center": (resized.shape[1] - side) // 2, "right": resized.shape[1] - side}
            parts = {name: cut(resized, 0, offset, side) for name, offset in offsets.items()}
        else:
            resized = resize(image, round(height * side / width), side)
            offsets = {"top": 0, "center": (resized.shape[0] - side) // 2, "bottom": resized.shape[0] - side}
            parts = {name: cut(resized, offset, 0, side) for name, offset in offsets.items()}
        for name, square in parts.items():
            end, middle = side - size, (side - size) // 2
            views = {
                "top left": cut(square, 0, 0, size),
                "top right": cut(square, 0, end, size),
                "bottom left": cut(square, end, 0, size),
                "bottom right": cut(square, end, end, size),
                "center": cut(square, middle, middle, size),
                "whole": resize(square, size, size),
            }
            for place, view in views.items():
                found.append((f"{side} {name} {place}", view))
                found.append((f"{side} {name} {place} mirrored", mirrored(view)))
    return found
