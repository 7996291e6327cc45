"""The optimizer against Caffe's solver in NumPy, against Keras's SGD, and against sums done by hand."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_googlenet.training import MomentumSGD, Recipe
from keras_googlenet.training.optimizers.from_recipe import optimizer, unwrap
from keras_googlenet.training.optimizers.schedules import WarmUp

SHAPES = {"kernel": (3, 2), "bias": (2,), "gamma": (2,), "beta": (2,)}


def variables(seed=0):
    rng = np.random.default_rng(seed)
    return [keras.Variable(rng.normal(size=shape).astype("float32"), name=name) for name, shape in SHAPES.items()]


def gradients(count, seed=1):
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=shape).astype("float32") for shape in SHAPES.values()] for _ in range(count)]


def caffe(weights, batches, *, rate, momentum, decay, clip, average):
    """`SGDSolver::ApplyUpdate` in NumPy: clip, then L2 for the first weight alone, then momentum; Polyak averages."""
    weights = [weight.astype("float64") for weight in weights]
    history, averages = [0.0] * len(weights), None
    for step, grads in enumerate(batches):
        norm = np.sqrt(sum((grad.astype("float64") ** 2).sum() for grad in grads))
        scale = clip / norm if clip is not None and norm > clip else 1.0
        for i, grad in enumerate(grads):
            local = grad * scale + (decay * weights[i] if i == 0 else 0.0)
            history[i] = momentum * history[i] + rate(step) * local
            weights[i] = weights[i] - history[i]
        memory = average if averages is not None else 0.0
        averages = [memory * old + (1 - memory) * new for old, new in zip(averages or weights, weights, strict=True)]
    return weights, averages


def state(built, values):
    return [v.numpy() for v in (*values, *built._model_variables_moving_average)]


def close(actual, expected, tolerance=1e-6):
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("clip", [None, 1.0, 3.5])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_updates_are_caffes(clip, decay):
    values, batches = variables(), gradients(6)
    built = MomentumSGD(0.1, 0.9, weight_decay=decay, global_clipnorm=clip, use_ema=True, ema_momentum=0.8)
    start = [v.numpy() for v in values]
    for grads in batches:
        built.apply(grads, values)
    weights, averages = caffe(start, batches, rate=lambda _: 0.1, momentum=0.9, decay=decay, clip=clip, average=0.8)
    close(state(built, values), weights + averages)


PROGRAM = """
import json, sys
import keras
import numpy as np
from keras_googlenet.training import MomentumSGD

start, batches, arguments = json.load(sys.stdin)
values = [keras.Variable(np.array(value, "float32"), name=name) for name, value in start.items()]
built = MomentumSGD(0.1, 0.9, **arguments)
for grads in batches:
    built.apply([keras.ops.convert_to_tensor(np.array(grad, "float32")) for grad in grads], values)
