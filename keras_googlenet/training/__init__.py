"""Training as section 6 of the paper describes it: the recipe, the optimizer, the run."""

from keras_googlenet.training.distributed.strategy import strategy_for as strategy_for
from keras_googlenet.training.freezing import freeze_trunk as freeze_trunk
from keras_googlenet.training.freezing import unfreeze as unfreeze
from keras_googlenet.training.optimizers.ema import ema_weights as ema_weights
from keras_googlenet.training.optimizers.losses import SmoothedCrossentropy as SmoothedCrossentropy
from keras_googlenet.training.optimizers.sgd import MomentumSGD as MomentumSGD
from keras_googlenet.training.recipes.presets import PRESETS as PRESETS
from keras_googlenet.training.recipes.presets import recipe_for as recipe_for
from keras_googlenet.training.recipes.recipe import Recipe as Recipe
from keras_googlenet.training.recipes.settings import read_recipe as read_recipe
from keras_googlenet.training.run import train as train
