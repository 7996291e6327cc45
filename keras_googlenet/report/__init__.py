"""What a run came to, on one page: its curves, its samples, what it confuses."""

from keras_googlenet.report.curves import plot_curves as plot_curves
from keras_googlenet.report.report import write_report as write_report
from keras_googlenet.utils.pictures import plot_samples as plot_samples
