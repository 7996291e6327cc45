"""Pictures of the network, of its training and of what it is trained on."""

from keras_googlenet.visualize.boxes import draw_boxes as draw_boxes
from keras_googlenet.visualize.curves import plot_curves as plot_curves
from keras_googlenet.visualize.filters import filter_grid as filter_grid
from keras_googlenet.visualize.report import write_report as write_report
from keras_googlenet.visualize.samples import plot_samples as plot_samples
