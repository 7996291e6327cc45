"""Training as section 6 of the paper describes it: the recipe, the optimizer, the trainer."""

from keras_googlenet.training.callbacks import TrainingError as TrainingError
from keras_googlenet.training.optimization import StepDecay as StepDecay
from keras_googlenet.training.optimization import optimizer as optimizer
from keras_googlenet.training.recipe import Recipe as Recipe
from keras_googlenet.training.recipe import RecipeError as RecipeError
from keras_googlenet.training.recipe import parse_setting as parse_setting
from keras_googlenet.training.recipe import recipe_for as recipe_for
from keras_googlenet.training.trainer import build as build
from keras_googlenet.training.trainer import train as train
