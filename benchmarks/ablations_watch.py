"""How `ablations.py` watches a run: the gradient that reaches the lowest convolution, and how the raw weights fare."""

import keras
import numpy as np

LOWEST = "conv1_7x7_s2"


class GradientNorms(keras.callbacks.Callback):
    """Records the norm of the gradient at a layer's kernel and over all variables, as it comes to the optimizer.

    It is that of the step itself, dropout included, before clipping and weight decay, and costs a sum of squares.

    Args:
        layer: The layer's name.
        every: Steps between two records.

    Attributes:
        norms: List of [step, norm at the layer, norm over all variables]; steps count from 1.
    """

    def __init__(self, layer=LOWEST, every=5):
        super().__init__()
        self.layer, self.every = layer, every
        self.norms = []
        self._step = 0

    def on_train_begin(self, logs=None):
        """Comes between the model and its optimizer, before the step is compiled."""
        apply = self.model.optimizer.apply
        kernel = self.model.get_layer(self.layer).kernel
        index = next(i for i, variable in enumerate(self.model.trainable_variables) if variable is kernel)
        self._last = keras.Variable([0.0, 0.0], trainable=False)

        def recording_apply(grads, trainable_variables=None):
            squares = [keras.ops.sum(keras.ops.square(gradient)) for gradient in grads]
            self._last.assign(keras.ops.sqrt(keras.ops.stack([squares[index], sum(squares)])))
            return apply(grads, trainable_variables)

        self.model.optimizer.apply = recording_apply

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the step's norms, if it is time to."""
        self._step += 1
        if self._step % self.every == 1 or self.every == 1:
            self.norms.append([self._step, *map(float, keras.ops.convert_to_numpy(self._last))])


class RawValidation(keras.callbacks.Callback):
    """Validates the weights as they are, not their averages, after each epoch; thrice asks each head for its gradient.

    Args:
        batches: The validation batches, a `tf.data.Dataset`.
        probe: Images and labels to ask the heads about, of all classes.

    Attributes:
        epochs: See `ablations.run`.
        by_head: See `ablations.run`.
    """

    def __init__(self, batches, probe):
        super().__init__()
        self.batches, self.probe = batches, probe
        self.epochs, self.by_head = [], []

    def on_epoch_end(self, epoch, logs=None):
        """Notes the epoch's metrics of the main head."""
        raw = self.model.evaluate(self.batches, verbose=0, return_dict=True)
        self.epochs.append(
            {
                "training_loss": main_head(logs, "", "loss"),
                "averaged_loss": main_head(logs, "val_", "loss"),
                "averaged_accuracy": main_head(logs, "val_", "accuracy"),
                "raw_loss": main_head(raw, "", "loss"),
                "raw_accuracy": main_head(raw, "", "accuracy"),
            }
        )
        epochs = self.params["epochs"]
        if epoch + 1 in (1, (epochs + 1) // 2, epochs):
            norms = head_gradients(self.model, *self.probe, LOWEST)
            self.by_head.append({"epoch": epoch + 1, "norms": norms})


def main_head(logs, prefix, kind):
    """A metric of the main head; with several heads it has the head's name, and `loss` is the sum."""
    name = f"{prefix}predictions_{kind}"
    return float(logs[name if name in logs else f"{prefix}{kind}"])


def head_gradients(model, images, labels, layer):
    """The norm at a layer's kernel of each head's own loss, times its weight in the sum; without dropout.

    Args:
        model: A compiled `GoogLeNetModel`.
        images: Preprocessed images, a tensor of shape (batch, height, width, 3).
        labels: Their labels, a tensor of shape (batch,).
        layer: The layer's name.

    Returns:
        A dict of floats by the heads' names.
    """
    import tensorflow as tf

    kernel = model.get_layer(layer).kernel.value
    weights = [1.0] + [head.weight for head in model.architecture.auxiliary]
    with tf.GradientTape(persistent=True) as tape:
        outputs = keras.tree.flatten(model(images, training=False))
        crossentropy = keras.losses.sparse_categorical_crossentropy
        losses = [w * tf.reduce_mean(crossentropy(labels, p)) for w, p in zip(weights, outputs, strict=False)]
    norms = [np.linalg.norm(tape.gradient(loss, kernel)) for loss in losses]
    return {name: float(norm) for name, norm in zip(model.output_names, norms, strict=True)}
