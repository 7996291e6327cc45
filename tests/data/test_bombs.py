"""Files of less than 64 MiB that were made to take hours or all memory: what they take, and what is said of them."""

import os
import resource
import sys
import threading
import time
from pathlib import Path

import pytest
from support.bombs import BOMBS

from keras_googlenet.data import ImageError, bounded, worker, worker_pool, worker_process
from keras_googlenet.data.images import decode_view

pytestmark = [
    pytest.mark.spawns,
    pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux counts it"),
]

MEMORY = 1.5 * 2**30

FULL = """
def full(*_): raise MemoryError
worker._answer = full
worker.main()
"""
"""A process whose memory is full whenever it is asked for an image."""


class Peak:
    """The most memory that this process and those that decode for it take while it is entered."""

    def __enter__(self):
        Path("/proc/self/clear_refs").write_text("5")
        self._before, self._most, self._done = self._kilobytes("self"), {}, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self):
        while not self._done.wait(0.01):
            for one in list(worker_pool._pool()._all):
                pid = one._process.pid
                self._most[pid] = max(self._most.get(pid, 0), self._kilobytes(pid))

    def _kilobytes(self, pid):
        try:
            return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])
        except (OSError, IndexError):  # it has ended
            return 0

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self.bytes = 1024 * (self._kilobytes("self") - self._before + max(self._most.values(), default=0))


LONG = {
    "avif_large", "icon_of_a_large_png", "icon_of_apple_of_a_large_jpeg2000", "iptc_of_a_bomb", "jpeg2000_large",
    "jpeg2000_of_layers", "png_interlaced", "png_of_16_bits", "tiff_of_a_large_strip",
}  # fmt: skip
"""These are only large, and take long to be made: with LONG=1 in the environment."""


@pytest.mark.parametrize("name", [name for name in BOMBS if os.environ.get("LONG") or name not in LONG])
def test_none_takes_long_or_much(name, monkeypatch):
    """A tenth of the time is allowed here: what is promised of the whole is a test of three below."""
    data = BOMBS[name]()
    assert len(data) < 2**26
    worker_pool._pool().end_all()
    worker_pool._pool().idle.clear()
    monkeypatch.setattr(worker_pool, "SECONDS", 1.2)
    begun, own = time.monotonic(), time.process_time()
    refused = ""
    with Peak() as peak:
        try:
            assert decode_view(data, "a\nb", 32).shape == (32, 32, 3)
        except ImageError as error:
            refused = str(error)
    assert "\n" not in refused
    assert len(refused) < 200
    assert peak.bytes < MEMORY
    assert time.process_time() - own < 4  # what is decoded here at once, or looked through
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "jpeg_of_60_000_scans",
            f"a JPEG of more than {bounded.MAX_SCANS} scans, each of which goes through the whole",
        ),
        ("jpeg_of_exif_segments", "decoding takes longer than 10 seconds; save it as JPEG or PNG"),
        # A GiB in ten seconds: a fast processor gets there first.
        (
            "tiff_of_50_000_000_strips",
            "decoding takes (longer than 10 seconds|more than 1,024 MiB of memory); save it as JPEG or PNG",
        ),
    ],
)
def test_those_that_were_found(name, said):
    worker_pool._pool().end_all()
    worker_pool._pool().idle.clear()
    data, before = BOMBS[name](), _seconds()
    with Peak() as peak, pytest.raises(ImageError, match=f"^a: {said}"):
        decode_view(data, "a", 32)
    assert peak.bytes < MEMORY
    assert _seconds() - before < 20


def test_a_process_without_memory_to_say_so(monkeypatch):
    """Its status tells: an error on the way to the answer may need memory, too."""
    ended = []
    monkeypatch.setattr(worker, "_serve", lambda: bytearray(2**62))
    monkeypatch.setattr(worker.os, "_exit", ended.append)
    worker.main()
    assert f"ended with status {ended[0]}" == worker_process.OUT_OF_MEMORY
    worker_pool._pool().end_all()
    worker_pool._pool().idle.clear()
    monkeypatch.undo()
    monkeypatch.setattr(worker_process, "_PROGRAM", worker_process._PROGRAM.replace("worker.main()", FULL))
    with pytest.raises(ImageError, match="^a: decoding takes more than 1,024 MiB of memory; save it as JPEG or PNG"):
        decode_view(BOMBS["icon_of_entries"](), "a", 32)


def _seconds():
    """Of processor time, of this process and those that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def test_others_are_decoded_beside_one():
    """The bomb holds its own process and no lock."""
    bomb, image = BOMBS["ppm_of_comments"](), BOMBS["icon_of_entries"]()
    refused = []

    def decode():
        try:
            decode_view(bomb, "bomb", 32)
        except ImageError as error:
            refused.append(str(error))

    thread = threading.Thread(target=decode)
    thread.start()
    for _ in range(20):
        assert decode_view(image, "image", 32).shape == (32, 32, 3)
    assert not refused
    for one in list(worker_pool._pool()._all):
        os.kill(one._process.pid, 9)
    thread.join()
    assert refused
