"""A file of predictions that several evaluations write at a time: each is complete, and so is the file."""

import os
import threading

import numpy as np
import pytest

from keras_googlenet.evaluation.kept import KeptPredictions
from keras_googlenet.evaluation.predictions import Predictions, PredictionsError
from keras_googlenet.utils.disk import WriteError

COUNT = 12


def begun(digest="a model's"):
    return Predictions.begun("model", digest, map(str, range(COUNT)), [0, 1] * (COUNT // 2), 2, [1])


def answer(predictions, place):
    """As a model does: the same whoever asks."""
    predictions.pool_crops(place, np.array([[place / COUNT, 1 - place / COUNT]]))


def test_each_keeps_what_the_others_have_done(tmp_path):
    path = tmp_path / "kept.npz"
    first, second = begun(), begun()
    one, other = KeptPredictions(path, first), KeptPredictions(path, second)
    answer(first, 3)
    answer(second, 5)
    one.write()
    other.write()
    found = Predictions.read(path)
    assert np.flatnonzero(found.done).tolist() == np.flatnonzero(second.done).tolist() == [3, 5]
    np.testing.assert_allclose(found.probabilities[1][[3, 5], 0], [0.25, 5 / 12], rtol=1e-6)
    one.write()
    assert np.flatnonzero(first.done).tolist() == [3, 5]
    assert os.listdir(tmp_path) == ["kept.npz"]


@pytest.mark.parametrize("seed", range(10))
def test_several_at_once(seed, tmp_path):
    path, together, wrong = tmp_path / "kept.npz", threading.Barrier(3), []

    def evaluate(order):
        try:
            predictions = begun()
            together.wait()
            kept = KeptPredictions(path, predictions)
            for place in order:
                answer(predictions, place)
                kept.write()
                Predictions.read(path)  # which is whole at any time
            assert predictions.complete
            assert Predictions.read(path).complete
        except BaseException as error:
            wrong.append(error)

    rng = np.random.default_rng(seed)
    threads = [threading.Thread(target=evaluate, args=(rng.permutation(COUNT),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    found = Predictions.read(path)
    np.testing.assert_allclose(found.probabilities[1][:, 0], np.arange(COUNT) / COUNT, rtol=1e-6)
    assert os.listdir(tmp_path) == ["kept.npz"]


def test_of_two_models_the_second_is_refused(tmp_path):
    path = tmp_path / "kept.npz"
    KeptPredictions(path, begun())
    before = path.read_bytes()
    with pytest.raises(PredictionsError, match="another model or precision, other images or other crops. Give it"):
        KeptPredictions(path, begun("another's"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop"])
def test_what_is_no_file(kind, tmp_path):
    path = tmp_path / "kept.npz"
    make = {"pipe": os.mkfifo, "folder": os.mkdir, "loop": lambda path: os.symlink("kept.npz", path)}
    make[kind](path)
    with pytest.raises((PredictionsError, WriteError), match="no file of predictions|Too many levels"):
        KeptPredictions(path, begun())
    assert os.listdir(tmp_path) == ["kept.npz"]
