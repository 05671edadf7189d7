"""Who started a run as root: the run becomes this user, and this user owns the files that the run writes."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from netpreflight.agent.output_files import FileOwner

FIRST_OWN_UID = 60_706
LAST_OWN_UID = 61_183
"""A range of user ids that neither Debian nor systemd assigns (systemd.io/UIDS-GIDS)."""


PORT_GROUPS = ("dialout", "uucp")
"""The groups that own serial ports: `dialout` by systemd's udev rules, `uucp` on Arch Linux."""


class Caller(NamedTuple):
    """A user without root's rights."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    name: str | None = None
    home: str = "/"
    has_called: bool = True
    """Whether this user called sudo or doas; if not, root itself started the run, and this user id is made up."""

    def with_ports(self) -> "Caller":
        """The same user, also in the groups that may open serial ports."""
        import grp  # noqa: PLC0415 - not there on Windows

        groups = [entry.gr_gid for entry in grp.getgrall() if entry.gr_name in PORT_GROUPS]
        return self._replace(groups=tuple(dict.fromkeys([*self.groups, *groups])))


def caller(environment: Mapping[str, str]) -> Caller:
    """The user who called sudo or doas; if root itself started the run, a user id that nothing on this system uses."""
    import pwd  # noqa: PLC0415 - not there on Windows

    with contextlib.suppress(KeyError, ValueError, OverflowError):
        if "DOAS_USER" in environment and "SUDO_UID" not in environment:
            uid = pwd.getpwnam(environment["DOAS_USER"]).pw_uid
        else:
            uid = int(environment["SUDO_UID"])
        if 0 < uid < 2**32 - 1:
            return _known(uid, environment.get("SUDO_GID", ""))
    return Caller(uid := _own_uid(), uid, has_called=False)


def file_owner() -> FileOwner | None:
    """The user to whom files that root writes are given; None: they stay with the user of this process."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    user = caller(os.environ)
    return FileOwner(user.uid, user.gid) if user.has_called else None


def _known(uid: int, gid_text: str) -> Caller:
    """The user with this id, with the groups, name and home that the system knows; root's group is left out."""
    import pwd  # noqa: PLC0415 - as above

    gid = int(gid_text) if gid_text.isdecimal() and 0 < int(gid_text) < 2**32 - 1 else None
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Caller(uid, gid or uid)
    gid = gid or entry.pw_gid or uid
    groups = os.getgrouplist(entry.pw_name, gid)
    return Caller(uid, gid, tuple(group for group in groups if group != 0), entry.pw_name, entry.pw_dir)


def _own_uid() -> int:
    """A user id that is not in /etc/passwd. Other sources of users are not asked, because they may use the network."""
    try:
        lines = Path("/etc/passwd").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    taken = {line.split(":")[2] for line in lines if line.count(":") > 2}
    return next((uid for uid in range(FIRST_OWN_UID, LAST_OWN_UID) if str(uid) not in taken), LAST_OWN_UID)
