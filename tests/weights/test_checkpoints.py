"""PyTorch's checkpoints as people have them: their containers, prefixes, types, and what stands above the trunk."""

import argparse
import collections
import contextlib
import copy
import pickle
import sys
import warnings

import numpy as np
import pytest
from support import deterministic
from support.small import KEPT

from keras_googlenet import GoogLeNet, weights
from keras_googlenet.architecture import edit, wider
from keras_googlenet.architecture.variants import TORCHVISION
from keras_googlenet.weights import WeightsError, read
from keras_googlenet.weights import torchvision as pth
from keras_googlenet.weights.formats import format_of

NARROW = edit(
    wider(TORCHVISION, 0.125),
    lambda row: row if not row.name.startswith("inception") or row.name in KEPT else None,
    name="torchvision",
)
SHAPE = (32, 32, 3)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")


@pytest.fixture(scope="module")
def network():
    model = GoogLeNet(weights=None, variant=NARROW, classes=5, input_shape=SHAPE)
    arrays = deterministic.fill(model)
    return model.inference_model(), arrays


@pytest.fixture(scope="module")
def state(torch, network, tmp_path_factory):
    """torchvision's state dict of the network, with both heads."""
    path = tmp_path_factory.mktemp("state") / "x.pth"
    pth.write(path, network[1])
    return dict(torch.load(path, weights_only=True))


def loaded(path, classes=5, **options):
    return GoogLeNet(weights=path, variant=NARROW, classes=classes, input_shape=SHAPE, **options)


def assert_same(model, network):
    images = np.random.default_rng(0).normal(0, 60, (2, *SHAPE)).astype("float32")
    np.testing.assert_array_equal(model(images, training=False), network[0](images, training=False))


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


PREFIXES = ["_orig_mod.", "module.", "model.", "net.", "backbone.", "module._orig_mod.", "_orig_mod.module.", "a.b.c."]


SUFFIXES = [".pth", ".pt", ".pth.tar", ".bin", ".ckpt", ".PTH"]


@pytest.mark.parametrize(
    ("prefix", "suffix"), [*((prefix, ".pth") for prefix in PREFIXES), *(("module.", suffix) for suffix in SUFFIXES)]
)
def test_prefixes_and_suffixes(torch, state, network, tmp_path, prefix, suffix):
    path = tmp_path / f"net{suffix}"
    torch.save(prefixed(state, prefix), path)
    assert format_of(path).variant == "torchvision"
    assert_same(loaded(path), network)


@pytest.mark.parametrize(
    "key", ["state_dict", "model_state_dict", "model", "net", "weights", "ema_state_dict", "model_ema", "x"]
)
@pytest.mark.parametrize("legacy", [False, True])
def test_containers(torch, state, network, tmp_path, key, legacy):
    content = {
        key: collections.OrderedDict(state),
        "epoch": 3,
        "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]},
    }
    torch.save(content, tmp_path / "x.pth", _use_new_zipfile_serialization=not legacy)
    assert_same(loaded(tmp_path / "x.pth"), network)


def test_containers_in_containers(torch, state, network, tmp_path):
    torch.save({"checkpoint": {"model": prefixed(state, "module.")}, "step": 1}, tmp_path / "x.pth")
    assert_same(loaded(tmp_path / "x.pth"), network)


def test_wrappers_of_parts(torch, state, network, tmp_path):
    """Blocks compiled one by one."""
    inner = {name.replace("branch2.", "branch2._orig_mod."): tensor for name, tensor in state.items()}
    torch.save(inner, tmp_path / "x.pth")
    assert_same(loaded(tmp_path / "x.pth"), network)


@pytest.mark.parametrize("averages", ["ema_state_dict", "model_ema", "state_dict_ema", "ema", "swa_model"])
def test_averaged_weights_go_first_and_are_named(torch, state, network, tmp_path, averages):
    other = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
    average = {"n_averaged": torch.tensor(7), **prefixed(state, "module.")}
    torch.save({"model": other, averages: average}, tmp_path / "x.pth")
    with pytest.warns(
        UserWarning, match=f"2 networks: model, {averages}. Taken: '{averages}', whose weights are averages"
    ):
        model = loaded(tmp_path / "x.pth")
    assert_same(model, network)


