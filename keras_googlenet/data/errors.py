"""What goes wrong with a user's data, said in words about that data."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from keras_googlenet.errors import InputError


class DataError(InputError):
    """A data set that cannot be used; the message names the folder or the data set."""


class ImageError(DataError):
    """An image that cannot be read. Its message is one line, `<path>: <why>`."""

    status = 1


@contextmanager
def reading_errors() -> Iterator[None]:
    """Let an unreadable image end a training run with its own error.

    An exception raised inside a `tf.data` pipeline reaches `fit` as a `tf.errors.OpError` whose
    message is a C++ status with a Python traceback in it. Within this context it becomes the
    `ImageError` that it was. Any other error passes unchanged.

    Raises:
        ImageError: an image could not be read.

    Example:
        ```python
        with reading_errors():
            model.fit(training_stream(source.train, image_size=224, batch_size=32, seed=0), steps_per_epoch=100)
        ```
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        # TensorFlow keeps only the text of the exception: "<type name>: <message>\n<traceback>".
        if not (found := re.search(rf"\b{ImageError.__name__}: (.+)", error.message or "")):
            raise
        # The chain is cut: what TensorFlow adds is a page of internals around this one line.
        raise ImageError(found[1]) from None
