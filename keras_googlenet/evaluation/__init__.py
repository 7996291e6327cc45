"""How good a trained network is: its accuracy, where it is mistaken, and on which images."""

from keras_googlenet.evaluation.assessment import Assessment as Assessment
from keras_googlenet.evaluation.assessment import Mistake as Mistake
from keras_googlenet.evaluation.assessment import wilson_interval as wilson_interval
from keras_googlenet.evaluation.assessor import assess as assess
from keras_googlenet.evaluation.assessor import images_at as images_at
