"""Table 1 and Fig. 3 as one literal table; variants as edits of it; shapes and costs derived from it.

No framework is imported here: the table can be read, edited and costed without Keras.
"""

from keras_googlenet.architecture.costs import costs as costs
from keras_googlenet.architecture.rows import LRN as LRN
from keras_googlenet.architecture.rows import Auxiliary as Auxiliary
from keras_googlenet.architecture.rows import AveragePool as AveragePool
from keras_googlenet.architecture.rows import Conv as Conv
from keras_googlenet.architecture.rows import Convolution as Convolution
from keras_googlenet.architecture.rows import Dropout as Dropout
from keras_googlenet.architecture.rows import Inception as Inception
from keras_googlenet.architecture.rows import Linear as Linear
from keras_googlenet.architecture.rows import MaxPool as MaxPool
from keras_googlenet.architecture.table import PAPER as PAPER
from keras_googlenet.architecture.table import Architecture as Architecture
from keras_googlenet.architecture.variants import VARIANTS as VARIANTS
from keras_googlenet.architecture.variants import edit as edit
from keras_googlenet.architecture.variants import wider as wider
