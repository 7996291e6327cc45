"""Trains the small table in place of the paper's, in this process or, as a program, in one of its own:

python small_training.py --resume --output FOLDER
"""

import sys
from pathlib import Path

from keras_googlenet import GoogLeNet
from keras_googlenet.training import run as runs
from keras_googlenet.utils.dtype_policy import default_dtype_policy
from keras_googlenet.utils.precision import dtype_policy

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from support.small import SMALL


def small_network(recipe, source, heads=True):
    """As `training.network.build`, of the small table."""
    with default_dtype_policy(dtype_policy(recipe.precision)):
        model = GoogLeNet(
            weights=None,
            input_shape=(32, 32, 3),
            classes=len(source.classes),
            aux_heads=heads and recipe.aux_heads,
            variant=SMALL,
        )
    model.class_names = source.classes
    return model


RECIPE = {"image_size": 32, "batch_size": 24, "epochs": 2, "warmup_steps": 5, "averaging": 0.8, "checkpoint_steps": 7}


def main():
    """Trains on digits, going on with what is in the folder."""
    from keras_googlenet.cli import main as command

    runs.build = small_network
    settings = [argument for name, value in RECIPE.items() for argument in ("--set", f"{name}={value}")]
    return command(["train", *settings, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
