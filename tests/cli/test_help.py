"""Help and mistakes in the arguments: what they say, and that they are answered without Keras."""

import dataclasses
import os
import re
import runpy
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from keras_googlenet import architecture, training, weights
from keras_googlenet.cli import COMMANDS, main
from keras_googlenet.training.recipes.recipe import Recipe

HEAVY = ("keras", "tensorflow", "tensorflow_datasets", "numpy", "PIL", "h5py", "matplotlib", "sklearn")
REPORT = f"""
import atexit, sys, keras_googlenet_command
atexit.register(lambda: print("LOADED:", *sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr))
sys.exit(keras_googlenet_command.main())
"""


def command(*arguments, code=REPORT, **environment):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        *(([name, "--help"], 0) for name in COMMANDS),
        (["trian"], 2),
        (["train", "--epohcs", "3"], 2),
        (["export", "imagenet", "x", "--format", "onxx"], 2),
        (["predict"], 2),
    ],
)
def test_help_and_mistakes_do_not_wait_for_keras(arguments, status):
    done = command(*arguments)
    assert done.returncode == status
    assert done.stderr.splitlines()[-1] == "LOADED:"
    assert "keras-googlenet" in (done.stderr if status else done.stdout)


@pytest.mark.spawns
def test_a_command_runs_with_the_whole_package():
    """Its classes are registered with Keras, as they are where Python imports the package."""
    code = (
        "import sys, keras_googlenet_command; status = keras_googlenet_command.main(); import keras, keras_googlenet; "
        "print(keras.saving.get_registered_object('keras_googlenet>GoogLeNetModel') is keras_googlenet.GoogLeNetModel)"
    )
    done = command("summary", "none.keras", code=code)
    assert "No such model" in done.stderr
    assert done.stdout == "True\n"


@pytest.mark.parametrize("variant", architecture.VARIANTS)
def test_a_variants_summary_does_not_wait_for_keras(variant):
    done = command("summary", variant, "--image-size", "64")
    assert done.stdout.startswith(f"{variant}: 64x64 input"), done.stderr
    assert done.stderr == "LOADED:\n"


def test_python_dash_m(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["keras_googlenet", "trian"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("keras_googlenet", run_name="__main__")
    assert caught.value.code == 2
    assert "Did you mean 'train'?" in capsys.readouterr().err


def test_the_command_is_installed(capsys, monkeypatch):
    found = [entry for entry in entry_points(group="console_scripts") if entry.name == "keras-googlenet"]
    if not found:
        pytest.skip("the package is not installed")
    monkeypatch.setattr(sys, "argv", ["keras-googlenet", "summary", "--classes", "7"])
    assert found[0].load()() == 0
    assert "7 classes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "must be one of train, evaluate, .* Received: 'trian'. Did you mean 'train'"),
        (["predikt", "imagenet", "a.jpg"], "Did you mean 'predict'"),
        (["train", "--epohcs", "3"], "Received: '--epohcs 3'. Did you mean '--epochs'"),
        (["train", "--batchsize=3"], "Did you mean '--batch-size'"),
        (["train", "--strategy", "miror"], "must be one of auto, .* Received: 'miror'. Did you mean 'mirrored'"),
        (["train", "--preset", "smal_images"], "Did you mean 'small_images'"),
        (["train", "--set", "learnig_rate=1"], "Did you mean 'learning_rate'"),
        (["train", "--set", "schedule=polinomial"], "Did you mean 'polynomial'"),
        (["train", "--weights", "imagnet"], "Received: weights='imagnet'. Did you mean 'imagenet'"),
        (["export", "imagenet", "x", "--format", "savedmodle"], "Did you mean 'savedmodel'"),
        (["evaluate", "imagenet", "--split", "trian"], "Did you mean 'train'"),
        (["evaluate", "imagenet", "--crops", "11"], "must be one of 1, 10, 144. Received: 11$"),
        (["predict", "imagnet", "a.jpg"], "Received: 'imagnet'. Did you mean 'imagenet'"),
        (["predict", "imagenet_torchvison", "a.jpg"], "Did you mean 'imagenet_torchvision'"),
        (["predict", "model.kears", "a.jpg"], "Did you mean '.keras'"),
        (["convert", "imagenet", "x.kears"], "Did you mean '.keras'"),
        (["summary", "batchnrom"], "Received: 'batchnrom'. Did you mean 'batchnorm'"),
        (["summary", "paper", "slim"], "unrecognized arguments. Received: 'slim'.$"),
    ],
)
def test_the_nearest_is_named(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(arguments)
    except SystemExit as exit:
        status = exit.code
    assert status == 2
    assert re.search(message, capsys.readouterr().err, re.MULTILINE)


def test_help_names_all_there_is(capsys):
    """Help is literal, for it may not import what it tells of."""
    printed = {}
    for arguments in (["--help"], ["train", "--help"], ["summary", "--help"]):
        with pytest.raises(SystemExit):
            main(arguments)
        printed[arguments[0]] = capsys.readouterr().out
    fields = printed["train"].partition("fields that --set knows")[2].partition("Examples:")[0]
    listed = {name for line in fields.splitlines()[1:] for name in re.findall(r"\w+", line[17:])}
    assert listed == {field.name for field in dataclasses.fields(Recipe)}
    presets = printed["train"].partition("A preset sets")[2].partition("The fields")[0]
    assert {line.split()[0] for line in presets.splitlines()[1:] if line} == set(training.PRESETS)
    named = re.search(r"published weights \((.*?)\)", printed["--help"], re.DOTALL)[1]
    assert set(re.split(r"\s+or\s+", named)) == set(weights.REGISTRY)
    assert all(name in printed["summary"] for name in architecture.VARIANTS)
