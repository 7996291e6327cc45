"""Activations of deterministic weights at every row of the table, so that no later change moves them unseen.

That they are right in the first place is shown in `tests/parity`; these figures keep what was shown, on machines
without the peers too.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).with_name("goldens.json")
COMMAND = f"PYTHONPATH=tests {Path(sys.executable).name} tests/model/test_goldens.py"


def figures(variant, size):
    """Mean, spread and two single values of each row's output, and of each head's."""
    import keras
    from support import deterministic

    from keras_googlenet import GoogLeNet

    model = GoogLeNet(weights=None, variant=variant, input_shape=(size, size, 3))
    deterministic.fill(model)
    outputs = {**model.endpoints, **dict(zip(model.output_names, model.outputs, strict=False))}
    values = keras.Model(model.input, outputs).predict(deterministic.images(1, size), verbose=0)
    return {name: [float(f) for f in (v.mean(), v.std(), v.flat[0], v.flat[-1])] for name, v in values.items()}


CASES = [("paper", 224), ("paper", 97), ("batchnorm", 64), ("torchvision", 224), ("slim", 97), ("inception5h", 97)]


@pytest.mark.computes
@pytest.mark.parametrize(("variant", "size"), CASES)
def test_activations(variant, size):
    golden = json.loads(GOLDEN.read_text())[f"{variant}-{size}"]
    ours = figures(variant, size)
    assert list(ours) == list(golden)
    for name, expected in golden.items():
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            ours[name], expected, rtol=1e-4, atol=1e-4 * scale, err_msg=f"{name}; if meant, run: {COMMAND}"
        )


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({f"{v}-{s}": figures(v, s) for v, s in CASES}, indent=1) + "\n")
