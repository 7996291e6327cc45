"""What this machine does: a network forward and in training, and the input pipeline, in images a second.

`measuring` starts a process for each backend of Keras, and one for the pipeline; `process` is what runs there; `device`
knows what it runs on.
"""

from keras_googlenet.benchmark.measuring import measure as measure
