"""Hostile files of predictions."""

import io
import zipfile

import byte_builders as b
import numpy as np
from hostile import MANY, case, zeros, zipped
from hostile_npz import many_members


def predictions(path, about, count=20, compression=zipfile.ZIP_STORED, classes=10, **members):
    def member(array):
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()

    arrays = {"labels": np.zeros(count, "i8"), "done": np.ones(count, bool), "skipped": np.zeros(count, bool)}
    arrays |= {"about": np.frombuffer(about, "u1"), "probabilities_1": np.zeros((count, classes), "f4")}
    zipped(path, {f"{name}.npy": member(array) for name, array in arrays.items()} | members, compression)


ABOUT = b'{"format":"keras_googlenet predictions 1","model":"m","digest":"d","pool":"mean","images":%s}'


@case(".predictions.npz")
def lists_in_the_json(path):
    predictions(path, ABOUT % (b"[" + b"[]," * (MANY // 3) + b"[]]"))


@case(".predictions.npz")
def lists_in_the_json_of_many_images(path):
    count = 1_500_000
    predictions(path, ABOUT % (b"[" + b"[]," * (2 * count - 100) + b"[]]"), count, classes=1)


@case(".predictions.npz")
def lists_in_the_json_of_no_images(path):
    file = b.npy({"descr": "<i8", "fortran_order": False, "shape": (1 << 40, 0)})
    predictions(path, ABOUT % (b"[" + b"[]," * (MANY // 3) + b"[]]"), **{"labels.npy": file})


@case(".predictions.npz")
def deep_json(path):
    predictions(path, ABOUT % (b"[" * 90_000))


@case(".predictions.npz")
def compressed_predictions(path):
    head = b.npy({"descr": "<f4", "fortran_order": False, "shape": (1 << 20, 900)})
    name = "probabilities_144.npy"
    predictions(path, ABOUT % b"[]", compression=zipfile.ZIP_DEFLATED, **{name: zeros(900 << 22, head)})


@case(".predictions.npz")
def many_members_of_predictions(path):
    many_members(path)
