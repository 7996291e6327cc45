"""A tiny network of GoogLeNet's kind as Caffe would hold it, run it and save it.

Everything here is written from Caffe's documents, with nothing of the package's own: the forward
pass works on BGR images in CHW order, and the file is put together byte by byte.
"""

import keras
import numpy as np

FEATURES, CHANNELS, SIDE = 6, 3, 2  # of the trunk's output; of a head's map and its side


def caffe_layers(heads=True, classes=1000, seed=0):
    """Caffe layer name -> (kernel OIHW or (out, in), bias)."""
    shapes = {"conv1/7x7_s2": (4, 3, 7, 7), "inception_3a/3x3_reduce": (FEATURES, 4, 1, 1)}
    if heads:
        for head in ("loss1", "loss2"):
            shapes[f"{head}/conv"] = (CHANNELS, FEATURES, 1, 1)
            shapes[f"{head}/fc"] = (5, CHANNELS * SIDE * SIDE)
            shapes[f"{head}/classifier"] = (classes, 5)
    shapes["loss3/classifier"] = (classes, FEATURES)
    rng = np.random.default_rng(seed)
    return {
        name: (
            rng.normal(0, np.prod(shape[1:]) ** -0.5, shape).astype(np.float32),
            rng.normal(size=shape[:1]).astype(np.float32),
        )
        for name, shape in shapes.items()
    }


def caffe_forward(layers, bgr):
    """(3, 8, 8) BGR image -> the logits of loss3, loss1, loss2."""

    def conv(name, x):
        kernel, bias = layers[name]
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(1, 2))
        return np.einsum("oihw,iyxhw->oyx", kernel, windows) + bias[:, None, None]

    def inner_product(name, x):
        kernel, bias = layers[name]
        return kernel @ x.ravel() + bias

    x = conv("inception_3a/3x3_reduce", conv("conv1/7x7_s2", bgr.astype(np.float64)))
    outputs = [inner_product("loss3/classifier", x.mean(axis=(1, 2)))]
    for head in ("loss1", "loss2"):
        if f"{head}/fc" in layers:
            hidden = inner_product(f"{head}/fc", conv(f"{head}/conv", x))
            outputs.append(inner_product(f"{head}/classifier", hidden))
    return outputs


def keras_network(aux_heads=True, classes=1000):
    """The same network in Keras: (8, 8, 3) RGB images -> logits of predictions, aux1, aux2."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 7, name="conv1_7x7_s2")(image)
    x = keras.layers.Conv2D(FEATURES, 1, name="inception_3a_3x3_reduce")(x)
    outputs = []
    for head in ("aux1", "aux2") if aux_heads else ():
        y = keras.layers.Conv2D(CHANNELS, 1, name=f"{head}_conv")(x)
        y = keras.layers.Dense(5, name=f"{head}_fc")(keras.layers.Flatten()(y))
        outputs.append(keras.layers.Dense(classes, name=head)(y))
    x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
    outputs.insert(0, keras.layers.Dense(classes, name="predictions")(x))
    return keras.Model(image, outputs)


def snapshot(model):
    """The exact bytes of every variable."""
    return [keras.ops.convert_to_numpy(variable).tobytes() for variable in model.weights]


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def block(field, payload):
    """A length-delimited field: a message, a string or a packed array."""
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def integer(field, number):
    return varint(field << 3) + varint(number)


def blob(array, old_shape=False, double=False):
    """BlobProto."""
    if old_shape:
        dims = (1,) * (4 - array.ndim) + array.shape
        shape = b"".join(integer(1 + axis, dim) for axis, dim in enumerate(dims))
    else:
        shape = block(7, block(1, b"".join(map(varint, array.shape))))
    dtype, field = ("<f8", 8) if double else ("<f4", 5)
    return block(field, array.astype(dtype).tobytes()) + shape


def net(layers, v1=False, old_shape=None, double=False):
    """NetParameter of either generation, with layers in between that have no weights."""
    old_shape = v1 if old_shape is None else old_shape
    parts = [block(1, b"GoogleNet")]
    for name, arrays in layers.items():
        blobs = [blob(array, old_shape, double) for array in arrays]
        if v1:  # bottom, top, name, type (an enumeration), blobs
            head = block(2, b"data") + block(3, name.encode()) + block(4, name.encode())
            parts.append(block(2, head + integer(5, 4) + b"".join(block(6, b) for b in blobs)))
            parts.append(block(2, block(4, b"relu") + integer(5, 18)))
        else:  # name, type (text), bottom, blobs
            head = block(1, name.encode()) + block(2, b"Convolution") + block(3, b"data")
            parts.append(block(100, head + b"".join(block(7, b) for b in blobs)))
            parts.append(block(100, block(1, b"relu") + block(2, b"ReLU")))
    return b"".join(parts)
