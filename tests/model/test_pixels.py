"""What a model takes: images as read from a file, gray ones, more channels. Each against `preprocess_input` and RGB."""

import dataclasses

import keras
import numpy as np
import pytest
from support import deterministic
from support.small import KEPT

from keras_googlenet import GoogLeNet, GoogLeNetModel, preprocess_input
from keras_googlenet.architecture import VARIANTS, edit, wider

pytestmark = pytest.mark.computes

TABLES = {
    name: edit(
        wider(table, 0.125),
        lambda row: row if not row.name.startswith("inception") or row.name in KEPT else None,
        name=name,
    )
    for name, table in VARIANTS.items()
}
"""Each named variant, short and narrow."""

EACH = [pytest.param(table, id=name) for name, table in TABLES.items()]

SIZE = 40


def shaped(data_format, channels, size=SIZE):
    return (size, size, channels) if data_format == "channels_last" else (channels, size, size)


def photos(data_format, channels, size=SIZE):
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, channels), "uint8")
    return pixels if data_format == "channels_last" else pixels.transpose(0, 3, 1, 2)


def rgb(gray, data_format):
    return np.repeat(gray, 3, axis=-1 if data_format == "channels_last" else 1)


def network(**options):
    model = GoogLeNet(**{"weights": None, "classes": 5, "aux_heads": False, **options})
    deterministic.fill(model)
    return model


def answer(model, images):
    """Op by op, which for a few images is the fastest way."""
    outputs = model(images, training=False)
    return keras.ops.convert_to_numpy(outputs[0] if isinstance(outputs, list) else outputs)


def output(model, images):
    if keras.config.image_data_format() == "channels_first":
        # TensorFlow convolves channels last alone on a CPU: the layers' arithmetic up to there is what is compared.
        first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
        model = keras.Model(model.input, first.input)
    return answer(model, images)


@pytest.mark.parametrize("table", EACH)
def test_preprocessing_inside_is_preprocessing_outside(table, data_format):
    shape = shaped(data_format, 3)
    plain, whole = (network(variant=table, input_shape=shape, include_preprocessing=on) for on in (False, True))
    images = photos(data_format, 3)
    np.testing.assert_array_equal(output(whole, images), output(plain, preprocess_input(images)))
    assert (plain.include_preprocessing, whole.include_preprocessing) == (False, True)
    assert [w.path for w in whole.weights] == [w.path for w in plain.weights]


def test_on_any_size_and_upon_another_layer():
    plain = network(variant=TABLES["paper"], include_top=False, pooling="avg")
    whole = network(variant=TABLES["paper"], include_top=False, pooling="avg", include_preprocessing=True)
    inputs = keras.Input((None, None, 3))
    halved = keras.layers.Rescaling(0.5)(inputs)
    upon = network(
        variant=TABLES["paper"], include_top=False, pooling="avg", include_preprocessing=True, input_tensor=halved
    )
    for size in (40, 55):
        images = photos("channels_last", 3, size)
        expected = answer(plain, preprocess_input(images))
        np.testing.assert_array_equal(answer(whole, images), expected)
        np.testing.assert_array_equal(answer(upon, images * 2.0), expected)


def test_mixed_precision_rounds_what_the_mean_was_taken_from():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        plain, whole = (
            network(variant=TABLES["paper"], input_shape=(SIZE, SIZE, 3), include_preprocessing=on)
            for on in (False, True)
        )
    finally:
        keras.config.set_dtype_policy("float32")
    images = photos("channels_last", 3) + np.float32(0.3)
    np.testing.assert_array_equal(answer(whole, images), answer(plain, preprocess_input(images)))


def test_it_is_kept(tmp_path):
    options = {"variant": TABLES["torchvision"], "input_shape": (SIZE, SIZE, 3), "aux_heads": True}
    model = network(include_preprocessing=True, **options)
    model.save(tmp_path / "model.keras")
    copies = {
        "saved": keras.saving.load_model(tmp_path / "model.keras"),
        "configuration": GoogLeNetModel.from_config(model.get_config()),
        "inference": model.inference_model(),
        "built upon": GoogLeNetModel(model.input, model.endpoints["inception_4a"]),
    }
    assert {name: copy.include_preprocessing for name, copy in copies.items()} == dict.fromkeys(copies, True)
    assert model.get_config()["include_preprocessing"] is True
    images = photos("channels_last", 3)
    np.testing.assert_array_equal(answer(copies["saved"], images), answer(model, images))


