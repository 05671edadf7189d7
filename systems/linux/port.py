"""Whether this laptop authenticates by 802.1X at its switch port, by running programs and their settings."""

import contextlib
import itertools
from collections.abc import Sequence
from pathlib import Path

from netpreflight.systems.programs import output_of

_WIRED_DAEMON = "ead"
"""iwd's daemon for 802.1X on cables."""


async def authentication(adapter: str, processes: Path = Path("/proc")) -> str | None:
    """Which program or setting authenticates an interface by 802.1X, in words; None: none is known.

    Args:
        adapter: the interface.
        processes: the folder in which the system lists processes.
    """
    program = running(adapter, processes)
    if program is not None:
        return f"{program} is running for it"
    connection = parse_connection(
        await output_of("nmcli", "--terse", "--fields", "GENERAL.CON-UUID", "device", "show", adapter)
    )
    if connection is not None:
        told = await output_of("nmcli", "--terse", "--fields", "802-1x.eap", "connection", "show", connection)
        if parse_methods(told):
            return "NetworkManager's connection has 802.1X set"
    return None


def running(adapter: str, processes: Path) -> str | None:
    """The name of a program that authenticates an interface by 802.1X; None: none is running."""
    for folder in processes.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if logs_in(words, adapter):
                return Path(words[0]).name
    return None


def logs_in(words: Sequence[str], adapter: str) -> bool:
    """Whether this is the command line of a program that authenticates an interface (wpa_supplicant(8), `-D wired`)."""
    name = Path(words[0]).name if words else ""
    if name == _WIRED_DAEMON:
        return True
    if name != "wpa_supplicant":
        return False
    drivers = _values(words, "-D")
    return any("wired" in driver.split(",") for driver in drivers) and adapter in _values(words, "-i")


def parse_connection(text: str) -> str | None:
    """The UUID of an interface's connection from `nmcli --terse`; None: it has none."""
    _, _, uuid = text.strip().partition(":")
    return uuid if uuid.strip("-") else None


def parse_methods(text: str) -> str | None:
    """The EAP methods of a connection from `nmcli --terse`; None: it has no 802.1X."""
    _, _, methods = text.strip().partition(":")
    return methods if methods.strip("-") else None


def _values(words: Sequence[str], option: str) -> list[str]:
    """The values of a one-letter option: each is the rest of the option's word, or the next word."""
    found = [word.removeprefix(option) for word in words if word.startswith(option) and word != option]
    return found + [value for word, value in itertools.pairwise(words) if word == option]
