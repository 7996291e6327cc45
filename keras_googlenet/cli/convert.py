"""Converts weights or a model into another format, whole or not at all.

SOURCE is a .keras file, a weights name (imagenet), or a .weights.h5, .caffemodel, .onnx, .npz, .pth or .safetensors
(torchvision's) or .ckpt (TF-slim's, or Lightning's) file. TARGET ends in .keras (the model with its weights),
.weights.h5 (Keras weights), .npz (Caffe's layers, as NumPy arrays), .caffemodel (Caffe's, with a .prototxt beside it),
.onnx (as export writes it) or .pth (torchvision's googlenet, for models of that variant).

Examples:
  keras-googlenet convert bvlc_googlenet.caffemodel googlenet.keras
  keras-googlenet convert imagenet bvlc_googlenet.npz
  keras-googlenet convert googlenet-1378be20.pth googlenet.keras
"""

from pathlib import Path


def add_arguments(parser):
    """Declares the command's arguments."""
    parser.add_argument("source", metavar="SOURCE", help="what to convert")
    parser.add_argument("target", metavar="TARGET", type=Path, help="the file to write; it must not exist yet")


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet.errors import InputError
    from keras_googlenet.model import load_model
    from keras_googlenet.utils.files import written_whole
    from keras_googlenet.utils.messages import nearest

    target = arguments.target
    suffix = next((end for end in _WRITERS if target.name.lower().endswith(end)), None)
    if suffix is None:
        meant = nearest(target.suffix, _WRITERS)
        raise InputError(f"TARGET must end in one of {', '.join(_WRITERS)}. Received: {target}.{meant}".rstrip("."))
    if target.exists():
        raise InputError(f"TARGET exists already; remove it or choose another name. Received: {target}")
    if not target.parent.is_dir():
        raise InputError(f"TARGET's folder does not exist. Received: {target}")
    model = load_model(arguments.source, aux_heads=True)
    with written_whole(target) as partial:
        _WRITERS[suffix](model, partial, target)
    print(f"{target}: {model.count_params():,} numbers, {target.stat().st_size / 1e6:.1f} MB")
    return 0


def _arrays(model):
    from keras.ops import convert_to_numpy

    from keras_googlenet import weights

    return {name: convert_to_numpy(variable) for name, variable in weights.targets(model.layers).items()}


def _write_npz(model, path, target):
    from keras_googlenet.weights import npz

    npz.write(path, _arrays(model))


def _write_pth(model, path, target):
    from keras_googlenet.weights import torchvision

    torchvision.write(path, _arrays(model))


def _write_caffemodel(model, path, target):
    from keras import tree

    from keras_googlenet.errors import InputError
    from keras_googlenet.model import image_input
    from keras_googlenet.utils.files import written_whole
    from keras_googlenet.weights import caffemodel, prototxt

    description = target.with_suffix(".prototxt")
    if description.exists():
        raise InputError(f"A .caffemodel gets a .prototxt beside it; remove this one. Received: {description}")
    images, classes = image_input(model), tree.flatten(model.outputs)[0].shape[-1]
    if images.channels != 3 or images.side != images.size[0]:
        height, width = images.size
        raise InputError(
            "A .caffemodel's description is written for square RGB images; save this model as .keras or .weights.h5. "
            f"Received: a model of images of {height}x{width}x{images.channels}"
        )
    text = prototxt.deploy(getattr(model, "architecture", None), size=images.side, classes=classes)
    caffemodel.write(path, _arrays(model))
    with written_whole(description) as partial:
        partial.write_text(text, encoding="utf-8")


def _write_onnx(model, path, target):
    from keras_googlenet.export.artifacts import write_onnx

    write_onnx(model.inference_model() if hasattr(model, "inference_model") else model, path)


_WRITERS = {
    ".keras": lambda model, path, _: model.save(path),
    ".weights.h5": lambda model, path, _: model.save_weights(path),
    ".npz": _write_npz,
    ".caffemodel": _write_caffemodel,
    ".onnx": _write_onnx,
    ".pth": _write_pth,
}
