"""A data set of TensorFlow Datasets (TFDS), the only module that imports it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_googlenet.data.errors import DataError
from keras_googlenet.data.images import decode_image
from keras_googlenet.data.source import Source
from keras_googlenet.data.splits import TEST, TRAIN, VALIDATION, WHOLE, Shard, Split, splits_among
from keras_googlenet.data.views import Encoded
from keras_googlenet.utils import downloads
from keras_googlenet.utils.messages import nearest

# Records are shuffled while still encoded. ImageNet's average 110 KB, so that this buffer takes
# 0.45 GB; the order of the files, and of the examples inside them, is random already.
SHUFFLE_BUFFER = 4096
FILE_ORDERS = 8


@dataclass(frozen=True, eq=False)
class TfdsSplit(Split):
    """One split of a TFDS data set.

    Attributes:
        builder: the data set, prepared.
        instruction: which examples, in TFDS's words: `"train[:900]"`.
    """

    builder: tfds.core.DatasetBuilder
    instruction: str

    @property
    def count(self) -> int:
        """Number of images."""
        return self.builder.info.splits[self.instruction].num_examples

    @functools.cached_property
    def labels(self) -> np.ndarray:
        """See `Split.labels`; the data set tells them only with the images."""
        return np.fromiter((label for _, _, label in self.fixed().as_numpy_iterator()), np.int64)

    def fixed(self, shard: Shard = WHOLE) -> tf.data.Dataset:
        """See `Split.fixed`; a worker reads its own part of the files."""
        return self._examples(shard, seed=None)

    def shuffled(self, seed: int, epoch: tf.Tensor, batch_size: int, shard: Shard = WHOLE) -> tf.data.Dataset:
        """See `Split.shuffled`; a worker reads its own part of the files, in each epoch the same.

        The order of the files is one of `FILE_ORDERS`, in turn; the examples are shuffled within a buffer as they
        come out of the files.
        """
        orders = [self._examples(shard, seed=(seed + n) % 2**32) for n in range(FILE_ORDERS)]
        branches = [lambda examples=examples: examples for examples in orders]
        examples = tf.switch_case(tf.cast(epoch % FILE_ORDERS, tf.int32), branches)

        def shuffle(number, buffer):
            def order(epoch, number, count):
                return np.random.default_rng((seed, int(epoch), int(number))).permutation(count)

            indices = tf.numpy_function(order, [epoch, number, tf.size(buffer[0])], tf.int64, stateful=False)
            return tuple(tf.gather(part, tf.ensure_shape(indices, (None,))) for part in buffer)

        # Not `Dataset.shuffle`, whose seed cannot be the epoch's where operations are to be deterministic.
        shuffled = examples.batch(SHUFFLE_BUFFER).enumerate().map(shuffle).unbatch()
        return shuffled.take(self.count // batch_size * batch_size // shard.count)

    def _examples(self, shard: Shard, seed: int | None) -> tf.data.Dataset:
        """A record is the encoded image, its index a hash of its file and place there."""
        instruction = self.instruction
        if shard.count > 1:
            instruction = tfds.even_splits(instruction, n=shard.count)[shard.index]
        examples = self.builder.as_dataset(
            split=instruction,
            shuffle_files=seed is not None,
            decoders={"image": tfds.decode.SkipDecoding()},
            # The pipeline keeps decoded images itself. A shuffle of the files that is repeated at each pass is one
            # that a resumed run can repeat.
            read_config=tfds.ReadConfig(
                shuffle_seed=seed, shuffle_reshuffle_each_iteration=False, try_autocache=False, add_tfds_id=True
            ),
        )

        def record(example):
            return tf.strings.to_hash_bucket_fast(example["tfds_id"], 2**62), example["image"], example["label"]

        return examples.map(record)

    def read(self, record: bytes) -> np.ndarray:
        """See `Split.read`; the same reader as for files, so the same colors."""
        return decode_image(record, self._name)

    def encoded(self, records: np.ndarray) -> Encoded:
        """See `Split.encoded`."""
        return Encoded([self._name] * len(records), records.tolist())

    @functools.cached_property
    def _name(self) -> str:
        """What an error calls an image."""
        return f"{self.builder.info.full_name}, {self.instruction}"

    def fingerprint(self, root: str) -> str:
        """See `Split.fingerprint`; the data set's version stands for its images."""
        return f"{self.builder.info.full_name} {self.instruction}"


