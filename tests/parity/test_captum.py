"""Attributions equal Captum's, on PyTorch's twin of the network: `pytest tests/parity/test_captum.py`."""

import copy
import warnings

import keras
import numpy as np
import pytest
from support import deterministic
from support.tiers import does

from keras_googlenet import GoogLeNet
from keras_googlenet.visualize import (
    channel_attribution,
    grad_cam_plus_plus,
    guided_backpropagation,
    integrated_gradients,
    occlusion,
    saliency,
    smooth_grad,
)
from keras_googlenet.visualize.attribution.cam import enlarged, layer_heat
from keras_googlenet.visualize.network import Network
from keras_googlenet.weights.assignment import targets

torch = pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
pytest.importorskip("captum", reason="Captum is in the extra `peers`")

SIDE = 96
MEAN = np.float32([123, 117, 104])
CLASSES = [951, 314]
TOLERANCE = 1e-4
"""Relative to the largest attribution of an image."""


@pytest.fixture(scope="module", params=["deterministic", "bvlc"])
@does("computes")
def pair(request):
    """The network, PyTorch's twin of it with Captum's package, and two images."""
    from support.torch_module import GoogLeNet as Twin

    with warnings.catch_warnings(action="ignore"):  # of what Captum imports
        import captum.attr

    # In float64: in float32, rounding turns a ReLU here and there on one side, and all that it sees with it.
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    if request.param == "bvlc":
        weights = request.getfixturevalue("shared_data") / "bvlc_googlenet.npz"
        model = GoogLeNet(weights=weights, input_shape=(SIDE, SIDE, 3))
    else:
        model = GoogLeNet(weights=None, input_shape=(SIDE, SIDE, 3), aux_heads=False)
        deterministic.fill(model)
    keras.config.set_dtype_policy(before)
    arrays = {name: np.asarray(variable.numpy()) for name, variable in targets(model.layers).items()}
    images = deterministic.images(2, SIDE) + MEAN
    return Network(model), Twin(arrays).eval().double(), images, captum.attr


def to_torch(images):
    return torch.from_numpy((images - MEAN).transpose(0, 3, 1, 2).astype("float64").copy())


def from_torch(found):
    return found.detach().numpy().transpose(0, 2, 3, 1) if found.ndim == 4 else found.detach().numpy()


def assert_same(ours, theirs, tolerance=TOLERANCE):
    assert ours.dtype == np.float32
    assert ours.shape == theirs.shape
    assert np.abs(theirs).max() > 0
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * np.abs(other).max())


def attributed(attribution, images, **options):
    """What Captum says of images, or of what the network is given, a tensor."""
    x = images if torch.is_tensor(images) else to_torch(images)
    with warnings.catch_warnings(action="ignore"):  # that it sets hooks, and that it needs gradients
        return from_torch(attribution.attribute(x.requires_grad_(), target=CLASSES, **options))


def test_the_twin_scores_the_same(pair):
    network, twin, images, _ = pair
    ours = network.scores()(network.images.preprocess(images))
    np.testing.assert_allclose(ours, twin(to_torch(images)).detach().numpy(), rtol=1e-4, atol=1e-4)


def test_saliency(pair):
    network, twin, images, captum = pair
    theirs = attributed(captum.Saliency(twin), images, abs=False)
    assert_same(saliency(network, images, CLASSES, per_channel=True), theirs)
    assert_same(saliency(network, images, CLASSES), np.abs(theirs).max(-1))


@pytest.mark.parametrize("baseline", ["mean", "black"])
def test_integrated_gradients(pair, baseline):
    """Captum's default: 50 steps of the Gauss-Legendre rule; its baseline 0 is the mean's color here.

    At some of the steps a ReLU of some place is so near 0 that rounding turns it on or off: there the gradient is
    another one for all pixels which that place sees. So float32 is not float64, for Captum neither. What Captum
    computes in float64 is met as nearly as Captum's own float32 meets it.
    """
    network, twin, images, captum = pair
    start = {"mean": np.zeros_like(images), "black": np.broadcast_to(-MEAN, images.shape)}[baseline]

    def captums(dtype):
        module = copy.deepcopy(twin).to(dtype)
        x, baselines = to_torch(images).to(dtype), to_torch(start + MEAN).to(dtype)
        return attributed(captum.IntegratedGradients(module), x, n_steps=50, baselines=baselines)

    exact, rounded = captums(torch.float64), captums(torch.float32)
    ours = integrated_gradients(network, images, CLASSES, steps=50, baseline=baseline, per_channel=True)
    scale = np.abs(exact).max(axis=(1, 2, 3), keepdims=True)
    error, theirs = (np.sqrt(np.square((found - exact) / scale).mean()) for found in (ours, rounded))
    assert error < max(TOLERANCE, 2 * theirs)
    assert theirs < 1e-3
    assert ours.dtype == np.float32
    heat = integrated_gradients(network, images, CLASSES, steps=50, baseline=baseline)
    np.testing.assert_allclose(heat, ours.sum(-1), rtol=1e-4, atol=1e-5 * np.abs(ours).max())


def test_guided_backpropagation(pair):
    network, twin, images, captum = pair
    theirs = attributed(captum.GuidedBackprop(twin), images)
    assert_same(guided_backpropagation(network, images, CLASSES, per_channel=True), theirs)
    plain = saliency(network, images, CLASSES, per_channel=True)
    assert np.abs(plain - theirs).max() > 0.1 * np.abs(theirs).max()  # another thing than the gradient


