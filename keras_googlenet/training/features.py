"""While the trunk is frozen: what it makes of each view is computed once and kept, instead of anew in each epoch."""

from contextlib import contextmanager, nullcontext

import keras
import numpy as np
import tensorflow as tf
from keras import tree

from keras_googlenet.data.order import training_order
from keras_googlenet.data.reading import replace_unreadable
from keras_googlenet.model.features import split_at_features
from keras_googlenet.training.interruption import Interrupted
from keras_googlenet.utils.partial import partial_folder

MEMORY = 256 * 2**20
"""Bytes of features that are kept in memory; where there are more, all are in files while they are needed."""


@contextmanager
def feed_for(run, phase):
    """What a phase of a run is fed with: images, or what the frozen trunk makes of them.

    These features are kept where the phase has a number of views (`Phase.views`) and one device trains. Several
    replicas are fed with the same views as images, through the trunk in each epoch. No checkpoint has features: they
    follow from the trunk and the views, so that a run that goes on computes the same again.

    Args:
        run: The `Run`, its model compiled for the phase.
        phase: A `Phase` of it.

    Yields:
        The run's `Feed`, or a `FeatureFeed`, whose features the run's model takes meanwhile.

    Raises:
        Interrupted: A signal came while features were computed.
        WriteError: The disk has no room for them.
    """
    if phase.views is None or run.context.replicas > 1:
        yield run.feed
        return
    if run.restore:  # the checkpoint's trunk: the file that it once came from may be another now
        run.checkpoints.restore(run.model, run.step, ("model",))
    trunk, rest = split_at_features(run.model)
    images = phase.views * run.source.train.count + run.source.validation.count
    size = 4 * images * sum(np.prod(part.shape[1:]) for part in trunk.outputs)
    folder = run.folder.path
    with partial_folder(folder, folder / "features") if size > MEMORY else nullcontext() as folder:
        feed = FeatureFeed(run, trunk, phase.views, images, folder)
        with run.model.fed_with_features(rest):
            yield feed


class FeatureFeed:
    """Features, batch by batch: of the images that a run's `Feed` would give, in the same batches.

    Args:
        run: The `Run`.
        trunk: From images to a list of features.
        views: How many views of each training image there are: in an epoch it is that of `epoch % views`.
        images: How many images the trunk sees for these, and for validation.
        folder: Where to keep the features; None for memory.
    """

    def __init__(self, run, trunk, views, images, folder):
        self._run, self._trunk, self._folder = run, trunk, folder
        self._shapes = [tuple(part.shape[1:]) for part in trunk.outputs]
        self._most = self._seen = 0
        self._bar = keras.utils.Progbar(images, verbose=1 if run.verbose == "auto" else run.verbose, unit_name="image")
        print(f"frozen trunk: features of {views} view{'s'[: views - 1]} of each image are computed once", flush=True)
        self._validation, self._labels = self._computed("validation", run.feed.validation())
        indices = np.array([index for index, *_ in run.source.train.fixed().as_numpy_iterator()])
        self._views = []
        for view in range(views):
            rows, _ = self._computed(f"view-{view}", run.feed.views(view))
            self._views.append(_View(rows, indices[~np.isin(indices, run.feed.unreadable())]))
        self._bar.update(images, finalize=True)

    def training(self, first_step, views):
        """As `Feed.training`, of features."""
        feed, recipe = self._run.feed, self._run.recipe
        records = training_order(
            self._run.source.train, feed.batch_size, recipe.seed, first_step=first_step, views=views
        )

        def features(view, index, record, label):
            found = tf.numpy_function(lambda view, index: self._views[view[0]].has(index), [view, index], tf.bool)
            index, label = replace_unreadable(tf.ensure_shape(found, index.shape), index, label)
            rows = tf.numpy_function(lambda view, index: self._views[view[0]].rows_of(index), [view, index], tf.float32)
            return self._split(rows), label

        return _prefetched(records.batch(feed.batch_size, drop_remainder=True).map(features))

    def validation(self):
        """As `Feed.validation`, of features."""
        ends = np.cumsum([len(labels) for labels in self._labels])
        starts = ends - [len(labels) for labels in self._labels]
        labels = np.concatenate(self._labels)

        def features(start, end):
            rows = tf.numpy_function(lambda start, end: self._validation[start:end], [start, end], tf.float32)
            return self._split(rows), tf.constant(labels)[start:end]

        return _prefetched(tf.data.Dataset.from_tensor_slices((starts, ends)).map(features))

    def _split(self, rows):
        """What the rest of the network takes, of rows of numbers."""
        widths = [int(np.prod(shape)) for shape in self._shapes]
        parts = tf.split(tf.ensure_shape(rows, (None, sum(widths))), widths, axis=1)
        parts = [tf.reshape(part, (-1, *shape)) for part, shape in zip(parts, self._shapes, strict=True)]
        return parts[0] if len(parts) == 1 else tuple(parts)

    def _computed(self, name, batches):
        """The features of batches of images, an array of a row for each image; and the batches' labels."""
        labels, kept = [], []
        file = None if self._folder is None else (self._folder / name).open("wb")
        with nullcontext() if file is None else file:
            for images, batch in batches.as_numpy_iterator():
                self._check_stop()
                rows = self._of(images)
                labels.append(batch)
                kept.append(rows) if file is None else file.write(rows.tobytes())
                self._seen += len(batch)
                self._bar.update(self._seen, finalize=False)
        if file is None:
            return np.concatenate(kept), labels
        return np.memmap(file.name, "float32", "r", shape=(sum(map(len, labels)), rows.shape[1])), labels

    def _of(self, images):
        """The features of a batch, filled up so that all batches are equally large: the first ones are the largest."""
        self._most = max(self._most, len(images))
        full = np.zeros((self._most, *images.shape[1:]), images.dtype)
        full[: len(images)] = images
        parts = tree.flatten(self._trunk.predict_on_batch(full))
        return np.concatenate([np.asarray(part, "float32").reshape(len(full), -1) for part in parts], 1)[: len(images)]

    def _check_stop(self):
        self._run.folder.check_there()
        signal = self._run.interruption.signal
        if signal is not None:
            raise Interrupted(signal, f"{self._run.checkpoints.last_good()} Go on with --resume.")


class _View:
    """Features by the images' indices, which are in no order; images that cannot be read have none."""

    def __init__(self, rows, indices):
        self._rows, self._order = rows, np.argsort(indices)
        self._indices = indices[self._order]

    def has(self, indices):
        places = np.searchsorted(self._indices, indices).clip(max=len(self._indices) - 1)
        return self._indices[places] == indices

    def rows_of(self, indices):
        return self._rows[self._order[np.searchsorted(self._indices, indices)]]


def _prefetched(batches):
    options = tf.data.Options()
    options.autotune.enabled = False  # as in `data.pipeline`
    return batches.prefetch(2).with_options(options)
