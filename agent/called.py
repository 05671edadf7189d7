"""This program's name as the user types it, for the commands that are told."""

import re
import shutil
import sys
from collections.abc import Mapping

_PLAIN = re.compile(r"[\w@+=:,./-]+", re.ASCII)
"""A word that every shell takes as it is."""
_COMMANDS = "check|compare|devices|doctor|explain|fleet|guided|led|log|report|rules|watch"
_COMMAND = re.compile(rf"\bnetpreflight(?= (?:(?:{_COMMANDS})\b|--))")
"""This program's name where a command of it is told."""


def called(environment: Mapping[str, str]) -> str:
    """This program's name, as the user typed it: `./netpreflight` tells it, and else it is installed."""
    name = environment.get("NETPREFLIGHT_CALLED", "")
    if not name.isprintable():
        return "netpreflight"
    if not name or _PLAIN.fullmatch(name):
        return name or "netpreflight"
    from netpreflight.systems import SYSTEM  # noqa: PLC0415 - loaded only where the shell matters

    return SYSTEM.quoted(name) or "netpreflight"


def as_called(text: str, program: str) -> str:
    """A text with this name in the commands that it tells."""
    return _COMMAND.sub(lambda _: program, text)


def words(environment: Mapping[str, str]) -> list[str]:
    """What starts this program once more."""
    if getattr(sys, "frozen", False):  # the file that needs no Python
        return [sys.executable]
    path = shutil.which(environment.get("NETPREFLIGHT_CALLED", ""))
    return [path] if path else sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
