"""Files of every format whose classifier does not fit together."""

import zipfile

import byte_builders as b
import numpy as np
from caffe_builders import block, integer, net, varint
from hostile import case, zeros, zipped
from hostile_pytorch import pth


def classifier(bias, kernel=None):
    kernel = np.zeros((1024, 5), "f4") if kernel is None else kernel
    return {"loss3/classifier/kernel": kernel, "loss3/classifier/bias": np.asarray(bias, "f4")}


@case(".npz")
def bias_of_millions(path):
    np.savez_compressed(path, **classifier(np.zeros(1_500_000)))


@case(".npz")
def bias_and_flat_kernel_of_millions(path):
    np.savez_compressed(path, **classifier(np.zeros(1_500_000), np.zeros((1, 1_500_000), "f4")))


@case(".npz")
def bias_and_kernel_but_nothing_else(path):
    classes = 480 << 8
    kernel, bias = (
        b.npy({"descr": "<f4", "fortran_order": False, "shape": shape}) for shape in ((1024, classes), (classes,))
    )
    members = {"kernel": zeros(480 << 20, kernel), "bias": bias + bytes(4 * classes)}
    zipped(path, {f"loss3/classifier/{name}.npy": pieces for name, pieces in members.items()}, zipfile.ZIP_DEFLATED)


@case(".npz")
def scalar_bias(path):
    np.savez(path, **classifier(3.0))


@case(".npz")
def matrix_of_biases(path):
    np.savez(path, **classifier(np.zeros((5, 5))))


@case(".npz")
def bias_of_none(path):
    np.savez(path, **classifier(np.zeros(0), np.zeros((1024, 0), "f4")))


@case(".onnx")
def bias_of_millions_onnx(path):
    def initializer(name, shape, data):
        return block(5, block(1, b"".join(map(varint, shape))) + integer(2, 1) + block(8, name) + block(9, data))

    bias = initializer(b"loss3/classifier_b_0", (1_500_000,), bytes(6_000_000))
    path.write_bytes(block(7, bias + initializer(b"loss3/classifier_w_0", (5, 1024), bytes(20_480))))


@case(".caffemodel")
def bias_of_millions_caffemodel(path):
    path.write_bytes(net({"loss3/classifier": (np.zeros((5, 1024), "f4"), np.zeros(1_500_000, "f4"))}))


@case(".pth")
def bias_of_millions_pth(path):
    state = {
        "fc.weight": b.tensor((5, 1024), (1024, 1), 5120),
        "fc.bias": b.tensor((15 * 10**6,), (1,), 15 * 10**6, 0, "1"),
    }
    pth(path, b.state_dict(state), **{"0": bytes(20_480), "1": bytes(60_000_000)})


@case(".ckpt")
def bias_of_millions_ckpt(path):
    path.write_bytes(b.first_format({"InceptionV1/Logits/Conv2d_0c_1x1/biases": np.zeros(150_000, "f4")}))
