"""Pictures of the network and of what it sees."""

from keras_googlenet.utils.pictures import filter_grid as filter_grid
from keras_googlenet.visualize.activations import activation_maps as activation_maps
from keras_googlenet.visualize.activations import activation_sheet as activation_sheet
from keras_googlenet.visualize.attribution import METHODS as METHODS
from keras_googlenet.visualize.attribution import Curve as Curve
from keras_googlenet.visualize.attribution import channel_attribution as channel_attribution
from keras_googlenet.visualize.attribution import grad_cam_plus_plus as grad_cam_plus_plus
from keras_googlenet.visualize.attribution import guided_backpropagation as guided_backpropagation
from keras_googlenet.visualize.attribution import importance_curve as importance_curve
from keras_googlenet.visualize.attribution import integrated_gradients as integrated_gradients
from keras_googlenet.visualize.attribution import occlusion as occlusion
from keras_googlenet.visualize.attribution import rise as rise
from keras_googlenet.visualize.attribution import saliency as saliency
from keras_googlenet.visualize.attribution import score_cam as score_cam
from keras_googlenet.visualize.attribution import smooth_grad as smooth_grad
from keras_googlenet.visualize.cam import grad_cam as grad_cam
from keras_googlenet.visualize.cam import overlay as overlay
from keras_googlenet.visualize.cam import signed_overlay as signed_overlay
from keras_googlenet.visualize.diagram import plot_architecture as plot_architecture
from keras_googlenet.visualize.dream import dream as dream
from keras_googlenet.visualize.maximize import maximize_class as maximize_class
