"""This program's name as the user types it, for the commands that are told."""

import re
import shlex
from collections.abc import Mapping

_COMMANDS = "check|compare|devices|doctor|explain|report|rules"
_COMMAND = re.compile(rf"\bnetpreflight(?= (?:(?:{_COMMANDS})\b|--))")
"""This program's name where a command of it is told."""


def called(environment: Mapping[str, str]) -> str:
    """This program's name, as the user typed it: `./netpreflight` tells it, and else it is installed."""
    name = environment.get("NETPREFLIGHT_CALLED", "")
    return shlex.quote(name) if name and name.isprintable() else "netpreflight"


def as_called(text: str, program: str) -> str:
    """A text with this name in the commands that it tells."""
    return _COMMAND.sub(lambda _: program, text)
