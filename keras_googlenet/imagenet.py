"""`preprocess_input` and `decode_predictions`, as each keras.applications module has them."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_googlenet.errors import InputError
from keras_googlenet.utils import ilsvrc2012
from keras_googlenet.utils.cache import mirror, models_dir
from keras_googlenet.utils.messages import few, one_line, shown

MEAN_RGB = (123.0, 117.0, 104.0)
"""The mean that BVLC subtracts, `mean_value: 104, 117, 123` in its BGR order: whole numbers, not the
103.939, 116.779, 123.68 of Keras's "caffe" mode."""

MEAN_GRAY = 117.0
"""What is subtracted from gray images: the luminance of that mean color, a whole number too."""

WIDTHS = (1000, ilsvrc2012.WIDTH)
"""How many outputs networks of ImageNet have: its classes in Keras's order, or Google's own columns."""

_CLASS_INDEX = "imagenet_class_index.json"
_CLASS_INDEX_URL = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
_MAX_CLASS_INDEX, _LONGEST, _REASON = 4 << 20, 200, 200
"""Most characters of a class index, a hundred times Keras's; of a name in it; and of an error's words."""

_CLASS_INDEX_MD5 = "c2c37ea517e94d9795004a39431a14cb"


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Subtracts the mean color from RGB images in 0..255, which is all that the network expects.

    A model of one channel takes gray images, and from those the mean's luminance is subtracted.

    Args:
        x: Images, RGB or gray in [0, 255]: a NumPy array, a tensor of the backend or a symbolic Keras tensor, of shape
            `(height, width, 3)` or `(batch, height, width, 3)`, with 1 in place of 3 if gray, or channels first.
            Integers become `keras.config.floatx()`; floating dtypes are kept. `x` itself is not changed.
        data_format: `"channels_last"` or `"channels_first"`; None means `keras.config.image_data_format()`.

    Returns:
        The images in RGB minus `(123, 117, 104)`, or in gray minus 117, of the same kind and shape as `x`.

    Raises:
        ValueError: The data format is unknown, the rank is not 3 or 4, or there are neither three channels nor one.

    Example:
        >>> import numpy as np
        >>> from keras_googlenet import preprocess_input
        >>> preprocess_input(np.zeros((1, 1, 3), "uint8"), data_format="channels_last").tolist()
        [[[-123.0, -117.0, -104.0]]]

    Reference:
        Section 5 of the paper ("mean subtraction"); Caffe's `models/bvlc_googlenet/train_val.prototxt`.
    """
    data_format = data_format or keras.config.image_data_format()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"`data_format` must be 'channels_last' or 'channels_first'. Received: data_format={data_format!r}"
        )
    x = x if hasattr(x, "shape") else np.asarray(x)
    axis, mean_shape = (-1, (-1,)) if data_format == "channels_last" else (-3, (-1, 1, 1))
    if len(x.shape) not in (3, 4) or x.shape[axis] not in (1, 3):
        raise ValueError(
            "`preprocess_input` takes RGB images of shape (height, width, 3) or (batch, height, width, 3), or with "
            "channels first, or gray ones with 1 channel. "
            f"Received: shape={tuple(x.shape)} with data_format={data_format!r}"
        )
    dtype = keras.backend.standardize_dtype(x.dtype)
    if not keras.backend.is_float_dtype(dtype):
        dtype = keras.config.floatx()
    mean = np.reshape(MEAN_RGB if x.shape[axis] == 3 else MEAN_GRAY, mean_shape)
    if isinstance(x, np.ndarray):
        return x.astype(dtype) - mean.astype(dtype)
    return ops.subtract(ops.cast(x, dtype), ops.convert_to_tensor(mean, dtype=dtype))


def decode_predictions(
    preds: Any, top: int = 5, *, class_index: str | Path | None = None
) -> list[list[tuple[str, str, float]]]:
    """Names the most probable ImageNet classes of each image.

    Args:
        preds: Array or tensor of shape `(images, 1000)`: the network's predictions. Or of shape `(images, 1008)`:
            those of Google's own network in its own order, `GoogLeNet(weights="inception5h")`. Its eight
            columns that are no class have their number in place of the WordNet id.
        top: How many classes to name, 1 to 1000.
        class_index: Path of an `imagenet_class_index.json` to read instead of the one that Keras downloads once into
            its cache, for machines without a network.

    Returns:
        One list per image of `(wordnet_id, name, score)` tuples, the best first.

    Raises:
        ValueError: `preds` has another shape, `top` is out of range, or the class index is not one.
        OSError: The class index cannot be read, or neither found in the cache nor downloaded.

    Example:
        >>> decode_predictions(model.predict(images), top=1)  # doctest: +SKIP
        [[('n02219486', 'ant', 0.98)]]
    """
    shape = tuple(getattr(preds, "shape", ()))
    if len(shape) != 2 or shape[1] not in WIDTHS:
        raise ValueError(
            "`decode_predictions` expects a batch of ImageNet predictions: in Google's own order of shape "
            "(images, 1008), else of shape (images, 1000). "
            f"Received: shape={shape}"
        )
    if not isinstance(top, int) or not 1 <= top <= 1000:
        raise ValueError(f"`top` must be an integer in 1..1000. Received: top={top!r}")
    names = class_names(shape[1], class_index)
    scores = ops.convert_to_numpy(preds)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return [[(*names[i], row[i]) for i in order] for row, order in zip(scores, best, strict=True)]


def class_names(width: int, path: str | Path | None = None) -> list[tuple[str, str]]:
    """What the outputs of a network of ImageNet mean.

    Args:
        width: How many there are, of `WIDTHS`.
        path: As in `load_class_index`.

    Returns:
        A list of `width` pairs `(wordnet_id, name)`.

    Raises:
        ValueError: The file is not a class index.
        OSError: The file cannot be read or downloaded.
    """
    pairs = load_class_index(path)
    return ilsvrc2012.in_columns(pairs) if width == ilsvrc2012.WIDTH else pairs


def load_class_index(path: str | Path | None = None) -> list[tuple[str, str]]:
    """The 1000 `(wordnet_id, name)` pairs of ImageNet, in the order of the network's outputs.

    Args:
        path: An `imagenet_class_index.json`; None takes the one in Keras's cache, downloading it the first time.

    Returns:
        A list of 1000 pairs.

    Raises:
        ValueError: The file is not a class index.
        OSError: The file cannot be read or downloaded.
    """
    path = Path(_cached_class_index() if path is None else path)
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MAX_CLASS_INDEX + 1)
        if len(text) > _MAX_CLASS_INDEX:
            raise ValueError(f"more than {_MAX_CLASS_INDEX:,} characters")
        return _pairs(json.loads(text, object_pairs_hook=_each_once))
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else one_line(error)[:_REASON]
        raise InputError(
            "A class index is a JSON object that maps '0'..'999' to [wordnet_id, name]. "
            f"Received: {path}, which is something else ({reason}). Delete or replace it"
        ) from error


def _each_once(pairs):
    """A JSON object, of which each key is there once."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a class is there twice")
    return found


