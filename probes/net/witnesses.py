"""The fault boundary of a witness: whatever one server, record or packet says costs that witness at most.

What the network sends is read by code that may have a fault. An exception must not take the probe's other witnesses
with it. It is kept for the run, which records it with its traceback.
"""

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import Attempt

Seen = TypeVar("Seen")
MOST_FAULTS = 16
FAULTS: ContextVar[list[Exception]] = ContextVar("FAULTS")
"""The internal errors of the probe that runs now, in their order; whoever runs the probe sets a new list."""


async def bounded(witness: Coroutine[Any, Any, Seen], instead: Callable[[str], Seen]) -> Seen:
    """What a witness saw; where it fails, what `instead` makes of the reason in words."""
    try:
        return await witness
    except Exception as fault:  # noqa: BLE001 - whatever it is, only this witness is lost
        return instead(lost(fault))


def lost(fault: Exception) -> str:
    """Keep an internal error for the run; returns what to say in the witness's place."""
    faults = FAULTS.get([])
    if len(faults) < MOST_FAULTS:
        faults.append(fault)
    return f"netpreflight failed here: {type(fault).__name__}: {fault}"


def unread(network: Network, address: str, port: int, why: str) -> Attempt:
    """What stands for an exchange that failed here: nothing is known of it."""
    return Attempt(at_s=network.elapsed(), address=address, port=port, outcome="unread", detail=why)
