"""Weights files of every format, with the same tiny network in each."""

import gzip
import json
import zipfile

import byte_builders
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


def keras_arrays(layers):
    """By this package's names, as TensorFlow and Keras lay them out; PyTorch's are turned around."""
    return {
        f"{NAMES.get(layer, layer.replace('/', '_'))}/{variable}": np.ascontiguousarray(array)
        for name, array in npz_arrays(layers).items()
        for layer, _, variable in [name.rpartition("/")]
    }


NAMES = {"loss3/classifier": "predictions"} | {
    f"loss{head}/{theirs}": f"aux{head}{ours}"
    for head in (1, 2)
    for theirs, ours in {"conv": "_conv", "fc": "_fc", "classifier": ""}.items()
}


def torch_arrays(layers):
    """By this package's names too: PyTorch's for this network are none."""
    axes = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
    return {
        name: np.ascontiguousarray(array.transpose(axes[array.ndim])) for name, array in keras_arrays(layers).items()
    }


def write_pth(path, layers):
    arrays = torch_arrays(layers)
    members = {f"x/data/{key}": array.tobytes() for key, array in enumerate(arrays.values())}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", byte_builders.tensors(arrays))
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_legacy_pt(path, layers):
    arrays = torch_arrays(layers)
    storages = [(f"{key}", array.ravel()) for key, array in enumerate(arrays.values())]
    path.write_bytes(byte_builders.legacy(byte_builders.tensors(arrays), storages))
    return path


def write_safetensors(path, layers):
    header, data = {}, b""
    for name, array in torch_arrays(layers).items():
        places = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": places}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def write_ckpt(path, layers):
    path.write_bytes(byte_builders.first_format(keras_arrays(layers)))
    return path


def write_tar_gz(path, layers):
    members = ("net.ckpt", byte_builders.first_format(keras_arrays(layers)))
    path.write_bytes(gzip.compress(byte_builders.tar(members)))
    return path


def write(path, layers):
    """Writes the format that the file's name ends with."""
    writers = {
        ".caffemodel": write_caffemodel,
        ".npz": write_npz,
        ".onnx": write_onnx,
        ".pth": write_pth,
        ".pt": write_legacy_pt,
        ".safetensors": write_safetensors,
        ".ckpt": write_ckpt,
        ".gz": write_tar_gz,
    }
    return writers[path.suffix](path, layers)
