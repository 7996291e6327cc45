"""What a model takes while Keras makes it from a configuration: its numbers, its maps, and the time.

A configuration of a few bytes can ask for a layer of any size, for maps of any size, or for layers within layers that
double at each level. Keras allocates a layer's weights as soon as it is called. So they are counted before, and begin
as zeros, since all of them are loaded; the maps are only symbols, and are counted, too.

Why: Keras has no such limit. What breaks it: weights made otherwise than by `Layer.add_weight`, symbolic tensors that
are no `KerasTensor`.
"""

import contextlib
import math
import threading
import time
from collections.abc import Iterator

import keras

from keras_googlenet.utils.messages import shown

MAX_MAP = 1 << 27
"""Most numbers in one layer's output for one image: 512 MiB of them, GoogLeNet's first at 2,896x2,896 pixels."""

SECONDS = 10
"""Most seconds of processor time; the largest networks of keras.applications take three."""

_LOCK = threading.RLock()


class TooLarge(ValueError):
    """The configuration asks for more than it may."""


@contextlib.contextmanager
def watched(most: int) -> Iterator[None]:
    """Limits what is made in the `with` block, by this thread; one at a time.

    Args:
        most: Bytes that all weights may take.

    Raises:
        TooLarge: It is more, or takes too long.
    """
    thread, start = threading.get_ident(), time.thread_time()
    total, refused = 0, []

    def refuse(message):
        refused.append(message)
        raise TooLarge(refused[0])

    def check():
        if refused:  # what was swallowed
            refuse("")
        if time.thread_time() - start > SECONDS:
            refuse(f"its layers take more than {SECONDS} seconds to be made")

    def add_weight(self, shape=None, initializer=None, *args, **kwargs):
        nonlocal total
        if threading.get_ident() != thread:
            return plain_weight(self, shape, initializer, *args, **kwargs)
        check()
        dtype = keras.backend.standardize_dtype(kwargs.get("dtype") or self.variable_dtype)
        sides = [shape] if isinstance(shape, int) else shape or ()
        total += math.prod(max(int(side), 1) for side in sides) * _itemsize(dtype)
        if total > most:
            refuse(f"its layers have {shown(total)} bytes of weights or more, and {most:,} are the most")
        return plain_weight(self, shape, "zeros", *args, **kwargs)

    def tensor(self, shape, *args, **kwargs):
        if threading.get_ident() == thread:
            check()
            numbers = math.prod(side for side in shape if isinstance(side, int))
            if numbers > MAX_MAP:
                refuse(f"a layer makes {shown(numbers)} numbers of one image, and {MAX_MAP:,} are the most")
        plain_tensor(self, shape, *args, **kwargs)

    with _LOCK:
        plain_weight, plain_tensor = keras.Layer.add_weight, keras.KerasTensor.__init__
        keras.Layer.add_weight, keras.KerasTensor.__init__ = add_weight, tensor
        try:
            yield
        except Exception as error:
            if refused:  # which Keras has told in other words
                raise TooLarge(refused[0]) from error
            raise
        finally:
            keras.Layer.add_weight, keras.KerasTensor.__init__ = plain_weight, plain_tensor
    if refused:
        raise TooLarge(refused[0])


def _itemsize(dtype):
    bits = "".join(filter(str.isdigit, dtype.removeprefix("float8_"))) or "8"
    return max(int(bits) // 8, 1) if bits in ("8", "16", "32", "64") else 1
