"""From the bytes of an image file to what the network takes, in TensorFlow operations that a SavedModel can carry.

It sees what `data.center_crop(data.decode_image(...))` makes of the file: upright, over white where it is transparent,
the central square resized as Pillow does it, to the bit. Views of other proportions may differ by one level of 255:
releases of Pillow differ in which axis they resample first. It is meant for JPEG and PNG; other formats as TensorFlow
has them.
"""

import tensorflow as tf

from keras_googlenet.data.center_crop import height_and_width

_PRECISION = 2.0**22  # Pillow's fixed-point coefficients
_WHITE = 255.0


def view(data, size):
    """The view of an image that the network is evaluated on.

    Args:
        data: String scalar, the bytes of a JPEG, PNG, GIF or BMP file.
        size: Side of the view, pixels, or its height and width.

    Returns:
        float32 tensor of shape `(height, width, 3)`, RGB, whole numbers in 0-255.
    """
    rows, columns = height_and_width(size)
    image = upright(decode(data), orientation(data))
    shape = tf.cast(tf.shape(image), tf.float64)
    height, width = shape[0], shape[1]
    wide = width * rows >= height * columns
    kept, tall = tf.where(wide, height * columns / rows, width), tf.where(wide, height, width * rows / columns)
    part = resize(image, axis=1, start=(width - kept) / 2, length=kept, size=columns)
    part = resize(part, axis=0, start=(height - tall) / 2, length=tall, size=rows)
    return tf.ensure_shape(tf.cast(part, tf.float32), (rows, columns, 3))


def decode(data):
    """RGB of an image file, float64 whole numbers in 0-255, of shape (height, width, 3)."""

    def png():
        pixels = tf.cast(tf.io.decode_png(data, channels=4), tf.float64)
        alpha = pixels[..., 3:]
        blended = pixels[..., :3] * alpha + _WHITE * (_WHITE - alpha)
        return tf.floor(blended / 255 + 0.5)

    def jpeg():
        # As Pillow has libjpeg do it; TensorFlow's own choice is faster and off by up to 15 levels.
        image = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE", fancy_upscaling=True)
        return tf.cast(image, tf.float64)

    def other():
        image = tf.io.decode_image(data, channels=3, expand_animations=False)
        return tf.cast(tf.ensure_shape(image, (None, None, 3)), tf.float64)

    image = tf.case([(_is_png(data), png), (_is_jpeg(data), jpeg)], default=other)
    return tf.ensure_shape(image, (None, None, 3))


def _is_png(data):
    return tf.strings.substr(data, 0, 4) == b"\x89PNG"


def _is_jpeg(data):
    return tf.strings.substr(data, 0, 2) == b"\xff\xd8"


def resize(image, *, axis, start, length, size):
    """Resamples one axis as Pillow's BILINEAR does, rounding to whole numbers.

    Args:
        image: float64 tensor, whole numbers in 0-255.
        axis: 0 for rows, 1 for columns.
        start: Where the part to resize begins, pixels.
        length: How long it is, pixels.
        size: How long it becomes.

    Reference:
        Pillow's `src/libImaging/Resample.c`, `precompute_coeffs` and `normalize_coeffs_8bpc`.
    """
    start, length = tf.cast(start, tf.float64), tf.cast(length, tf.float64)
    pixels = tf.cast(tf.shape(image)[axis], tf.float64)
    step = length / size
    scale = tf.maximum(step, 1.0)
    center = start + (tf.range(size, dtype=tf.float64) + 0.5) * step
    first = tf.maximum(tf.floor(center - scale + 0.5), 0.0)[:, None]
    last = tf.minimum(tf.floor(center + scale + 0.5), pixels)[:, None]
    position = tf.range(pixels, dtype=tf.float64)[None]
    weights = tf.nn.relu(1.0 - tf.abs((position - center[:, None] + 0.5) / scale))
    weights = tf.where((position >= first) & (position < last), weights, 0.0)
    weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
    weights = tf.floor(weights * _PRECISION + 0.5) / _PRECISION
    summed = tf.einsum("oi,yic->yoc" if axis == 1 else "oi,ixc->oxc", weights, image)
    return tf.clip_by_value(tf.floor(summed + 0.5), 0.0, 255.0)


def upright(image, orientation):
    """Turns an image as its EXIF orientation asks, 1-8; 1 leaves it."""
    flipped = tf.constant([2, 4, 5, 7])  # left for right, before the turn
    turns = tf.constant([0, 0, 0, 2, 2, 1, 3, 3, 1])  # quarter turns to the left, for 1-8
    turned = tf.cond(tf.reduce_any(orientation == flipped), lambda: tf.reverse(image, [1]), lambda: image)
    return tf.image.rot90(turned, turns[orientation])


def orientation(data):
    """The EXIF orientation of a JPEG file's bytes, an int32 scalar in 1-8; 1 where there is none."""
    exif = _exif(data)
    little = tf.strings.substr(exif, 0, 2) == b"II"

    def number(at, length):
        """An unsigned integer, 0 beyond the end."""
        inside = at + length <= tf.strings.length(exif)
        text = tf.where(inside, tf.strings.substr(exif, tf.where(inside, at, 0), tf.where(inside, length, 0)), b"")
        values = tf.cast(tf.io.decode_raw(text, tf.uint8), tf.int32)
        values = tf.where(little, tf.reverse(values, [0]), values)
        powers = tf.reverse(tf.range(tf.size(values)), [0])
        return tf.reduce_sum(values * tf.cast(256 ** tf.cast(powers, tf.int64) % 2**31, tf.int32))

    def look():
        begin = number(4, 4)
        entries = number(begin, 2)
        places = begin + 2 + 12 * tf.range(tf.minimum(entries, 500))
        tags = tf.map_fn(lambda place: number(place, 2), places)
        found = tf.boolean_mask(places, tags == 0x0112)
        value = tf.cond(tf.size(found) > 0, lambda: number(found[0] + 8, 2), lambda: 1)
        return tf.where((value >= 1) & (value <= 8), value, 1)

    return tf.cond(tf.strings.length(exif) > 8, look, lambda: 1)


def _exif(data):
    """The TIFF block of a JPEG file's EXIF segment, or an empty string."""
    end = tf.strings.length(data)

    def byte(at):
        return tf.cast(tf.io.decode_raw(tf.strings.substr(data, at, 1), tf.uint8)[0], tf.int32)

    def is_segment(at, found):
        inside = (at + 4 <= end) & (tf.strings.length(found) == 0)
        return tf.cond(inside, lambda: (byte(at) == 0xFF) & (byte(at + 1) != 0xDA), lambda: False)

    def following(at, found):
        length = byte(at + 2) * 256 + byte(at + 3)
        body = tf.strings.substr(data, at + 4, tf.minimum(tf.maximum(length - 2, 0), end - at - 4))
        is_exif = (byte(at + 1) == 0xE1) & (tf.strings.substr(body, 0, 6) == b"Exif\x00\x00")
        rest = tf.strings.substr(body, tf.minimum(6, tf.strings.length(body)), -1)
        return at + 2 + tf.maximum(length, 2), tf.where(is_exif, rest, found)

    begin = tf.where(_is_jpeg(data), 2, end)
    return tf.while_loop(is_segment, following, (begin, tf.constant(b"")))[1]
