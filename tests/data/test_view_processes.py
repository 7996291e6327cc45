"""Views that other processes make: the same bits however many there are, and whatever becomes of them."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import bombs

import keras_googlenet
from keras_googlenet.data import ImageError, Sampler, load, pipeline, read_image, training_stream, views, worker_pool
from keras_googlenet.data.errors import reading_errors
from keras_googlenet.data.images import decode_image
from keras_googlenet.data.pad_and_crop import PadAndCropSampler
from keras_googlenet.data.pipeline import evaluation_batches
from keras_googlenet.data.reading import Reader
from keras_googlenet.data.tasks import Task
from keras_googlenet.data.views import Answer, Encoded, View

pytestmark = [
    pytest.mark.spawns,
    pytest.mark.skipif(not worker_pool.available(), reason="this system passes no files to other processes"),
]

SIZE, BATCH = 16, 5


def photo(path, width, height, seed, **options):
    """Smooth, as photos are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC).save(path, **options)


@pytest.fixture
def folder(tmp_path):
    """Two classes of photos of three formats, too small to be decoded smaller."""
    for number in range(24):
        kind = ("jpg", "png", "webp")[number % 3]
        photo(tmp_path / "photos" / str(number % 2) / f"{number:02}.{kind}", 30 + number, 28, number)
    return tmp_path / "photos"


def pool():
    return worker_pool._pool()


def batches(split, count, first_step=0, **options):
    stream = training_stream(
        split, image_size=SIZE, batch_size=BATCH, seed=3, sampler=Sampler(3), first_step=first_step, **options
    )
    return [(images.tobytes(), labels.tolist()) for images, labels in stream.take(count).as_numpy_iterator()]


def expected(path, index, epoch, sampler):
    return sampler(read_image(path), SIZE, epoch, index)


def made(paths, sampling, size=SIZE, epoch=0):
    """What a process makes of files, and what becomes of each."""
    pixels = np.zeros((len(paths), size, size, 3), np.uint8)
    images = Encoded(list(map(str, paths)))
    task = Task(images, [epoch] * len(paths), list(range(len(paths))), size, sampling, [])
    return pixels, worker_pool.views(task, pixels)


