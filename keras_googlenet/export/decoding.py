"""From the bytes of an image file to what the network sees, in TensorFlow operations that a SavedModel can carry.

It makes of a file what `predict` does: upright, over white where it is transparent, the central square resized as
Pillow does it, to the bit. Where Pillow resizes rows before columns (from release 13 on, of tall images) a level may
differ by one of 255. It is meant for JPEG and PNG; other formats as TensorFlow has them.
"""

import tensorflow as tf

from keras_googlenet.data.center_crop import Size, height_and_width

_PRECISION = 2.0**22  # Pillow's fixed-point coefficients
_TOGETHER = 8  # columns


def center_crop(data: tf.Tensor, size: Size) -> tf.Tensor:
    """The part of an image that the network is evaluated on.

    Args:
        data: String scalar, the bytes of a JPEG, PNG, GIF or BMP file.
        size: Side of the crop, pixels, or its height and width.

    Returns:
        float32 tensor of shape `(height, width, 3)`, RGB, whole numbers in 0-255.
    """
    rows, columns = height_and_width(size)
    image = upright(decode(data), orientation(data))
    shape = tf.cast(tf.shape(image), tf.float64)
    height, width = shape[0], shape[1]
    wide = width * rows >= height * columns
    kept, tall = tf.where(wide, height * columns / rows, width), tf.where(wide, height, width * rows / columns)
    narrow = _resize(image, (width - kept) / 2, kept, columns)  # columns before rows, as most releases of Pillow do
    return tf.ensure_shape(tf.cast(_resize(narrow, (height - tall) / 2, tall, rows), tf.float32), (rows, columns, 3))


def _resize(image, start, length, size):
    """Resamples the columns of an image as Pillow's BILINEAR does, rounding to whole numbers.

    A few columns after the other: of a large photo only what is read for them is ever floating-point numbers.

    Args:
        image: uint8 tensor of shape `(height, width, 3)`.
        start: Where the part to resize begins, pixels.
        length: How wide it is, pixels.
        size: How wide it becomes.

    Returns:
        uint8 tensor of shape `(size, height, 3)`: columns come first.

    Reference:
        Pillow's `src/libImaging/Resample.c`, `precompute_coeffs` and `normalize_coeffs_8bpc`.
    """
    step = length / size
    scale = tf.maximum(step, 1.0)

    def some(index):
        center = start + (index + tf.range(_TOGETHER, dtype=tf.float64) + 0.5) * step
        first = tf.maximum(tf.floor(center[0] - scale + 0.5), 0.0)
        last = tf.minimum(tf.floor(center[-1] + scale + 0.5), tf.cast(tf.shape(image)[1], tf.float64))
        weights = tf.nn.relu(1.0 - tf.abs((tf.range(first, last) - center[:, None] + 0.5) / scale))
        weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
        weights = tf.floor(weights * _PRECISION + 0.5) / _PRECISION
        read = tf.cast(image[:, tf.cast(first, tf.int32) : tf.cast(last, tf.int32)], tf.float64)
        summed = tf.einsum("yic,oi->oyc", read, weights)
        return tf.cast(tf.clip_by_value(tf.floor(summed + 0.5), 0.0, 255.0), tf.uint8)

    resized = tf.map_fn(some, tf.range(0, size, _TOGETHER, dtype=tf.float64), fn_output_signature=tf.uint8)
    return tf.reshape(resized, (-1, tf.shape(image)[0], 3))[:size]


def decode(data: tf.Tensor) -> tf.Tensor:
    """RGB of an image file, uint8 of shape (height, width, 3)."""

    def png():
        pixels = tf.cast(tf.io.decode_png(data, channels=4), tf.uint16)
        alpha = pixels[..., 3:]
        return tf.cast((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)

    def jpeg():
        # As Pillow has libjpeg do it; TensorFlow's own choice is faster and off by up to 15 levels.
        return tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE", fancy_upscaling=True)

    def other():
        return tf.io.decode_image(data, channels=3, expand_animations=False)

    is_png = tf.strings.substr(data, 0, 4) == b"\x89PNG"
    return tf.ensure_shape(tf.case([(is_png, png), (_is_jpeg(data), jpeg)], default=other), (None, None, 3))


def _is_jpeg(data):
    return tf.strings.substr(data, 0, 2) == b"\xff\xd8"


def upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns an image as its EXIF orientation asks, 1-8; 1 leaves it."""
    flipped = tf.constant([2, 4, 5, 7])  # left for right, before the turn
    turns = tf.constant([0, 0, 0, 2, 2, 1, 3, 3, 1])  # quarter turns to the left, for 1-8
    turned = tf.cond(tf.reduce_any(orientation == flipped), lambda: tf.reverse(image, [1]), lambda: image)
    return tf.image.rot90(turned, turns[orientation])


def orientation(data: tf.Tensor) -> tf.Tensor:
    """The EXIF orientation of an image file's bytes, an int32 scalar in 1-8; 1 where there is none."""
    exif = _exif(data)
    little = tf.strings.substr(exif, 0, 2) == b"II"
    begin = _number(exif, 4, 4, little)
    entries = begin + 2 + 12 * tf.range(tf.minimum(_number(exif, begin, 2, little), 500))
    tags = tf.map_fn(lambda entry: _number(exif, entry, 2, little), entries)
    found = tf.map_fn(lambda entry: _number(exif, entry + 8, 2, little), entries[tags == 0x0112][:1])
    value = tf.cast(tf.reduce_sum(found), tf.int32)
    return tf.where((value >= 1) & (value <= 8), value, 1)


def _exif(data):
    """The TIFF block of a JPEG file's EXIF segment, or an empty string."""

    def is_segment(at, found):
        marker = _number(data, at, 2)
        return (tf.strings.length(found) == 0) & (marker >= 0xFF00) & (marker != 0xFFDA)

    def following(at, found):
        length = _number(data, at + 2, 2)
        is_exif = (_number(data, at, 2) == 0xFFE1) & (_number(data, at + 4, 6) == 0x457869660000)  # "Exif", two zeros
        block = tf.cond(is_exif, lambda: tf.strings.substr(data, at + 10, length - 8), lambda: b"")
        return at + 2 + tf.maximum(length, 2), block

    begin = tf.where(_is_jpeg(data), 2, tf.strings.length(data))
    return tf.while_loop(is_segment, following, (tf.cast(begin, tf.int64), tf.constant(b"")))[1]


def _number(data, at, length, little=False):
    """An unsigned integer, int64, in the bytes of a string; 0 where those are not."""
    at = tf.cast(at, tf.int64)
    inside = at + length <= tf.cast(tf.strings.length(data), tf.int64)
    text = tf.cond(inside, lambda: tf.strings.substr(data, at, tf.cast(length, tf.int64)), lambda: b"")
    values = tf.io.decode_raw(text, tf.uint8)
    values = tf.cast(tf.where(little, values, tf.reverse(values, [0])), tf.int64)
    return tf.reduce_sum(values * 256 ** tf.range(tf.size(values, tf.int64)))
