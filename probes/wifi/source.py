"""What all sources of Wi-Fi results share: how they report that they cannot look, and how they make blocking calls."""

import asyncio
import contextlib
import contextvars
import errno
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from msgspec import structs

from netpreflight.probes import observations
from netpreflight.probes.observations import LONGEST_SSID, Bss, band_of
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.wifi.elements import bss, hides_name, outline, ssid_text

Result = TypeVar("Result")
Tell = Callable[[str, str], None]
"""Called with the name of a call to a part of the system, and with its outcome, for `--debug`. The call's arguments and
answer are left out, because they may hold names and secrets."""
PREFERRED_6GHZ = range(5975, 7126, 80)
"""Preferred scanning channels in MHz (802.11ax, 26.17.2.3.3): 6 GHz-only access points announce themselves there."""
NAME_FROM_RESPONSE = "Its beacons hide the name; the name is from a probe response"
MOST_REVISITS = 2
"""How many more times to look for the target network if it was not heard: a single lost beacon proves nothing."""
AS_ROOT = f"Run netpreflight {observations.AS_ROOT}."
CAPTURE_INSTEAD = (
    "Use a laptop with Wi-Fi, or give a capture (--capture FILE); --skip wifi judges the rest without the air."
)
NOT_ASKED = "whether this system allows a scan is known only after a scan was tried"
"""The sentence for `limits` on Windows and macOS, if a run asks without a scan whether a scan would be allowed."""


def left_out(unsound: int) -> str:
    """The sentence for `limits` about this many results that describe no network that a device could join."""
    results = "1 result that does" if unsound == 1 else f"{unsound} results that do"
    return f"left out: {results} not describe a network a device could join"


class SourceUnavailable(Exception):  # noqa: N818 - a state of the laptop, not a fault of the program
    """A source cannot look at the air.

    Attributes:
        reason: why, in plain words: lower-case at the start, no full stop.
        unlocked_by: the one step that would change that, as a whole sentence; None if it is not known.
    """

    def __init__(self, reason: str, unlocked_by: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unlocked_by = unlocked_by


class NoRadio(SourceUnavailable):
    """There is no radio, or it is off, so no other source that needs a radio would help either."""


def tell_nobody(_method: str, _outcome: str) -> None:
    """Report nothing: the `Tell` for a source whose calls are not traced."""


@dataclass
class Ending:
    """How a call to a part of the system ended: `ok`, or a short text that says how it failed."""

    outcome: str = "ok"


@contextlib.contextmanager
def told(tell: Tell, method: str) -> Iterator[Ending]:
    """Report how the call made in this block ends: by the outcome set on the `Ending`, or by the name of its error."""
    ending = Ending()
    try:
        yield ending
    except BaseException as problem:
        error_number = problem.errno if isinstance(problem, OSError) else None
        ending.outcome = errno.errorcode.get(error_number or 0) or type(problem).__name__
        raise
    finally:
        tell(method, ending.outcome)


async def in_thread(work: Callable[[], Result], deadline_s: float) -> Result:
    """Run blocking `work` in a thread; it blocks neither the event loop nor the program's exit.

    Raises:
        TimeoutError: `work` has not returned within `deadline_s`; the thread is abandoned.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, problem: BaseException | None) -> None:
        """Pass the result or the exception to the event loop, unless nobody waits any more."""
        if done.done():
            return
        if problem is not None:
            done.set_exception(problem)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where that is the result

    def run() -> None:
        """Do the work, and hand its outcome to the event loop."""
        outcome: Callable[[], None]
        try:
            outcome = partial(settle, work(), None)
        except BaseException as problem:  # noqa: BLE001 - it is raised again where the result is awaited
            outcome = partial(settle, None, problem)
        with contextlib.suppress(RuntimeError):  # the loop has gone
            loop.call_soon_threadsafe(outcome)

    context = contextvars.copy_context()  # so that internal errors are kept for the probe that waits
    threading.Thread(target=lambda: context.run(run), name="wifi source", daemon=True).start()
    async with asyncio.timeout(deadline_s):
        return await done


def of_both(beacon: bytes | None, response: bytes | None, *, prefer_response: bool, **about: Any) -> Bss:
    """Decode a BSS from its last beacon and its last probe response, one of which may be missing.

    The beacon is decoded, or the probe response if there is no beacon or `prefer_response` is set (`about` is passed to
    `bss`). The other frame only adds what it alone can have: a probe response the name that the beacon hides, a beacon
    the DTIM period.

    Raises:
        ValueError: the elements describe no network that a device could join.
    """
    takes_response = beacon is None or (prefer_response and response is not None)
    hidden = hides_name(beacon)
    candidate = bss((response if takes_response else beacon) or b"", hidden=hidden, **about)
    if beacon is None or response is None:
        return candidate
    name = outline(response)[0] or b""
    if any(name) and len(name) <= LONGEST_SSID and hidden:
        notes = [*candidate.contradictions, NAME_FROM_RESPONSE]
        candidate = structs.replace(candidate, ssid=ssid_text(name), ssid_hex=name.hex(), contradictions=notes)
    if takes_response:
        with contextlib.suppress(ValueError):
            candidate = structs.replace(candidate, dtim_period=bss(beacon, **about).dtim_period)
    return candidate


def without_twins(found: list[Bss]) -> list[Bss]:
    """Leave out the nameless entry of a hidden network if there is also an entry with its name: Linux lists both."""
    named = {(candidate.bssid, candidate.frequency_mhz) for candidate in found if candidate.ssid and candidate.hidden}
    return [
        candidate
        for candidate in found
        if candidate.ssid != "" or (candidate.bssid, candidate.frequency_mhz) not in named
    ]


def unheard(name: bytes, visits: int) -> str:
    """The sentence for `limits` that a network was not heard on this many visits to the 2.4 GHz channels."""
    times = {1: "one visit", 2: "two visits", 3: "three visits"}.get(visits, f"{visits} visits")
    return f"no access point named {in_quotes(ssid_text(name))} was heard on 2.4 GHz, on {times}"


def band_name(frequency_mhz: int) -> str:
    """`2.4 GHz`, `5 GHz` or `6 GHz`."""
    return f"{band_of(frequency_mhz) or '?'} GHz"


def age_of(found: list[Bss]) -> str:
    """How old these results are, in words, such as `3 s to 2 minutes old`."""
    ages = [candidate.age_s for candidate in found if candidate.age_s is not None]
    if not ages:
        return "of unknown age"
    youngest, oldest = (f"{age:.0f} s" if age < 120 else f"{age / 60:.0f} minutes" for age in (min(ages), max(ages)))
    return f"{youngest} old" if youngest == oldest else f"{youngest} to {oldest} old"
