"""Each head measures with its own copy of the user's metrics; what cannot be copied stays with the main head."""

import functools
import math
import warnings

import keras
import numpy as np
import pytest
from keras import ops
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.model import compilation
from keras_googlenet.model.copying import copied

HEADS = ["predictions", "aux1", "aux2"]
LOSS = "sparse_categorical_crossentropy"


class Above(keras.metrics.Metric):
    """How often the largest probability is above a threshold. It has no `get_config` of its own."""

    def __init__(self, threshold=0.5, name="above"):
        super().__init__(name=name)
        self.threshold = threshold
        self.sum = self.add_variable((), "zeros")
        self.count = self.add_variable((), "zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.sum.assign_add(ops.sum(ops.cast(ops.max(y_pred, axis=-1) > self.threshold, "float32")))
        self.count.assign_add(ops.cast(ops.shape(y_pred)[0], "float32"))

    def result(self):
        return self.sum / self.count


class Told(Above):
    def get_config(self):
        return {"threshold": self.threshold, "name": self.name}


class Forgetful(Above):
    def get_config(self):
        return {"name": self.name}


class Around(keras.metrics.Metric):
    """Wraps another metric, which its configuration gives as a dictionary."""

    def __init__(self, inner, name="around"):
        super().__init__(name=name)
        self.inner = inner

    def update_state(self, *args, **kwargs):
        self.inner.update_state(*args, **kwargs)

    def result(self):
        return self.inner.result()

    def get_config(self):
        return {"name": self.name, "inner": keras.saving.serialize_keras_object(self.inner)}


class AroundAgain(Around):
    @classmethod
    def from_config(cls, config):
        return cls(**config | {"inner": keras.saving.deserialize_keras_object(config["inner"])})


class Fixed(keras.metrics.SparseTopKCategoricalAccuracy):
    """Its constructor does not take what the configuration that it inherits gives."""

    def __init__(self, name="fixed"):
        super().__init__(k=2, name=name)


def first(y_true, y_pred):
    return y_pred[:, 0]


M = keras.metrics

FAITHFUL = [
    M.SparseTopKCategoricalAccuracy(3),
    M.TopKCategoricalAccuracy(2),
    M.Precision(thresholds=0.9),
    M.Precision(thresholds=[0.1, 0.9]),
    M.Precision(top_k=2, class_id=1),
    M.Recall(thresholds=0.2),
    M.AUC(num_thresholds=7, curve="PR"),
    M.AUC(thresholds=[0.2, 0.3]),
    M.F1Score(average="macro", threshold=0.3),
    M.FBetaScore(beta=2.0),
    M.BinaryAccuracy(threshold=0.9),
    M.PrecisionAtRecall(0.5),
    M.SensitivityAtSpecificity(0.5, num_thresholds=3),
    M.SparseCategoricalCrossentropy(from_logits=True),
    M.CategoricalCrossentropy(label_smoothing=0.1),
    M.MeanIoU(4),
    M.OneHotIoU(4, [0, 1]),
    M.MeanMetricWrapper(M.sparse_top_k_categorical_accuracy, k=3),
    M.Mean(),
    Told(0.9),
    AroundAgain(M.SparseTopKCategoricalAccuracy(3)),
]

UNFAITHFUL = [
    Above(0.9),
    Forgetful(0.9),
    Around(M.Mean()),
    AroundAgain(Above(0.9)),
    Fixed(),
    M.MeanMetricWrapper(lambda y_true, y_pred: y_pred[:, 0], name="lambda"),
    M.MeanMetricWrapper(functools.partial(first), name="partial"),
    M.CosineSimilarity(axis=0),  # Keras's own, whose configuration leaves the axis out
]


def batch():
    return np.random.default_rng(0).normal(0, 60, (6, 32, 32, 3)).astype("float32"), np.arange(6) % 4


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=4, variant=SMALL)


def measured(model, metrics=None, **kwargs):
    x, y = batch()
    model.compile("sgd", LOSS, metrics=metrics, run_eagerly=True, **kwargs)
    logs = model.test_on_batch(x, y, return_dict=True)
    return {name: float(value) for name, value in logs.items() if not name.endswith("loss")}


@pytest.mark.parametrize("metric", FAITHFUL, ids=lambda metric: metric.name)
def test_a_faithful_copy_is_the_same_metric_without_its_counts(metric):
    for variable in metric.variables:
        variable.assign(ops.ones_like(variable))
    copy = copied(metric)
    assert type(copy) is type(metric)
    assert copy is not metric
    assert not {id(variable) for variable in copy.variables} & {id(variable) for variable in metric.variables}
    assert all(not np.any(ops.convert_to_numpy(variable)) for variable in copy.variables)
    if type(metric).__module__.startswith("keras"):
        assert copy.get_config() == metric.get_config()


@pytest.mark.parametrize("metric", UNFAITHFUL, ids=lambda metric: metric.name)
def test_what_cannot_be_copied_stays_with_the_main_head(metric):
    with pytest.warns(UserWarning, match=f"measured on 'predictions' alone: .*{metric.name}.*give each output its own"):
        spread = compilation.metrics([metric, "accuracy"], HEADS)
    assert spread == [[metric, "accuracy"], ["accuracy"], ["accuracy"]]


def test_the_threshold_of_each_head(model):
    """The auxiliary heads once had the constructor's default."""
    x, _ = batch()
    best = [ops.convert_to_numpy(ops.max(probabilities, axis=1)) for probabilities in model(x)]
    threshold = float(np.median(best[1]))
    logs = measured(model, [Told(threshold)])
    assert logs == {f"{h}_above": pytest.approx(np.mean(b > threshold)) for h, b in zip(HEADS, best, strict=True)}
    with pytest.warns(UserWarning, match="measured on 'predictions' alone: <Above name=above>") as caught:
        logs = measured(model, [Above(threshold)])
    assert logs == {"predictions_above": pytest.approx(np.mean(best[0] > threshold))}
    assert caught[0].filename == __file__


def test_functions_and_names_are_measured_on_every_head(model):
    with warnings.catch_warnings(action="error"):
        logs = measured(model, ["accuracy", lambda y_true, y_pred: y_pred[:, 0], first])
    assert len(logs) == 9
    for head, probabilities in zip(HEADS, model(batch()[0]), strict=True):
        assert logs[f"{head}_first"] == pytest.approx(float(ops.mean(probabilities[:, 0])), rel=1e-5)


def test_a_tuple_and_weighted_metrics(model):
    names = {f"{head}_above" for head in HEADS}
    assert measured(model, (Told(0.2),)).keys() == names
    assert measured(model, weighted_metrics=[Told(0.2)]).keys() == names
    with pytest.warns(UserWarning, match="measured on 'predictions' alone"):
        assert measured(model, weighted_metrics=[Above(0.2)]).keys() == {"predictions_above"}


def test_one_metric_repeated_for_each_head_is_not_shared(model):
    """Stock Keras would count all heads together."""
    metric = M.SparseCategoricalAccuracy(name="top1")
    repeated, listed = measured(model, [metric] * 3), measured(model, [metric])
    assert repeated == listed
    assert set(repeated) == {f"{head}_top1" for head in HEADS}


@pytest.mark.parametrize(
    "metrics", [[["accuracy"], [Above(0.9)], []], {"aux1": [Above(0.9)]}, [Above(0.9), None, None]], ids=str
)
def test_what_says_whose_it_is_goes_in_as_it_is(model, metrics):
    with warnings.catch_warnings(action="error"):
        assert compilation.metrics(metrics, HEADS) is metrics
    assert all(math.isfinite(value) for value in measured(model, metrics).values())
