"""The demo page: what it answers, what it refuses, and what a real browser makes of it."""

import importlib.util
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import types
import urllib.error
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from support import deterministic
from support.browser import browser
from support.small import SMALL
from support.tiers import does

from keras_googlenet import GoogLeNet
from keras_googlenet.cli import main
from keras_googlenet.data import ImageError
from keras_googlenet.demo.predictor import SIDE, Answer, Predictor, labels
from keras_googlenet.demo.serving import check_address
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import grad_cam, overlay

NAMES = ("red_rose", "daisy", "<b>tulip</b>", "iris")
needs_gradio = pytest.mark.skipif(
    importlib.util.find_spec("gradio") is None, reason="needs Gradio, of the extra `demo`"
)


def save(folder, size, **options):
    made = GoogLeNet(weights=None, input_shape=(size, size, 3), classes=4, aux_heads=False, **options)
    deterministic.fill(made)
    made.class_names = NAMES
    made.save(folder / "flowers.keras")
    return folder / "flowers.keras"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(tmp_path_factory.mktemp("model"), 64, variant=SMALL)


@pytest.fixture(scope="module")
def predictor(model):
    return Predictor(keras.saving.load_model(model), [(name, name) for name in NAMES], top=3, max_bytes=2**20)


@pytest.fixture
def photo(tmp_path):
    """A picture with an orientation, which only a reader of one's own turns as `predict` does."""
    rows, columns = np.mgrid[:120, :180]
    pixels = np.stack([rows * 2, columns, 255 - rows], -1).astype("uint8")
    pixels[20:60, 100:160] = (250, 30, 30)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.jpg"
    Image.fromarray(pixels).save(path, exif=exif)
    return path


