"""Pictures of the network and of what it sees."""

from keras_googlenet.utils.pictures import filter_grid as filter_grid
from keras_googlenet.visualize import objectives as objectives
from keras_googlenet.visualize.activations import activation_maps as activation_maps
from keras_googlenet.visualize.activations import activation_sheet as activation_sheet
from keras_googlenet.visualize.cam import grad_cam as grad_cam
from keras_googlenet.visualize.cam import overlay as overlay
from keras_googlenet.visualize.channels import parse_channel as parse_channel
from keras_googlenet.visualize.diagram import plot_architecture as plot_architecture
from keras_googlenet.visualize.dream import dream as dream
from keras_googlenet.visualize.examples import ChannelExamples as ChannelExamples
from keras_googlenet.visualize.examples import Example as Example
from keras_googlenet.visualize.examples import dataset_examples as dataset_examples
from keras_googlenet.visualize.features import Features as Features
from keras_googlenet.visualize.features import features as features
from keras_googlenet.visualize.features import write_features as write_features
from keras_googlenet.visualize.maximize import maximize_class as maximize_class
from keras_googlenet.visualize.parametrization import Parametrization as Parametrization
from keras_googlenet.visualize.render import render as render
from keras_googlenet.visualize.scoring import objective_values as objective_values
from keras_googlenet.visualize.transforms import Transforms as Transforms
