"""Pictures of the network and of what it sees."""

from keras_googlenet.utils.pictures import filter_grid as filter_grid
from keras_googlenet.visualize.activations import activation_maps as activation_maps
from keras_googlenet.visualize.activations import activation_sheet as activation_sheet
from keras_googlenet.visualize.cam import grad_cam as grad_cam
from keras_googlenet.visualize.cam import overlay as overlay
from keras_googlenet.visualize.diagram import plot_architecture as plot_architecture
from keras_googlenet.visualize.dream import dream as dream
from keras_googlenet.visualize.maximize import maximize_class as maximize_class
from keras_googlenet.visualize.objective import Objective as Objective
from keras_googlenet.visualize.parametrization import Parametrization as Parametrization
from keras_googlenet.visualize.rendering import render as render
from keras_googlenet.visualize.scoring import objective_values as objective_values
from keras_googlenet.visualize.transforms import Transforms as Transforms
