"""The examples run as they stand, on real data, and print what they say that they print."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
CHECKED = re.compile(r"^def test_(\w+)\(", re.MULTILINE)


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs an example in this process, where TensorFlow is there already; what it printed."""

    def run(name, *arguments):
        monkeypatch.setattr("sys.argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.mark.trains
def test_transfer(run, shared_data, tmp_path):
    """Light and dark images are told apart by what is trained, and by nothing that chance would do."""
    rng = np.random.default_rng(0)
    for name, gray in (("dark", 40), ("light", 200)):
        (tmp_path / name).mkdir()
        for number in range(10):
            pixels = np.clip(rng.normal(gray, 30, (80, 100, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    output = run("transfer.py", tmp_path, shared_data / "bvlc_googlenet.npz", "--image-size", 64, "--epochs", 1)
    assert len(re.findall(r"^1/1 - ", output, re.MULTILINE)) == 2  # the classifier alone, then everything
    (accuracy,) = re.findall(r"accuracy on the images held out: ([\d.]+)%\n$", output)
    assert float(accuracy) == 100


@pytest.mark.computes
def test_classify(run, shared_data):
    weights, index = shared_data / "bvlc_googlenet.npz", shared_data / "imagenet_class_index.json"
    output = run("classify.py", "--weights", weights, "--class-index", index)
    photos = re.split(r"^(\S+\.jpg)\n", output, flags=re.MULTILINE)[1:]
    assert photos[::2] == ["china.jpg", "flower.jpg"]
    best = [re.findall(r"([\d.]+)%  (\w+)", lines) for lines in photos[1::2]]
    assert [len(lines) for lines in best] == [5, 5]
    assert {"monastery", "palace"} & {label for _, label in best[0]}  # the Summer Palace in Beijing
    assert all(float(share) < 100 for lines in best for share, _ in lines)


@pytest.mark.trains
def test_train_from_scratch(run):
    output = run("train_from_scratch.py", "--epochs", 2, "--width", 0.125)
    rows = re.findall(r"^ +(\d+) +([\d.]+)% +(\d+)% +(\d+)%$", output, re.MULTILINE)
    assert [row[0] for row in rows] == ["1", "2"]
    assert max(map(float, rows[-1][1:])) > 20  # of ten classes; a head has begun to learn
    assert "without the auxiliary heads" in output


@pytest.mark.exports
def test_ship(run):
    """Both list the same three classes with the same probabilities."""
    output = run("ship.py")
    assert re.search(r"kB  saved_model.pb$", output, re.MULTILINE)
    ours, theirs = re.split("the artifact says, without this package\n", output.partition("the network says\n")[2])
    assert len(ours.splitlines()) == 3

    def shares(text):
        return [float(share) for share in re.findall(r"([\d.]+)%", text)]

    assert shares(ours) == pytest.approx(shares(theirs), abs=1e-3)


@pytest.mark.trains
def test_ensemble(run):
    rows = run("ensemble.py", "--epochs", 1).splitlines()
    assert [row.split()[:4] for row in rows[1:]] == [
        ["1", "1", "1", "360"],
        ["1", "10", "10", "360"],
        ["2", "1", "2", "360"],
        ["2", "10", "20", "360"],
    ]


@pytest.mark.spawns
def test_strategy():
    """In a process of its own: devices are shared out before TensorFlow runs anything."""
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(EXAMPLES / "strategy.py"), "--steps", "4"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "2 replicas" in done.stdout
    pairs = re.findall(r"^ +\d+ +([\d.]+) +([\d.]+)$", done.stdout, re.MULTILINE)
    assert len(pairs) == 4
    assert len({one for one, _ in pairs}) == 4  # it trains
    for one, two in pairs:
        assert float(two) == pytest.approx(float(one), abs=2e-4)


@pytest.mark.computes
def test_convert(run, shared_data):
    output = run("convert.py", shared_data / "bvlc_googlenet.npz")
    assert "116 arrays for the variant paper" in output
    assert "probabilities differ by 0.0\n" in output
    assert output.endswith("arrays differ by 0.0\n")


@pytest.mark.computes
def test_look_inside(run, shared_data):
    output = run("look_inside.py", "--weights", shared_data / "bvlc_googlenet.npz")
    rows = dict(re.findall(r"^(\w+) +([\dx]+) ", output, re.MULTILINE))
    assert (rows["conv1"], rows["inception_5b"], rows["predictions"]) == ("112x112x64", "7x7x1024", "1000")


def test_edit_table(run):
    output = run("edit_table.py")
    (costed,) = re.findall(r"^without 4b, 4c and 5a +\d+ +([\d,]+)", output, re.MULTILINE)
    assert re.search(r"^the paper's +22 +6,998,552 +1.583 G$", output, re.MULTILINE)
    assert f"built short: {costed} parameters" in output


@pytest.mark.trains
def test_detect(run, shared_data, tmp_path):
    """A handful of scenes on noise: they are trained on, measured and drawn. What is reached takes thousands."""
    pytest.importorskip("keras_hub", reason="KerasHub is in the extra `peers`")
    pytest.importorskip("pycocotools", reason="pycocotools is in the extra `peers`")
    rng = np.random.default_rng(0)
    for number in range(10):
        Image.fromarray(rng.integers(0, 256, (80, 100, 3), "uint8")).save(tmp_path / f"{number}.png")
    weights, picture = shared_data / "bvlc_googlenet.npz", tmp_path / "boxes.png"
    output = run("detect.py", tmp_path, weights, "--scenes", 40, "--output", picture)
    (loss,) = re.findall(r" - loss: ([\d.]+)$", output, re.MULTILINE)
    assert 0 < float(loss) < 5
    assert re.search(r"^mAP@0.5 on 2 scenes: [\d.]+%$", output, re.MULTILINE)
    drawn = np.asarray(Image.open(picture))
    assert drawn.shape == (192, 2 * 192, 3)
    assert (drawn == (0, 255, 0)).all(-1).sum() > 2 * 100  # a frame or more on each scene


def test_every_example_has_a_test_and_says_how_to_run_it():
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    files = (Path(__file__), Path(__file__).with_name("test_ray.py"))
    assert names <= {name for file in files for name in CHECKED.findall(file.read_text(encoding="utf-8"))}
    for name in names:
        text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        assert f"python examples/{name}.py" in text.partition('"""')[2].partition('"""')[0]
        assert len(text.splitlines()) <= 60
