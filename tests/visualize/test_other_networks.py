"""What gray networks see, networks that preprocess their images, and those behind preprocessing of other kinds."""

import keras
import numpy as np
import pytest
from keras import layers
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import dream, grad_cam, maximize_class
from keras_googlenet.visualize.network import Network


def build(**options):
    made = GoogLeNet(**{"weights": None, "classes": 3, "variant": SMALL, "input_shape": (64, 64, 3), **options})
    deterministic.fill(made)
    return made


def twins():
    """A gray network, and an RGB one that looks at green alone, whose mean is that of gray: the same of gray photos."""
    gray, green = build(input_shape=(48, 96, 1)), build(input_shape=(48, 96, 3))
    for one in green.layers:
        if one.weights:
            same = gray.get_layer(one.name).get_weights()
            if one.name == "conv1_7x7_s2":
                same[0] = np.concatenate([0 * same[0], same[0], 0 * same[0]], axis=2)
            one.set_weights(same)
    return gray, green


def test_a_gray_network_sees_what_an_rgb_one_sees_of_gray_photos():
    gray, green = twins()
    level = np.random.default_rng(1).integers(0, 256, (1, 48, 96, 1), "uint8")
    photos = level.repeat(3, axis=3)
    heats = [grad_cam(one, photos, [2], "3a") for one in (gray, green)]
    assert heats[0].max() > 0
    np.testing.assert_allclose(*heats, rtol=1e-4, atol=1e-6)
    photo = photos[0] // 2 + 64
    dreams = [dream(one, photo, "3a", octaves=1, steps=1) for one in (gray, green)]
    assert (dreams[0][..., 0] == dreams[0][..., 2]).all()
    changes = [picture[..., 1].astype(float) - photo[..., 1] for picture in dreams]
    assert np.corrcoef(*map(np.ravel, changes))[0, 1] > 0.8  # of the gray one's 3 levels and the green one's 9


@pytest.mark.computes
@pytest.mark.parametrize("shape", [(48, 96, 1), (64, 64, 3)])
def test_what_a_network_wants_to_see_whether_it_preprocesses_or_not(shape):
    outside, inside = build(input_shape=shape), build(input_shape=shape, include_preprocessing=True)
    inside.set_weights(outside.get_weights())
    (one, score), (other, same) = (maximize_class(each, 1, steps=2) for each in (outside, inside))
    assert one.shape == (*shape[:2], 3)
    np.testing.assert_array_equal(one, other)
    assert score == pytest.approx(same, rel=1e-5)


def test_dreams_need_a_network_of_known_pixels():
    model = keras.Sequential([keras.Input((64, 64, 3)), layers.Rescaling(1 / 255), build(aux_heads=False)])
    with pytest.raises(InputError, match="or those minus the mean. Received: .*preprocessing of its own"):
        dream(model, np.zeros((64, 64, 3), "uint8"), "3a", octaves=1, steps=1)


def test_rows_of_any_variant_where_the_table_is_not_known():
    """TF-slim's fourth pool has another window than the paper's, and so another layer's name."""
    base = GoogLeNet(weights=None, variant="slim", input_shape=(64, 64, 3), classes=4)
    network = Network(keras.Model(base.input, base.outputs[0]))
    assert network.table is None
    assert list(network.endpoints) == list(base.endpoints)
    assert network.endpoints["maxpool10"] is base.endpoints["pool4"]
