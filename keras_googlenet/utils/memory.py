"""How much memory this process may still take, and one line where that does not suffice.

Linux promises more memory than there is and ends, without a word, who takes it. What is certain not to fit is therefore
refused before it is begun.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keras_googlenet.errors import WorkError

_WORDS = (
    *("OOM when allocating", "out of memory", "out_of_memory", "OUT_OF_MEMORY", "bad_alloc", "Unable to allocate"),
    *("Cannot allocate memory", "ALLOC_FAILED", "ailed to allocate", "could not create a memory"),
    "pthread_create has failed",
)
_OF_THE_DISK = ("No space left", "quota exceeded")
_UNLIMITED = 2**60
_THREADS = 2**29
"""Bytes of addresses that the threads of a first step reserve."""


class MemoryShortage(WorkError):
    """There is less memory than the work takes; the message says what to lower."""


def available(root: str | Path = "/") -> int | None:
    """The bytes that this process may still take: of the machine, of its container (cgroup), of its own limit.

    Args:
        root: Where `proc` and `sys` lie.

    Returns:
        The least of them; None where the system tells none, as outside Linux.
    """
    root = Path(root)
    found = [*_machine(root), *_container(root), *_limit(root)]
    return max(0, min(found)) if found else None


def check(needed: int, what: str, lower: str) -> None:
    """Refuses what is certain not to fit.

    Args:
        needed: Bytes that are taken at the least, all at once.
        what: What takes them, in words.
        lower: What to do.

    Raises:
        MemoryShortage: Less is available.
    """
    free = available()
    if free is not None and needed > free:
        raise MemoryShortage(
            f"There is not enough memory for {what}: at least {_words(needed)} are needed, {_words(free)} are "
            f"available. {lower}"
        )


@contextmanager
def reporting(what: str, lower: str | Callable[[], str]) -> Iterator[None]:
    """Says in one line that memory was short, whatever library found it out.

    Args:
        what: What took it, in words.
        lower: What to do; a function is called when it is needed.

    Raises:
        MemoryShortage: Memory was short.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, WorkError) or not is_shortage(error):
            raise
        advice = lower if isinstance(lower, str) else lower()
        raise MemoryShortage(f"There is not enough memory for {what}. {advice}") from error


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory is short: Python's, NumPy's, or that of any of Keras's backends.

    Args:
        error: Any exception. That of a full disk, which TensorFlow calls by the same name, is none.
    """
    text = str(error)
    if isinstance(error, MemoryError):
        return True
    known = isinstance(error, (RuntimeError, OSError)) or type(error).__module__.startswith("tensorflow")
    kind = type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError")
    said = kind or any(words in text for words in (*_WORDS, "RESOURCE_EXHAUSTED"))
    return known and said and not any(words in text for words in _OF_THE_DISK)


def _machine(root: Path) -> Iterator[int]:
    with suppress(OSError, ValueError, IndexError):
        lines = (line.split() for line in (root / "proc/meminfo").read_text().splitlines())
        kibibytes = {words[0]: int(words[1]) for words in lines}
        if "MemAvailable:" in kibibytes:
            yield 1024 * (kibibytes["MemAvailable:"] + kibibytes.get("SwapFree:", 0))


def _container(root: Path) -> Iterator[int]:
    """What each cgroup above this process has left, of version 2 or 1; its cache of files can be had back."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            base = root / ("sys/fs/cgroup/memory" if controllers else "sys/fs/cgroup")
            names = ("limit_in_bytes", "usage_in_bytes") if controllers else ("max", "current")
            folder = base / path.lstrip("/")
            for place in (folder, *folder.parents):
                with suppress(OSError, ValueError):
                    limit, used = (int((place / f"memory.{name}").read_text()) for name in names)
                    if limit < _UNLIMITED:
                        yield limit - used + _cache(place)
                if place == base:
                    break


def _cache(folder: Path) -> int:
    with suppress(OSError, ValueError):
        rows = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        counts = {name: int(value) for name, value in rows}
        return counts.get("total_inactive_file", counts.get("inactive_file", 0))
    return 0


def _limit(root: Path) -> Iterator[int]:
    """What is left of `ulimit -v`: it counts addresses, of which libraries reserve half as many again as they use."""
    with suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            pages = int((root / "proc/self/statm").read_text().split()[0])
            yield (soft - pages * os.sysconf("SC_PAGE_SIZE") - _THREADS) * 2 // 3


def _words(count: int) -> str:
    return f"{count / 2**30:,.1f} GiB"
