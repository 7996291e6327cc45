"""Atlases: which vectors of which images are taken, which cells they fall into, and what is drawn there."""

import importlib.util

import keras
import numpy as np
import pytest
from PIL import Image
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.data import ImageError, center_crop, read_image
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import Samples, activation_atlas, sample_activations
from keras_googlenet.visualize.mosaics.atlas import LAYOUTS, in_cells, units


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
    plane = LAYOUTS["tsne"](units(vectors), 0)
    apart = np.linalg.norm(plane[:, None] - plane, axis=-1) + np.diag(np.full(60, np.inf))
    assert (kinds[apart.argmin(1)] == kinds).all()
    np.testing.assert_array_equal(plane, LAYOUTS["tsne"](units(vectors), 0))


def samples_of(count, channels=32):
    vectors = np.random.default_rng(0).random((count, channels), "float32")
    return Samples("inception_3a", ["?"] * count, np.zeros((count, 2), int), vectors)


def test_what_makes_no_atlas_is_refused(model, folder):
    for message, arguments, options in (
        ("`layout` must be one of tsne, umap. Received: 'pca'", [folder, "4a"], {"layout": "pca"}),
        ("Expected 2 to 64 cells a side. Received: 1", [folder, "4a"], {"cells": 1}),
        ("Expected the name of a layer. Received: none", [folder], {}),
        ("These samples are of inception_3a. Received: layer='4a'", [samples_of(20), "4a"], {}),
        ("An atlas is made of 10 vectors or more.*Received: 9", [samples_of(9)], {}),
        ("No cell has 20 vectors", [samples_of(20)], {"fewest": 20, "cells": 8}),
        (
            "Expected 1 to 4 places of each image. Received: 5",
            [folder, "4a"],
            {"places": 5, "on_error": lambda _: None},
        ),
        ("Expected to take 1 image or more. Received: 0", [folder, "4a"], {"images": 0}),
        ("Expected one or more images. Received: none", [[], "4a"], {}),
    ):
        with pytest.raises(InputError, match=message):
            activation_atlas(model, *arguments, **options)
    with pytest.raises(ImageError, match="3.png"):
        activation_atlas(model, folder, "4a")


def test_an_atlas_has_a_picture_for_each_full_cell(model, monkeypatch):
    """Two kinds of vectors, far apart in the plane: two cells, the larger of the kind that has more."""

    def painted(network, layer, directions, *, side, **options):
        return np.broadcast_to(
            directions.argmax(1)[:, None, None, None].astype("uint8"), (len(directions), side, side, 3)
        )

    monkeypatch.setattr("keras_googlenet.visualize.mosaics.atlas.icons", painted)
    monkeypatch.setitem(LAYOUTS, "tsne", lambda vectors, seed: vectors[:, [3, 7]])
    kinds = np.array([3] * 12 + [7] * 6)
    samples = Samples("inception_3a", ["?"] * 18, np.zeros((18, 2), int), 5 * np.eye(32, dtype="float32")[kinds])
    found = activation_atlas(model, samples, cells=2, side=40)
    assert found.shape == (2 * 42 + 2, 2 * 42 + 2, 3)
    assert (found == 3).all(-1).sum() == 40 * 40
    assert (found == 7).all(-1).sum() == 30 * 30
    assert (found[:42, 44:] == 3).any()  # far along the first axis, near along the second
    assert (found[44:, :42] == 7).any()


def test_umap_is_asked_for_by_name(model, monkeypatch):
    if importlib.util.find_spec("umap") is None:
        with pytest.raises(InputError, match=r"needs umap-learn, which is not installed.*keras-googlenet\[umap\]"):
            activation_atlas(model, samples_of(20), layout="umap")
        return
    plane = LAYOUTS["umap"](units(samples_of(40).vectors), 0)
    assert plane.shape == (40, 2)
