"""Pictures of directions, and the grids and pages that are put together of them."""

import itertools

import keras
import numpy as np
import pytest
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import activation_grid, layer_page
from keras_googlenet.visualize.mosaics.grid import pooled
from keras_googlenet.visualize.mosaics.icons import each_its_direction, icons
from keras_googlenet.visualize.mosaics.mosaic import GAP
from keras_googlenet.visualize.network import Network


@pytest.fixture(scope="module")
def model():
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL)
    deterministic.fill(made)
    return made


def maps(model, name, images):
    found = keras.Model(model.input, model.endpoints[name])
    return keras.ops.convert_to_numpy(found(preprocess_input(images.astype("float32"), "channels_last")))


def twin(maps, vectors):
    """The objective as its sentence has it, number by number."""
    values = []
    for image, vector in zip(maps.astype("float64"), vectors, strict=True):
        found = []
        for place in image.reshape(-1, len(vector)):
            product = sum(a * b for a, b in zip(place, vector, strict=True))
            cosine = product / max(np.linalg.norm(place) * np.linalg.norm(vector), 1e-12)
            found.append(product * max(cosine, 0.1) ** 2)
        values.append(sum(found) / len(found))
    return values


def test_each_image_has_a_direction_of_its_own():
    rng = np.random.default_rng(0)
    values, vectors = rng.random((3, 4, 5, 6)), rng.normal(size=(3, 6))
    values[0, 0, 0] = 0
    objective = each_its_direction("4a", vectors)
    found = objective.function({"4a": keras.ops.convert_to_tensor(values.astype("float32"))})
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), twin(values, vectors), rtol=1e-4)
    assert str(objective) == "a direction of 4a for each of 3 images"


@pytest.mark.computes
def test_a_picture_points_where_it_was_told_to(model):
    """Each picture has more of its own direction than in the beginning, and more than the others have of it."""
    means = maps(model, "inception_3a", deterministic.images(1, 64) + 120).mean((0, 1, 2))
    vectors = np.eye(len(means))[np.argsort(-means)[:3]]
    drawn, first = (icons(Network(model), "inception_3a", vectors, side=64, steps=steps) for steps in (20, 0))
    assert (drawn.dtype, drawn.shape) == (np.uint8, (3, 64, 64, 3))
    after, before = (maps(model, "inception_3a", pictures) for pictures in (drawn, first))
    own = twin(after, vectors)
    assert (np.array(own) > 1.2 * np.array(twin(before, vectors))).all()
    for index, vector in enumerate(vectors):
        assert np.argmax(twin(after, [vector] * 3)) == index


@pytest.mark.computes
def test_pictures_are_the_seeds_whatever_their_directions_length(model):
    directions = np.abs(np.random.default_rng(0).normal(size=(2, model.endpoints["3a"].shape[-1])))
    directions = np.stack([directions[0], 0 * directions[0], directions[1]])

    def drawn(vectors, **options):
        return icons(Network(model), "inception_3a", vectors, side=32, steps=2, **options)

    once = drawn(directions)
    assert (once[1] == 255).all()  # of no direction there is no picture
    np.testing.assert_array_equal(drawn(directions * 8), once)
    assert (drawn(directions, seed=1)[0] != once[0]).any()


def test_pictures_of_no_size_are_refused(model):
    with pytest.raises(InputError, match="Expected pictures of 32 to 512 pixels a side. Received: 16"):
        icons(Network(model), "inception_3a", np.ones((1, 32)), side=16)
    with pytest.raises(InputError, match="Expected a batch of 1 picture or more. Received: 0"):
        icons(Network(model), "inception_3a", np.ones((1, 32)), batch_size=0)


def painted(network, layer, directions, *, side, **options):
    """In place of a picture its direction: each pixel of the first row is a channel."""
    pictures = np.zeros((len(directions), side, side, 3), "uint8")
    units = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
    pictures[:, 0, : directions.shape[1]] = np.rint(200 * units)[..., None]
    return pictures


def test_a_grid_has_the_vector_of_each_place_in_its_cell(model, monkeypatch):
    monkeypatch.setattr("keras_googlenet.visualize.mosaics.grid.icons", painted)
    image = np.rint(deterministic.images(1, 64)[0] + 120).clip(0, 255).astype("uint8")
    whole = maps(model, "inception_3a", image[None])[0]
    rows, columns, channels = whole.shape
    found = activation_grid(model, image, "mixed3a", side=64)
    assert found.shape == (rows * (64 + GAP) + GAP, columns * (64 + GAP) + GAP, 3)
    row, column = np.unravel_index(np.linalg.norm(whole, axis=-1).argmax(), (rows, columns))  # it fills its cell
    line = found[GAP + row * (64 + GAP), GAP + column * (64 + GAP) :][:channels, 0]
    vector = whole[row, column]
    np.testing.assert_allclose(line, 200 * vector / np.linalg.norm(vector), atol=1)
    widths = [
        (found[GAP + r * (64 + GAP) + 32, GAP + c * (64 + GAP) :][:64] < 255).any(-1).sum()
        for r, c in np.ndindex(rows, columns)
    ]
    lengths = np.linalg.norm(whole, axis=-1).ravel()
    np.testing.assert_allclose(widths, 32 + 32 * lengths / lengths.max(), atol=1)


