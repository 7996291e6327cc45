"""Trains the small table in place of the paper's, in this process or, as a program, in one of its own:

python small_training.py OUTPUT [FIELD=VALUE ...]
"""

import sys
from pathlib import Path

from keras_googlenet import GoogLeNet, training
from keras_googlenet.training import run as runs

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from support.small import SMALL


def small_network(recipe, source):
    """As `training.build`, of the small table."""
    with training.precision_policy(recipe):
        model = GoogLeNet(
            weights=None,
            input_shape=(32, 32, 3),
            classes=len(source.classes),
            aux_heads=recipe.aux_heads,
            variant=SMALL,
        )
    model.class_names = source.classes
    return model


RECIPE = {"image_size": 32, "batch_size": 24, "epochs": 2, "warmup_steps": 5, "averaging": 0.8, "checkpoint_steps": 7}


def main(folder, *settings):
    """Trains on digits, going on with what is in the folder."""
    runs.build = small_network
    changes = dict(training.parse_setting(setting) for setting in settings)
    training.train(training.recipe_for("digits", **{**RECIPE, **changes}), folder, resume=True, verbose=0)


if __name__ == "__main__":
    from keras_googlenet.errors import WorkError

    try:
        main(*sys.argv[1:])
    except WorkError as error:
        print(error, file=sys.stderr)
        sys.exit(error.status)
