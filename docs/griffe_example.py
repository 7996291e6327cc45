"""Google's section is `Examples:`; Keras and this package write `Example:`. To Griffe it shall be the same."""

import re

import griffe


class Singular(griffe.Extension):
    """Renames the section before it is parsed."""

    def on_object(self, *, obj, **kwargs):
        """Called for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
