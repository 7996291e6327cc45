"""`python -m keras_googlenet`: as the command `keras-googlenet`, but slower to answer, and with TensorFlow's log."""

import sys

from keras_googlenet.cli import main

if __name__ == "__main__":
    sys.exit(main())
