"""What Keras knows of a metric and does not tell."""

from typing import Any

import keras


def mode(metric: keras.metrics.Metric) -> str | None:
    """Which way a metric is better, as callbacks call it.

    Why: there is no public property. What breaks it: Keras's metrics not having `"up"` or `"down"` in `_direction`.

    Returns:
        `"min"`, `"max"`, or None where the metric does not tell.
    """
    return {"up": "max", "down": "min"}.get(getattr(metric, "_direction", None) or "")


def attributes(thing: Any) -> dict[str, Any]:
    """What a metric, or a part of one, holds, but for what differs between two that are the same.

    Why: a metric's configuration may leave out what its constructor took. What breaks it: Keras calling the tracker of
    its variables otherwise than `_tracker`, or the policy behind its dtype otherwise than `_dtype_policy`.
    """
    return {name: value for name, value in vars(thing).items() if name not in ("_tracker", "_dtype_policy")}