print(json.dumps([keras.ops.convert_to_numpy(value).tolist() for value in (*values, *built.moving_averages)]))
"""


@pytest.mark.spawns
@pytest.mark.parametrize("accumulate", [None, 2])
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_take_the_same_steps(backend, accumulate):
    pytest.importorskip(backend)
    values, batches = variables(), gradients(6)
    arguments = {"weight_decay": 0.3, "global_clipnorm": 1.0, "use_ema": True, "ema_momentum": 0.8}
    arguments["gradient_accumulation_steps"] = accumulate
    start = {v.name: v.numpy().tolist() for v in values}
    given = json.dumps([start, [[grad.tolist() for grad in grads] for grads in batches], arguments])
    environment = {**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, input=given, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    built = MomentumSGD(0.1, 0.9, **arguments)
    for grads in batches:
        built.apply(grads, values)
    close([np.array(value) for value in json.loads(done.stdout.splitlines()[-1])], state(built, values))


def test_without_decay_it_is_kerass_sgd():
    ours, theirs, batches = variables(), variables(), gradients(5)
    arguments = {"momentum": 0.9, "global_clipnorm": 1.0, "use_ema": True, "ema_momentum": 0.8}
    built, stock = MomentumSGD(0.1, **arguments), keras.optimizers.SGD(0.1, **arguments)
    for grads in batches:
        built.apply(grads, ours)
        stock.apply(grads, theirs)
    close(state(built, ours), state(stock, theirs), 3e-7)


def test_decay_goes_through_the_momentum_and_not_into_biases_or_batch_normalization():
    values = variables()
    start = [v.numpy() for v in values]
    built = MomentumSGD(0.1, 0.5, weight_decay=0.2)
    for _ in range(2):
        built.apply([np.zeros(v.shape, "float32") for v in values], values)
    # Velocities of the kernel: -0.02 w, then 0.5 * -0.02 w - 0.02 * 0.98 w.
    close([values[0].numpy()], [start[0] * (0.98 - 0.01 - 0.0196)])
    for value, before in zip(values[1:], start[1:], strict=True):
        np.testing.assert_array_equal(value.numpy(), before)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_accumulated_batches_are_one_large_batch(momentum):
    schedule = WarmUp(keras.optimizers.schedules.CosineDecay(0.2, 10), 3)
    # A sum of three gradients is clipped to 2, their mean is not always.
    arguments = {"weight_decay": 0.1, "global_clipnorm": 2.0, "use_ema": True, "ema_momentum": 0.8}
    batches, pieces, whole = gradients(12), variables(), variables()
    small = MomentumSGD(schedule, momentum, gradient_accumulation_steps=3, **arguments)
    large = MomentumSGD(schedule, momentum, **arguments)
    for i in range(0, 12, 3):
        for grads in batches[i : i + 3]:
            small.apply(grads, pieces)
        large.apply([np.mean(grads, axis=0) for grads in zip(*batches[i : i + 3], strict=True)], whole)
        close(state(small, pieces), state(large, whole))
        assert int(small.iterations) == int(large.iterations) == i // 3 + 1
        assert float(small.learning_rate) == float(large.learning_rate)


def test_nothing_moves_before_an_update_is_complete():
    values = variables()
    start = [v.numpy() for v in values]
    built = MomentumSGD(0.1, use_ema=True, weight_decay=0.1, gradient_accumulation_steps=3)
    for grads in gradients(2):
        built.apply(grads, values)
    close(state(built, values), start + start, 0)


@pytest.mark.trains
def test_accumulation_in_fit_is_training_on_the_large_batch():
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(24, 6, 6, 1)).astype("float32"), rng.integers(0, 3, 24)

    def trained(batch_size, accumulate):
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
        model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
        recipe = Recipe(
            epochs=2, clip_norm=0.3, warmup_steps=2, weight_decay=0.01, accumulate=accumulate, averaging=None
        )
        model.compile(optimizer(recipe, 24 // batch_size), "sparse_categorical_crossentropy")
        model.fit(images, labels, batch_size=batch_size, epochs=2, shuffle=False, verbose=0)
        return [v.numpy() for v in model.trainable_variables]

    close(trained(4, accumulate=3), trained(12, accumulate=1))


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_recipes_gradients_are_clipped(accumulate, precision):
    """The gradient (3, 4) has a norm of 5: clipped to 1 it is (0.6, 0.8)."""
    recipe = Recipe(
        clip_norm=1.0, learning_rate=0.1, warmup_steps=0, averaging=None, weight_decay=0.0,
        accumulate=accumulate, precision=precision,
    )  # fmt: skip
    values = [keras.Variable([1.0], name="kernel"), keras.Variable([1.0], name="bias")]
    built = optimizer(recipe, 10)
    for _ in range(accumulate):
        scale = float(built.scale_loss(1.0))
        built.apply([np.array([3.0 * scale], "float32"), np.array([4.0 * scale], "float32")], values)
    assert [float(v[0]) for v in values] == pytest.approx([0.94, 0.92], rel=1e-6)
    assert int(unwrap(built).iterations) == 1


def test_an_overflow_skips_the_update_and_halves_the_scale():
    values, built = variables(), optimizer(Recipe(precision="mixed_float16"), 10)
    built.build(values)
    start = [v.numpy() for v in values]
    built.apply([np.full(v.shape, np.inf, "float32") for v in values])
    close([v.numpy() for v in values], start, 0)
    assert (float(built.dynamic_scale), int(unwrap(built).iterations)) == (2.0**14, 0)


def test_it_is_saved_and_loaded_with_everything():
    arguments = {
        "momentum": 0.8, "weight_decay": 0.1, "global_clipnorm": 2.0, "use_ema": True, "ema_momentum": 0.7,
        "gradient_accumulation_steps": 3,
    }  # fmt: skip
    built = MomentumSGD(0.1, **arguments)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(built))
    assert type(again) is MomentumSGD
    assert {name: getattr(again, name) for name in arguments} == arguments
    assert float(again.learning_rate) == pytest.approx(0.1)
