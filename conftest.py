"""Which modules `--doctest-modules` must pass over: those that cannot be imported without their extra."""

import importlib.util

collect_ignore = [] if importlib.util.find_spec("keras_hub") else ["keras_googlenet/hub"]
