"""Root's rights: what a run that was started as root does with them, and how it gives them up.

`caller` says who started the run, `helper` keeps root's rights for a few requests, `drop` gives up the rest, and
`readable` keeps Python's modules within reach.
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
    """What a run that root started has left."""

    kept: list[KeptRight]
    """What the system did not let go of."""

    def told(self, privileges: Privileges) -> Privileges:
        """The privileges of this process, with who started it and what became of root's rights."""
        return replace(privileges, user="root", given_up=True, kept=self.kept)


def start_helper(files: Sequence[Path], kept_run: "KeptRun | None" = None) -> Helper | None:
    """Start the root helper for the files that -o names, and for the run if root keeps it; None: nothing to give up."""
    if not SYSTEM.may_give_up_privileges():
        return None
    return helper.start(files, file_owner(), kept_run.for_helper() if kept_run else None)


def give_up(started: Helper | None, *, reads_port: bool = False, only_to_caller: bool = False) -> GivenUp | None:
    """Become an ordinary user, once the helper was started; without one there is nothing to give up.

    Args:
        started: the helper.
        reads_port: whether the run reads a serial port, which it may have to open again.
        only_to_caller: stay root where nobody called sudo: no other user may go on writing to root's files.
    """
    if started is None:
        return None
    user = caller(os.environ)
    if only_to_caller and not user.has_called:
        return None
    return GivenUp(become(user.with_ports() if reads_port else user, read_later()))
