"""Table 1 and Fig. 3 as one literal table; variants as edits of it; shapes and costs derived from it.

No framework is imported here: the table can be read, edited and costed without Keras.
"""

from keras_googlenet.architecture.costs import Cost as Cost
from keras_googlenet.architecture.costs import costs as costs
from keras_googlenet.architecture.costs import depth as depth
from keras_googlenet.architecture.rows import LRN as LRN
from keras_googlenet.architecture.rows import Auxiliary as Auxiliary
from keras_googlenet.architecture.rows import AveragePool as AveragePool
from keras_googlenet.architecture.rows import Conv as Conv
from keras_googlenet.architecture.rows import Convolution as Convolution
from keras_googlenet.architecture.rows import Dropout as Dropout
from keras_googlenet.architecture.rows import Inception as Inception
from keras_googlenet.architecture.rows import Linear as Linear
from keras_googlenet.architecture.rows import MaxPool as MaxPool
from keras_googlenet.architecture.table import DEFAULT_SIZE as DEFAULT_SIZE
from keras_googlenet.architecture.table import MIN_SIZE as MIN_SIZE
from keras_googlenet.architecture.table import PAPER as PAPER
from keras_googlenet.architecture.table import PRINTED as PRINTED
from keras_googlenet.architecture.table import Architecture as Architecture
from keras_googlenet.architecture.table import BatchNorm as BatchNorm
from keras_googlenet.architecture.table import Pixels as Pixels
from keras_googlenet.architecture.variants import BATCHNORM as BATCHNORM
from keras_googlenet.architecture.variants import PLAIN as PLAIN
from keras_googlenet.architecture.variants import SLIM as SLIM
from keras_googlenet.architecture.variants import TORCHVISION as TORCHVISION
from keras_googlenet.architecture.variants import VARIANTS as VARIANTS
from keras_googlenet.architecture.variants import edit as edit
from keras_googlenet.architecture.variants import naive as naive
from keras_googlenet.architecture.variants import resolve as resolve
from keras_googlenet.architecture.variants import wider as wider
