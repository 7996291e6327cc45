"""The whole network against PyTorch and ONNX Runtime: deterministic weights everywhere, BVLC's where they are."""

import keras
import numpy as np
import pytest
from support import deterministic

from keras_googlenet import GoogLeNet, weights


@pytest.fixture(scope="module")
def drawn():
    model = GoogLeNet(weights=None)
    return model, deterministic.fill(model), deterministic.images(3)


@pytest.fixture(scope="module")
def bvlc(shared_data):
    path = shared_data / "bvlc_googlenet.npz"
    return GoogLeNet(weights=path), weights.read(path), deterministic.images(4, seed=1)


def test_every_row_equals_pytorch(drawn):
    pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
    from support import torch_twin

    model, arrays, images = drawn
    theirs = torch_twin.forward(arrays, images)
    outputs = {**model.endpoints, **dict(zip(model.output_names, model.outputs, strict=True))}
    ours = keras.Model(model.input, outputs).predict(images, verbose=0)
    assert set(theirs) == set(ours) - {"pool5_drop_7x7_s1"}
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, rtol=0, atol=1e-5 * np.abs(expected).max(), err_msg=name)


def test_probabilities_equal_onnx_runtime(drawn):
    pytest.importorskip("onnxruntime")
    from support import onnx_twin

    model, arrays, images = drawn
    expected = onnx_twin.forward(arrays, images)
    np.testing.assert_allclose(model.predict(images, verbose=0)[0], expected, rtol=0, atol=2e-6)


def test_bvlc_probabilities_equal_pytorch(bvlc):
    pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
    from support import torch_twin

    model, arrays, images = bvlc
    expected = torch_twin.forward(arrays, images)["predictions"]
    assert expected.max() > 0.4  # a decided network: agreement on uniform noise would prove little
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=0, atol=2e-6)


@pytest.mark.computes
def test_bvlc_probabilities_equal_onnx_runtime(bvlc):
    pytest.importorskip("onnxruntime")
    from support import onnx_twin

    model, arrays, images = bvlc
    np.testing.assert_allclose(model.predict(images, verbose=0), onnx_twin.forward(arrays, images), rtol=0, atol=2e-6)


@pytest.mark.computes
def test_the_classic_mistakes_would_be_noticed(drawn):
    """An oracle is worth what it can tell apart: undivided alpha, asymmetric padding, swapped normalization."""
    pytest.importorskip("onnxruntime")
    from support import onnx_twin

    from keras_googlenet.architecture import LRN, PAPER, edit

    def undivided(row):
        return LRN(row.name, alpha=1e-4) if isinstance(row, LRN) else row

    _, arrays, images = drawn
    expected = onnx_twin.forward(arrays, images)
    for table in (
        edit(PAPER, undivided, name="undivided"),
        edit(PAPER, lambda row: row, name="same", padding="same"),
        edit(PAPER, lambda row: None if row.name == "conv2_norm2" else row, name="half"),
    ):
        wrong = GoogLeNet(weights=None, variant=table, aux_heads=False)
        deterministic.fill(wrong)
        assert np.abs(wrong.predict(images, verbose=0) - expected).max() > 1e-4, table.name


@pytest.mark.computes
def test_ants_and_bees(bvlc, shared_data):
    """The real weights on real photos: ImageNet has an ant and a bee of its own."""
    import tarfile

    from keras_googlenet import decode_predictions, preprocess_input
    from keras_googlenet.data import center_crop
    from keras_googlenet.data.images import decode_image

    model = bvlc[0]
    index = shared_data / "imagenet_class_index.json"
    with tarfile.open(shared_data / "hymenoptera.tar") as archive:
        for kind, insects in (("ants", {"ant"}), ("bees", {"bee", "fly"})):
            names = sorted(n for n in archive.getnames() if f"/val/{kind}/" in n and n.endswith(".jpg"))[:32]
            pictures = [decode_image(archive.extractfile(n).read(), n) for n in names]
            views = np.stack([center_crop(picture, 224) for picture in pictures])
            named = decode_predictions(model.predict(preprocess_input(views), verbose=0), class_index=index)
            hits = sum(bool(insects & {name for _, name, _ in best}) for best in named)
            assert hits >= 24, (kind, hits)
