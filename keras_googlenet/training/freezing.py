"""Transfer: the classifiers are trained on a frozen trunk first, then everything together."""

import dataclasses

from keras_googlenet.architecture import PAPER
from keras_googlenet.architecture.names import own_name
from keras_googlenet.model.googlenet_model import GoogLeNetModel


@dataclasses.dataclass(frozen=True)
class Phase:
    """A part of a run that one compiled model trains through.

    Attributes:
        first_epoch: Its first epoch, counted from 0.
        last_epoch: Its last.
        frozen: Whether the trunk keeps its weights.
        learning_rate: Learning rate once warmed up.
        views: How many views of each image its epochs see in turn; None for new ones in each epoch.
        first_row: The first row of the table that trains; None for all. Those below keep their weights.
    """

    first_epoch: int
    last_epoch: int
    frozen: bool
    learning_rate: float
    views: int | None = None
    first_row: str | None = None

    @property
    def epochs(self):
        """How many epochs it has."""
        return self.last_epoch - self.first_epoch + 1


def phases(recipe):
    """The phases of a run, in order.

    Each begins with a new optimizer: it warms up again, and what its moving average remembers starts with it.

    Args:
        recipe: A `Recipe`.

    Returns:
        A tuple of one `Phase` or two; together they are the recipe's epochs.

    Example:
        >>> from keras_googlenet.training import Recipe
        >>> recipe = Recipe(weights="imagenet", freeze="trunk", freeze_epochs=3, epochs=10)
        >>> [(phase.first_epoch, phase.last_epoch, phase.frozen) for phase in phases(recipe)]
        [(0, 2, True), (3, 9, False)]
    """
    rate = recipe.head_learning_rate or recipe.learning_rate
    frozen = Phase(0, recipe.freeze_epochs - 1, True, rate, recipe.freeze_views)
    whole = Phase(recipe.freeze_epochs, recipe.epochs - 1, False, recipe.learning_rate, first_row=recipe.unfreeze_from)
    return tuple(phase for phase in (frozen, whole) if phase.epochs > 0)


def trunk_layers(model):
    """The layers of a network that are neither its classifier nor part of an auxiliary head.

    Args:
        model: A `GoogLeNetModel`.

    Returns:
        A list of layers, from the input on.
    """
    heads = [head.name for head in (model.architecture or PAPER).auxiliary]
    tops = {model.output_names[0], *heads}
    parts = tuple(f"{head}_" for head in heads)
    return [layer for layer in model.layers if layer.name not in tops and not layer.name.startswith(parts)]


def freeze_trunk(model: GoogLeNetModel) -> None:
    """Keeps the trunk's weights from training, and its batch normalization in inference mode. `compile` afterwards.

    Args:
        model: A `GoogLeNetModel`.
    """
    for layer in trunk_layers(model):
        layer.trainable = False


def unfreeze(model: GoogLeNetModel, first_row: str | None = None) -> None:
    """Lets the trunk train again, or its upper part. `compile` afterwards.

    Args:
        model: A `GoogLeNetModel`.
        first_row: The first row of its table that trains, such as `inception_4a`; None for all. What stays frozen costs
            no gradients.

    Raises:
        ValueError: The table's trunk has no such row.

    Example:
        >>> from keras_googlenet import GoogLeNet
        >>> model = GoogLeNet(weights=None, input_shape=(32, 32, 3), classes=2)
        >>> unfreeze(model, "inception_5a")
        >>> model.get_layer("inception_4e_1x1").trainable, model.get_layer("inception_5a_1x1").trainable
        (False, True)
    """
    names = [row.name for row in (model.architecture or PAPER).trunk]
    first_row = None if first_row is None else own_name(first_row)
    if first_row is not None and first_row not in names:
        raise ValueError(f"`first_row` must be one of the trunk's rows {names}. Received: first_row={first_row!r}")
    below = tuple(f"{name}_" for name in names[: names.index(first_row) if first_row else 0])
    for layer in trunk_layers(model):
        layer.trainable = not f"{layer.name}_".startswith(below)