def bomb():
    """The beginning of a PNG of 15,000 x 13,000 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 15_000, 13_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\x09IDAT"


def predicted(model, paths, capsys):
    """What `predict` says of each image: pairs of a name and a probability."""
    assert main(["predict", str(model), *map(str, paths), "--json"]) == 0
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    return [[(found["name"], found["probability"]) for found in line["predictions"]] for line in lines]


def test_answers_are_those_of_predict(model, predictor, photo, capsys):
    paths = [photo, *(photo.with_suffix(f".{suffix}") for suffix in ("png", "tif", "webp"))]
    with Image.open(photo) as image:
        for path in paths[1:]:
            image.save(path, exif=image.getexif(), lossless=True)
    for path, expected in zip(paths, predicted(model, paths, capsys), strict=True):
        answer = predictor.predict(path.read_bytes(), path.name)
        assert [label for _, label, _ in answer.best] == [name.replace("_", " ") for name, _ in expected[:3]]
        assert [NAMES[index] for index, _, _ in answer.best] == [name for name, _ in expected[:3]]
        np.testing.assert_allclose([p for *_, p in answer.best], [p for _, p in expected[:3]], atol=1e-5)
        assert isinstance(answer, Answer)
        assert (answer.crop.shape, answer.picture.shape) == ((64, 64, 3), (SIDE, SIDE, 3))
        small = Image.fromarray(answer.picture).resize((64, 64), Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(small, float) - answer.crop).mean() < 3  # the same square, upright


def test_where_is_grad_cam(model, predictor, photo):
    answer = predictor.predict(photo.read_bytes(), "photo.jpg")
    shown = [predictor.heatmap(answer, index) for index in range(4)]
    heat = grad_cam(keras.saving.load_model(model), answer.crop[None], [2])[0]
    small = np.asarray(Image.fromarray(shown[2]).resize((64, 64), Image.Resampling.BILINEAR), float)
    assert np.abs(small - overlay(answer.crop, heat)).mean() < 5
    assert len({picture.tobytes() for picture in shown}) == 4
    with pytest.raises(InputError, match="index of a class, 0 to 3. Received: 4"):
        predictor.heatmap(answer, 4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no image", "not an image in a format that Pillow can read"),
        (b"", "the file is empty"),
        (bomb(), r".*(15000 x 13000|195000000) pixels.*178,?956,?970.*"),
        (bytes(2**20 + 1), "1,048,577 bytes are more than the 1,048,576 allowed"),
    ],
    ids=["no image", "empty", "bomb", "large"],
)
def test_what_cannot_be_read_is_said(predictor, data, message):
    with pytest.raises(ImageError) as caught:
        predictor.predict(data, "a b.jpg")
    assert re.fullmatch(f"a b.jpg: {message}", str(caught.value))


def test_a_truncated_image_is_said(predictor, photo):
    with pytest.raises(ImageError, match="cut.jpg: .*truncated"):
        predictor.predict(photo.read_bytes()[:-200], "cut.jpg")


def test_labels_tell_classes_apart():
    assert labels([("n1", "crane"), ("n2", "crane"), ("n3", "tiger_cat")]) == ["crane (n1)", "crane (n2)", "tiger cat"]


def test_models_without_probabilities_or_rows_are_refused():
    relu = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL, classifier_activation="relu")
    other = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(4, "softmax")])
    for model, message in ((relu, "in sigmoids or in logits"), (other, "Expected a GoogLeNet")):
        with pytest.raises(InputError, match=message):
            Predictor(model, [(name, name) for name in NAMES])


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--port", "{taken}"], 1, "127.0.0.1:{taken} is in use: end what listens there, or choose another --port"),
        (["--port", "70000"], 2, "--port must be in 0 to 65535. Received: 70000"),
        (["--host", "192.0.2.1"], 2, "--host must be an address of this machine. Received: '192.0.2.1'"),
        (["--host", "no such host"], 2, "--host must be an address of this machine. Received: 'no such host'"),
        (["--max-size", "0"], 2, "--max-size must be more than 0. Received: 0"),
        (["--max-size", "nan"], 2, "--max-size must be more than 0. Received: nan"),
        (["--hots", "x"], 2, "Did you mean '--host'?"),
    ],
)
def test_wrong_commands_are_one_line(model, arguments, status, message, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", types.ModuleType("gradio"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        try:
            found = main(["demo", str(model), *(argument.format(taken=taken) for argument in arguments)])
        except SystemExit as exit:
            found = exit.code
    assert found == status
    assert message.format(taken=taken) in capsys.readouterr().err.splitlines()[-1]


def test_without_gradio_it_names_the_extra(model, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["demo", str(model)]) == 2
    said = capsys.readouterr().err
    assert "The demo needs Gradio" in said
    assert 'pip install "keras-googlenet[demo]"' in said


def test_a_free_port_is_found():
    port = check_address("127.0.0.1", 0)
    assert check_address("localhost", port) == port


WATCHED = """
import signal, sys
from keras_googlenet.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # which what a shell runs in the background ignores
LOCAL = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "", None)
def watch(event, arguments):
    host = {"socket.connect": lambda: arguments[1][0], "socket.getaddrinfo": lambda: arguments[0]}.get(event, str)()
    if host not in LOCAL and not isinstance(arguments[-1], str):
        print("ASKED:", event, host, file=sys.stderr, flush=True)
sys.addaudithook(watch)
sys.exit(main(sys.argv[1:]))
"""
"""The command, telling of each attempt to reach another machine."""


@pytest.fixture(scope="module")
@does("spawns")
def page(tmp_path_factory):
    """The page of a network of full size, on this machine, and what it has said by its end."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "examples").mkdir()
    Image.new("RGB", (300, 200), "orange").save(folder / "examples" / "orange.png")
    (folder / "examples" / "bad.png").write_bytes(b"no image")
    model, said = save(folder, 224), folder / "said.txt"
    options = ["--port", "0", "--max-size", "1", "--examples", str(folder / "examples")]
    environment = {**os.environ, "http_proxy": "http://192.0.2.1:9", "TMPDIR": str(folder)}
    with said.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", WATCHED, "demo", str(model), *options],
            stdout=subprocess.PIPE, stderr=errors, env=environment, text=True,
        )  # fmt: skip
        try:
            address = process.stdout.readline().split()
            assert address, said.read_text()
            yield address[0], model
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0, said.read_text()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
    lines = said.read_text()
    assert "bad.png: not an image" in lines
    assert "refused: 127.0.0.1: GET /config: 403: this page does not go by the name of 'evil.example:7860'" in lines
    assert "refused: a.png: not an image" in lines
    assert lines.count("Traceback") == lines.count("InvalidPathError: ")  # of the test that asks for another file
    assert "ASKED:" not in lines
    assert not list(folder.glob("keras-googlenet-demo-*"))


