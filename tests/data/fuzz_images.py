"""Damages image files and reads them: nothing may crash, hang, fill the memory, or be said in two lines.

    python tests/data/fuzz_images.py                  # 2,000 mutations of each format, some minutes
    python tests/data/fuzz_images.py --mutations 50 --formats TIFF

Each mutated file is read in another process, as training would. It either is an image (the damage was to a pixel, or to
what is not read), or is refused by one `ImageError` that names it. Seconds are of processor time. The exit status is 1
if any file did otherwise.
"""

import argparse
import collections
import io
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

SECONDS, MEMORY = 20, 1536
"""Of processor time for one answer; MiB of memory, of both processes, beyond what they take before they read."""

HUNG = 120
"""Seconds after which an answer is given up."""

# A format, and how it is written: as large as its decoder needs to do all that it can.
FORMATS = {
    "AVIF": {},
    "BLP": {"mode": "P"},
    "BMP": {},
    "DDS": {"pixel_format": "DXT5", "mode": "RGBA"},
    "DIB": {},
    "GIF": {"frames": 3},
    "ICNS": {},
    "ICO": {},
    "IM": {},
    "JPEG": {"exif": True},
    "JPEG progressive": {"progressive": True, "exif": True},
    "JPEG2000": {"tile_size": (32, 32)},
    "MPO": {"frames": 2},
    "MSP": {"mode": "1"},
    "PCX": {},
    "PNG": {"exif": True, "icc_profile": bytes(500)},
    "PNG animated": {"frames": 3},
    "PPM": {},
    "QOI": {},
    "SGI": {},
    "SPIDER": {"mode": "F"},
    "TGA": {"compression": "tga_rle"},
    "TIFF": {"exif": True},
    "TIFF deflate": {"compression": "tiff_adobe_deflate", "frames": 2},
    "TIFF lzw": {"compression": "tiff_lzw"},
    "TIFF jpeg": {"compression": "jpeg"},
    "TIFF zstd": {"compression": "zstd"},
    "TIFF fax": {"compression": "group4", "mode": "1"},
    "WEBP": {"exif": True},
    "WEBP lossless": {"lossless": True, "frames": 3},
    "XBM": {"mode": "1"},
}


def written(name):
    """A file that is whole.

    Args:
        name: Of `FORMATS`.

    Returns:
        Its bytes.
    """
    from PIL import Image

    options = dict(FORMATS[name])
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    image = Image.fromarray(pixels).resize((64, 64)).convert(options.pop("mode", "RGB"))
    if options.pop("exif", False):
        options["exif"] = Image.Exif()
        options["exif"][0x0112], options["exif"][0x010E] = 6, "a description"
    if count := options.pop("frames", 0):
        options |= {"save_all": True, "append_images": [image.rotate(90 * n) for n in range(1, count)]}
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Pillow's IM
        image.save(stream, name.partition(" ")[0], **options)
    return stream.getvalue()


def fuzz(name, mutations, seed=0):
    """Reads mutated files of one format.

    Args:
        name: Of `FORMATS`.
        mutations: How many.
        seed: Of the damage.

    Returns:
        How often each outcome was seen, a `collections.Counter` - `read` and `refused` are well, all others are not -
        and the most seconds and MiB that one took.
    """
    from weights.fuzz import mutate

    rng, outcomes, most = random.Random(f"{seed}{name}"), collections.Counter(), (0.0, 0.0)
    whole, child = written(name), None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged"
        try:
            for number in range(mutations):
                child = child if child and child.poll() is None else _start()
                path.write_bytes(mutate(whole, rng))
                found, *taken = _ask(child, path)
                outcomes[found] += 1
                most = tuple(map(max, most, taken))
                if found not in ("read", "refused"):
                    kept = Path(tempfile.gettempdir()) / f"fuzz-{seed}-{number}-{name}"
                    kept.write_bytes(path.read_bytes())
                    print(f"{found}: {kept}", file=sys.stderr)
        finally:
            if child:
                _end(child)
    return outcomes, most


def _start():
    command = [sys.executable, __file__, "--child"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdout.readline()  # it is ready
    return child


def _end(child):
    child.stdin.close()
    child.stdout.close()
    child.wait()


def _ask(child, path):
    watchdog = threading.Timer(HUNG, child.kill)
    watchdog.start()
    try:
        child.stdin.write(f"{path}\n")
        child.stdin.flush()
        answer = child.stdout.readline()
    except OSError:  # it has ended
        answer = ""
    finally:
        alive = watchdog.is_alive()
        watchdog.cancel()
    if answer:
        return json.loads(answer)
    _end(child)
    return ("crashed" if alive else "hung"), 0, 0


def _child():
    from support import bombs

    from keras_googlenet.data.images import decode_image, read_view

    decode_image(bombs.saved("TIFF"), "whole")  # a process waits
    _, before = _taken()
    print("ready", flush=True)
    for line in sys.stdin:
        begun, _ = _taken()
        found = outcome(read_view, line.strip())
        seconds, peak = _taken()
        if seconds - begun > SECONDS:
            found = "took long"
        elif peak - before > MEMORY:
            found = "took much"
        print(json.dumps((found, seconds - begun, peak - before)), flush=True)


def _taken():
    """Seconds and MiB of this process and those it has started."""
    from keras_googlenet.data import worker_pool

    seconds = time.process_time()
    kilobytes = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds += ended.ru_utime + ended.ru_stime
    for worker in worker_pool._pool()._all:
        status = Path(f"/proc/{worker._process.pid}/status").read_text()
        kilobytes += int(status.split("VmHWM:")[1].split()[0])
        fields = Path(f"/proc/{worker._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        seconds += (int(fields[11]) + int(fields[12])) / 100
    return seconds, kilobytes / 1024


def outcome(read_view, path):
    """Reads an image.

    Args:
        read_view: What reads it.
        path: Of its file, a string.

    Returns:
        What happened: `read` and `refused` are well.
    """
    from keras_googlenet.data import ImageError

    try:
        view = read_view(path, 32)
    except ImageError as error:
        said = str(error)
        return "refused" if said.startswith(f"{path}: ") and "\n" not in said and len(said) < 1000 else f"said {said!r}"
    except BaseException as error:
        return f"raised {type(error).__name__}"
    return "read" if view.shape == (32, 32, 3) else f"read {view.shape}"


def main():
    """Prints a row for each format."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--formats", nargs="+", default=FORMATS, choices=FORMATS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return _child()
    well = True
    for name in options.formats:
        outcomes, (seconds, memory) = fuzz(name, options.mutations, options.seed)
        print(f"{name:<17} {dict(outcomes)}, at most {seconds:.1f} s and {memory:.0f} MiB", flush=True)
        well &= set(outcomes) <= {"read", "refused"}
    return 0 if well else 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(main())
