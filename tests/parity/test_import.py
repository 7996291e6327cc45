"""Importing the package changes nothing."""

import importlib
import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys, warnings
import keras

def state():
    config = keras.config
    return (
        dict(os.environ), config.image_data_format(), config.floatx(), config.epsilon(), config.dtype_policy().name,
        config.is_traceback_filtering_enabled(), os.listdir(os.environ["KERAS_HOME"]),
    )

before, modules = state(), set(sys.modules)
warnings.simplefilter("error")
filters = list(warnings.filters)
import keras_googlenet
assert warnings.filters == filters
assert state() == before, (state(), before)
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - modules}))
import tensorflow as tf
tf.config.set_logical_device_configuration(  # refused once a device has been initialized
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
"""


@pytest.mark.spawns
def test_importing_has_no_effects(tmp_path):
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert "keras_googlenet" in imported
    heavy = {"tensorflow_datasets", "sklearn", "matplotlib", "PIL", "onnx", "torch", "google", "keras_hub"}
    assert not imported & heavy


def test_the_hub_names_the_extra_that_it_lacks(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("keras_googlenet.hub")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(ImportError, match=r'pip install "keras-googlenet\[hub\]"'):
        importlib.import_module("keras_googlenet.hub")
