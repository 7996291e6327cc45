"""Importing the package changes nothing."""

import os
import subprocess
import sys

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


def test_importing_has_no_effects(tmp_path):
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert "keras_googlenet" in imported
    assert not imported & {"tensorflow_datasets", "sklearn", "matplotlib", "PIL", "onnx", "torch", "google"}
