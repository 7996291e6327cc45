"""Keras's default dtype policy, for as long as a network is built."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras


@contextlib.contextmanager
def default_dtype_policy(policy: Any) -> Iterator[None]:
    """Sets the policy that layers are built with, and puts the former one back.

    Args:
        policy: A `keras.DTypePolicy` or the name of one.

    Example:
        >>> with default_dtype_policy("mixed_bfloat16"):
        ...     keras.layers.Dense(1).compute_dtype
        'bfloat16'
        >>> keras.config.dtype_policy().name
        'float32'
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
