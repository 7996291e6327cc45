"""Who asked for a download: what a file of somebody else's names is not fetched for it."""

import contextlib
import contextvars
from collections.abc import Iterator, Mapping

from keras_googlenet.errors import InputError

_UNASKED: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("unasked", default=None)


@contextlib.contextmanager
def unasked(options: Mapping[str, str]) -> Iterator[None]:
    """Refuses, within it, to download what nobody has asked for.

    Args:
        options: For each option of the command line that was not given, `dataset` or `weights`, the file that stands
            for it.

    Example:
        >>> with unasked({"weights": "recipe.json"}):
        ...     check("weights", "imagenet")
        Traceback (most recent call last):
            ...
        keras_googlenet.errors.InputError: recipe.json names what would be downloaded. Ask for it: --weights imagenet
    """
    token = _UNASKED.set(options)
    try:
        yield
    finally:
        _UNASKED.reset(token)


def check(option: str, name: str) -> None:
    """Refuses a download, if nobody has asked for it. To be called before any is begun.

    Args:
        option: `dataset` or `weights`.
        name: What would be downloaded.

    Raises:
        InputError: Only a file named it; the message says with which option to ask.
    """
    if file := (_UNASKED.get() or {}).get(option):
        raise InputError(f"{file} names what would be downloaded. Ask for it: --{option} {name}")
