"""The fault boundary around each witness (a server or another source that a probe asks).

The code that reads what the network sends may have a fault. Whatever a server, record or packet says, an exception must
cost only that witness, and not the probe's other ones. The exception is kept for the run, which records it with its
traceback.
"""

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import Attempt

Seen = TypeVar("Seen")
MOST_FAULTS = 16
FAULTS: ContextVar[list[Exception]] = ContextVar("FAULTS")
"""The internal errors of the probe that is running, in order; the caller that runs a probe sets a new list."""


async def bounded(witness: Coroutine[Any, Any, Seen], instead: Callable[[str], Seen]) -> Seen:
    """Await a witness and return what it saw; if it raises, return `instead(reason in words)`."""
    try:
        return await witness
    except Exception as fault:  # noqa: BLE001 - whatever it is, only this witness is lost
        return instead(lost(fault))


def lost(fault: Exception) -> str:
    """Keep an internal error for the run; returns the text to record in place of the witness's answer."""
    faults = FAULTS.get([])
    if len(faults) < MOST_FAULTS:
        faults.append(fault)
    return f"netpreflight failed here: {type(fault).__name__}: {fault}"


def unread(network: Network, address: str, port: int, why: str) -> Attempt:
    """The attempt that stands for an exchange in which netpreflight itself failed: its outcome is not known."""
    return Attempt(at_s=network.elapsed(), address=address, port=port, outcome="unread", detail=why)
