"""The examples run as they stand."""

import re
import runpy
from pathlib import Path

import numpy as np
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_transfer(shared_data, tmp_path, monkeypatch, capsys):
    """Light and dark images are told apart by what is trained, and by nothing that chance would do."""
    rng = np.random.default_rng(0)
    for name, grey in (("dark", 40), ("light", 200)):
        (tmp_path / name).mkdir()
        for number in range(10):
            pixels = np.clip(rng.normal(grey, 30, (80, 100, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    weights = str(shared_data / "bvlc_googlenet.npz")
    arguments = [str(tmp_path), weights, "--image-size", "64", "--epochs", "1"]
    monkeypatch.setattr("sys.argv", ["transfer.py", *arguments])
    runpy.run_path(str(EXAMPLES / "transfer.py"), run_name="__main__")
    output = capsys.readouterr().out
    assert len(re.findall(r"^1/1 - ", output, re.MULTILINE)) == 2  # the classifier alone, then everything
    (accuracy,) = re.findall(r"accuracy on the images held out: ([\d.]+)%\n$", output)
    assert float(accuracy) == 100
