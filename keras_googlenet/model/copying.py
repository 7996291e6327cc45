"""Copies of metrics: an output needs a metric of its own, which has to be the same metric."""

import warnings

import keras
import numpy as np

from keras_googlenet.keras_compat.metrics import attributes


def copied(metric):
    """A metric like another, without what it has counted so far.

    Keras can make one from a configuration, but a class may leave out of it what its constructor took; so the two
    are compared.

    Args:
        metric: What Keras takes for a metric: a `keras.metrics.Metric`, a function, a name.

    Returns:
        The copy; a function or a name itself, of which Keras makes a new metric for each output; or None where there is
        no copy that is the same.
    """
    if not isinstance(metric, keras.metrics.Metric):
        return metric
    with warnings.catch_warnings(action="ignore"):  # Keras's, of a lambda in a configuration that goes nowhere
        try:
            copy = type(metric).from_config(metric.get_config())
            same = _alike(metric, copy, {}) and _alike(metric.stateless_reset_state(), copy.stateless_reset_state(), {})
        except Exception:  # whatever a class raises that was not made for it
            return None
    return copy if same else None


def _alike(a, b, seen):
    """Whether two objects have the same attributes all the way down, counts apart."""
    if a is b or (id(a), id(b)) in seen:
        return True
    if type(a) is not type(b):
        return False
    seen[id(a), id(b)] = a, b  # which keeps them, and so their ids
    if isinstance(a, keras.Variable):
        return a.shape == b.shape and a.dtype == b.dtype
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key], seen) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(_alike(x, y, seen) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) or keras.ops.is_tensor(a):
        return np.array_equal(keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b))
    if type(a).__eq__ is not object.__eq__:
        return bool(a == b)
    if callable(a) and not isinstance(a, keras.metrics.Metric) and not hasattr(a, "get_config"):
        return False  # two functions
    return hasattr(a, "__dict__") and _alike(attributes(a), attributes(b), seen)
