"""What `auto` takes of a device, of which the facts are made up, as far as no machine has them all."""

import os
import sys
import types

import keras
import pytest
import tensorflow as tf

from keras_googlenet.utils import processor
from keras_googlenet.utils.precision import automatic, dtype_policy, resolved

CPUINFO = """processor\t: {0}
model name\t: a processor with amx_bf16 in its name
bugs\t\t: avx512_bf16
flags\t\t: fpu sse4_2 {1}

"""


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Makes this a machine with such GPUs and TPUs, or with such flags of its processor: `machine(*devices, flags)`."""

    def machine(*devices, flags="", backend="tensorflow"):
        (tmp_path / "cpuinfo").write_text(CPUINFO.format(0, flags) + CPUINFO.format(1, flags))
        monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "cpuinfo")
        monkeypatch.setattr(processor, "accelerators", lambda: list(devices))
        monkeypatch.setattr(keras.backend, "backend", lambda: backend)

    return machine


@pytest.mark.parametrize(
    ("devices", "flags", "backend", "expected"),
    [
        ([("gpu", (9, 0))], "", "tensorflow", "bfloat16 (this GPU has compute capability 9.0)"),
        ([("gpu", (8, 0))], "", "jax", "bfloat16 (this GPU has compute capability 8.0)"),
        ([("gpu", (10, 0))], "", "torch", "bfloat16 (this GPU has compute capability 10.0)"),
        ([("gpu", (7, 0))], "", "tensorflow", "float16 (this GPU has compute capability 7.0)"),
        ([("gpu", (7, 5)), ("gpu", (9, 0))], "", "jax", "float16 (this GPU has compute capability 7.5)"),
        ([("gpu", (6, 1))], "amx_bf16", "tensorflow", "float32 (this GPU is not known to be faster in another)"),
        ([("gpu", None)], "amx_bf16", "tensorflow", "float32 (this GPU is not known to be faster in another)"),
        ([("tpu", None)], "", "jax", "bfloat16 (TPUs are made for it)"),
        ([], "avx512_bf16 amx_bf16 amx_tile", "tensorflow", "bfloat16 (this processor has AMX)"),
        ([], "avx512_bf16 erms", "tensorflow", "bfloat16 (this processor has AVX512-BF16)"),
        (
            [],
            "avx512f avx512_vnni amx_int8",
            "tensorflow",
            "float32 (this processor has no units for another)",
        ),
        ([], "amx_bf16", "jax", "float32 (Keras on jax is not faster in another on a processor)"),
        ([], "amx_bf16", "torch", "float32 (Keras on torch is not faster in another on a processor)"),
        ([], "amx_bf16", "openvino", "float32 (Keras on openvino is not faster in another on a processor)"),
    ],
)
def test_what_auto_takes(machine, devices, flags, backend, expected):
    machine(*devices, flags=flags, backend=backend)
    assert str(automatic()) == f"precision: {expected}"
    assert f"{resolved('auto')} (" in str(automatic())
    assert dtype_policy("auto").removeprefix("mixed_") == resolved("auto")


def test_what_auto_takes_of_fewer(machine):
    machine(flags="amx_bf16")
    assert str(automatic(("float32", "float16"))) == "precision: float32 (there is none of bfloat16)"
    assert automatic(("float32", "bfloat16")).value == "bfloat16"


def test_a_processor_that_tells_nothing(machine, monkeypatch, tmp_path):
    machine()
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "none")  # as on macOS and Windows
    assert automatic().value == "float32"


@pytest.mark.skipif(not os.path.exists("/proc/cpuinfo"), reason="Linux has it")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="other processors call them features")
def test_this_processor_tells_something():
    assert {"fpu", "sse2"} <= processor.processor_flags()  # which every x86-64 has


def test_devices_of_tensorflow(monkeypatch):
    device = tf.config.PhysicalDevice
    seen = [device("/physical_device:CPU:0", "CPU"), device("/physical_device:GPU:0", "GPU"), device("x", "GPU")]
    details = {"/physical_device:GPU:0": {"device_name": "V100", "compute_capability": (7, 0)}, "x": {}}
    assert processor.accelerators() == []  # CI has none
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda: seen)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda one: details[one.name])
    assert processor.accelerators() == [("gpu", (7, 0)), ("gpu", None)]


def test_devices_of_jax(monkeypatch):
    def device(platform, **more):
        return types.SimpleNamespace(platform=platform, **more)

    found = [
        device("cpu"),
        device("gpu", compute_capability="9.0"),
        device("tpu"),
        device("gpu", compute_capability=""),
    ]
    monkeypatch.setitem(sys.modules, "jax", types.SimpleNamespace(local_devices=lambda: found))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert processor.accelerators() == [("gpu", (9, 0)), ("tpu", None), ("gpu", None)]


def test_devices_of_torch(monkeypatch):
    cuda = types.SimpleNamespace(device_count=lambda: 2, get_device_capability=lambda i: [(8, 6), (7, 5)][i])
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    assert processor.accelerators() == [("gpu", (8, 6)), ("gpu", (7, 5))]
