"""Exports a model to where it is served: SavedModel, LiteRT, ONNX or OpenVINO, with a model card.

Auxiliary heads are left out. With --int8 the artifact computes in 8-bit integers, calibrated on some images of a data
set: a quarter of the size (litert, onnx and openvino). With --precision float16 these three have half of the size; a
SavedModel computes in bfloat16 or float16. OpenVINO chooses by itself what it computes in. Standard output has a line
about TARGET. An export that is ended leaves nothing.

Examples:
  keras-googlenet export runs/flowers/model.keras served --format savedmodel
  keras-googlenet export imagenet googlenet.tflite --format litert --int8 --calibration photos/
"""

from keras_googlenet.cli.paths import output
from keras_googlenet.cli.streams import say, tell
from keras_googlenet.utils.export_formats import FORMATS, PRECISIONS

CALIBRATION = 100


def add_arguments(parser):
    """Declares the command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="as in predict")
    parser.add_argument(
        "target", metavar="TARGET", type=output, help="the folder (savedmodel) or file; it must not exist"
    )
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument("--int8", action="store_true", help="compute in 8-bit integers; needs --calibration")
    parser.add_argument(
        "--calibration", metavar="SPEC", help="typical images: digits, a folder of class subfolders, ..."
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where TFDS keeps its data sets")
    parser.add_precision("float32")
    parser.add_class_index()


def leaves_files(arguments):
    """Whether the work is files."""
    return True


def run(arguments):
    """Runs the command.

    Returns:
        Exit status.
    """
    from keras_googlenet import export, weights
    from keras_googlenet.cli.models import load_classifier
    from keras_googlenet.errors import InputError
    from keras_googlenet.utils.precision import automatic

    if arguments.int8 != bool(arguments.calibration):
        raise InputError("--int8 and --calibration SPEC go together: the images that 8 bits are fitted to.")
    classifier = load_classifier(arguments.model)
    labels = [name for _, name in classifier.names(arguments.class_index)]
    known = weights.REGISTRY.get(arguments.model)
    about = {"source": arguments.model}
    if known is not None:
        about |= {"source": known.origin, "license": known.license}
        if known.top1 is not None:
            of = "ImageNet's validation images, percent"
            about["accuracy"] = {"top1": known.top1, "top5": known.top5, "of": of}
    if (precision := arguments.precision) == "auto":
        chosen = automatic(PRECISIONS[arguments.format])
        precision = chosen.value
        tell(str(chosen))
    views = _views(arguments, classifier.images.side) if arguments.int8 else None
    told = {"labels": labels, "calibration": views, "precision": precision, **about}
    export.export(classifier.model, arguments.target, arguments.format, **told)
    size = sum(path.stat().st_size for path in _files(arguments.target))
    say(f"{arguments.target}: {arguments.format}, {size / 1e6:.1f} MB")
    return 0


def _files(target):
    if target.is_dir():
        return [path for path in target.rglob("*") if path.is_file()]
    return [target, target.with_suffix(".bin")] if target.suffix == ".xml" else [target]


def _views(arguments, size):
    """Views of images spread evenly over a data set."""
    import numpy as np

    from keras_googlenet import data
    from keras_googlenet.data.loading import load_split

    split, _, _ = load_split(arguments.calibration, data_dir=arguments.data_dir)
    chosen = set(np.linspace(0, split.count - 1, min(CALIBRATION, split.count)).astype(int).tolist())
    records = enumerate(split.fixed().as_numpy_iterator())
    read = (split.read(record) for place, (_, record, _) in records if place in chosen)
    return np.stack([data.center_crop(image, size) for image in read])
