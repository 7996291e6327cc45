"""Fails where an environment holds more than the README's test command installs: its tests would prove too little.

python fresh.py ENVIRONMENT
"""

import configparser
import re
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path


def names(requirements):
    """The distributions that requirements name, normalized."""
    return {re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-") for requirement in requirements}


def main(environment):
    """Looks for packages of the other extras, and for packages from outside."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    meant = names(project["dependencies"] + extras["dev"])
    foreign = set().union(*map(names, extras.values())) - meant
    installed = {one.metadata["Name"].lower().replace("_", "-") for one in distributions()}
    settings = configparser.ConfigParser()
    settings.read_string("[venv]\n" + (Path(environment) / "pyvenv.cfg").read_text())
    if settings["venv"]["include-system-site-packages"] != "false":
        return f"{environment} sees the system's packages"
    if not meant <= installed:
        return f"{environment} lacks {', '.join(sorted(meant - installed))}"
    if foreign & installed:
        return f"{environment} was not fresh: it has {', '.join(sorted(foreign & installed))}"
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