def test_older_files_are_without():
    model = network(variant=TABLES["paper"], input_shape=(SIZE, SIZE, 3))
    config = model.get_config()
    del config["include_preprocessing"]
    assert GoogLeNetModel.from_config(config).include_preprocessing is False


@pytest.mark.parametrize("inside", [True, False])
def test_weights_go_from_one_to_the_other(tmp_path, inside):
    options = {"variant": TABLES["slim"], "classes": 5, "input_shape": (SIZE, SIZE, 3)}
    models = [network(include_preprocessing=on, **options) for on in (inside, not inside)]
    models[0].save_weights(tmp_path / "w.weights.h5")
    before = [np.array(w) for w in models[0].weights]
    models[1].set_weights([np.zeros(w.shape) for w in models[1].weights])
    models[1].load_weights(tmp_path / "w.weights.h5")
    for value, again in zip(before, models[1].weights, strict=True):
        np.testing.assert_array_equal(value, again)
    built = GoogLeNet(weights=tmp_path / "w.weights.h5", include_preprocessing=not inside, **options)
    for value, again in zip(before, built.weights, strict=True):
        np.testing.assert_array_equal(value, again)


@pytest.mark.parametrize("table", EACH)
def test_gray_is_the_photo_repeated_over_rgb(tmp_path, table, data_format):
    """Padded borders and all, for weights of RGB that are not the same for the three colors."""
    inside = table.name in ("torchvision", "plain")
    options = {"variant": table, "classes": 5, "include_preprocessing": inside}
    model = network(input_shape=shaped(data_format, 3), **options)
    model.save_weights(tmp_path / "rgb.weights.h5")
    gray = GoogLeNet(weights=tmp_path / "rgb.weights.h5", input_shape=shaped(data_format, 1), **options)
    assert gray.input_shape[1:] == shaped(data_format, 1)
    images = photos(data_format, 1)
    ours, theirs = (images, rgb(images, data_format))
    if not inside:
        ours, theirs = preprocess_input(ours), preprocess_input(theirs)
    np.testing.assert_array_equal(output(gray, ours), output(model, theirs))


def test_a_gray_trunk_of_any_size(tmp_path):
    model = network(variant=TABLES["paper"], input_shape=(SIZE, SIZE, 3))
    model.save_weights(tmp_path / "rgb.weights.h5")
    options = {"variant": TABLES["paper"], "include_top": False, "pooling": "avg"}
    weights = tmp_path / "rgb.weights.h5"
    gray = GoogLeNet(weights=weights, input_shape=(None, None, 1), **options)
    upon = GoogLeNet(weights=weights, input_tensor=keras.layers.Rescaling(2)(keras.Input((None, None, 1))), **options)
    color = GoogLeNet(weights=weights, **options)
    for size in (40, 33):
        images = preprocess_input(photos("channels_last", 1, size))
        expected = answer(color, preprocess_input(rgb(photos("channels_last", 1, size), "channels_last")))
        np.testing.assert_array_equal(answer(gray, images), expected)
        np.testing.assert_array_equal(answer(upon, images / 2), expected)


def test_a_gray_network_of_ones_own_stays_one(tmp_path):
    """Trained on one channel, it is filled from its file as it is."""
    options = {"variant": TABLES["paper"], "classes": 5, "input_shape": (SIZE, SIZE, 1)}
    model = network(**options)
    assert model.get_layer("conv1_7x7_s2").kernel.shape[2] == 1
    for name in ("w.weights.h5", "w.keras"):
        (model.save if name.endswith(".keras") else model.save_weights)(tmp_path / name)
        again = GoogLeNet(weights=tmp_path / name, **options)
        images = preprocess_input(photos("channels_last", 1))
        np.testing.assert_array_equal(answer(again, images), answer(model, images))


