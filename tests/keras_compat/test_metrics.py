"""Canaries of `keras_compat/metrics.py`."""

import keras
import pytest
from support.canary import must

from keras_googlenet.keras_compat import metrics


@pytest.mark.parametrize(
    ("metric", "mode"),
    [
        (keras.metrics.SparseCategoricalAccuracy(), "max"),
        (keras.metrics.SparseTopKCategoricalAccuracy(), "max"),
        (keras.metrics.MeanSquaredError(), "min"),
        (keras.metrics.Mean(), None),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_which_way_is_better(metric, mode):
    must(metrics.mode(metric) == mode, f"{metric.name} does not tell by `_direction` which way is better (metrics.py)")


def test_what_differs_between_two_that_are_the_same():
    first, second = keras.metrics.Mean(dtype="float32"), keras.metrics.Mean(dtype="float32")
    for name in ("_tracker", "_dtype_policy"):
        must(name in vars(first), f"a metric has no `{name}`, which copying.py leaves out (metrics.py)")
    must(first._tracker is not second._tracker, "two metrics share a tracker (metrics.py)")
    must(metrics.attributes(first).keys() == metrics.attributes(second).keys(), "metrics differ otherwise (metrics.py)")
