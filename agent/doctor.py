"""`netpreflight doctor`: what this laptop can and cannot measure, before a run. It contacts nobody."""

import asyncio

from netpreflight.agent.judging.abilities import abilities
from netpreflight.agent.results import Doctor
from netpreflight.probes.laptop import laptop
from netpreflight.probes.observations import Scope


def examine(scope: Scope, kept_in: str | None = None) -> Doctor:
    """Look at this laptop, and judge what a run could measure on it.

    Args:
        scope: this laptop and its interface, as a run would find them.
        kept_in: the folder in which runs are kept; None: not known.
    """
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        seen = runner.run(laptop(scope, kept_in))
    return Doctor(schema="netpreflight-doctor/1", abilities=abilities(seen))