def load_tfds(name: str, data_dir: str | os.PathLike | None, validation_fraction: float) -> Source:
    """Find a TFDS data set; download and prepare it if that has not been done.

    Args:
        name: in TFDS's words, `"name"`, `"name/config"` or `"name:version"`.
        data_dir: where TFDS keeps its data; `None` for its default.
        validation_fraction: part of `train` to hold out if there is no split for validation.

    Returns:
        Its `Source`. The split `test` is the one for testing where validation is held out of
        `train`. Beside a split for validation it is left alone: such data sets often keep the
        test labels to themselves (those of `imagenet2012` are all -1).

    Raises:
        InputError: it would have to be downloaded, and only a file named it.
        DataError: no such data set; no images with one class label each; no `train` split; or it
            could not be prepared.
    """
    if re.match(r"\w+:[A-Za-z]", name):  # of a community's site, which is asked at once
        downloads.check("dataset", name)
    builder = _builder(name, data_dir)
    if not builder.is_prepared():
        downloads.check("dataset", name)
    _check_features(name, builder.info.features)  # before a download of many gigabytes
    _prepare(name, builder)
    *instructions, held_out = _instructions(name, builder.info.splits, validation_fraction)
    classes = tuple(builder.info.features["label"].names)
    if len(classes) < 2:
        raise DataError(f"{name}: this data set has one class. Expected: two or more")
    train, validation, *test = (TfdsSplit(builder, part) for part in instructions if part is not None)
    return Source(name, classes, train, validation, held_out, test=test[0] if test else None)


def _builder(name: str, data_dir: str | os.PathLike | None) -> tfds.core.DatasetBuilder:
    try:
        return tfds.builder(name, data_dir=None if data_dir is None else os.fspath(data_dir))
    except Exception as error:
        # TFDS raises ValueError, AssertionError, ImportError, ...: a data set that it knows has a
        # reason of its own (no such config or version), any other name is taken for a mistake.
        known = tfds.list_builders(with_community_datasets=False)
        base = re.split(r"[/:]", name)[0]
        if base in known:
            raise DataError(f"{name}: TensorFlow Datasets cannot load it: {error}") from error
        hint = nearest(base, ["digits", *known], count=3, cutoff=0.7)
        raise DataError(
            f"{name}: neither 'digits', nor an existing folder, nor the name of a TensorFlow Datasets data set.{hint}"
        ) from error


def _check_features(name: str, features: Any) -> None:
    kinds = {"image": tfds.features.Image, "label": tfds.features.ClassLabel}
    named = features if isinstance(features, tfds.features.FeaturesDict) else {}
    if not all(name in named and isinstance(named[name], kind) for name, kind in kinds.items()):
        raise DataError(
            f"{name}: no classification data set. Expected: the features 'image' (Image) and "
            f"'label' (ClassLabel). Received: {' '.join(str(features).split())}"
        )
    if (dtype := features["image"].np_dtype) != np.uint8:
        raise DataError(f"{name}: its images hold {dtype.__name__}. Expected: uint8")


def _prepare(name: str, builder: tfds.core.DatasetBuilder) -> None:
    if builder.is_prepared():
        return
    try:
        with contextlib.redirect_stdout(sys.stderr):  # its progress
            builder.download_and_prepare()
    except Exception as error:
        # The network, the disk, a source that moved, files to be fetched by hand, ...
        raise DataError(
            f"{name}: TensorFlow Datasets could not download and prepare it in "
            f"{builder.data_dir}: {str(error) or type(error).__name__}"
        ) from error


def _instructions(name: str, splits: Any, fraction: float) -> tuple[str, str, str | None, str]:
    """The splits for training, validation and testing in TFDS's words, and where the second comes from in ours."""
    names = splits_among(splits)
    if TRAIN not in names:
        raise DataError(f"{name}: no split '{TRAIN}' to learn from. Received: {', '.join(splits) or 'none'}")
    train = names[TRAIN]
    if VALIDATION in names:
        return train, names[VALIDATION], None, f"the split '{names[VALIDATION]}'"
    count = splits[train].num_examples
    kept = count - min(max(1, round(count * fraction)), count - 1)
    if kept < 1:
        raise DataError(f"{name}: one image cannot be split. Expected: two or more")
    return f"{train}[:{kept}]", f"{train}[{kept}:]", names.get(TEST), f"the last {count - kept:,} of '{train}'"
