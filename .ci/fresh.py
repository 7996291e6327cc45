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


def needed(distribution):
    """The requirements of a distribution itself, without those of its extras."""
    return [one for one in distribution.requires or () if "extra ==" not in one]


def closure(meant, installed):
    """Distributions, and what comes with them: another extra may name one of these, too, such as pyarrow."""
    found, new = set(), meant
    while new:
        found |= new
        new = set().union(*(installed.get(name, set()) for name in new)) - found
    return found


def main(environment):
    """Looks for packages of the other extras, and for packages from outside."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    meant = names(project["dependencies"] + extras["dev"])
    installed = {names([one.metadata["Name"]]).pop(): names(needed(one)) for one in distributions()}
    brought = closure(meant, installed)
    foreign = set().union(*map(names, extras.values())) - brought
    settings = configparser.ConfigParser()
    settings.read_string("[venv]\n" + (Path(environment) / "pyvenv.cfg").read_text())
    if settings["venv"]["include-system-site-packages"] != "false":
        return f"{environment} sees the system's packages"
    if not meant <= installed.keys():
        return f"{environment} lacks {', '.join(sorted(meant - installed.keys()))}"
    if foreign & installed.keys():
        return f"{environment} was not fresh: it has {', '.join(sorted(foreign & installed.keys()))}"
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
