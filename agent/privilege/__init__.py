"""Root's rights: what a run that was started as root does with them, and how it gives them up.

`caller` says who started the run, `helper` is a process that keeps root's rights for a few requests, `drop` gives up
root's rights in the run itself, and `readable` keeps Python's modules readable for the user that the run becomes.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from netpreflight.agent.privilege import helper
from netpreflight.agent.privilege.caller import caller, file_owner
from netpreflight.agent.privilege.drop import become
from netpreflight.agent.privilege.helper import Helper
from netpreflight.agent.privilege.readable import read_later
from netpreflight.probes.observations import KeptRight, Privileges
from netpreflight.systems import SYSTEM

if TYPE_CHECKING:
    from netpreflight.agent.kept_runs import KeptRun


class GivenUp(NamedTuple):
    """That this run gave up root's rights, and which of them it could not give up."""

    kept: list[KeptRight]
    """The rights that the system did not let the run give up."""

    def told(self, privileges: Privileges) -> Privileges:
        """The same privileges, noting that root started the run, and which of root's rights it still has."""
        return replace(privileges, user="root", given_up=True, kept=self.kept)


def start_helper(files: Sequence[Path], kept_run: "KeptRun | None" = None) -> Helper | None:
    """Start the root helper; None: this process has no root's rights to give up, so it needs no helper.

    Args:
        files: the files that -o names.
        kept_run: where the run is kept for later commands; None: it is not kept.
    """
    if not SYSTEM.may_give_up_privileges():
        return None
    return helper.start(files, file_owner(), kept_run.for_helper() if kept_run else None)


def give_up(started: Helper | None, *, reads_port: bool = False, only_to_caller: bool = False) -> GivenUp | None:
    """Become an ordinary user, after the helper was started.

    Args:
        started: the helper; None: there are no root's rights to give up.
        reads_port: whether the run reads a serial port, which it may have to open again.
        only_to_caller: stay root if nobody called sudo: no other user could go on writing to root's files.

    Returns:
        What became of root's rights; None: this process gave up nothing.
    """
    if started is None:
        return None
    user = caller(os.environ)
    if only_to_caller and not user.has_called:
        return None
    return GivenUp(become(user.with_ports() if reads_port else user, read_later()))
