"""Root's rights: what a run that was started as root does with them, and how it gives them up.

`caller` says who started the run, `helper` keeps root's rights for a few requests, `drop` gives up the rest, and
`readable` keeps Python's modules within reach.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from netpreflight.agent.privilege import helper
from netpreflight.agent.privilege.caller import caller, file_owner
from netpreflight.agent.privilege.drop import become
from netpreflight.agent.privilege.helper import Helper
from netpreflight.agent.privilege.readable import read_later
from netpreflight.probes.observations import KeptRight, Privileges


class GivenUp(NamedTuple):
    """What a run that root started has left."""

    helper: Helper
    """Does the few things that need root."""
    kept: list[KeptRight]
    """What the system did not let go of."""

    def told(self, privileges: Privileges) -> Privileges:
        """The privileges of this process, with who started it and what became of root's rights."""
        return replace(privileges, user="root", given_up=True, kept=self.kept)


def give_up(files: Sequence[Path]) -> GivenUp | None:
    """Start the root helper for the files that -o names, then become an ordinary user; None: nothing to give up."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return None
    user = caller(os.environ)
    started = helper.start(files, file_owner())
    return GivenUp(started, become(user, read_later()))
