"""One loss, one list of metrics and one label tensor, spread over the outputs of a network with several heads."""

import warnings

from keras import tree

from keras_googlenet.model.copying import copied


def labels(y, y_pred):
    """Repeats a single label tensor for each prediction.

    Stock Keras refuses one tensor for several outputs, and where an eager batch has as many rows as there are outputs
    deals the rows out, one to each.

    Args:
        y: The labels of a batch: a tensor for all outputs, or a structure like `y_pred`'s, or None.
        y_pred: The model's outputs.

    Returns:
        `y`, or a list of it.
    """
    shared = isinstance(y_pred, (list, tuple)) and y is not None and not tree.is_nested(y)
    return [y] * len(y_pred) if shared else y


def losses(loss, loss_weights, names, default_weights):
    """Spreads a single loss over the outputs, and fills in the weights.

    Args:
        loss: What the user gave `compile`.
        loss_weights: What the user gave `compile`.
        names: Names of the outputs.
        default_weights: A weight per output.

    Returns:
        `(loss, loss_weights)` in the form that Keras takes for several outputs.

    Raises:
        ValueError: There is not one weight per output.
    """
    if loss is None:
        return loss, loss_weights
    if loss_weights is None:
        weights = dict(zip(names, default_weights, strict=True))
        loss_weights = {name: weights.get(name, 1.0) for name in loss} if isinstance(loss, dict) else [*default_weights]
    if not isinstance(loss, dict) and not _one_each(loss_weights, names):
        raise ValueError(
            f"`loss_weights` must have one weight for each of the outputs {names}. "
            f"Received: loss_weights={loss_weights}"
        )
    if isinstance(loss, (list, tuple, dict)):
        return loss, loss_weights
    if isinstance(loss_weights, dict):
        return {name: loss for name in names}, loss_weights
    return [loss] * len(names), loss_weights


def _one_each(loss_weights, names):
    if isinstance(loss_weights, dict):
        return set(loss_weights) == set(names)
    return hasattr(loss_weights, "__len__") and len(loss_weights) == len(names)


def metrics(metrics, names):
    """Spreads a flat list of metrics over the outputs: each output measures all of them.

    A list with a list, a dict or None in it, or with one metric repeated for each output, already says which is whose.
    A metric has state, so that each output needs its own; what cannot be copied is measured on the first output alone,
    and a warning says so.

    Args:
        metrics: What the user gave `compile`.
        names: Names of the outputs.

    Returns:
        The metrics in the form that Keras takes for several outputs.
    """
    flat = isinstance(metrics, (list, tuple)) and not any(isinstance(m, list | tuple | dict | None) for m in metrics)
    if not flat or not metrics:
        return metrics
    if len(metrics) == len(names) and all(m is metrics[0] or m == metrics[0] for m in metrics):
        metrics = metrics[:1]
    copies = [[copy for copy in map(copied, metrics) if copy is not None] for _ in names[1:]]
    alone = [m for m in metrics if copied(m) is None]
    if alone:
        warnings.warn(
            f"These metrics are measured on {names[0]!r} alone: {', '.join(map(str, alone))}. Their "
            "`get_config()` does not give what would make the same metric again, which each output needs one of. To "
            f"measure the others too, give each output its own: metrics={{{names[0]!r}: [...], {names[1]!r}: [...]}}",
            stacklevel=4,  # the caller of `compile`
        )
    return [list(metrics), *copies]
