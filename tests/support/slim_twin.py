"""TF-slim's `inception_v1` in plain TensorFlow, by its own names, and checkpoints as TensorFlow 1 wrote them."""

import numpy as np
import tensorflow as tf

SCOPE = "InceptionV1"

# name, 1x1, then (reduce, 3x3) twice, then the pool's projection
MIXED = {
    "Mixed_3b": (64, (96, 128), (16, 32), 32),
    "Mixed_3c": (128, (128, 192), (32, 96), 64),
    "Mixed_4b": (192, (96, 208), (16, 48), 64),
    "Mixed_4c": (160, (112, 224), (24, 64), 64),
    "Mixed_4d": (128, (128, 256), (24, 64), 64),
    "Mixed_4e": (112, (144, 288), (32, 64), 64),
    "Mixed_4f": (256, (160, 320), (32, 128), 128),
    "Mixed_5b": (256, (160, 320), (32, 128), 128),
    "Mixed_5c": (384, (192, 384), (48, 128), 128),
}


def third(module):
    """The second branch's 3x3 convolution, misspelt in one module of every checkpoint."""
    return "Conv2d_0a_3x3" if module == "Mixed_5b" else "Conv2d_0b_3x3"


class Network:
    """Random variables by slim's names, made in the first forward pass, which is what uses them.

    Args:
        seed: Of the variables.
        outputs: Classes, slim's background included.
    """

    def __init__(self, seed, outputs):
        self._rng = np.random.default_rng(seed)
        self._outputs = outputs
        self.variables = {}
        self(np.zeros((1, 64, 64, 3), "float32"))

    def __call__(self, images):
        """Logits of RGB images in -1 to 1."""
        x = self._conv(tf.constant(images), "Conv2d_1a_7x7", 64, 7, 2)
        x = self._conv(self._pool(x, 3, 2), "Conv2d_2b_1x1", 64, 1)
        x = self._pool(self._conv(x, "Conv2d_2c_3x3", 192, 3), 3, 2)
        for module, (one, three, five, projection) in MIXED.items():
            if module in ("Mixed_4b", "Mixed_5b"):
                x = self._pool(x, 3 if module == "Mixed_4b" else 2, 2)
            pooled = self._pool(x, 3, 1)
            branches = [
                self._conv(x, f"{module}/Branch_0/Conv2d_0a_1x1", one, 1),
                self._two(x, f"{module}/Branch_1", three, "Conv2d_0b_3x3"),
                self._two(x, f"{module}/Branch_2", five, third(module)),
                self._conv(pooled, f"{module}/Branch_3/Conv2d_0b_1x1", projection, 1),
            ]
            x = tf.concat(branches, -1)
        x = tf.reduce_mean(x, (1, 2), keepdims=True)
        name = f"{SCOPE}/Logits/Conv2d_0c_1x1"
        kernel = self._get(f"{name}/weights", (1, 1, 1024, self._outputs), 0.3)
        return tf.squeeze(
            tf.nn.conv2d(x, kernel, 1, "SAME") + self._get(f"{name}/biases", (self._outputs,), 0.1), (1, 2)
        )

    def _two(self, x, branch, filters, name):
        return self._conv(self._conv(x, f"{branch}/Conv2d_0a_1x1", filters[0], 1), f"{branch}/{name}", filters[1], 3)

    def _conv(self, x, name, filters, kernel, stride=1):
        name = f"{SCOPE}/{name}"
        shape = (kernel, kernel, x.shape[-1], filters)
        y = tf.nn.conv2d(x, self._get(f"{name}/weights", shape, np.sqrt(2 / np.prod(shape[:3]))), stride, "SAME")
        mean, variance, beta = (
            self._get(f"{name}/BatchNorm/{part}", (filters,), spread, at)
            for part, spread, at in (("moving_mean", 0.1, 0), ("moving_variance", 0.1, 1), ("beta", 0.1, 0))
        )
        return tf.nn.relu((y - mean) / tf.sqrt(variance + 0.001) + beta)

    def _pool(self, x, kernel, stride):
        return tf.nn.max_pool2d(x, kernel, stride, "SAME")

    def _get(self, name, shape, spread, at=0.0):
        if name not in self.variables:
            self.variables[name] = (at + spread * self._rng.standard_normal(shape)).astype("float32")
        return self.variables[name]

    def save(self, path, first_format=False, **more):
        """A checkpoint with the step and an optimizer's leftovers in it, as training leaves them."""
        arrays = {**self.variables, "global_step": np.int64(7), **more}
        arrays["InceptionV1/Conv2d_1a_7x7/weights/RMSProp"] = np.ones((7, 7, 3, 64), "float32")
        names, tensors = list(arrays), [tf.constant(array) for array in arrays.values()]
        if first_format:
            tf.raw_ops.Save(filename=str(path), tensor_names=names, data=tensors)
        else:
            slices = [""] * len(names)
            tf.raw_ops.SaveV2(prefix=str(path), tensor_names=names, shape_and_slices=slices, tensors=tensors)
