"""The network that a run trains: which one, in which precision, and how each of the run's phases compiles it."""

import numpy as np

from keras_googlenet import architecture
from keras_googlenet.keras_compat import replicas
from keras_googlenet.keras_compat.fit import build_compiled
from keras_googlenet.model.googlenet import GoogLeNet
from keras_googlenet.model.pretrained import locate
from keras_googlenet.training.freezing import freeze_trunk, unfreeze
from keras_googlenet.training.optimizers.from_recipe import optimizer, unwrap
from keras_googlenet.training.optimizers.losses import loss
from keras_googlenet.utils.dtype_policy import default_dtype_policy
from keras_googlenet.utils.precision import dtype_policy


def build(recipe, source):
    """The network that a recipe asks for.

    Args:
        recipe: A `Recipe`.
        source: The `data.Source` it will be trained on.

    Returns:
        A `GoogLeNetModel`, with the heads of its table if the recipe wants them. It is not compiled.

    Raises:
        InputError: The weights to start from do not fit.
    """
    table = architecture.variants.resolve(recipe.variant)
    with default_dtype_policy(dtype_policy(recipe.precision)):
        model = GoogLeNet(
            # The file behind a name: its trunk serves any number of classes.
            weights=locate(recipe.weights),
            input_shape=(recipe.image_size, recipe.image_size, 3),
            classes=len(source.classes),
            aux_heads=recipe.aux_heads and bool(table.auxiliary),
            variant=table,
        )
    model.class_names = source.classes
    return model


def compile_for(model, recipe, phase, steps_per_epoch):
    """Compiles a network for a phase of a run, with a new optimizer. Call it in the strategy's scope.

    Args:
        model: A `GoogLeNetModel`.
        recipe: A `Recipe`.
        phase: A `Phase` of it.
        steps_per_epoch: Batches in an epoch.
    """
    if phase.frozen:
        freeze_trunk(model)
    else:
        unfreeze(model, phase.first_row)
    built = optimizer(recipe, steps_per_epoch, phase.epochs, phase.learning_rate)
    unwrap(built).extend_ema(replicas.statistics(model))
    model.compile(built, loss=loss(recipe), metrics=["accuracy"])
    size = recipe.image_size
    build_compiled(model, (np.zeros((1, size, size, 3), "float32"), np.zeros(1, "int64")))
