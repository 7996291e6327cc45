"""Which way is better for one head's figure, which callbacks ask Keras and Keras cannot tell.

`EarlyStopping(monitor="val_predictions_accuracy")` looks for a metric of the name `predictions_accuracy`, but Keras
puts the output's name before the metric's only where it logs them.
"""

import keras

from keras_googlenet.keras_compat.metrics import mode


def with_directions(callbacks, model):
    """Callbacks, and before them one that says whether less or more is better to those that would have to guess.

    Args:
        callbacks: What the user gave `fit`.
        model: A `GoogLeNetModel`.

    Returns:
        What Keras's `fit` takes.
    """
    if callbacks is None or isinstance(callbacks, keras.callbacks.CallbackList) or len(model.outputs) == 1:
        return callbacks
    callbacks = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    undecided = [
        callback
        for callback in callbacks
        if getattr(callback, "mode", None) == "auto" and isinstance(getattr(callback, "monitor", None), str)
    ]

    def decide(batch, logs=None):
        while undecided:  # after the first batch, when Keras has made the metrics
            callback = undecided.pop()
            callback.mode = _mode_of(model, callback.monitor) or callback.mode

    return [keras.callbacks.LambdaCallback(on_train_batch_end=decide), *callbacks] if undecided else callbacks


def _mode_of(model, monitor):
    """`"min"`, `"max"`, or None where the figure is not one head's or its metric does not tell."""
    figure = monitor.removeprefix("val_")
    heads = [head for head in model.output_names if figure.startswith(f"{head}_")]
    if not heads:
        return None
    name = figure[len(max(heads, key=len)) + 1 :]
    if name == "loss":
        return "min"
    metrics = [metric for whole in model.metrics for metric in getattr(whole, "metrics", ())]
    names = {name, name.removeprefix("weighted_")}
    modes = {mode(metric) for metric in metrics if metric.name in names}
    return modes.pop() if len(modes) == 1 else None