def test_a_grid_of_fewer_cells_has_the_means_of_blocks():
    whole = np.random.default_rng(0).random((7, 5, 2))
    found = pooled(whole, 3)
    for row, column in np.ndindex(3, 3):
        rows, columns = ([i * side // 3 for i in range(4)] for side in (7, 5))
        block = whole[rows[row] : rows[row + 1], columns[column] : columns[column + 1]]
        np.testing.assert_allclose(found[row, column], block.mean((0, 1)))
    assert pooled(whole, 7) is whole


def test_a_grid_is_drawn_of_an_image_of_the_models_size(model):
    with pytest.raises(InputError, match="input size, 64x64 pixels, as `data.center_crop` makes them. Received: 32x32"):
        activation_grid(model, np.zeros((32, 32, 3)), "4a")
    with pytest.raises(InputError, match="Expected pixels of 0 to 255, .* Received: -1 to -1"):
        activation_grid(model, np.full((64, 64, 3), -1.0), "4a")
    with pytest.raises(InputError, match="makes a vector"):
        activation_grid(model, np.zeros((64, 64, 3)), "predictions")
    with pytest.raises(InputError, match="Expected a grid of 1 cell a side or more. Received: 0"):
        activation_grid(model, np.zeros((64, 64, 3)), "4a", cells=0)


class Painter:
    """Draws channels as gray levels, 5 a channel, and remembers which; it can be told when to be interrupted."""

    def __init__(self, after=None):
        self.drawn, self.after = [], after

    def __call__(self, network, layer, directions, *, side, **options):
        if self.after is not None and len(self.drawn) >= self.after:
            raise KeyboardInterrupt
        channels = directions.argmax(1)
        assert (directions == np.eye(directions.shape[1])[channels]).all()
        self.drawn += channels.tolist()
        return np.full((len(channels), side, side, 3), 5, "uint8") * channels[:, None, None, None].astype("uint8")


def page(model, monkeypatch, painter, **options):
    monkeypatch.setattr("keras_googlenet.visualize.mosaics.channel_page.icons", painter)
    options = {"side": 40, "batch_size": 4, "columns": 5, **options}
    return layer_page(model, "conv2", **options)


def test_every_channel_is_on_the_page_in_its_place(model, monkeypatch):
    painter = Painter()
    found = page(model, monkeypatch, painter)
    count = model.endpoints["conv2"].shape[-1]
    assert painter.drawn == list(range(count))
    tops = range(36, found.shape[0], 40 + 16 + 10)  # below the title; a picture, its number, a gap
    for channel, (top, left) in enumerate(itertools.islice(itertools.product(tops, range(10, 250, 50)), count)):
        assert (found[top : top + 40, left : left + 40] == 5 * channel).all(), channel
        assert (found[top + 42 : top + 56, left : left + 40] < 128).any()  # its number
    some = Painter()
    assert page(model, monkeypatch, some, channels=[7, 3]).shape[1] == 10 + 2 * 50
    assert some.drawn == [7, 3]


def test_a_page_goes_on_where_it_was_stopped(model, monkeypatch, tmp_path):
    whole = page(model, monkeypatch, Painter(), channels=range(11))
    stopped = Painter(after=8)
    with pytest.raises(KeyboardInterrupt):
        page(model, monkeypatch, stopped, channels=range(11), keep=tmp_path / "kept")
    rest = Painter()
    np.testing.assert_array_equal(page(model, monkeypatch, rest, channels=range(11), keep=tmp_path / "kept"), whole)
    assert (stopped.drawn, rest.drawn) == (list(range(8)), [8, 9, 10])
    assert len(list((tmp_path / "kept").iterdir())) == 3


@pytest.mark.parametrize("change", ["seed", "steps", "weights", "damage"])
def test_what_was_drawn_otherwise_is_drawn_again(model, monkeypatch, tmp_path, change):
    page(model, monkeypatch, Painter(), channels=range(4), keep=tmp_path)
    again, options = Painter(), {}
    if change in ("seed", "steps"):
        options = {change: 7}
    elif change == "weights":
        other = keras.models.clone_model(model)
        deterministic.fill(other)
        other.layers[-1].set_weights([2 * array for array in other.layers[-1].get_weights()])
        model = other
    else:
        [kept] = tmp_path.iterdir()
        kept.write_bytes(kept.read_bytes()[:-1])
    page(model, monkeypatch, again, channels=range(4), keep=tmp_path, **options)
    assert again.drawn == [0, 1, 2, 3]


def test_there_is_no_page_of_channels_that_are_not_there(model):
    count = model.endpoints["conv2"].shape[-1]
    with pytest.raises(InputError, match=f"conv2 has the channels 0 to {count - 1}. Received: {count}"):
        layer_page(model, "conv2", [count])
    with pytest.raises(InputError, match="Expected 1 or more of channels, columns and a batch"):
        layer_page(model, "conv2", [])
