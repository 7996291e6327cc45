"""In which precision a network computes: the words for it, and what `auto` means on this machine."""

from collections.abc import Container
from typing import NamedTuple

PRECISIONS = ("float32", "bfloat16", "float16", "auto")
"""`float32` throughout; or one of the two halves, in which the weights, the pixels and the heads stay float32; or the
fastest of these here."""

HALVES = ("bfloat16", "float16")

UNITS = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16"}
"""Flags of processors on which TensorFlow is faster in bfloat16, and the units' names: docs/results/precision.md."""


class Choice(NamedTuple):
    """What was chosen by itself, and why.

    Attributes:
        value: The choice.
        why: In a few words.
    """

    value: str
    why: str

    def __str__(self) -> str:
        """As a line for people."""
        return f"precision: {self.value} ({self.why})"


def automatic(among: Container[str] = PRECISIONS) -> Choice:
    """What `auto` takes: the precision that the device has units for, where the backend is faster with them.

    Args:
        among: What it may take; `float32` where the fastest is none of them.

    Example:
        >>> automatic().value in ("float32", "bfloat16", "float16")
        True
    """
    found = _fastest()
    return found if found.value in among else Choice("float32", f"there is none of {found.value}")


def _fastest():
    import keras

    from keras_googlenet.utils import processor

    devices = processor.accelerators()
    if any(kind == "tpu" for kind, _ in devices):
        return Choice("bfloat16", "TPUs are made for it")
    if devices:
        capability = min(found or (0, 0) for _, found in devices)
        if capability < (7, 0):
            return Choice("float32", "this GPU is not known to be faster in another")
        number = ".".join(map(str, capability))
        return Choice("bfloat16" if capability >= (8, 0) else "float16", f"this GPU has compute capability {number}")
    backend = keras.backend.backend()
    if backend != "tensorflow":
        return Choice("float32", f"Keras on {backend} is not faster in another on a processor")
    unit = next((name for flag, name in UNITS.items() if flag in processor.processor_flags()), None)
    if unit is None:
        return Choice("float32", "this processor has no units for another")
    return Choice("bfloat16", f"this processor has {unit}")


def resolved(precision: str) -> str:
    """A precision by name: `auto` is what it takes here.

    Args:
        precision: One of `PRECISIONS`.
    """
    return automatic().value if precision == "auto" else precision


def dtype_policy(precision: str) -> str:
    """The name of Keras's policy for a precision.

    Args:
        precision: One of `PRECISIONS`.

    Example:
        >>> dtype_policy("bfloat16")
        'mixed_bfloat16'
    """
    precision = resolved(precision)
    return f"mixed_{precision}" if precision in HALVES else precision
