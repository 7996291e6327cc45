"""How the weights start, of which the paper says nothing.

Kernels are drawn from Caffe's "xavier" distribution, `U(+-sqrt(3 * scale / fan_in))`, with a scale for each part of the
network; biases are 0.

Pixels less their mean have a root mean square (RMS) of about 70, which is not for us to rescale: section 5 subtracts
the mean and no more. Nor would it be wise: with BVLC's constants, local response normalization only acts on activations
of tens. So the 70 fades on its way up, evenly, by a little in each of the 21 convolutions.

- *Trunk*: 1.2. Max pools raise the RMS, and this is what it takes to come out near 1. He's scale of 2 comes out at 25
  to 90, Xavier's 1 at 0.3 to 0.5. To divide by 70 in `conv1` alone would leave its kernel with a gradient 4000 to 8000
  times as large, for its size, as the next one's: kernel times gradient sums to the same in every layer of a stack of
  ReLUs, so small kernels move fast.
- *Auxiliary heads*: 1/3. They branch off where the RMS is still 14 (`inception_4a`) or 3 (`inception_4d`), and have two
  layers to do what the trunk does in the ten or more above them.
- *Classifiers*: nearly 0. Each loss starts at `ln(classes)`, and no head has to unlearn first; exactly 0 would give all
  untrained networks the same output.

RMS of the activations of a new network, the mean of three:

| input           | digits, 32 px | CIFAR-10, 64 px | photos, 224 px |
|-----------------|---------------|-----------------|----------------|
| pixels          |            92 |              60 |             73 |
| `conv1`         |            67 |              46 |             56 |
| `pool1_norm1`   |            54 |              41 |             45 |
| `conv2_norm2`   |            26 |              21 |             24 |
| `inception_3b`  |            16 |              13 |             13 |
| `inception_4a`  |            14 |              12 |             12 |
| `inception_4d`  |           2.9 |             3.2 |            3.6 |
| `inception_5b`  |           0.7 |             1.2 |            1.6 |
| `aux1_fc`       |           2.3 |             1.9 |            1.9 |
| `aux2_fc`       |           0.4 |             0.4 |            0.5 |

BVLC starts all kernels at scale 1, the classifiers' included, and all biases but the classifiers' at 0.2: see Caffe's
`models/bvlc_googlenet/train_val.prototxt`.
"""

from keras import initializers


def trunk():
    """Initializer of the convolutions' kernels, `conv1` to `inception_5b`."""
    return _xavier(1.2)


def auxiliary():
    """Initializer of the kernels of an auxiliary head's convolution and fully connected layer."""
    return _xavier(1 / 3)


def classifier():
    """Initializer of the kernels of the layers that end in a softmax."""
    return initializers.RandomNormal(stddev=0.001)


def _xavier(scale):
    return initializers.VarianceScaling(scale, mode="fan_in", distribution="uniform")
