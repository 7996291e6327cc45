"""The Python of the documentation runs as it stands, page by page; so do the commands that are marked `run`.

A comment before a block says what is special about it: `not run: why`, `needs: packages`, or `run` before commands. All
pages share one folder, in which lie the photos and networks that they speak of.
"""

import importlib.util
import json
import re
import shlex
import threading
import urllib.request
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"(?:<!-- ([^\n]+) -->\n)?```(python|sh)\n(.*?)```", re.DOTALL)
NEEDS = {".onnx": ["tf2onnx", "onnxruntime"], ".xml": ["openvino"]}  # TensorFlow itself writes .tflite


def blocks(page):
    """The page's blocks that run: Python, and commands marked so."""
    for mark, language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        if not mark.startswith("not run: ") and (language == "python" or mark == "run"):
            yield mark, language, code.replace("\\\n", " ")


PAGES = [page for page in sorted(DOCS.rglob("*.md")) if list(blocks(page))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder that the guides are read in."""
    root, rng = tmp_path_factory.mktemp("guides"), np.random.default_rng(0)
    for name, gray in (("daisy", 60), ("tulip", 180)):
        (root / "flowers" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.clip(rng.normal(gray, 30, (80, 100, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / "flowers" / name / f"{number}.jpg")
    (root / "photo.jpg").write_bytes((root / "flowers" / "daisy" / "0.jpg").read_bytes())
    for seed, run in enumerate(("flowers", "flowers-2")):
        keras.utils.set_random_seed(seed)
        model = GoogLeNet(weights=None, classes=2, input_shape=(64, 64, 3), variant=SMALL)
        model.class_names = ("daisy", "tulip")
        (root / "runs" / run).mkdir(parents=True)
        model.save(root / "runs" / run / "model.keras")
    return root


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_a_page(page, folder, request, monkeypatch):
    monkeypatch.chdir(folder)
    code = "".join(block for _, _, block in blocks(page))
    if "bvlc_googlenet.npz" in code and not Path("bvlc_googlenet.npz").exists():
        Path("bvlc_googlenet.npz").symlink_to(request.getfixturevalue("shared_data") / "bvlc_googlenet.npz")
    rng = np.random.default_rng(0)
    namespace = {
        "images": rng.integers(0, 256, (4, 96, 96, 3)).astype("float32"),
        "labels": np.array([0, 1, 0, 1]),
        "__name__": page.stem,
    }
    missing = set()
    for mark, language, block in blocks(page):
        if language == "sh":
            missing.update(*map(run_command, block.splitlines()))
            continue
        absent = without(re.findall(r"\w+", mark.partition("needs: ")[2]))
        if not absent:
            exec(compile(block.replace("8000", "0"), str(page), "exec"), namespace)
        missing |= absent
    if page.stem == "export":
        the_server_answers(namespace)
    if missing:
        pytest.skip(f"run but for what needs {', '.join(sorted(missing))}, of the extra `peers`")


def run_command(line):
    """Runs a command of the package; the packages that it lacks, if it does."""
    name, *arguments = shlex.split(line, comments=True)
    assert name == "keras-googlenet"
    absent = without(package for end, packages in NEEDS.items() if end in line for package in packages)
    if not absent:
        assert main(arguments) == 0, line
    return absent


def without(packages):
    return {package for package in packages if importlib.util.find_spec(package) is None}


def the_server_answers(namespace):
    server, answers = namespace["server"], []
    namespace["Classifier"].log_message = lambda *arguments: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for data in (Path("photo.jpg").read_bytes(), b"no image"):
            address = f"http://127.0.0.1:{server.server_port}"
            try:
                with urllib.request.urlopen(urllib.request.Request(address, data), timeout=60) as response:
                    answers.append(json.load(response))
            except urllib.error.HTTPError as error:
                answers.append(error.code)
                error.close()
    finally:
        server.shutdown()
        server.server_close()
    assert answers[0].keys() == {"daisy", "tulip"}
    assert answers[1] == 415


def test_what_is_not_run_says_why():
    marks = [mark for page in DOCS.rglob("*.md") for mark, _, _ in BLOCK.findall(page.read_text(encoding="utf-8"))]
    for mark in filter(None, marks):
        assert mark == "run" or mark.startswith(("file: ", "needs: ")) or len(mark) > len("not run: "), mark
