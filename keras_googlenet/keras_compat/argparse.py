"""What argparse keeps to itself: a parser's options, and what it says of a value that is no choice.

Why: a misspelt option or choice is answered with the nearest that there is. Python 3.14 suggests names by itself; this
serves 3.11, too, and options as well as choices.
What breaks it: `_actions` or `_check_value` of `ArgumentParser` under another name, or with other arguments.
"""

import argparse


class OpenParser(argparse.ArgumentParser):
    """A parser that can be asked for its options, and words the refusal of a choice by `no_choice`."""

    def options(self):
        """The options' names, a list of text, each with its leading `-` or `--`."""
        return [option for action in self._actions for option in action.option_strings]

    def no_choice(self, value, choices):
        """What is said of a value that is none of the choices, which are text."""
        raise NotImplementedError

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            raise argparse.ArgumentError(action, self.no_choice(value, list(map(str, action.choices))))