@pytest.mark.parametrize(("window", "stride"), [(32, 32), (40, 24)])
def test_occlusion(pair, window, stride):
    """Windows that fit, and windows that overlap and stand out at the end."""
    network, twin, images, captum = pair
    theirs = attributed(
        captum.Occlusion(twin), images, sliding_window_shapes=(3, window, window), strides=(3, stride, stride)
    )
    assert_same(occlusion(network, images, CLASSES, window=window, stride=stride), theirs[..., 0])


LAYERS = ("5b", "4c", "mixed4b_3x3", "inception_3a_5x5_reduce", "conv2/3x3_reduce", "4c_pre_relu", "4b_3x3_pre_relu")


def part_of(twin, name):
    """What of PyTorch's twin makes an endpoint's maps."""
    if name == "conv2/3x3_reduce":
        return twin.conv2_reduce
    if len(name) == 2:
        return twin.modules_[name]
    module, column = name.removeprefix("mixed").removeprefix("inception_").split("_", 1)
    part = twin.modules_[module].parts[column.removesuffix("_pre_relu")]
    return part.conv if name.endswith("_pre_relu") else part


@pytest.mark.parametrize("layer", [name for name in LAYERS if name != "4c_pre_relu"])
def test_grad_cam(pair, layer):
    """Before it is enlarged; also of layers inside a module, and before their ReLU."""
    network, twin, images, captum = pair
    method = captum.LayerGradCam(twin, part_of(twin, layer))
    theirs = attributed(method, images, relu_attributions=True)[..., 0]
    assert_same(layer_heat(network, images, CLASSES, network.endpoint(layer)), theirs)


@pytest.mark.parametrize("layer", LAYERS)
def test_channels(pair, layer):
    """Activation times gradient; before the ReLU of a module that is each branch's, in a row."""
    network, twin, images, captum = pair
    if layer == "4c_pre_relu":
        ends = [twin.modules_["4c"].parts[column].conv for column in ("1x1", "3x3", "5x5", "pool_proj")]
        parts = [attributed(captum.LayerGradientXActivation(twin, end), images) for end in ends]
        theirs = np.concatenate(parts, -1)
    else:
        theirs = attributed(captum.LayerGradientXActivation(twin, part_of(twin, layer)), images)
    found = channel_attribution(network, images, CLASSES, layer=layer, per_place=True)
    assert_same(found, theirs)
    assert_same(channel_attribution(network, images, CLASSES, layer=layer), theirs.sum((1, 2)))


def test_channels_to_a_later_channel(pair):
    """What makes the strongest channel of 4d, by PyTorch's own gradients."""
    network, twin, images, _ = pair
    kept = {}
    hooks = [
        module.register_forward_hook(lambda _, __, output, name=name: kept.update({name: output}))
        for name, module in (("early", twin.modules_["4b"].parts["3x3"]), ("late", twin.modules_["4d"]))
    ]
    twin(to_torch(images))
    for hook in hooks:
        hook.remove()
    sums = kept["late"].sum((2, 3))
    channels = sums.argmax(1).tolist()
    (gradient,) = torch.autograd.grad(sums[range(2), channels].sum(), kept["early"])
    theirs = from_torch(gradient * kept["early"])
    found = channel_attribution(network, images, channels, layer="4b_3x3", later="4d", per_place=True)
    assert_same(found, theirs)


def test_grad_cam_plus_plus(pair):
    """Equations 5 and 19, place by place, with PyTorch's gradients: of the exponential of the score, three times."""
    network, twin, images, _ = pair
    kept = []
    hook = twin.modules_["4c"].register_forward_hook(lambda _, __, output: kept.append(output))
    scores = twin(to_torch(images))[range(2), CLASSES]
    hook.remove()
    (slopes,) = torch.autograd.grad(scores.sum(), kept[0])
    heats = []
    for maps, slope, score in zip(from_torch(kept[0]), from_torch(slopes), scores.tolist(), strict=True):
        y, heat = np.exp(np.float64(score)), 0
        for k in range(maps.shape[-1]):
            a, s, weight = maps[..., k].astype("float64"), slope[..., k].astype("float64"), 0.0
            for i, j in np.ndindex(*a.shape):
                first, second, third = (y * s[i, j] ** n for n in (1, 2, 3))
                below = 2 * second + a.sum() * third
                weight += (second / below if below else 0) * max(first, 0)
            heat = heat + weight * a
        heats.append(np.maximum(heat, 0) / y)
    expected = enlarged(network, "inception_4c", np.stack(heats), (SIDE, SIDE))
    assert_same(grad_cam_plus_plus(network, images, CLASSES, layer="4c"), expected)


def test_smooth_grad(pair):
    """Captum's saliency of the same noisy images, averaged."""
    network, twin, images, captum = pair
    found = smooth_grad(network, images, CLASSES, samples=5, noise=0.1, seed=3, per_channel=True)
    noise = np.random.default_rng(3).standard_normal((5, SIDE, SIDE, 3), "float32")
    x, mean = to_torch(images), np.zeros(images.shape)
    for one in torch.from_numpy(noise.transpose(0, 3, 1, 2).copy()):
        scale = 0.1 * (x.amax((1, 2, 3), keepdim=True) - x.amin((1, 2, 3), keepdim=True))
        mean += attributed(captum.Saliency(twin), (x + scale * one).detach(), abs=False) / 5
    assert_same(found, mean.astype("float32"))