def test_several_networks_under_prefixes(torch, state, network, tmp_path):
    other = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
    torch.save({"state_dict": {**prefixed(other, "teacher."), **prefixed(state, "model.")}}, tmp_path / "x.ckpt")
    with pytest.warns(UserWarning, match=r"2 networks: teacher\., model\.\. Taken: 'model\.'"):
        model = loaded(tmp_path / "x.ckpt")
    assert_same(model, network)


def test_lightnings_checkpoint(torch, state, network, tmp_path):
    """With its loops, hyperparameters and a loss with weights, which are no part of the network."""
    content = {
        "epoch": 1,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {**prefixed(state, "model."), "criterion.weight": torch.ones(5)},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.9), "dirpath": tmp_path}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": []}],
        "hyper_parameters": argparse.Namespace(lr=0.1),
    }
    torch.save(content, tmp_path / "last.ckpt")
    with pytest.warns(UserWarning, match=r"more than the network 'model\.', which is left out: criterion\.weight"):
        model = loaded(tmp_path / "last.ckpt")
    assert_same(model, network)


def test_a_training_scripts_arguments_and_numpys_scalars(torch, state, network, tmp_path):
    """Objects that are no tensors, which PyTorch alone refuses: they are passed over, and none of them comes to be."""

    class Trap:
        def __reduce__(self):
            return (print, ("ran",))

    content = {"model": state, "args": argparse.Namespace(lr=0.1), "best": np.float64(0.9), "trap": Trap()}
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "x.pth", weights_only=True)
    assert_same(loaded(tmp_path / "x.pth"), network)


def test_nothing_runs_and_nothing_stays_allowed(torch, state, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "pwned"), "w"))

    allowed = set(torch.serialization.get_safe_globals())
    for legacy in (False, True):
        torch.save({"model": state, "evil": Evil()}, tmp_path / "x.pth", _use_new_zipfile_serialization=not legacy)
        with contextlib.suppress(WeightsError):
            read(tmp_path / "x.pth")
        assert not (tmp_path / "pwned").exists()
        assert set(torch.serialization.get_safe_globals()) == allowed


def test_a_whole_module_is_refused(torch, tmp_path):
    module = torch.nn.Linear(2, 2)
    for legacy in (False, True):
        for content, kind in ((module, "Linear"), ({"model": module, "epoch": 3}, "Linear")):
            torch.save(content, tmp_path / "x.pth", _use_new_zipfile_serialization=not legacy)
            with pytest.raises(WeightsError, match=rf"holds a pickled object of \S*{kind}.*model\.state_dict\(\)"):
                read(tmp_path / "x.pth")


