"""This program's name as the user types it, for the commands that messages and reports name."""

import re
import shutil
import sys
from collections.abc import Mapping

_PLAIN = re.compile(r"[\w@+=:,./-]+", re.ASCII)
"""A word that no shell needs quoted."""
_COMMANDS = "check|compare|devices|doctor|explain|fleet|guided|led|log|report|rules|watch"
_COMMAND = re.compile(rf"\bnetpreflight(?= (?:(?:{_COMMANDS})\b|--))")
"""This program's name where a text names one of its commands, such as `netpreflight report`."""


def called(environment: Mapping[str, str]) -> str:
    """This program's name as the user typed it, quoted for the shell if necessary.

    `./netpreflight` and the executable pass it on in NETPREFLIGHT_CALLED; without that, the program is installed.
    """
    name = environment.get("NETPREFLIGHT_CALLED", "")
    if not name.isprintable():
        return "netpreflight"
    if not name or _PLAIN.fullmatch(name):
        return name or "netpreflight"
    from netpreflight.systems import SYSTEM  # noqa: PLC0415 - loaded only where the shell matters

    return SYSTEM.quoted(name) or "netpreflight"


def as_called(text: str, program: str) -> str:
    """The text, with `program` as this program's name in each command that the text names."""
    return _COMMAND.sub(lambda _: program, text)


def words(environment: Mapping[str, str]) -> list[str]:
    """The words that start this program again."""
    if getattr(sys, "frozen", False):  # the file that needs no Python
        return [sys.executable]
    path = shutil.which(environment.get("NETPREFLIGHT_CALLED", ""))
    return [path] if path else sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
