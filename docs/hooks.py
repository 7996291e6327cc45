"""What the site's build adds to MkDocs: the commands' help, and a check that nothing is fetched from elsewhere."""

import argparse
import os
import re
from pathlib import Path

from mkdocs.exceptions import PluginError

_FETCHED = re.compile(
    r"""<(?:script|link|img|iframe|source|video|object)\b[^>]*(?:src|href|data)=["']?(?:https?:)?//"""
)
_FETCHED_BY_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""")

# mkdocstrings puts a dash between a result's type and its description; docstrings here give no type.
_NAMELESS = re.compile(r'(<li class="doc-section-item field-body">)\s*\u2013\s*(?=<div)')


def on_page_markdown(markdown, page, **kwargs):
    """Puts the commands' own help where a page asks for it."""
    return re.sub(r"^<!-- help of (\w+) -->$", lambda found: _help(found[1]), markdown, flags=re.MULTILINE)


def on_post_page(output, page, **kwargs):
    """Refuses a page that would fetch a script, a style, a font or a picture from another host."""
    found = _FETCHED.search(output)
    if found:
        raise PluginError(f"{page.file.src_uri}: the page fetches something from another host: {found[0]}")
    return _NAMELESS.sub(r"\1", output)


def on_post_build(config, **kwargs):
    """Likewise for the style sheets."""
    for path in Path(config.site_dir).rglob("*.css"):
        found = _FETCHED_BY_STYLE.search(path.read_text(encoding="utf-8"))
        if found:
            raise PluginError(f"{path}: the style sheet fetches something from another host: {found[0]}")


def _help(name):
    from keras_googlenet.cli import COMMANDS
    from keras_googlenet.cli.parser import parser

    os.environ["COLUMNS"] = "100"
    commands = next(one for one in parser(COMMANDS)._actions if isinstance(one, argparse._SubParsersAction))
    return f"```text\n{commands.choices[name].format_help().rstrip()}\n```"
