"""Layer names are an API: weights files and users' code refer to them."""

import sys
from pathlib import Path

GOLDEN = Path(__file__).with_name("layer_names.txt")
COMMAND = f"{Path(sys.executable).name} {Path('tests/model/test_names.py')}"


def listing():
    """Every layer of the paper's network and of its batch-normalized variant, with its variables' shapes."""
    from keras_googlenet import GoogLeNet

    lines = []
    for variant in ("paper", "batchnorm"):
        lines.append(f"[{variant}]")
        for layer in GoogLeNet(weights=None, variant=variant).layers[1:]:
            variables = ", ".join(f"{w.name} {tuple(w.shape)}" for w in layer.weights)
            lines.append(f"{layer.name} {type(layer).__name__} {variables}".rstrip())
    return "\n".join(lines) + "\n"


def test_names_are_those_of_the_golden_list():
    assert listing() == GOLDEN.read_text(), f"If the change is meant, run: {COMMAND}"


def test_names_are_caffes():
    """The layers with weights, as `train_val.prototxt` calls them."""
    from support.transcription import MODULES

    columns = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
    caffe = {"conv1/7x7_s2", "conv2/3x3_reduce", "conv2/3x3"}
    caffe |= {f"inception_{module}/{column}" for module in MODULES for column in columns}
    expected = {name.replace("/", "_") for name in caffe} | {"predictions", "aux1", "aux2"}
    expected |= {f"{head}_{part}" for head in ("aux1", "aux2") for part in ("conv", "fc")}
    section = GOLDEN.read_text().partition("[batchnorm]")[0]
    assert {line.split()[0] for line in section.splitlines() if "kernel" in line} == expected


if __name__ == "__main__":
    GOLDEN.write_text(listing())
