"""Training as section 6 of the paper describes it: the recipe, the optimizer, the trainer."""

from keras_googlenet.errors import WorkError as WorkError
from keras_googlenet.training.callbacks import TrainingError as TrainingError
from keras_googlenet.training.checkpoints import CheckpointError as CheckpointError
from keras_googlenet.training.freezing import Phase as Phase
from keras_googlenet.training.freezing import freeze_trunk as freeze_trunk
from keras_googlenet.training.freezing import phases as phases
from keras_googlenet.training.freezing import thaw as thaw
from keras_googlenet.training.interruption import Interrupted as Interrupted
from keras_googlenet.training.losses import SmoothedCrossentropy as SmoothedCrossentropy
from keras_googlenet.training.losses import loss as loss
from keras_googlenet.training.optimization import optimizer as optimizer
from keras_googlenet.training.optimization import precision_policy as precision_policy
from keras_googlenet.training.optimization import unwrap as unwrap
from keras_googlenet.training.presets import PRESETS as PRESETS
from keras_googlenet.training.presets import recipe_for as recipe_for
from keras_googlenet.training.recipe import Recipe as Recipe
from keras_googlenet.training.recipe import RecipeError as RecipeError
from keras_googlenet.training.schedules import WarmUp as WarmUp
from keras_googlenet.training.settings import parse_setting as parse_setting
from keras_googlenet.training.settings import read_recipe as read_recipe
from keras_googlenet.training.sgd import MomentumSGD as MomentumSGD
from keras_googlenet.training.trainer import build as build
from keras_googlenet.training.trainer import train as train
