"""`benchmarks/gpu_trials.py`: outputs and gradients are those of what it takes the place of, in float32."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is in the extra `peers`")

TESTS = Path(__file__).resolve().parent
BENCHMARKS = TESTS.parent / "benchmarks"


@pytest.fixture
def trials(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import gpu_trials

    return gpu_trials


def normal(*shape):
    return np.random.default_rng(len(shape)).normal(0, 1, shape).astype("float32")


def agree(trial, plain, *arguments):
    """The outputs, and for random gradients of these the gradients of all arguments."""
    output, back = jax.vjp(trial, *arguments)
    expected, plain_back = jax.vjp(plain, *arguments)
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)
    g = normal(*expected.shape)
    for found, wanted in zip(back(g), plain_back(g), strict=True):
        assert np.any(wanted)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(8, 8), (7, 7), (8, 11), (3, 4)])
@pytest.mark.parametrize("values", ["all different", "many equal"])
def test_max_pool(trials, values, size, stride, padding):
    """Of equal maxima XLA gives the gradient to the first; so must the trial function."""
    x = normal(2, *size, 3)
    if values == "many equal":
        x = np.maximum(np.round(x) - 1, 0)  # zeros and a few ones
    windows = (1, 3, 3, 1), (1, stride, stride, 1), padding.upper()
    agree(
        lambda x: trials.max_pool(x, stride, padding),
        lambda x: jax.lax.reduce_window(x, -np.inf, jax.lax.max, *windows),
        x,
    )


def test_a_pool_over_a_pooled_map(trials):
    """Where the same value is the maximum of neighboring windows, and is met again."""

    def plain(x, stride):
        return jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 3, 3, 1), (1, stride, stride, 1), "SAME")

    agree(
        lambda x: trials.max_pool(trials.max_pool(x, 2, "same"), 1, "same"),
        lambda x: plain(plain(x, 2), 1),
        normal(2, 14, 14, 3),
    )


@pytest.mark.parametrize("beta", [0.75, 0.5])
@pytest.mark.parametrize(("radius", "channels"), [(2, 8), (2, 3), (1, 7)])
def test_local_response_normalization(trials, radius, channels, beta):
    """With a large `alpha`, so that the neighbors count."""
    near = abs(np.subtract.outer(range(channels), range(channels))) <= radius
    agree(
        lambda x: trials.local_response_normalization(x, radius, 2.0, 0.5, beta),
        lambda x: x / (2.0 + 0.5 * (x**2 @ near.astype("float32"))) ** beta,
        normal(2, 3, 4, channels),
    )


@pytest.mark.parametrize("channels", [12, 16])
@pytest.mark.parametrize("side", [7, 3])
@pytest.mark.parametrize("size", [(22, 22), (21, 24), (23, 21)])
def test_space_to_depth_conv(trials, size, side, channels):
    agree(
        lambda x, kernel: trials.space_to_depth_conv(x, kernel, channels),
        lambda x, kernel: jax.lax.conv_general_dilated(
            x, kernel, (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        ),
        normal(2, *size, 3),
        normal(side, side, 3, 5),
    )


PROGRAM = """
import json, sys
import gpu_trials, jax
import numpy as np
from keras.src import backend
from support import deterministic
from support.small import SMALL
from keras_googlenet import GoogLeNet, LocalResponseNormalization
from keras_googlenet.model import googlenet

size = int(sys.argv[1])
images = deterministic.images(3, size)

def probe(weights):
    model = GoogLeNet(weights=None, input_shape=(size, size, 3), classes=4, variant=SMALL)
    if not weights:
        deterministic.fill(model)
        weights.update({variable.path: variable.numpy() for variable in model.trainable_variables})
    paths = [variable.path for variable in model.trainable_variables]
    seeds = [variable.value for variable in model.non_trainable_variables]

    def loss(values):
        outputs, _ = model.stateless_call([values[path] for path in paths], seeds, images, training=False)
        return -sum(jax.numpy.log(output)[:, 1].mean() for output in outputs), outputs

    assert set(paths) == set(weights)
    gradient = jax.jit(jax.grad(loss, has_aux=True)).trace(weights)
    return *gradient.lower().compile()(weights), str(gradient.jaxpr)

def places():
    nn, numpy = backend.nn, backend.numpy
    return nn.max_pool, nn.conv, numpy.concatenate, LocalResponseNormalization.call, googlenet.inception

before, weights = places(), {}
gradients, outputs, text = probe(weights)
with gpu_trials.patched():
    assert not set(places()) & set(before)
    trial_gradients, trial_outputs, trial_text = probe(weights)
assert places() == before
norm, words = np.linalg.norm, ("select_and_scatter", "optimization_barrier")
print(json.dumps({
    "outputs": max(float(abs(a - b).max()) for a, b in zip(outputs, trial_outputs)),
    "gradients": {path: float(norm(trial_gradients[path] - g) / norm(g)) for path, g in gradients.items()},
    "operations": [[said.count(word) for word in words] for said in (text, trial_text)],
}))
"""


@pytest.mark.spawns
def test_the_network():
    """Keras on JAX, three heads; maps of 38, 19, 9, 4 and 2 pixels."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (TESTS.parent, TESTS, BENCHMARKS)))
    command = [sys.executable, "-c", PROGRAM, "75"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["outputs"] < 1e-5
    assert max(found["gradients"].values()) < 1e-4
    (scatters, barriers), (trial_scatters, trial_barriers) = found["operations"]
    assert scatters > 0
    assert (barriers, trial_scatters) == (0, 0)
    assert trial_barriers > 0
