"""The plugin of the tests, and what `--doctest-modules` must pass over: what cannot be imported without its extra."""

import importlib.util

pytest_plugins = ["support.tiers"]

NEEDS = {"keras_googlenet/hub": "keras_hub", "keras_googlenet/layers/jax_kernels.py": "jax"}

collect_ignore = [path for path, package in NEEDS.items() if not importlib.util.find_spec(package)]