def test_views_are_those_of_the_samplers(folder):
    """Bit for bit where nothing is decoded smaller, here and there, for each kind of sampling."""
    paths = sorted(folder.rglob("*.*"))
    for sampling, sampler in (("paper", Sampler(7)), ("pad_and_crop", PadAndCropSampler(7))):
        pixels, answers = made(paths, (sampling, 7), epoch=2)
        assert answers == [Answer.MADE] * len(paths)
        for index, path in enumerate(paths):
            np.testing.assert_array_equal(pixels[index], expected(path, index, 2, sampler))
            here = views.make(View(str(path), None, None, 2, index), path, SIZE, sampler, lambda file: True)
            assert here == pixels[index].tobytes()


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (643, 487)])
def test_a_large_photo_is_decoded_smaller(tmp_path, width, height, orientation):
    """Upright or turned, by a few gray levels; `nearest` and the central square not at all."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.jpg"
    photo(path, width, height, 0, exif=exif, quality=95)
    whole, sampler, scales = read_image(path), Sampler(3), []
    pixels, answers = made([path] * 40, ("paper", 3))
    assert answers == [Answer.MADE] * 40
    for index in range(40):
        scales.append(sampler.scale(*whole.shape[:2], SIZE, 0, index))
        difference = np.abs(pixels[index].astype(int) - sampler(whole, SIZE, 0, index))
        turned = orientation > 1 and (width % scales[-1] or height % scales[-1])
        if scales[-1] == 1 or turned:
            assert difference.max() == 0
        else:
            assert 0 < difference.mean() < 3, scales[-1]
    assert set(scales) == {1, 2, 4, 8}
    pixels, _ = made([path], ("center", 0))
    np.testing.assert_array_equal(pixels[0], keras_googlenet.data.center_crop(whole, SIZE))


@pytest.mark.parametrize("processes", [1, 3])
def test_any_number_of_processes_makes_the_same_batches(folder, processes, monkeypatch):
    split = load(folder).train
    alone = batches(split, 9)
    monkeypatch.setattr(pool(), "free", worker_pool.Turns(processes))
    assert batches(split, 9) == alone
    assert batches(split, 5, first_step=4) == alone[4:]
    monkeypatch.setattr(worker_pool, "available", lambda: False)  # as on Windows
    assert batches(split, 9) == alone


def test_a_stream_that_goes_on(folder, monkeypatch, tmp_path):
    """Calls grow, and a run that is resumed has them grow elsewhere: the batches are the same."""
    os.rename(folder / "1" / "01.png", os.fsencode(folder / "1") + b"/\xff\xe9.png")
    monkeypatch.chdir(tmp_path)
    split = load(folder.name).train
    steps = pipeline._WARM // BATCH
    alone = batches(split, steps + 30)
    assert batches(split, 60, first_step=steps - 30) == alone[steps - 30 :]
    monkeypatch.setattr(worker_pool, "available", lambda: False)
    assert batches(split, 60, first_step=steps - 30) == alone[steps - 30 :]


@pytest.mark.parametrize("then", ["a view", "an image"])
def test_one_that_others_keep_from_running_is_waited_for(folder, monkeypatch, then):
    """Views are made where nobody else has work for a processor: that takes as long as it takes."""
    paths = sorted(folder.rglob("*.*"))[:1]
    made(paths, ("center", 0))
    monkeypatch.setattr(worker_pool, "SECONDS", 0.2)
    process = pool().idle[-1]._process
    process.send_signal(signal.SIGSTOP)
    timer = threading.Timer(0.2 * worker_pool.PATIENCE + 1, process.send_signal, (signal.SIGCONT,))
    timer.start()
    if then == "a view":
        assert made(paths, ("center", 0))[1] == [Answer.MADE]
    else:
        assert decode_image(bombs.saved("TIFF"), "a").shape == (64, 64, 3)
    timer.join()
    assert pool().idle[-1]._process is process


def test_one_that_is_killed_is_replaced(folder):
    split = load(folder).train
    alone = batches(split, 30)
    stream = training_stream(split, image_size=SIZE, batch_size=BATCH, seed=3, sampler=Sampler(3)).take(30)
    found = []
    for step, (images, labels) in enumerate(stream.as_numpy_iterator()):
        found.append((images.tobytes(), labels.tolist()))
        if step % 5 == 0:
            for worker in list(pool()._all):
                os.kill(worker._process.pid, signal.SIGKILL)
    assert found == alone


def test_what_ends_its_process_is_named_and_nothing_else(folder):
    """A decoder that takes too long or crashes, among other images; those beside it are made."""
    split = load(folder).train
    bad = Path(os.fsdecode(split.items[4]))
    for content, why in ((bombs.BOMBS["ppm_of_comments"](), "takes longer than 1 sec"), (b"no image", "not an image")):
        bad.write_bytes(content)
        reader = Reader(load(folder).train, on_corrupt="skip")
        patch = pytest.MonkeyPatch()
        patch.setattr(worker_pool, "SECONDS", 1)
        with patch.context():
            [*_] = evaluation_batches(reader, image_size=SIZE, batch_size=BATCH)
            [(_, said)] = reader.skipped.items()
            assert said.startswith(f"{bad}: ")
            assert why in said
            with pytest.raises(ImageError, match=f"^{bad}: .*{why}"), reading_errors():
                batches(load(folder).train, 8)
        patch.undo()


def test_where_no_process_can_be_started_this_one_makes_them(folder, monkeypatch):
    split = load(folder).train
    pool().end_all()
    pool().idle.clear()
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(ImageError, match=r"\.webp: no process can be started"), reading_errors():
        batches(split, 4)
    for path in folder.rglob("*.webp"):
        path.unlink()
    here = batches(load(folder).train, 4)
    monkeypatch.undo()
    assert batches(load(folder).train, 4) == here


TRAINS = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from keras_googlenet.data import Sampler, load, training_stream, worker_pool
stream = training_stream(load(sys.argv[1]).train, image_size=16, batch_size=5, seed=0, sampler=Sampler(0))
for step, _ in enumerate(stream):
    if step == 3:
        print(*(worker._process.pid for worker in worker_pool._pool()._all), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_they_end_with_the_process_that_trains(folder, end):
    root = Path(keras_googlenet.__file__).parent.parent
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", TRAINS, folder]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True, "env": environment}
    with subprocess.Popen(command, **options) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert pids
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        process.send_signal(end)
    deadline = time.monotonic() + 10
    while any(map(running, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def running(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
