"""The plugin of the tests, and what `--doctest-modules` must pass over: what cannot be imported without its extra."""

import importlib.util

pytest_plugins = ["support.tiers"]

collect_ignore = [] if importlib.util.find_spec("keras_hub") else ["keras_googlenet/hub"]
