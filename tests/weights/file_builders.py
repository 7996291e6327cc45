"""Weights files of every format, with the same tiny network in each."""

import numpy as np
from caffe_builders import net


def write_caffemodel(path, layers, **kwargs):
    path.write_bytes(net(layers, **kwargs))
    return path


def npz_arrays(layers):
    """In the layout of the real weights: Caffe's, except that axes are in Keras's order."""
    arrays = {}
    for name, (kernel, bias) in layers.items():
        axes = (2, 3, 1, 0) if kernel.ndim == 4 else (1, 0)
        arrays[f"{name}/kernel"] = np.transpose(kernel, axes)
        arrays[f"{name}/bias"] = bias
    return arrays


def write_npz(path, layers, **extra):
    np.savez_compressed(path, **npz_arrays(layers), **extra)
    return path


def onnx_model(layers, raw=True):
    """With the initializer names of the ONNX model zoo, and an integer constant as it has one."""
    from onnx import TensorProto, helper

    def tensor(name, array):
        data = array.tobytes() if raw else array.ravel()
        return helper.make_tensor(name, TensorProto.FLOAT, array.shape, data, raw=raw)

    weights = [
        tensor(f"{name}_{kind}_0", array)
        for name, arrays in layers.items()
        for kind, array in zip("wb", arrays, strict=True)
    ]
    weights.append(helper.make_tensor("OC2_DUMMY_1", TensorProto.INT64, (2,), [1, 1024]))
    graph = helper.make_graph([], "GoogleNet", [], [], initializer=weights)
    return helper.make_model(graph)


def write_onnx(path, layers, **kwargs):
    path.write_bytes(onnx_model(layers, **kwargs).SerializeToString())
    return path


def write(path, layers):
    """Writes the format that the file's name ends with."""
    writers = {".caffemodel": write_caffemodel, ".npz": write_npz, ".onnx": write_onnx}
    return writers[path.suffix](path, layers)