def test_a_gray_network_of_rgb_weights_reads_its_own_file(tmp_path):
    options = {"variant": TABLES["paper"], "classes": 5}
    network(input_shape=(SIZE, SIZE, 3), **options).save_weights(tmp_path / "rgb.weights.h5")
    gray = GoogLeNet(weights=tmp_path / "rgb.weights.h5", input_shape=(SIZE, SIZE, 1), **options)
    gray.save(tmp_path / "gray.keras")
    images = preprocess_input(photos("channels_last", 1))
    expected = answer(gray, images)
    np.testing.assert_array_equal(answer(keras.saving.load_model(tmp_path / "gray.keras"), images), expected)
    again = GoogLeNet(weights=tmp_path / "gray.keras", input_shape=(SIZE, SIZE, 1), classes=5)
    np.testing.assert_array_equal(answer(again, images), expected)


@pytest.mark.parametrize("table", [TABLES["paper"], TABLES["torchvision"]], ids=lambda table: table.name)
@pytest.mark.parametrize("inside", [True, False])
def test_more_channels_start_with_what_rgb_gives(tmp_path, table, inside):
    options = {"variant": table, "include_preprocessing": inside}
    model = network(input_shape=(SIZE, SIZE, 3), **options)
    model.save_weights(tmp_path / "rgb.weights.h5")
    with pytest.warns(UserWarning, match="with 5 input channels. With RGB weights, the kernels"):
        five = GoogLeNet(weights=tmp_path / "rgb.weights.h5", input_shape=(SIZE, SIZE, 5), classes=5, **options)
    images = photos("channels_last", 3).astype("float32")
    first = images if inside else preprocess_input(images)
    more = np.random.default_rng(1).normal(0, 50, (2, SIZE, SIZE, 2)).astype("float32")
    found = answer(five, np.concatenate([first, more], -1))
    np.testing.assert_allclose(found, answer(model, first), rtol=0, atol=1e-6)
    kernel = np.array(five.get_layer("conv1_7x7_s2").kernel)
    assert not kernel[:, :, 3:].any()
    entry = next(layer for layer in five.layers if isinstance(layer, keras.layers.Conv2D)).input
    read = answer(keras.Model(five.input, entry), np.concatenate([first, more], -1))[:, 3:-3, 3:-3, 3:]
    if table.name == "paper":
        np.testing.assert_array_equal(read, more)  # as they are


def test_more_channels_learn(tmp_path):
    options = {"variant": TABLES["paper"], "classes": 5}
    network(input_shape=(SIZE, SIZE, 3), **options).save_weights(tmp_path / "rgb.weights.h5")
    with pytest.warns(UserWarning, match="4 input channels"):
        model = GoogLeNet(weights=tmp_path / "rgb.weights.h5", input_shape=(SIZE, SIZE, 4), **options)
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    model.train_on_batch(np.random.default_rng(0).normal(0, 50, (4, SIZE, SIZE, 4)), np.arange(4))
    assert np.array(model.get_layer("conv1_7x7_s2").kernel)[:, :, 3].any()


@pytest.mark.parametrize("channels", [1, 3])
def test_bvlcs_weights(shared_data, channels):
    """The real ones, whose kernels differ between the colors, on the whole network's maps up to their borders."""
    path = shared_data / "bvlc_googlenet.npz"
    model = GoogLeNet(weights=path, include_top=False, input_shape=(64, 64, channels), include_preprocessing=True)
    images = photos("channels_last", 1, 64)
    color = GoogLeNet(weights=path, include_top=False, input_shape=(64, 64, 3))
    expected = answer(color, preprocess_input(rgb(images, "channels_last")))
    found = answer(model, images if channels == 1 else rgb(images, "channels_last"))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * expected.max())
    top = GoogLeNet(weights=path, input_shape=(64, 64, channels), include_preprocessing=True)
    assert top.output_shape == (None, 1000)


def test_a_table_that_begins_otherwise(tmp_path):
    """With an Inception module first, gray still works, and more channels are an error that says so."""
    rows = [row for row in TABLES["paper"].rows if row.name not in ("conv1", "pool1", "pool1_norm1")]
    table = dataclasses.replace(TABLES["paper"], rows=rows, auxiliary=(), name="later")
    model = network(variant=table, input_shape=(SIZE, SIZE, 3))
    model.save_weights(tmp_path / "w.weights.h5")
    gray = GoogLeNet(weights=tmp_path / "w.weights.h5", variant=table, classes=5, input_shape=(SIZE, SIZE, 1))
    images = photos("channels_last", 1)
    expected = answer(model, preprocess_input(rgb(images, "channels_last")))
    np.testing.assert_array_equal(answer(gray, preprocess_input(images)), expected)
