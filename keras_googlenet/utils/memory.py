"""When the memory is short: which of the many errors say so, and what is said of it."""

import contextlib

from keras_googlenet.errors import WorkError

_WORDS = ("RESOURCE_EXHAUSTED", "OOM when allocating", "out of memory", "bad_alloc", "Cannot allocate memory")


def is_short(error):
    """Whether an error, Python's, NumPy's or a framework's, says that the memory is short.

    Args:
        error: An exception.

    Example:
        >>> is_short(MemoryError()), is_short(ValueError("out of memory"))
        (True, False)
    """
    if isinstance(error, MemoryError):
        return True
    foreign = isinstance(error, (RuntimeError, OSError)) or type(error).__module__.startswith("tensorflow")
    return foreign and any(words in str(error) for words in _WORDS)


@contextlib.contextmanager
def enough(task):
    """Makes one kind of error of those by which the memory is short in the `with` block.

    Args:
        task: What is done, as in "to load net.keras".

    Raises:
        WorkError: There is not enough memory.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, WorkError) or not is_short(error):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".strip(": ").split())[:200]
        raise WorkError(
            f"There is not enough memory to {task}. End other programs, raise the limit that the process has "
            f"(ulimit -v), or use a machine with more. Received: {reason}"
        ) from error