def test_a_program_is_refused(torch, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "x.pt"))
    with pytest.raises(WeightsError, match=r"x\.pt: it holds a TorchScript program.*model\.state_dict\(\)"):
        read(tmp_path / "x.pt")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_tensors_of_other_types_and_parameters(torch, state, network, tmp_path, dtype):
    cast = {
        name: torch.nn.Parameter(tensor.to(getattr(torch, dtype))) if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
    torch.save(cast, tmp_path / "x.pth")
    kernel = np.array(loaded(tmp_path / "x.pth").get_layer("conv1_7x7_s2").kernel)
    np.testing.assert_array_equal(kernel, cast["conv1.conv.weight"].float().detach().numpy().transpose(2, 3, 1, 0))


def wrapped(state, *names):
    """The classifier in the place of torchvision's, as `Sequential` numbers its parts."""
    state = copy.copy(state)
    for name in names:
        for part in ("weight", "bias"):
            module, _, index = name.rpartition(".")
            state[f"{name}.{part}"] = state.pop(f"{module}.{part}")
            assert index.isdigit()
    return state


@pytest.mark.parametrize("names", [("fc.0",), ("fc.1",), ("fc.1", "aux1.fc2.1", "aux2.fc2.1")])
def test_a_wrapped_classifier_is_the_classifier(torch, state, network, tmp_path, names):
    torch.save(wrapped(state, *names), tmp_path / "x.pth")
    assert_same(loaded(tmp_path / "x.pth"), network)
    if len(names) == 3:
        three = loaded(tmp_path / "x.pth", aux_heads=True)
        np.testing.assert_array_equal(np.array(three.get_layer("aux1").kernel), network[1]["aux1/kernel"])


@pytest.mark.parametrize("options", [{"include_top": False}, {"classes": 7}, {"classes": 5}])
def test_two_layers_in_its_place_are_left_out(torch, state, network, tmp_path, options):
    state = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
    state |= {"fc.0.weight": torch.ones(64, 128), "fc.0.bias": torch.ones(64)}
    state |= {"fc.3.weight": torch.ones(5, 64), "fc.3.bias": torch.ones(5)}
    torch.save({"model": prefixed(state, "module.")}, tmp_path / "x.pth")
    with pytest.warns(UserWarning, match=r"left out: fc\.0, fc\.3") as caught:
        model = loaded(tmp_path / "x.pth", **options)
    said = str(caught[-1].message)
    assert ("stay as initialized: predictions. Train them" in said) == ("classes" in options)
    np.testing.assert_array_equal(model.get_layer("conv1_7x7_s2").kernel, network[1]["conv1_7x7_s2/kernel"])


def test_a_head_beside_the_backbone_is_left_out(torch, state, network, tmp_path):
    """As Lightning modules have it: `self.backbone.fc = Identity()`, `self.head = Linear(...)`."""
    trunk = {name: tensor for name, tensor in state.items() if not name.startswith(("fc.", "aux"))}
    content = {**prefixed(trunk, "backbone."), "head.weight": torch.ones(5, 128), "head.bias": torch.ones(5)}
    torch.save({"state_dict": content}, tmp_path / "x.ckpt")
    for options in ({"include_top": False}, {"classes": 7}):
        with pytest.warns(UserWarning, match=r"left out: head$"):
            loaded(tmp_path / "x.ckpt", **options)


def test_other_classes_take_torchvisions_trunk(torch, state, network, tmp_path):
    torch.save(state, tmp_path / "x.pth")
    with pytest.warns(UserWarning, match="stay as initialized: predictions. Train them before use"):
        model = loaded(tmp_path / "x.pth", classes=7)
    np.testing.assert_array_equal(model.get_layer("conv1_7x7_s2").kernel, network[1]["conv1_7x7_s2/kernel"])
    loaded(tmp_path / "x.pth", include_top=False)  # without a word


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_safetensors(torch, state, network, tmp_path, prefix, dtype):
    library = pytest.importorskip("safetensors.torch", reason="safetensors is in the extra `peers`")
    cast = {k: v.to(getattr(torch, dtype)).contiguous() if v.is_floating_point() else v for k, v in state.items()}
    library.save_file(prefixed(cast, prefix), tmp_path / "model.safetensors")
    model = loaded(tmp_path / "model.safetensors")
    kernel = cast["conv1.conv.weight"].float().numpy().transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(model.get_layer("conv1_7x7_s2").kernel, kernel)
    if dtype == "float32":
        assert_same(model, network)


def test_safetensors_damaged(torch, state, tmp_path):
    library = pytest.importorskip("safetensors.torch", reason="safetensors is in the extra `peers`")
    path = tmp_path / "x.safetensors"
    library.save_file(state, path)
    whole = path.read_bytes()
    for content in (whole[:-10], whole[:100], b"\xff" * 8 + whole[8:], whole[:8] + b"{}" + whole[10:]):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=r"Cannot read .*x\.safetensors\. Expected a \.safetensors file"):
            weights.read(path)


def test_files_are_read_without_pytorch(torch, state, tmp_path, monkeypatch):
    library = pytest.importorskip("safetensors.torch", reason="safetensors is in the extra `peers`")
    torch.save(state, tmp_path / "x.pth")
    library.save_file(state, tmp_path / "x.safetensors")
    for name in ("torch", "safetensors"):
        monkeypatch.setitem(sys.modules, name, None)
    pth, safe = weights.read(tmp_path / "x.pth"), weights.read(tmp_path / "x.safetensors")
    assert pth.keys() == safe.keys()
    assert all(np.array_equal(pth[name], safe[name]) for name in pth)
