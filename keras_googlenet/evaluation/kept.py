"""The file of predictions that an evaluation writes, goes on from, and may share with other evaluations of the same."""

from pathlib import Path

from keras_googlenet.evaluation.predictions import Predictions, PredictionsError
from keras_googlenet.utils.locks import locked_file
from keras_googlenet.utils.partial import ExistsError
from keras_googlenet.utils.writing import real


class KeptPredictions:
    """Predictions, and their file. Several processes may write it at a time: each keeps what the others have done.

    Args:
        path: The file; it need not be there yet.
        predictions: Of which none are made yet. What the file holds is taken over.

    Raises:
        PredictionsError: The file is damaged, or of another model, precision, images or crops. It is as it was.
        OSError: It cannot be written.
    """

    def __init__(self, path: str | Path, predictions: Predictions):
        self._path, self._predictions = real(path), predictions
        self._written: tuple[int, int, int] | None = None
        self.write()  # what cannot be written is noticed before the work is done

    def write(self) -> None:
        """Writes the file, with what other processes have put there in the meantime."""
        while True:
            with locked_file(self._path) as there:
                if there and self._state() != self._written:
                    self._take_over(Predictions.read(self._path))
                try:
                    self._predictions.write(self._path, new=not there)
                except ExistsError:
                    continue  # another process was faster
                self._written = self._state()
                return

    def _state(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _take_over(self, found: Predictions) -> None:
        own = self._predictions
        before, now = ((one.digest, set(one.probabilities), one.pool) for one in (found, own))
        if before != now:
            raise PredictionsError(
                f"{self._path} holds predictions of another model or precision, other images or other crops. Give it "
                "another name, or delete it. It is as it was"
            )
        theirs = found.done & ~own.done
        for number, rows in own.probabilities.items():
            rows[theirs] = found.probabilities[number][theirs]
        own.model, own.done[theirs], own.skipped[theirs] = found.model, True, False