@needs_gradio
def test_the_page_keeps_to_itself(page, tmp_path):
    """It takes uploads of the stated size alone, reads no other file, and offers nothing to programs."""
    address, _ = page
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    small, large = (upload(address, bytes(size)) for size in (2**20, 2**20 + 1))
    assert large is None
    assert "a.png: not an image" in ask(address, small[0])["data"][2]
    assert ask(address, str(secret)) == {"error": None}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{address}gradio_api/file={secret}", timeout=20)
    with urllib.request.urlopen(f"{address}config", timeout=20) as response:
        config = json.load(response)
    assert "1 MB at most" in json.dumps(config)
    assert all(one["api_visibility"] == "private" for one in config["dependencies"])
    with urllib.request.urlopen(address, timeout=20) as response:
        loaded = re.findall(r"<(?:script|link)[^>]+(?:src|href)=\W?((?:https?:)?//[^/\s]+)", response.read().decode())
    assert set(loaded) <= {address.rstrip("/")}


@needs_gradio
@pytest.mark.parametrize(
    ("header", "value"), [("Host", "evil.example:7860"), ("Origin", "http://evil.example"), ("Origin", "null")]
)
def test_other_sites_are_refused(page, header, value):
    address, _ = page
    for path in ("", "config", "gradio_api/upload"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(urllib.request.Request(address + path, headers={header: value}), timeout=20)


@needs_gradio
def test_many_at_once_are_answered(page, photo):
    """Thirty uploads at a time; each is answered, in the queue's order."""
    address, _ = page
    paths = [upload(address, photo.read_bytes())[0] for _ in range(30)]
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda path: ask(address, path[1], f"many-{path[0]}"), enumerate(paths)))
    assert all("Classified in" in found["data"][2] for found in answers)


def upload(address, content):
    """Uploads a file as the page does: its path on the server, or None if it was refused."""
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{address}gradio_api/upload", head + content + b"\r\n--x--\r\n", kind)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)
    except (urllib.error.HTTPError, ConnectionError, urllib.error.URLError):
        return None


