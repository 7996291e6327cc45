"""The releases of Keras and TensorFlow that the suite has passed on."""

import tomllib
from importlib import metadata

import keras
import pytest
from packaging.requirements import Requirement
from support.canary import versions
from support.public import ROOT

BOUNDED = ("keras", "tensorflow")


@pytest.fixture(scope="module")
def required():

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {requirement.name: requirement for requirement in map(Requirement, project["dependencies"])}


@pytest.mark.parametrize("name", BOUNDED)
def test_there_is_an_upper_bound(required, name):
    assert {bound.operator for bound in required[name].specifier} == {">=", "<"}


@pytest.mark.parametrize("name", BOUNDED)
def test_it_is_not_passed(required, name):
    seen = keras.version() if name == "keras" else metadata.version(name)
    assert required[name].specifier.contains(seen, prereleases=True), f"{versions()}: {required[name]}"
