"""Keeps the log of TensorFlow's C++ off the command's standard error, unless it tells of a device that is there.

Its first lines are written while TensorFlow is imported, to file descriptor 2 and whatever `TF_CPP_MIN_LOG_LEVEL` says.
So descriptor 2 leads through a process that leaves lines of such a log out and passes on all the rest, also what is
written last by a process that crashes. Python's own `sys.stderr` goes past it. Who sets one of `ASKED` gets the log.
"""

import contextlib
import glob
import logging
import os
import re
import signal
import sys

ASKED = ("TF_CPP_MIN_LOG_LEVEL", "TF_CPP_MAX_VLOG_LEVEL", "TF_CPP_VMODULE")
"""Environment variables of a user who wants the log as it is."""

UNUSED = (
    "this machine has an NVIDIA device that TensorFlow cannot use. Check its driver with nvidia-smi and install CUDA's "
    "libraries with '.[gpu]'; TF_CPP_MIN_LOG_LEVEL=0 shows TensorFlow's log, CUDA_VISIBLE_DEVICES=-1 goes without"
)

_DEVICES = ("/dev/nvidia[0-9]*", "/usr/lib/wsl/lib/libcuda.so*")
_LINE = re.compile(
    rb"([IWEF])\d{4} \d\d:\d\d:[\d.]+ +\d+ \S+:\d+\] "  # absl's
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: ([IWEF]) \S+:\d+\] "  # TensorFlow's own, older
    rb"|(WARNING: All log messages before absl::InitializeLog|To enable the following instructions: )"
    rb"|(INFO|WARNING): |fully_quantize: "  # LiteRT's
)


def begin():
    """Silences the log, before anything heavy is imported.

    Where TensorFlow is there already, or the user asked for the log, everything stays as it is.
    """
    if "tensorflow" in sys.modules or any(name in os.environ for name in ASKED):
        return
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of functions that are traced for each model
    logging.getLogger("absl").setLevel(logging.ERROR)  # TFDS's warnings of data sets that are not prepared yet
    device = has_device()
    os.environ[ASKED[0]] = "2" if device else "3"  # 2 leaves the errors
    if hasattr(os, "fork") and sys.stderr is not None:
        _filter(device)


def has_device():
    """Whether the machine has an NVIDIA device that it may use."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
    return not hidden and any(glob.glob(pattern) for pattern in _DEVICES)


def tell_of_unused_device():
    """Warns of a device that is there and that TensorFlow, which has been imported, does not use."""
    import keras

    if keras.backend.backend() == "tensorflow" and has_device():
        import tensorflow as tf

        if tf.test.is_built_with_cuda() and not tf.config.list_physical_devices("GPU"):
            print(f"keras-googlenet: warning: {UNUSED}", file=sys.stderr)


def is_noise(line, device=False):
    """Whether a line of standard error says nothing to a user.

    Args:
        line: The line, bytes.
        device: Whether there is a device, so that errors may be about it.
    """
    if not (found := _LINE.match(line)):
        return False
    if b"Unable to register cu" in line:  # said of a device that works, too
        return True
    level = found[1] or found[2] or b"I"
    return level in (b"I", b"W") or (level == b"E" and not device)


def _filter(device):
    try:
        stderr = os.dup(2)
        source, target = os.pipe()
        child = os.fork()
    except OSError:  # standard error is closed, or the machine has nothing to spare: the log is not worth an error
        return
    if child == 0:
        os.close(target)
        _pass_on(source, stderr, device)
    kept = open(stderr, "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors)  # noqa: SIM115
    # pytest, doctest and the like put the second back as the first.
    sys.stderr = sys.__stderr__ = kept  # type: ignore[misc]
    os.dup2(target, 2)
    os.close(target)
    os.close(source)


def _pass_on(source, stderr, device):
    """Passes on what is no noise, until everybody who writes has ended; never returns."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        for number in {*range(64)} - {source, stderr}:
            with contextlib.suppress(OSError):
                os.close(number)
        with open(source, "rb") as lines, open(stderr, "wb", buffering=0) as out:
            for line in lines:
                if not is_noise(line, device):
                    with contextlib.suppress(OSError):  # nobody reads it: who writes here must not notice
                        out.write(line)
    finally:
        os._exit(0)