def ask(address, path, session=None):
    """Asks about a file on the server, as only the page should."""
    session = {"fn_index": 0, "session_hash": session or Path(path).name}
    data = json.dumps({"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}], **session}).encode()
    join = urllib.request.Request(f"{address}gradio_api/queue/join", data, {"Content-Type": "application/json"})
    urllib.request.urlopen(join, timeout=20).close()
    events = f"{address}gradio_api/queue/data?session_hash={session['session_hash']}"
    with urllib.request.urlopen(events, timeout=20) as response:
        return next(json.loads(line[6:])["output"] for line in response if b'"process_completed"' in line)


@pytest.fixture(scope="module")
@does("spawns")
def chromium():
    with browser() as session:
        yield session


INPUT, SAID = "#drop input[type=file]", "document.querySelector('#said').innerText"
HEAT = "[...document.querySelectorAll('#heat img')].filter(image => image.naturalWidth === 448)"


def open_page(chromium, address, **options):
    chromium.open(address, **options)
    chromium.wait(f"document.querySelector('{INPUT}') !== null")


@needs_gradio
def test_a_browser_uploads_and_reads_the_answer(chromium, page, photo, capsys):
    address, model = page
    open_page(chromium, address)
    chromium.upload(INPUT, photo)
    assert chromium.wait(f"{HEAT}.length === 1", seconds=60) < 5
    expected = [(name.replace("_", " "), f"{share:.0%}") for name, share in predicted(model, [photo], capsys)[0]]
    rows = chromium.run("return [...document.querySelectorAll('#best button')].map(row => row.innerText.split('\\n'))")
    assert [tuple(part for part in row if part) for row in rows] == expected
    bars = chromium.run("return [...document.querySelectorAll('#best meter')].map(bar => bar.clientWidth)")
    assert bars == sorted(bars, reverse=True)
    assert bars[0] > 10
    assert re.fullmatch(
        rf"{re.escape(expected[0][0])}, [\d.]+%. Classified in [\d.]+ seconds.", chromium.run(f"return {SAID}")
    )
    first = chromium.run(f"return {HEAT}[0].src")
    chromium.run("document.querySelectorAll('#best button')[2].click()")
    chromium.wait(f"{SAID}.startsWith({json.dumps(expected[2][0])}) && {HEAT}.length && {HEAT}[0].src !== '{first}'")
    assert f"Where it sees: {expected[2][0]}" in chromium.run("return document.querySelector('#heat').innerText")
    asked = [one for one in chromium.requests() if not one.startswith(("data:", "blob:"))]
    assert asked
    assert all(one.startswith(address) for one in asked)


@needs_gradio
def test_a_browser_reads_what_is_wrong(chromium, page, tmp_path):
    open_page(chromium, page[0], width=390, height=800, dark=True)
    bad, large = tmp_path / "bad <i>.jpg", tmp_path / "large.jpg"
    bad.write_bytes(b"no image")
    large.write_bytes(bytes(2**20 + 1))
    chromium.upload(INPUT, bad)
    chromium.wait("document.querySelector('#said [role=alert]') !== null")
    assert "not an image in a format that Pillow can read" in chromium.run(f"return {SAID}")
    chromium.upload(INPUT, large)
    chromium.wait("/exceed the maximum allowed size.*large.jpg/s.test(document.body.innerText)")
    chromium.run("document.querySelector('#examples button').click()")
    chromium.wait(f"{HEAT}.length === 1 && {SAID}.includes('Classified')", seconds=60)
    assert chromium.run("return document.documentElement.scrollWidth") <= 390
    assert "Traceback" not in chromium.run("return document.body.innerText")


def test_a_channel_and_its_examples(model, photo):
    """The picture excites it more than noise does; the examples come in the order of what NumPy makes of the maps."""
    from keras_googlenet import data, preprocess_input
    from keras_googlenet.demo.channels import SIDE as PICTURE
    from keras_googlenet.demo.channels import Channels

    network, other = keras.saving.load_model(model), photo.with_name("other.png")
    Image.new("RGB", (90, 90), "navy").save(other)
    paths = [str(photo), str(other)]
    channels = Channels(network, paths)
    assert channels.layers["inception_3a"] == network.endpoints["3a"].shape[-1]
    found = channels.look("inception_3a", 3)
    assert channels.look("inception_3a", 3) is found  # it is kept
    assert found.picture.shape == (PICTURE, PICTURE, 3)
    maps = keras.Model(network.input, network.endpoints["3a"])
    views = np.stack([data.center_crop(data.read_image(path), 64) for path in paths])
    values = np.asarray(maps(preprocess_input(views.astype("float32"))))[..., 3].max(axis=(1, 2))
    np.testing.assert_allclose([value for _, value in found.examples], sorted(values, reverse=True), rtol=1e-4)
    assert found.examples[0][0].shape == (64, 64, 3)
    for layer, channel in (("inception_3a", -1), ("inception_3a", 10**6), ("nothing", 0)):
        with pytest.raises(InputError, match="has the channels 0 to"):
            channels.look(layer, channel)


@needs_gradio
def test_a_browser_looks_inside(chromium, page):
    open_page(chromium, page[0], width=1000, height=900)
    tabs = "[...document.querySelectorAll('button[role=tab]')]"
    chromium.wait(f"{tabs}.length > 1")
    chromium.run(f"{tabs}[1].click()")
    chromium.wait("document.querySelector('#show') !== null && document.querySelector('#show').offsetParent !== null")
    chromium.run("document.querySelector('#show').click()")
    picture = "[...document.querySelectorAll('#picture img')].filter(image => image.naturalWidth === 160)"
    chromium.wait(f"{picture}.length === 1", seconds=120)
    chromium.wait("document.querySelectorAll('#exciting img').length === 1", seconds=10)  # one of two can be read
    said = chromium.run("return document.querySelector('#found').innerText")
    assert re.fullmatch(r"\w+:0. Found in \d+ seconds.", said)
    assert chromium.run("return document.documentElement.scrollWidth") <= 1000
