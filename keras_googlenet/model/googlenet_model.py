"""The model class: a Functional `keras.Model` that adds only what Keras lacks for a network with several heads."""

import functools
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from keras_googlenet.architecture.table import PAPER, Architecture
from keras_googlenet.keras_compat.cloning import KeepsTraits, take_traits
from keras_googlenet.keras_compat.openvino import FullPrecision
from keras_googlenet.keras_compat.replicas import OnReplicas
from keras_googlenet.model import compilation, graph, monitoring, nesting, preprocessing, saved, version_0_1_0
from keras_googlenet.model.endpoints import Endpoints
from keras_googlenet.model.features import TakesFeatures


@keras.saving.register_keras_serializable(package="keras_googlenet")
class GoogLeNetModel(OnReplicas, KeepsTraits, FullPrecision, TakesFeatures, keras.Model):
    """A Functional model whose first output is the network's and whose others are auxiliary heads.

    Beyond `keras.Model`, where there are several outputs:

    - one label tensor serves all heads, in `fit`, `evaluate`, `train_on_batch` and custom loops through
      `compute_loss`;
    - `compile` takes a single loss and a flat list of metrics for all heads, and weighs the losses as the paper does
      (section 5: 0.3 for the auxiliary ones) unless told otherwise.

    Files of weights are read by the names of the layers, so that weights saved with auxiliary heads load without them.

    With one output or several, `fit` and `evaluate` work under `tf.distribute.MirroredStrategy` and
    `MultiWorkerMirroredStrategy` (stock Keras 3 models fail under the latter), and several replicas take the steps that
    one device takes, clipping included.

    `GoogLeNet()` returns one. Build one of your own to give another head the same:
    `GoogLeNetModel(base.input, [main, aux1, aux2])`.

    Args:
        inputs: Keras tensor or tensors, as in `keras.Model`.
        outputs: A Keras tensor, or a list whose first is the main output.
        name: Model name.
        **kwargs: `architecture`, the `Architecture` that the layers were built from; `class_names`, what the main
            output's columns mean, a sequence of strings; `include_preprocessing`, whether the model takes images as
            they are read from a file; `trainable`. Each may be left out.

    Example:
        >>> import numpy as np
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=2)
        >>> model.compile("sgd", loss="sparse_categorical_crossentropy", loss_weights=[1, 0.3, 0.3])
        >>> logs = model.train_on_batch(np.zeros((4, 32, 32, 3)), np.array([0, 1, 1, 0]), return_dict=True)
        >>> sorted(logs)
        ['aux1_loss', 'aux2_loss', 'loss', 'predictions_loss']
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any):
        kwargs = take_traits(outputs) | kwargs
        architecture = kwargs.pop("architecture", None)
        if isinstance(architecture, dict):
            architecture = Architecture.from_config(architecture)
        class_names = kwargs.pop("class_names", None)
        include_preprocessing = kwargs.pop("include_preprocessing", None)
        self._revived = kwargs.pop("revived", False)
        super().__init__(inputs, outputs, name=name, **kwargs)
        self._architecture = architecture
        self.class_names = class_names
        if include_preprocessing is None:  # of a model built upon another's layers
            include_preprocessing = any(layer.name == preprocessing.PREPROCESSING for layer in self.layers)
        self._include_preprocessing = bool(include_preprocessing)

    @property
    def include_preprocessing(self) -> bool:
        """Whether the model takes images in 0..255 as they are read from a file, and `preprocess_input` is inside."""
        return self._include_preprocessing

    @property
    def architecture(self) -> Architecture | None:
        """The `Architecture` that the layers were built from, or None."""
        return self._architecture

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """What the main output's columns mean, a tuple of strings, or None. It is saved with the model."""
        return self._class_names

    @class_names.setter
    def class_names(self, names: Sequence[str] | None) -> None:
        width = self.outputs[0].shape[-1]
        if names is not None and len(names) != width:
            raise ValueError(
                f"`class_names` must have a name for each of the {width} columns of the main output. "
                f"Received: {len(names)} names"
            )
        self._class_names = None if names is None else tuple(str(name) for name in names)

    @property
    def endpoints(self) -> Endpoints:
        """Every table row's output by the row's name, and every layer's, for feature pyramids and visualization.

        Returns:
            A dictionary of Keras tensors: `{"conv1": ..., "pool1": ..., "inception_3a": ..., ...}`, rows that this
            model left out being absent. `keras.Model(model.input, model.endpoints)` computes them all. Other layers'
            are found in it, too, by their own, Caffe's and Google's names, and so are values before a ReLU: see
            `Endpoints`.

        Example:
            >>> from keras_googlenet import GoogLeNet
            >>> model = GoogLeNet(weights=None)
            >>> model.endpoints["mixed4b_3x3_bottleneck_pre_relu"].shape
            (None, 14, 14, 112)
        """
        return Endpoints((self.architecture or PAPER).rows, self._made)

    @functools.cached_property
    def _made(self):
        """The output of each layer; `Endpoints` adds to them."""
        return {layer.name: layer.output for layer in self.layers}

    def get_layer(self, name: str | None = None, index: int | None = None) -> keras.layers.Layer:
        """A layer as in Keras, also by the names that `endpoints` knows, such as `mixed4a`."""
        if name is not None and all(layer.name != name for layer in self.layers) and name in self.endpoints:
            found = graph.maker(self.endpoints[name])
            name = found.name if found in self.layers else name  # of what comes before a ReLU, there is none
        return super().get_layer(name, index)

    def inference_model(self) -> "GoogLeNetModel":
        """The same network, weights shared, without the auxiliary heads ("discarded" at inference, section 5).

        Returns:
            A `GoogLeNetModel` with one output. It is not compiled.
        """
        return type(self)(self.input, self.outputs[0], name=self.name, **self.traits())

    def traits(self) -> dict[str, Any]:
        """What the constructor takes beside the graph and the name: arguments for a model of the same layers."""
        return {name: getattr(self, name) for name in ("architecture", "class_names", "include_preprocessing")}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs for a batch. With several, it cannot be a layer of another model."""
        if not self._revived:
            nesting.check_call(self, (args, kwargs))
        return super().__call__(*args, **kwargs)

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        """Configures training, as `keras.Model.compile`, with one loss and one list of metrics for all heads.

        Args:
            optimizer: As in Keras.
            loss: As in Keras; a single loss serves every output.
            loss_weights: As in Keras, a list in the order of the outputs or a dict by their names. None means the
                paper's: 1 for the main output, 0.3 for each auxiliary one.
            metrics: As in Keras; a flat list is measured on every output, each with metrics of its own. One that cannot
                be copied is measured on the main output alone, with a warning. To choose by output, nest the list,
                `[["accuracy"], [], []]`, or use a dict, `{"predictions": ["accuracy"]}`.
            weighted_metrics: Likewise.
            **kwargs: As in Keras.

        Raises:
            ValueError: `loss_weights` does not have one weight per output.
        """
        if len(self.outputs) > 1:
            names = self.output_names
            weights = {head.name: head.weight for head in (self.architecture or PAPER).auxiliary}
            defaults = [1.0] + [weights.get(name, 0.3) for name in names[1:]]
            loss, loss_weights = compilation.losses(loss, loss_weights, names, defaults)
            metrics = compilation.metrics(metrics, names)
            weighted_metrics = compilation.metrics(weighted_metrics, names)
        super().compile(optimizer, loss, loss_weights, metrics, weighted_metrics, **kwargs)

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains as `keras.Model.fit`; callbacks may monitor one head's figure without being told its `mode`."""
        arguments = inspect.signature(super().fit).bind(*args, **kwargs).arguments
        arguments["callbacks"] = monitoring.with_directions(arguments.get("callbacks"), self)
        return super().fit(**arguments)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The weighted sum of the heads' losses; a single `y` is every head's label."""
        return super().compute_loss(x, compilation.labels(y, y_pred), y_pred, sample_weight, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """The metrics of every head; a single `y` is every head's label."""
        return super().compute_metrics(x, compilation.labels(y, y_pred), y_pred, sample_weight)

    def load_own_variables(self, store: Any) -> None:
        """Called by Keras before it loads the layers, of which each gets what a layer of its name had."""
        self._revived = False
        super().load_own_variables(store)
        saved.by_names(self, store)

    def load_weights(self, filepath: str | Path, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Loads weights as `keras.Model.load_weights`, each layer's by its name, all or nothing.

        Auxiliary heads that only the file has are left out.

        Args:
            filepath: A `.weights.h5`, `.keras` or `.weights.json` file, or an `.h5` file of `model.save`.
            skip_mismatch: Whether to load what fits and to warn of the rest.
            **kwargs: As in Keras.

        Raises:
            ValueError: The file lacks layers of the model, or has others. Without `skip_mismatch`, nothing is loaded.
        """
        with saved.loading(self, filepath, kwargs):
            super().load_weights(filepath, skip_mismatch, **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> "GoogLeNetModel":
        """A new model from `get_config`'s dictionary, version 0.1.0's too."""
        # In a model saved by version 0.1.0 it may be a layer, whatever heads it has.
        return super().from_config(version_0_1_0.modernized(config) | {"revived": True}, custom_objects)

    def get_config(self) -> dict[str, Any]:
        """The Functional model's configuration, the table, the names of the classes and what the model takes."""
        config = super().get_config()
        config["include_preprocessing"] = self.include_preprocessing
        if self.architecture is not None:
            config["architecture"] = self.architecture.get_config()
        if self.class_names is not None:
            config["class_names"] = list(self.class_names)
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as the saved one was. Keras asks for it where `compile` is overridden."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)


# The plain name is all that an `.h5` file keeps of a model's class.
keras.saving.get_custom_objects()[GoogLeNetModel.__name__] = GoogLeNetModel
