"""preprocess_input and decode_predictions, as users of keras.applications expect them."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_googlenet import decode_predictions, preprocess_input

MEAN = np.array([123, 117, 104], "float32")


def draw(*shape, dtype="float32"):
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32"])
@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 4, 5, 3)])
@pytest.mark.parametrize("kind", [np.asarray, tf.constant])
def test_subtracts_bvlcs_mean_and_keeps_rgb(dtype, shape, kind):
    x = draw(*shape, dtype=dtype)
    y = preprocess_input(kind(x))
    assert isinstance(y, np.ndarray if kind is np.asarray else tf.Tensor)
    assert keras.backend.standardize_dtype(y.dtype) == "float32"
    np.testing.assert_array_equal(ops.convert_to_numpy(y), x.astype("float32") - MEAN)


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 4, 5)])
def test_channels_first(shape):
    x = draw(*shape)
    y = preprocess_input(x, data_format="channels_first")
    np.testing.assert_array_equal(y, x - MEAN[:, None, None])


@pytest.mark.parametrize(("shape", "data_format"), [((2, 4, 5, 1), "channels_last"), ((1, 4, 5), "channels_first")])
def test_gray_images_lose_the_luminance_of_the_mean(shape, data_format):
    x = draw(*shape)
    np.testing.assert_array_equal(preprocess_input(x, data_format), x - 117)
    assert round(float(MEAN @ [0.299, 0.587, 0.114])) == 117  # Rec. 601's, as Pillow makes gray of RGB


def test_does_not_change_its_argument():
    x = draw(2, 4, 5, 3)
    before = x.copy()
    preprocess_input(x)
    np.testing.assert_array_equal(x, before)


def test_symbolic_and_in_tf_data():
    inputs = keras.Input((None, None, 3), dtype="uint8")
    model = keras.Model(inputs, preprocess_input(inputs))
    x = draw(2, 4, 5, 3, dtype="uint8")
    np.testing.assert_array_equal(model.predict(x, verbose=0), x.astype("float32") - MEAN)
    dataset = tf.data.Dataset.from_tensors(x).map(preprocess_input)
    np.testing.assert_array_equal(next(iter(dataset)).numpy(), x.astype("float32") - MEAN)


def test_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        inputs = keras.Input((4, 5, 3))
        model = keras.Model(inputs, preprocess_input(inputs))
        half = preprocess_input(draw(2, 4, 5, 3, dtype="float16"))
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.output_shape == (None, 4, 5, 3)
    assert half.dtype == "float16"


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 5, 2), (2, 4, 5, 4), (1, 2, 4, 5, 3)])
def test_refuses_what_is_no_rgb_image(shape):
    with pytest.raises(ValueError, match=r"`preprocess_input` takes RGB images of shape .* Received: shape="):
        preprocess_input(np.zeros(shape))


def test_refuses_an_unknown_data_format():
    with pytest.raises(
        ValueError, match="`data_format` must be 'channels_last' or 'channels_first'. Received: .*'NHWC'"
    ):
        preprocess_input(np.zeros((4, 5, 3)), data_format="NHWC")


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "index.json"
    path.write_text(json.dumps({str(i): [f"n{i:08}", f"name {i}"] for i in range(1000)}))
    return path


def test_names_the_best_first(index):
    scores = np.zeros((2, 1000), "float32")
    scores[0, [7, 3]] = 0.75, 0.25
    scores[1, 999] = 1.0
    for preds in (scores, tf.constant(scores)):
        first, second = decode_predictions(preds, top=2, class_index=index)
        assert first == [("n00000007", "name 7", 0.75), ("n00000003", "name 3", 0.25)]
        assert second[0] == ("n00000999", "name 999", 1.0)
    assert len(decode_predictions(scores, class_index=index)[0]) == 5


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def test_a_class_index_in_the_cache_is_used_as_it_is(cache, index):
    (cache / "imagenet_class_index.json").write_bytes(index.read_bytes())
    assert decode_predictions(np.eye(1, 1000), top=1) == [[("n00000000", "name 0", 1.0)]]


def test_comes_from_kerass_cache(cache, tmp_path, monkeypatch):
    """The file that the keras.applications share, so that a machine that has it needs no network."""
    asked = {}

    def get_file(name, url, **options):
        asked.update(name=name, url=url, **options)
        path = tmp_path / "index.json"
        path.write_text(json.dumps({str(i): ["n", "x"] for i in range(1000)}))
        return path

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    decode_predictions(np.zeros((1, 1000)))
    assert asked["name"] == "imagenet_class_index.json"
    assert asked["cache_subdir"] == "models"
    assert asked["file_hash"] == "c2c37ea517e94d9795004a39431a14cb"


def test_says_what_to_do_without_a_network(cache, monkeypatch):
    def get_file(*arguments, **options):
        raise Exception("URL fetch failure")  # what Keras raises

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    with pytest.raises(
        OSError, match=r"could not be downloaded \(URL fetch failure\). Put imagenet_class_index.json into"
    ):
        decode_predictions(np.zeros((1, 1000)))


@pytest.mark.parametrize("preds", [np.zeros(1000), np.zeros((1, 999)), [[0.0] * 1000]])
def test_refuses_other_predictions(preds, index):
    with pytest.raises(ValueError, match=r"of shape \(images, 1000\). Received: shape="):
        decode_predictions(preds, class_index=index)


@pytest.mark.parametrize("top", [0, 1001, 2.5])
def test_refuses_top(top, index):
    with pytest.raises(ValueError, match=r"`top` must be an integer in 1..1000. Received: top="):
        decode_predictions(np.zeros((1, 1000)), top=top, class_index=index)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"0": 3}', '{"0": ["n", "x"]}'])
def test_refuses_what_is_no_class_index(text, tmp_path):
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(ValueError, match=r"A class index is a JSON object.*Received: .*index.json"):
        decode_predictions(np.zeros((1, 1000)), class_index=tmp_path / "index.json")


def test_a_missing_class_index_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match=r"no\.json"):
        decode_predictions(np.zeros((1, 1000)), class_index=tmp_path / "no.json")
