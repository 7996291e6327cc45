"""Do shipped networks answer as the network does, and what do 8 bits cost? Each in a process of its runtime alone.

    python benchmarks/runtimes.py photos/ bvlc_googlenet.npz      # about 4 minutes for 400 photos on two cores
    python benchmarks/runtimes.py photos/ runs/flowers/model.keras --formats onnx openvino

The photos are all in the folder, as `predict` sees them. 8 bits are calibrated on 100 of them, spread evenly, and told
apart by what they answer about the others. The exit status is 1 if an artifact in float32 is off by more than 1e-5
anywhere, or one in 8 bits names another best class than the network for more than 3% of the photos or takes more than
30% of the room.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

FLOAT, AGREEMENT, ROOM, CALIBRATION = 1e-5, 0.97, 0.3, 100

RUNTIMES = {
    "savedmodel": """
import tensorflow as tf
signature = tf.saved_model.load(path).signatures["serving_default"]
def answer(images):
    return signature(images=tf.constant(images))["probabilities"].numpy()
""",
    "litert": """
from ai_edge_litert.interpreter import Interpreter
run = Interpreter(path).get_signature_runner("serving_default")
def answer(images):
    return np.concatenate([run(images=image[None])["probabilities"] for image in images])
""",
    "onnx": """
import onnxruntime
session = onnxruntime.InferenceSession(path)
def answer(images):
    return session.run(["probabilities"], {"images": images})[0]
""",
    "openvino": """
import openvino
compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
def answer(images):
    return compiled({"images": images})["probabilities"]
""",
}
"""For each format what loads `path` and asks it: in float32, with its runtime's defaults otherwise."""

PROGRAM = """
import sys
import numpy as np
path, inputs, outputs = sys.argv[1:4]
{}
images = np.load(inputs, mmap_mode="r")
np.save(outputs, np.concatenate([answer(np.array(images[i : i + 8])) for i in range(0, len(images), 8)]))
assert not {{name for name in sys.modules if name.startswith("keras_googlenet")}}
"""


def main():
    """Prints a row for each artifact."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", help="photos, at any depth")
    parser.add_argument("weights", help="as MODEL in predict")
    parser.add_argument("--formats", nargs="+", choices=RUNTIMES, default=list(RUNTIMES))
    options = parser.parse_args()

    from keras_googlenet import export, preprocess_input
    from keras_googlenet.model import load_model
    from keras_googlenet.utils.export_formats import FORMATS

    model = load_model(options.weights)
    views = list(readable(Path(options.folder), model.input_shape[1]))
    images = preprocess_input(np.stack(views).astype("float32"))
    expected = model.predict(images, verbose=0)
    chosen = np.linspace(0, len(views) - 1, min(CALIBRATION, len(views))).astype(int)
    others = np.setdiff1d(np.arange(len(views)), chosen)
    labels = [str(index) for index in range(expected.shape[-1])]
    print(f"{len(views)} photos, {len(chosen)} of them to calibrate on")
    print(f"{'format':<11} {'numbers':<8} {'MB':>6} {'largest difference':>19} {'same best':>10} {'of the others':>14}")
    sound = True
    with tempfile.TemporaryDirectory() as folder:
        for format in options.formats:
            for numbers in ("float32", "int8") if format != "savedmodel" else ("float32",):
                target = Path(folder) / numbers / f"network{FORMATS[format]}"
                calibration = np.stack([views[index] for index in chosen]) if numbers == "int8" else None
                export.export(model, target, format, labels=labels, calibration=calibration)
                found = run(format, target, images, Path(folder))
                off, same = np.abs(found - expected).max(), found.argmax(axis=1) == expected.argmax(axis=1)
                row = f"{format:<11} {numbers:<8} {size(target) / 1e6:>6.1f} {off:>19.1e} {same.mean():>10.1%}"
                print(row, f"{same[others].mean():>14.1%}" if len(others) else "", flush=True)
                if numbers == "float32":
                    whole, good = size(target), off <= FLOAT
                else:
                    good = same.mean() >= AGREEMENT and size(target) <= ROOM * whole
                sound &= bool(good)
    return 0 if sound else 1


def readable(folder, size):
    """Views of a folder's photos; what cannot be read is named and left out."""
    from keras_googlenet.data import ImageError
    from keras_googlenet.data.images import read_view
    from keras_googlenet.data.scan import image_files

    for path in image_files(folder):
        try:
            yield read_view(path, size)
        except ImageError as error:
            print(f"left out: {error}")


def run(format, path, images, folder):
    """What an artifact answers about preprocessed images, in a process that has its runtime and not this package."""
    np.save(folder / "images.npy", images)
    arguments = [path, folder / "images.npy", folder / "out.npy"]
    command = [sys.executable, "-I", "-c", PROGRAM.format(RUNTIMES[format]), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        raise RuntimeError(f"{format}: {done.stderr[-2000:]}")
    return np.load(folder / "out.npy")


def size(target):
    """Bytes of an artifact, its card left out."""
    files = target.rglob("*") if target.is_dir() else (target, target.with_suffix(".bin"))
    return sum(path.stat().st_size for path in files if path.is_file() and path.suffix != ".json")


if __name__ == "__main__":
    sys.exit(main())
