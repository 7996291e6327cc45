"""Learning rates against the formulas, in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_googlenet.training import Recipe, recipe_for
from keras_googlenet.training.optimizers.schedules import WarmUp, run_updates, schedule

STEPS_PER_EPOCH = 10
EPOCHS = 20
TOTAL = STEPS_PER_EPOCH * EPOCHS


def by_hand(kind, step):
    """The rate of 0.1 after a warm-up of 30 updates, as float64."""
    shape = {
        "step": 0.5 ** (step // (3 * STEPS_PER_EPOCH)),
        "polynomial": (1 - step / TOTAL) ** 0.7,
        "cosine": (1 + np.cos(np.pi * step / TOTAL)) / 2,
    }[kind]
    return 0.1 * shape * np.minimum(1, (step + 1) / 30)


@pytest.mark.parametrize("kind", ["step", "polynomial", "cosine"])
def test_schedules_follow_their_formula_eagerly_and_in_graphs(kind):
    recipe = Recipe(
        learning_rate=0.1,
        schedule=kind,
        decay_rate=0.5,
        decay_epochs=3,
        decay_power=0.7,
        warmup_steps=30,
        epochs=EPOCHS,
    )
    built = schedule(recipe, STEPS_PER_EPOCH)
    steps = np.array([0, 1, 28, 29, 30, 31, 59, 60, 89, 90, 150, TOTAL - 1])
    expected = [by_hand(kind, step) for step in steps]
    np.testing.assert_allclose([float(built(int(step))) for step in steps], expected, rtol=2e-5, atol=1e-8)
    graph = tf.function(built, input_signature=[tf.TensorSpec((), "int64")])
    np.testing.assert_allclose([float(graph(step)) for step in steps], expected, rtol=2e-5, atol=1e-8)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(built))
    assert isinstance(again, WarmUp)
    np.testing.assert_allclose([float(again(int(step))) for step in steps], expected, rtol=2e-5, atol=1e-8)


def test_polynomial_and_cosine_end_at_zero_and_stay_there():
    for kind in ("polynomial", "cosine"):
        built = schedule(Recipe(schedule=kind, epochs=EPOCHS), STEPS_PER_EPOCH)
        assert [float(built(TOTAL)), float(built(2 * TOTAL))] == pytest.approx([0, 0], abs=1e-8)


def test_the_learning_rate_falls_by_4_percent_every_8_epochs():
    built = schedule(Recipe(learning_rate=0.1, warmup_steps=20), 10)
    rates = [float(built(step)) for step in (0, 9, 19, 20, 79, 80, 159, 160)]
    assert rates == pytest.approx([0.005, 0.05, 0.1, 0.1, 0.1, 0.096, 0.096, 0.1 * 0.96**2], rel=1e-6)


def test_bvlcs_quick_solver():
    """2,400,000 iterations of 32 of ImageNet's images: `base_lr * (1 - iter / max_iter) ** 0.5`."""
    recipe = recipe_for("imagenet2012", preset="quick_solver")
    built = schedule(recipe, 40_000)
    assert run_updates(recipe, 40_000) == 2_400_000
    for step in (0, 100, 1_000_000, 1_800_000, 2_399_999):
        rise = min(1, (step + 1) / recipe.warmup_steps)
        assert float(built(step)) == pytest.approx(rise * 0.01 * (1 - step / 2_400_000) ** 0.5, rel=1e-3)


def test_a_phase_has_a_schedule_of_its_own():
    built = schedule(Recipe(schedule="cosine", warmup_steps=0), 10, epochs=4, learning_rate=0.5)
    assert [float(built(step)) for step in (0, 20, 40)] == pytest.approx([0.5, 0.25, 0], abs=1e-7)


def test_accumulation_makes_fewer_updates_of_the_same_epochs():
    recipe = Recipe(learning_rate=0.1, decay_epochs=2, decay_rate=0.5, warmup_steps=0, accumulate=4)
    built = schedule(recipe, 10)
    assert run_updates(recipe, 10) == 150
    assert [float(built(step)) for step in (0, 4, 5, 9, 10)] == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025])


def test_short_runs_warm_up_for_a_fifth():
    built = schedule(Recipe(epochs=2), 35)
    assert built.steps == 14
    assert float(schedule(Recipe(epochs=1), 1)(0)) == pytest.approx(0.02)
