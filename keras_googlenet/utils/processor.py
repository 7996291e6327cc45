"""What the network is computed on, as the backend of Keras tells: accelerators, else the processor and its units."""

import platform
from pathlib import Path

import keras

_CPUINFO = Path("/proc/cpuinfo")


def accelerators() -> list[tuple[str, tuple[int, int] | None]]:
    """The GPUs and TPUs that the backend computes on; none where that is the processor.

    Returns:
        A list of the kind, `"gpu"` or `"tpu"`, and the compute capability, such as `(9, 0)`; None where there is none.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        found = [device for device in tf.config.get_visible_devices() if device.device_type in ("GPU", "TPU")]
        details = tf.config.experimental.get_device_details
        return [(device.device_type.lower(), details(device).get("compute_capability")) for device in found]
    if backend == "jax":
        import jax

        devices = [device for device in jax.local_devices() if device.platform != "cpu"]
        return [(device.platform, _version(getattr(device, "compute_capability", None))) for device in devices]
    if backend == "torch":
        import torch

        return [("gpu", torch.cuda.get_device_capability(i)) for i in range(torch.cuda.device_count())]
    return []


def processor_flags() -> frozenset[str]:
    """What Linux says that an x86 processor can do, such as `avx512_bf16`; nothing elsewhere."""
    return frozenset(_cpuinfo().get("flags", "").split())


def processor_name() -> str:
    """What the processor is called."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def _cpuinfo():
    """What Linux says of the first processor; nothing elsewhere."""
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    named = (line.partition(":") for line in reversed(lines))
    return {name.strip(): value.strip() for name, _, value in named}


def _version(text):
    """`"9.0"` as `(9, 0)`; None of what is no such version."""
    major, _, minor = str(text).partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
