"""Which program manages a radio on Linux, and whether the user of this terminal is logged in from elsewhere."""

import contextlib
import os
import shutil
from pathlib import Path

_NETWORK_MANAGER = "NetworkManager"
_OTHERS = ("iwd", "wpa_supplicant", "dhcpcd", "dhclient", "connmand", "systemd-network")
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
_MOST_PARENTS = 64


def find(name: str) -> str | None:
    """Where a program is, also in the folders of the administrator's programs; None: it is not installed."""
    return shutil.which(name) or shutil.which(name, path=_SBIN)


def radio_manager(adapter: str, processes: Path = Path("/proc")) -> str | None:
    """The program that most likely manages a radio; None: none of those that are known is running.

    A wpa_supplicant without an interface on its command line is the one that NetworkManager uses.
    """
    running: dict[str, list[str]] = {}
    for folder in processes.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            running[name] = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    supplicant_words = running.get("wpa_supplicant", [])
    if "iwd" in running:
        return "iwd"
    if any(word in {adapter, f"-i{adapter}"} for word in supplicant_words):
        return "wpa_supplicant"
    if _NETWORK_MANAGER in running:
        return _NETWORK_MANAGER
    return next((name for name in _OTHERS if name in running), None)


def remote_session(processes: Path = Path("/proc"), pid: int | None = None) -> str | None:
    """The address of this laptop to which the user who started this process is connected by SSH; None: to none.

    Empty: the user is logged in by SSH, but the address is not known. `sudo` removes the variable SSH_CONNECTION, so
    it is looked for in the environments of the parent processes, too.
    """
    pid = pid or os.getpid()
    for _ in range(_MOST_PARENTS):
        folder = processes / str(pid)
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            variables = []
        variable = next((entry for entry in variables if entry.startswith(b"SSH_CONNECTION=")), b"")
        words = variable.decode(errors="replace").split()
        if len(words) == 4:
            return words[2]
        try:
            name, _, rest = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")
            pid = int(rest.split()[1])
        except (OSError, ValueError, IndexError):
            return None
        if name.partition("(")[2].startswith("sshd"):
            return ""
        if pid <= 1:
            return None
    return None
