"""Images that are decoded in another process: the same bits, within a time, and nothing left behind."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile
from support import bombs

import keras_googlenet
from keras_googlenet.data import ImageError, decoding, read_image, worker_pool
from keras_googlenet.data.center_crop import center_crop_image
from keras_googlenet.data.colors import to_array
from keras_googlenet.data.image_formats import formats
from keras_googlenet.data.images import decode_image, decode_view, read_view

pytestmark = [
    pytest.mark.spawns,
    pytest.mark.skipif(not worker_pool.available(), reason="this system passes no files to other processes"),
]

ROOT = Path(keras_googlenet.__file__).parent.parent

# The package without its `__init__`, which takes seconds.
WITHOUT_KERAS = """
import sys, types
root = sys.argv[1]
for name in ("keras_googlenet", "keras_googlenet.data"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [root + "/" + name.replace(".", "/")]
from keras_googlenet.data import images, worker_pool
"""


@pytest.fixture
def pool():
    """The processes; those that a test has made unusable are not kept."""
    worker_pool._pool().end_all()
    worker_pool._pool().idle.clear()
    return worker_pool._pool()


def pids(pool):
    return [worker._process.pid for worker in pool._all]


def running(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def gone(pid, seconds):
    end = time.monotonic() + seconds
    while running(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not running(pid)


def noise(width, height, mode):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 4), np.uint8)
    if mode == "I;16":
        return Image.fromarray(pixels[..., :2].copy().view(np.uint16)[..., 0])
    if mode == "F":
        return Image.fromarray(pixels[..., 0].astype(np.float32))
    return Image.fromarray(pixels).convert("RGB" if mode in ("P", "PA", "CMYK", "1") else mode).convert(mode)


def written():
    """Of each format that Pillow writes, in each mode that it takes: the format, the mode and the bytes."""
    formats()
    for format in sorted(Image.SAVE.keys() & {*formats(), "MPO"}):
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"):
            for size in ((64, 64), (61, 47)):
                stream = io.BytesIO()
                with contextlib.suppress(OSError, ValueError, KeyError), warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)  # of Pillow's IM
                    noise(*size, mode).save(stream, format)
                    yield format, mode, stream.getvalue()


def test_each_format_gives_the_same_bits_here_and_there(tmp_path):
    path, found = tmp_path / "image", set()
    for format, mode, data in written():
        found.add(format)
        path.write_bytes(data)
        with open(path, "rb") as file:  # also what is decoded at once
            [there] = worker_pool.decode(worker_pool.Job("image", None, file.fileno(), None, decoding.settings()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            here = decoding.decode_here(io.BytesIO(data), "image", to_array)
        np.testing.assert_array_equal(there, here, f"{format} {mode}")
        for array in (read_image(path), decode_image(data, "image")):
            np.testing.assert_array_equal(array, here, f"{format} {mode}")
            assert array.flags.writeable
            assert array.flags.c_contiguous
        view = decoding.decode_here(
            io.BytesIO(data), "image", lambda image, turn: center_crop_image(image, (20, 33), turn)
        )
        for array in (read_view(path, (20, 33)), decode_view(data, "image", (20, 33))):
            np.testing.assert_array_equal(array, view, f"{format} {mode}")
    assert len(found) >= 17, found


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_as_it_would_be_here(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    noise(61, 47, "RGB").save(stream, "WEBP", exif=exif, lossless=True)
    here = decoding.decode_here(
        stream, "image", lambda image, turn: np.array(image if turn is None else image.transpose(turn))
    )
    assert here.shape == ((61, 47, 3) if orientation > 4 else (47, 61, 3))
    np.testing.assert_array_equal(decode_image(stream.getvalue(), "image"), here)


SLOW = b"P3 3000 2000 255 " + b"7 " * (3000 * 2000 * 3)


def test_one_that_takes_too_long_is_ended(pool, monkeypatch):
    data = bombs.saved("TIFF")
    decode_image(data, "a")
    (pid,) = pids(pool)
    monkeypatch.setattr(worker_pool, "SECONDS", 1)
    begun = time.monotonic()
    with pytest.raises(ImageError, match=r"^a\\nb: decoding takes longer than 1 seconds; save it as JPEG or PNG\Z"):
        decode_image(SLOW, "a\nb")
    assert time.monotonic() - begun < 10
    assert not running(pid)
    assert pids(pool) == []
    assert decode_image(data, "a").shape == (64, 64, 3)


def test_one_that_gets_no_processor_is_ended_too(pool, monkeypatch):
    decode_image(bombs.saved("TIFF"), "a")
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(worker_pool, "SECONDS", 0.2)
    with pytest.raises(ImageError, match=r"^a: decoding takes longer than 0.2 seconds"):
        decode_image(SLOW, "a")
    assert not running(pid)


def test_a_second_that_lasts_longer_counts_as_two(monkeypatch):
    """Such as where all were stopped, or the machine slept."""
    from keras_googlenet.data import clock

    now = iter((0, 3600, 3600, 3601))
    monkeypatch.setattr(clock.time, "monotonic", lambda: next(now))
    ours, theirs = clock.socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"ab")
        waiting = clock.Clock(15)
        assert waiting.receive(ours, memoryview(bytearray(1))) == 1
        assert waiting.receive(ours, memoryview(bytearray(1))) == 1
        assert waiting.left == 12


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
def test_memory_is_limited(pool):
    with pytest.raises(ImageError, match=r"^a: decoding takes more than 1,024 MiB of memory; save it as JPEG or PNG\Z"):
        decode_image(bombs.png_in_one_column(), "a")
    assert decode_image(bombs.saved("TIFF"), "a").shape == (64, 64, 3)


def test_one_that_was_ended_while_idle_is_replaced(pool):
    data = bombs.saved("TIFF")
    expected = decode_image(data, "a")
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGKILL)
    np.testing.assert_array_equal(decode_image(data, "a"), expected)
    assert pids(pool) != [pid]


def test_one_that_ends_while_it_decodes_is_said(pool):
    """As where the file makes the decoder crash. It is not tried again without end."""

    def end_them():
        while not ended.wait(0.3):
            for pid in pids(pool):
                os.kill(pid, signal.SIGSEGV)

    ended = threading.Event()
    thread = threading.Thread(target=end_them)
    thread.start()
    try:
        with pytest.raises(
            ImageError, match=r"^a: (the process that decoded it|no process .*) was ended by SIGSEGV.*\Z"
        ):
            decode_image(SLOW, "a")
    finally:
        ended.set()
        thread.join()


def test_what_a_terminal_signals_does_not_reach_it(pool):
    """Training saves first, and may read a few more images until then."""
    data = bombs.saved("TIFF")
    decode_image(data, "a")
    (pid,) = pids(pool)
    assert os.getpgid(pid) == pid
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    decode_image(data, "a")
    assert pids(pool) == [pid]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_imports_no_framework_and_nothing_from_the_current_folder(pool, tmp_path, monkeypatch):
    for name in ("numpy", "json", "PIL", "keras_googlenet"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    decode_image(bombs.saved("TIFF"), "a")
    (pid,) = pids(pool)
    maps = Path(f"/proc/{pid}/maps").read_text()
    assert "_imaging" in maps
    assert "tensorflow" not in maps
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) < 60_000


def test_several_threads_have_several(pool, tmp_path):
    paths = [tmp_path / f"{number}.tif" for number in range(40)]
    for number, path in enumerate(paths):
        Image.new("RGB", (300, 200), (number, 0, 0)).save(path)
    with ThreadPoolExecutor(8) as threads:
        found = [image[0, 0, 0] for image in threads.map(read_image, paths)]
    assert found == list(range(40))
    assert 1 <= len(pids(pool)) <= max(2, os.cpu_count())


def test_a_file_is_passed_on_open(tmp_path):
    """Not its name, which may mean another file there."""
    path = tmp_path / "a.tif"
    path.write_bytes(bombs.saved("TIFF"))
    with open(path, "rb") as file:
        path.unlink()
        assert read_image(f"/dev/fd/{file.fileno()}").shape == (64, 64, 3)


def test_settings_of_pillow_go_along(monkeypatch):
    data = bombs.saved("BMP")[:-1000]
    with pytest.raises(ImageError, match="truncated"):
        decode_image(data, "a")
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert decode_image(data, "a").shape == (64, 64, 3)


@pytest.mark.parametrize("way", ["no program", "no process", "ends at once"])
def test_where_none_can_be_started_that_is_said(pool, monkeypatch, way):
    def fail(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    said = {
        "no program": "this Python is part of another program",
        "no process": "Resource temporarily unavailable",
        "ends at once": "it ended with status 1 at once",
    }
    if way == "no program":
        monkeypatch.setattr(sys, "executable", "")
    elif way == "no process":
        monkeypatch.setattr(subprocess, "Popen", fail)
    else:
        monkeypatch.setattr(sys, "path", [folder for folder in sys.path if "site-packages" not in folder])
    with pytest.raises(ImageError, match=rf"^a: no process can be started to decode such an image: {said[way]}\Z"):
        decode_image(bombs.saved("TIFF"), "a")
    assert decode_image(bombs.saved("JPEG"), "a").shape == (64, 64, 3)
    monkeypatch.undo()
    assert decode_image(bombs.saved("TIFF"), "a").shape == (64, 64, 3)


def python(program, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", WITHOUT_KERAS + program, ROOT, *arguments], stdout=subprocess.PIPE, text=True, **options
    )


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("kind", ["in Python", "in C", "idle"])
def test_it_ends_with_its_parent(tmp_path, kind):
    """Which is killed, so that it can do nothing about it. A decoder in C may not return to Python for long."""
    path = tmp_path / "image"
    path.write_bytes(SLOW if kind == "in Python" else bombs.jpeg2000_large() if kind == "in C" else bombs.saved("TIFF"))
    program = """
import threading
images.decode_image(open(sys.argv[3], "rb").read(), "first")
print(*(worker._process.pid for worker in worker_pool._pool()._all), flush=True)
images.read_image(sys.argv[2])
threading.Event().wait()
"""
    (tmp_path / "first").write_bytes(bombs.saved("TIFF"))
    with python(program, path, tmp_path / "first") as parent:
        pid = int(parent.stdout.readline())
        time.sleep(0.7)
        assert running(pid)
        begun = time.monotonic()
        parent.kill()
        assert gone(pid, 10)
        assert time.monotonic() - begun < 1


def test_a_forked_process_has_its_own(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(bombs.saved("TIFF"))
    program = """
import os
first = images.read_image(sys.argv[2])
child = os.fork()
for _ in range(50):
    assert (images.read_image(sys.argv[2]) == first).all()
if child:
    assert os.waitpid(child, 0)[1] == 0
    print(len(worker_pool._pool()._all))
"""
    with python(program, path) as parent:
        assert parent.stdout.read().strip() == "1"
    assert parent.returncode == 0


def test_the_package_may_be_in_an_archive_and_the_folder_anywhere(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (ROOT / "keras_googlenet").rglob("*.py"):
            archive.write(path, path.relative_to(ROOT))
    (tmp_path / "a.tif").write_bytes(bombs.saved("TIFF"))
    (tmp_path / "gone").mkdir()
    program = """
import os
os.rmdir(os.getcwd())
print(images.read_image(sys.argv[2]).shape, images.__file__)
"""
    command = [sys.executable, "-c", WITHOUT_KERAS + program, tmp_path / "all.zip", tmp_path / "a.tif"]
    said = subprocess.check_output(command, cwd=tmp_path / "gone", text=True)
    assert said.startswith("(64, 64, 3)")
    assert "all.zip" in said


def test_no_format_holds_a_program(tmp_path, monkeypatch, pool):
    """An image may be wrapped in another format: Pillow would have run a drawing in PostScript there."""
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    drawing = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n"
    with pytest.raises(ImageError):
        decode_image(bombs.in_iptc(drawing), "a")
    assert not (tmp_path / "ran").exists()
    assert decode_image(bombs.in_iptc(bombs.saved("PNG", (8, 8), "L")), "a").shape == (8, 8, 3)