def _pairs(index):
    """The classes of a file's JSON, checked."""
    if not isinstance(index, dict):
        raise ValueError(f"a JSON {type(index).__name__}")
    wanted = [str(i) for i in range(1000)]
    if missing := [i for i in wanted if i not in index]:
        raise ValueError(f"no class {few(missing)}")
    if len(index) > len(wanted):
        raise ValueError(f"{len(index):,} classes")
    for i in wanted:
        pair = index[i]
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) and text for text in pair)):
            raise ValueError(f"class {i} is {shown(pair)}")
        if any(len(text) > _LONGEST or one_line(text) != text for text in pair):
            raise ValueError(f"class {i} has control characters, or more than {_LONGEST} of others: {shown(pair)}")
    return [(index[i][0], index[i][1]) for i in wanted]


def _cached_class_index():
    cached = models_dir() / _CLASS_INDEX
    if cached.exists():  # get_file would delete one that is formatted otherwise, though it says the same
        return cached
    base = mirror()
    if base and "://" not in base and (file := Path(base).expanduser() / _CLASS_INDEX).is_file():
        return file
    mirrored = [f"{base}/{_CLASS_INDEX}"] if base and "://" in base else []
    for url in (*mirrored, _CLASS_INDEX_URL):
        try:
            return keras.utils.get_file(_CLASS_INDEX, url, cache_subdir="models", file_hash=_CLASS_INDEX_MD5)
        except Exception as error:  # a bare one when a download fails
            cached.unlink(missing_ok=True)  # get_file leaves a wrong one
            if url == _CLASS_INDEX_URL:
                raise OSError(
                    f"The names of the ImageNet classes could not be downloaded ({error}). Put {_CLASS_INDEX} into "
                    f"{cached.parent}, or pass its path: `class_index`, --class-index on the command line."
                ) from error
