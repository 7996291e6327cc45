"""What a run is fed: batches to train on and to validate on, and a look at them."""

import numpy as np

from keras_googlenet import data
from keras_googlenet.data.pipeline import evaluation_steps, preview
from keras_googlenet.data.reading import Reader
from keras_googlenet.data.sampling import sampler_for
from keras_googlenet.data.splits import Shard
from keras_googlenet.errors import InputError
from keras_googlenet.imagenet import MEAN_RGB
from keras_googlenet.training.distributed.strategy import distribute


def load_source(recipe):
    """Finds the images of a recipe; none is decoded yet.

    Args:
        recipe: A `Recipe`.

    Returns:
        A `data.Source`.

    Raises:
        InputError: There is no such data set, or it is not fit to train on.
    """
    return data.load(
        recipe.dataset,
        data_dir=recipe.data_dir,
        validation_fraction=recipe.validation_fraction,
        hold_out=recipe.hold_out,
    )


class Feed:
    """The images of a run, batch by batch.

    Args:
        recipe: A `Recipe`.
        source: The `data.Source`.
        context: The `DistributionContext`.

    Attributes:
        batch_size: Images per step, over all replicas: the recipe's, or fewer where there are no more.
        steps_per_epoch: Whole batches among the training images.
        validation_steps: Steps in which each validation image is seen once.

    Raises:
        InputError: The replicas' parts of a batch would differ, or one would have none.
    """

    def __init__(self, recipe, source, context):
        context.per_replica(recipe.batch_size)
        count, replicas = source.train.count, context.replicas
        if count < replicas:
            raise InputError(f"Expected an image for each of {replicas} replicas. Received: {count} to train on")
        self._recipe, self._context = recipe, context
        self._train, self._validation = (
            Reader(split, on_corrupt=recipe.on_corrupt, classes=source.classes, words=f"{name} images")
            for name, split in (("training", source.train), ("validation", source.validation))
        )
        self._sampler = sampler_for(recipe.sampling, recipe.seed)
        self.batch_size = min(recipe.batch_size, count // replicas * replicas)
        self.steps_per_epoch = count // self.batch_size
        self.validation_steps = evaluation_steps(source.validation.count, recipe.batch_size, context.batches_per_step)

    def training(self, first_step, views=None):
        """The batches from a step on, for ever, as `fit` takes them; of so many views of each image, in turn."""

        def stream(shard, replicas):
            whole = data.training_stream(
                self._train,
                batch_size=self.batch_size,
                seed=self._recipe.seed,
                sampler=self._sampler,
                first_step=first_step,
                shard=Shard(*shard),
                views=views,
                **self._images(),
            )
            return whole if replicas == 1 else whole.rebatch(self._context.per_replica(self.batch_size))

        return distribute(self._context, stream, endless=True)

    def validation(self):
        """The batches of `validation_steps`."""

        def batches(shard, replicas):
            return data.evaluation_batches(
                self._validation,
                batch_size=self._recipe.batch_size,
                shard=Shard(*shard),
                replicas=replicas,
                **self._images(),
            )

        return distribute(self._context, batches)

    def views(self, epoch):
        """Each training image once, in the split's order, as training sees it in an epoch: a `tf.data.Dataset`."""
        return data.evaluation_batches(
            self._train, batch_size=self.batch_size, sampler=self._sampler, epoch=epoch, **self._images()
        )

    def unreadable(self):
        """The indices of the training images that were found to be unreadable, a list."""
        return list(self._train.skipped)

    def samples(self):
        """Images as training will see them, a uint8 array (views, size, size, 3)."""
        recipe = self._recipe
        return preview(self._train, image_size=recipe.image_size, sampler=self._sampler, seed=recipe.seed)

    def skipped(self):
        """Why this worker skipped images, a line for each."""
        return sorted(reason for reader in (self._train, self._validation) for reason in reader.skipped.values())

    def _images(self):
        return {"image_size": self._recipe.image_size, "preprocess": _without_mean}


def _without_mean(images):
    """`preprocess_input`, of a batch that is TensorFlow's on every backend of Keras."""
    return images - np.asarray(MEAN_RGB, "float32")
