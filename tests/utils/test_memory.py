"""How much memory there is, as machines, containers and limits tell it; and which errors are about memory."""

import errno
import resource

import pytest

from keras_googlenet.errors import WorkError
from keras_googlenet.utils import memory
from keras_googlenet.utils.memory import MemoryShortage

GIB = 2**30


@pytest.fixture
def machine(tmp_path):
    """`machine({file: text})` makes what lies below `/`: of 8 GiB, 2 of them of swap, unless told otherwise."""

    def make(files=()):
        meminfo = (
            f"MemTotal: {16 * GIB // 1024} kB\nMemAvailable: {6 * GIB // 1024} kB\nSwapFree: {2 * GIB // 1024} kB\n"
        )
        for name, text in {"proc/meminfo": meminfo, **dict(files)}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(str(text))
        return tmp_path

    return make


def test_the_machines(machine):
    assert memory.available(machine()) == 8 * GIB


def test_nothing_is_known(tmp_path):
    assert memory.available(tmp_path) is None


TWO = {
    "proc/self/cgroup": "0::/jobs/one\n",
    "sys/fs/cgroup/jobs/one/memory.max": "max\n",
    "sys/fs/cgroup/jobs/one/memory.current": GIB,
    "sys/fs/cgroup/jobs/memory.max": 4 * GIB,
    "sys/fs/cgroup/jobs/memory.current": 3 * GIB,
    "sys/fs/cgroup/jobs/memory.stat": f"anon 1\ninactive_file {GIB // 2}\n",
}
ONE = {
    "proc/self/cgroup": "5:cpu:/\n4:memory:/box\n",
    "sys/fs/cgroup/memory/box/memory.limit_in_bytes": 3 * GIB,
    "sys/fs/cgroup/memory/box/memory.usage_in_bytes": 2 * GIB,
    "sys/fs/cgroup/memory/memory.limit_in_bytes": 2**63 - 4096,
    "sys/fs/cgroup/memory/memory.usage_in_bytes": 9 * GIB,
}
INSIDE = {
    "proc/self/cgroup": "0::/\n",  # a container's own view
    "sys/fs/cgroup/memory.max": GIB,
    "sys/fs/cgroup/memory.current": GIB // 4,
}


@pytest.mark.parametrize(("files", "expected"), [(TWO, 1.5), (ONE, 1), (INSIDE, 0.75)])
def test_a_containers(machine, files, expected):
    assert memory.available(machine(files)) == expected * GIB


def test_its_own_limit(machine, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (5 * GIB + memory._THREADS, resource.RLIM_INFINITY))
    pages = 2 * GIB // resource.getpagesize()
    assert memory.available(machine({"proc/self/statm": f"{pages} 1 1"})) == 2 * GIB
    assert memory.available(machine({"proc/self/statm": f"{9 * pages} 1 1"})) == 0


def test_this_machines():
    free = memory.available()
    assert free is None or 2**20 < free < 2**50


def test_what_cannot_fit_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2 * GIB)
    memory.check(2 * GIB, "a batch", "Lower it.")
    with pytest.raises(MemoryShortage) as short:
        memory.check(3 * GIB, "a batch", "Lower it.")
    text = "There is not enough memory for a batch: at least 3.0 GiB are needed, 2.0 GiB are available. Lower it."
    assert (str(short.value), short.value.status) == (text, 1)
    monkeypatch.setattr(memory, "available", lambda: None)
    memory.check(2**70, "a batch", "Lower it.")


class ResourceExhaustedError(RuntimeError):
    """As TensorFlow's is called."""


SAID = r"^There is not enough memory for a batch. Lower it.$"
SHORT = [
    MemoryError(),
    ResourceExhaustedError("OOM when allocating tensor with shape[8,8]"),
    RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 3 bytes."),
    RuntimeError("std::bad_alloc"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]
OTHERS = [
    ResourceExhaustedError("run/step-7: No space left on device"),
    OSError(errno.ENOSPC, "No space left on device"),
    ValueError("photos/out of memory.png: not an image"),
    RuntimeError("something else"),
]


@pytest.mark.parametrize("error", SHORT)
def test_shortages_are_said_in_one_line(error):
    with pytest.raises(MemoryShortage, match=SAID) as short, memory.reporting("a batch", lambda: "Lower it."):
        raise error
    assert short.value.__cause__ is error


@pytest.mark.parametrize("error", [*OTHERS, WorkError("out of memory"), KeyboardInterrupt()])
def test_other_errors_stay_what_they_are(error):
    with pytest.raises(type(error)) as found, memory.reporting("a batch", "Lower it."):
        raise error
    assert found.value is error
