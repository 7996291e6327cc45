"""Atlases: which vectors of which images are taken, which cells they fall into, and what is drawn there."""

import keras
import numpy as np
import pytest
from PIL import Image
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.data import center_crop, read_image
from keras_googlenet.visualize import sample_activations
from keras_googlenet.visualize.atlas import LAYOUTS, in_cells


@pytest.fixture(scope="module")
def model():
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL)
    deterministic.fill(made)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number in range(7):
        pixels = rng.integers(0, 256, (70 + number, 90, 3)).astype("uint8")
        Image.fromarray(pixels).save(root / f"{number}.png")
    (root / "3.png").write_bytes(b"no image")
    return root


def test_a_sample_is_the_maps_vector_at_its_place(model, folder):
    unreadable = []
    samples = sample_activations(model, folder, "4a", places=2, batch_size=3, on_error=unreadable.append)
    assert samples.layer == "inception_4a"
    assert [path.rpartition("/")[2] for path in samples.paths] == [
        f"{i}.png" for i in (0, 0, 1, 1, 2, 2, 4, 4, 5, 5, 6, 6)
    ]
    assert len(unreadable) == 1
    assert "3.png" in str(unreadable[0])
    maps = keras.Model(model.input, model.endpoints["inception_4a"])
    for path, (row, column), vector in zip(samples.paths, samples.places, samples.vectors, strict=True):
        pixels = center_crop(read_image(path), 64)[None].astype("float32")
        whole = keras.ops.convert_to_numpy(maps(preprocess_input(pixels, "channels_last"), training=False))[0]
        assert 0 < row < whole.shape[0] - 1
        assert 0 < column < whole.shape[1] - 1
        np.testing.assert_allclose(vector, whole[row, column], rtol=1e-4, atol=1e-3)


def test_places_are_the_seeds_and_cover_the_inside(model, folder):
    def places(seed, **options):
        return sample_activations(
            model, folder, "3a", on_error=lambda error: None, seed=seed, **options
        ).places.tolist()

    assert places(1) == places(1, batch_size=2)
    assert places(1) != places(2)
    [*first] = map(tuple, places(0, places=36)[:36])  # 3a has 8x8 places here
    assert sorted(first) == [(row, column) for row in range(1, 7) for column in range(1, 7)]


def test_of_many_images_some_are_taken(model, folder):
    def taken(seed, images):
        return sample_activations(model, folder, "4a", images=images, seed=seed, on_error=lambda error: None).paths

    some = taken(0, 3)
    assert some == sorted(set(some))
    assert len(some) <= 3
    assert len({tuple(taken(seed, 2)) for seed in range(5)}) > 1


def test_cells_are_those_of_a_histogram():
    rng = np.random.default_rng(0)
    plane, vectors = rng.normal(size=(300, 2)), rng.random((300, 5))
    found = in_cells(vectors, plane, 6, 3)
    edges = [np.linspace(plane[:, axis].min(), plane[:, axis].max(), 7) for axis in (0, 1)]
    counts, _, _ = np.histogram2d(plane[:, 1], plane[:, 0], bins=edges[::-1])  # rows go with the second
    expected = np.argwhere(counts >= 3)
    np.testing.assert_array_equal(found.places, expected)
    np.testing.assert_array_equal(found.counts, counts[tuple(expected.T)])
    for (row, column), direction, members in zip(found.places, found.directions, found.members, strict=True):
        inside = [
            vector
            for vector, (x, y) in zip(vectors, plane, strict=True)
            if min(np.searchsorted(edges[0], x, "right"), 6) - 1 == column
            and min(np.searchsorted(edges[1], y, "right"), 6) - 1 == row
        ]
        np.testing.assert_allclose(direction, np.mean(inside, axis=0))
        np.testing.assert_allclose(direction, vectors[members].mean(0))


def test_like_vectors_lie_side_by_side():
    """Three kinds of vectors, of any length: in the plane, the nearest of each is of its own kind."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(3), 20)
    vectors = (np.eye(30)[kinds * 10] + 0.05 * rng.random((60, 30))) * rng.uniform(0.1, 10, (60, 1))
    from keras_googlenet.visualize.atlas import _units

    plane = LAYOUTS["tsne"](_units(vectors), 0)
    apart = np.linalg.norm(plane[:, None] - plane, axis=-1) + np.diag(np.full(60, np.inf))
    assert (kinds[apart.argmin(1)] == kinds).all()
    np.testing.assert_array_equal(plane, LAYOUTS["tsne"](_units(vectors), 0))
