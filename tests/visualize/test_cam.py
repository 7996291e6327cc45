"""Grad-CAM: its closed form at 5b, a twin in PyTorch lower down, and photos off the center, which it must point at."""

import tarfile

import keras
import numpy as np
import pytest
from PIL import Image
from support import deterministic
from support.small import SMALL

from keras_googlenet import GoogLeNet, preprocess_input
from keras_googlenet.architecture import PAPER
from keras_googlenet.architecture.variants import SLIM, TORCHVISION
from keras_googlenet.data import center_crop, read_image
from keras_googlenet.errors import InputError
from keras_googlenet.visualize import activation_maps, grad_cam, overlay
from keras_googlenet.visualize.attribution.cam import default_layer, layer_heat
from keras_googlenet.visualize.gradients import value_and_gradient
from keras_googlenet.visualize.network import Network
from keras_googlenet.visualize.receptive import centers

ANT, BEE = 310, 309
MEAN = np.array([123, 117, 104])


def model(**options):
    made = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=4, variant=SMALL, **options)
    return made, deterministic.fill(made)


def photos(count, size=64):
    return deterministic.images(count, size) + MEAN


def wrapped(kind):
    """A classifier of three classes around a trunk, and its kernel."""
    base = GoogLeNet(weights=None, include_top=False, pooling="avg", input_shape=(64, 64, 3), variant=SMALL)
    deterministic.fill(base)
    dense = keras.layers.Dense(3, name="mine")
    if kind == "sequential":
        made = keras.Sequential([keras.layers.RandomFlip(), base, dense, keras.layers.Softmax()])
        made.build((None, 64, 64, 3))
    elif kind == "functional":
        inputs = keras.Input((64, 64, 3))
        made = keras.Model(inputs, keras.layers.Activation("softmax")(dense(base(inputs))))
    else:  # on its tensors, with logits
        made = keras.Model(base.input, dense(base.output))
    kernel = deterministic.draw("predictions/kernel", tuple(dense.kernel.shape))
    dense.kernel.assign(kernel)
    return made, kernel


@pytest.mark.parametrize("kind", ["heads", "inference", "logits", "sequential", "functional", "tensors"])
def test_at_the_last_module_it_is_cam(kind):
    """Below an average pool and a linear layer, the weight of a map is the classifier's kernel over the map's area."""
    if kind in ("heads", "inference", "logits"):
        made, arrays = model(classifier_activation=None if kind == "logits" else "softmax")
        kernel = arrays["predictions/kernel"]
        made = made.inference_model() if kind == "inference" else made
    else:
        made, kernel = wrapped(kind)
    images, classes = photos(3), [2, 0, 2]
    found = layer_heat(Network(made), images, classes, "inception_5b")
    for image, index, heat in zip(images, classes, found, strict=True):
        maps = activation_maps(made, image, ["5b"])["inception_5b"].astype("float64")
        expected = np.maximum((maps * kernel[:, index]).sum(-1) / (maps.shape[0] * maps.shape[1]), 0)
        np.testing.assert_allclose(heat, expected, rtol=1e-4, atol=1e-6 * maps.max())
    assert np.ptp(found) > 0


def test_a_sure_softmax_changes_nothing():
    """Scores a thousand times larger: the softmax is exactly 0 and 1, and its gradient nothing."""
    made, _ = model()
    before = grad_cam(made, photos(1), [1])
    layer = made.get_layer("predictions")
    layer.set_weights([1000 * array for array in layer.get_weights()])
    np.testing.assert_allclose(grad_cam(made, photos(1), [1]), 1000 * before, rtol=1e-4)


@pytest.mark.computes
def test_lower_down_it_is_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
    from support import torch_twin

    made = GoogLeNet(weights=None, aux_heads=False)
    arrays = deterministic.fill(made)
    images, index = deterministic.images(1), 7
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}

    def conv(x, name):
        kernel = tensors[f"inception_5b_{name}/kernel"].permute(3, 2, 0, 1)
        return torch.conv2d(x, kernel, tensors[f"inception_5b_{name}/bias"], padding=kernel.shape[-1] // 2).relu()

    maps = torch.from_numpy(torch_twin.forward(arrays, images)["inception_5a"]).permute(0, 3, 1, 2).requires_grad_()
    branches = [
        conv(maps, "1x1"),
        conv(conv(maps, "3x3_reduce"), "3x3"),
        conv(conv(maps, "5x5_reduce"), "5x5"),
        conv(torch.max_pool2d(maps, 3, 1, 1), "pool_proj"),
    ]
    score = torch.cat(branches, 1).mean((2, 3)) @ tensors["predictions/kernel"][:, index]
    (gradient,) = torch.autograd.grad(score.sum(), maps)
    expected = torch.relu((gradient.mean((2, 3), keepdim=True) * maps).sum(1)).detach().numpy()
    found = layer_heat(Network(made), images + MEAN, [index], "inception_5a")
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())
    assert expected.max() > 0


