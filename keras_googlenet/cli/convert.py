"""Converts weights or a model into another format, whole or not at all.

SOURCE is a .keras file, a weights name (imagenet), or a .weights.h5, .caffemodel, .onnx, .npz, .pth or .safetensors
(torchvision's), .ckpt (TF-slim's, or Lightning's) or .pb or .zip (Google's own) file. TARGET ends in .keras (the model
with its weights), .weights.h5 (Keras weights), .npz (Caffe's layers, as NumPy arrays), .caffemodel (Caffe's, with a
.prototxt beside it), .onnx (as export writes it) or .pth (torchvision's googlenet, for models of that variant).
Standard output has a line about TARGET. A conversion that is ended leaves nothing.

Examples:
  keras-googlenet convert bvlc_googlenet.caffemodel googlenet.keras
  keras-googlenet convert imagenet bvlc_googlenet.npz
  keras-googlenet convert googlenet-1378be20.pth googlenet.keras
"""

from keras_googlenet.cli.paths import output
from keras_googlenet.cli.streams import say, tell


def add_arguments(parser):
    """Declares the command's arguments."""
    parser.add_argument("source", metavar="SOURCE", help="what to convert")
    parser.add_argument("target", metavar="TARGET", type=output, help="the file to write; it must not exist yet")


def leaves_files(arguments):
    """Whether the work is files."""
    return True


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet.errors import InputError
    from keras_googlenet.model.loading import load_any_model
    from keras_googlenet.utils.messages import nearest
    from keras_googlenet.utils.writing import check_writable
    from keras_googlenet.weights import formats

    target = arguments.target
    suffixes = [suffix for suffix, form in formats.FORMATS.items() if form.write or suffix == ".onnx"]
    suffix = formats.suffix_of(target)
    if suffix not in suffixes:
        meant = nearest(target.suffix, suffixes)
        raise InputError(f"TARGET must end in one of {', '.join(suffixes)}. Received: {target}.{meant}".rstrip("."))
    if target.exists():
        raise InputError(f"TARGET exists already; remove it or choose another name. Received: {target}")
    if not target.parent.is_dir():
        raise InputError(f"TARGET's folder does not exist. Received: {target}")
    check_writable(target)
    model, other = load_any_model(arguments.source)
    if suffix == ".onnx":  # with its graph, as `export` writes it
        from keras_googlenet.export.artifacts import write_onnx

        write_onnx(model.inference_model() if hasattr(model, "inference_model") else model, target)
    else:
        formats.write(model, target)
    if other:
        tell(f"note: {arguments.source} is converted as it is, though it is no classifier of images: {other}")
    say(f"{target}: {model.count_params():,} numbers, {target.stat().st_size / 1e6:.1f} MB")
    return 0
