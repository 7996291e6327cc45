"""Canaries of `keras_compat/argparse.py`."""

import argparse
import inspect

from support.canary import must


def test_a_parser_keeps_its_options():
    parser = argparse.ArgumentParser()
    action = parser.add_argument("--size", choices=("1", "2"))
    must(action in getattr(parser, "_actions", []), "`ArgumentParser` keeps no `_actions` (argparse.py)")


def test_choices_are_checked_in_one_place():
    check = getattr(argparse.ArgumentParser, "_check_value", None)
    must(check is not None, "`ArgumentParser` has no `_check_value` (argparse.py)")
    must(
        list(inspect.signature(check).parameters) == ["self", "action", "value"], "`_check_value` takes other arguments"
    )