def test_the_centers_of_the_receptive_fields():
    """By hand from Caffe's prototxt: a padded convolution keeps the first center, a 3x3 pool moves it by one step."""
    for name, step, first in (("conv1", 2, 0), ("conv2", 4, 2), ("3b", 8, 6), ("4e", 16, 14), ("5b", 32, 30)):
        name = f"inception_{name}" if len(name) == 2 else name
        np.testing.assert_array_equal(centers(PAPER, name, 224)(5), first + step * np.arange(5.0))
    np.testing.assert_array_equal(centers(TORCHVISION, "inception_5b", 224)(7), 22 + 32 * np.arange(7.0))
    # TensorFlow's "same" pads 2 and 3 around a 7x7 window of 224, and only the end of a 3x3 one of an even map.
    np.testing.assert_array_equal(centers(SLIM, "inception_3b", 224)(3), 7 + 8 * np.arange(3.0))
    np.testing.assert_array_equal(centers(None, "inception_5b", 224)(7), 15.5 + 32 * np.arange(7.0))


def test_a_place_sees_what_lies_around_its_center():
    """Of many images and all channels together, what one place depends on lies around its center, as far both ways."""
    made = GoogLeNet(weights=None, include_top=False, input_shape=(128, 128, 3), variant=SMALL)
    deterministic.fill(made)
    features = Network(made).features("inception_3a")
    images = np.random.default_rng(0).normal(0, 60, (32, 128, 128, 3))

    def place(x):
        return keras.ops.sum(features(x, training=False)["inception_3a"][:, 8, 6])

    seen = np.abs(value_and_gradient(place, images)[1]).sum((0, 3))
    at = centers(SMALL, "inception_3a", 128)(16)
    for axis, expected in ((1, at[8]), (0, at[6])):
        pixels = np.flatnonzero(seen.sum(axis))
        assert (pixels[0] + pixels[-1]) / 2 == expected


@pytest.mark.parametrize(("size", "expected"), [(224, "inception_5b"), (64, "inception_4d"), (32, "inception_3a")])
def test_small_images_are_explained_lower_down(size, expected):
    network = Network(GoogLeNet(weights=None, input_shape=(size, size, 3), classes=4, variant=SMALL))
    assert default_layer(network) == expected


def test_what_cannot_be_explained_is_refused():
    made, _ = model()
    with pytest.raises(InputError, match="No such layer: inception_5c. Did you mean 'inception_5b'?"):
        grad_cam(made, photos(1), [0], "inception_5c")
    with pytest.raises(InputError, match="Expected the index of a class, 0 to 3. Received: 4"):
        grad_cam(made, photos(1), [4])
    with pytest.raises(InputError, match="Expected a class for each of 2 images. Received: 1"):
        grad_cam(made, photos(2), [0])
    trunk = GoogLeNet(weights=None, include_top=False, pooling="avg", variant=SMALL)
    with pytest.raises(InputError, match="Expected a classifier"):
        grad_cam(trunk, photos(1), [0])
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(InputError, match="Expected a GoogLeNet"):
        grad_cam(keras.Model(inputs, keras.layers.Flatten()(inputs)), photos(1, 8), [0])


def test_an_overlay_is_red_where_it_is_hot():
    image = np.full((32, 32, 3), 100, "uint8")
    heat = np.zeros((32, 32))
    heat[:16] = 1
    shown = overlay(image, heat)
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(shown[20], image[20])
    red, green, blue = shown[5, 5].astype(int)
    assert red > green + 20 > blue
    np.testing.assert_array_equal(overlay(image, 0 * heat), image)


@pytest.fixture(scope="module")
def insects(shared_data, tmp_path_factory):
    """The validation photos by name, an ant and a bee in turn."""
    folder = tmp_path_factory.mktemp("photos")
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        members = [m for m in archive.getmembers() if "/val/" in m.name and m.isfile()]
        archive.extractall(folder, members=members, filter="data")
    ants, bees = (sorted(folder.rglob(f"val/{name}/*")) for name in ("ants", "bees"))
    return [
        (path, index) for pair in zip(ants, bees, strict=False) for path, index in zip(pair, (ANT, BEE), strict=True)
    ]


@pytest.mark.computes
def test_it_points_at_an_object_off_the_center(bvlc, insects):
    """The first ten photos that are still recognized, a fifth of the image's area, in one corner after another of a
    smooth background: the center of the heat of the photo's own class lies in the photo."""
    hits, side = [], 100
    for path, index in insects:
        corner = len(hits) % 4
        top, left = 124 * (corner // 2), 124 * (corner % 2)
        image = background(len(hits))
        image[top : top + side, left : left + side] = center_crop(read_image(path), side)
        scores = bvlc(preprocess_input(image[None].astype("float32"), "channels_last"), training=False)
        if int(np.argmax(scores)) != index:
            continue
        heat = grad_cam(bvlc, image[None], [index])[0]
        rows, columns = np.mgrid[:224, :224]
        y, x = (heat * rows).sum() / heat.sum(), (heat * columns).sum() / heat.sum()
        hits.append(top <= y < top + side and left <= x < left + side)
        if len(hits) == 10:
            break
    assert len(hits) == 10
    assert sum(hits) >= 9, hits


def background(seed):
    """Soft spots of random colors, uint8 of shape (224, 224, 3)."""
    spots = np.random.default_rng(seed).normal(128, 40, (8, 8, 3)).clip(0, 255).astype("uint8")
    return np.array(Image.fromarray(spots).resize((224, 224), Image.Resampling.BICUBIC))
