"""What `netpreflight watch` says before, while and after it watches, and the metrics that it writes."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from netpreflight.agent.cli.screen import tell

if TYPE_CHECKING:
    from netpreflight.agent.profiles import Profile
    from netpreflight.agent.watch.schedule import Plan
    from netpreflight.agent.watch.watcher import State

METRICS_S = 60.0
"""The time between two writes of the metrics."""


def tell_what_is_done(profile: "Profile", plan: "Plan", path: Path, limits: list[str]) -> None:
    """Say whom the watch asks, and how often, before it begins."""
    from netpreflight.agent.watch.proving import can_prove  # noqa: PLC0415 - loaded only where it is needed

    if plan.transport is not None:
        what = {"dtls": "a ClientHello, half a handshake", "coap": "a CoAP ping", "tcp-nonce": "a connection"}
        tell(
            f"{plan.hosts[0]} is asked every {plan.keep_alive_s:g} s, as often as {profile.title} sends its "
            f"keep-alive: {what[plan.transport]}. After an hour without an answer it is asked every 5 min."
        )
    if can_prove(profile):
        tell("At the start and after each outage, a handshake up to the server's signature shows that it is the cloud.")
    if plan.holds_lease:
        tell(
            "An address is leased by DHCP for a device that is new here, renewed as a device does, and given back at "
            "the end."
        )
    for limit in limits:
        tell(limit)
    tell(f"watching; kept in {path}; Ctrl-C ends it")


class Line:
    """The status line of a watch on the terminal; where there is no terminal, nothing is written."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._last = ""

    def show(self, state: "State") -> None:
        """Write the line again, if it has changed."""
        if not self._is_shown:
            return
        from netpreflight.agent.sentences import counted  # noqa: PLC0415 - as above
        from netpreflight.agent.watch.durations import in_words  # noqa: PLC0415

        well = "all well" if state.reached else "nothing known yet"
        now = f"{state.open[-1].layer} is broken" if state.open else well
        minutes = (state.now.at - state.begun_at) // 60 * 60
        text = f"{in_words(minutes) if minutes else 'begun'}: {now}; {counted(state.outages, 'outage')} so far"
        if text != self._last:
            self._last = text
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"\r\x1b[K{text}")
                sys.stderr.flush()

    def end(self) -> None:
        """End the line, so that other output begins on a new one."""
        if self._last:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write("\n")


class Trouble:
    """Tells the user when what the watch sees can no longer be written, and when it can be written again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_told = False

    def show(self, problem: str | None) -> None:
        """Tell the user, if that has changed; None: there is no problem."""
        if self._is_told == (problem is not None):
            return
        self._is_told = problem is not None
        if problem is None:
            tell(f"{self._path} is written again, with what was seen meanwhile")
        else:
            tell(f"{self._path} cannot be written ({problem}): what is seen waits in memory, and is tried again")

    def end(self, problem: str | None) -> None:
        """At the end of the watch, say what is lost if there still is a problem."""
        self.show(problem)
        if problem is not None:
            tell(f"{self._path} does not have what was seen since then: it is lost")


class Textfile:
    """The metrics of a watch, written anew every minute."""

    def __init__(self, path: Path | None, store: Path) -> None:
        self._path, self._store = path, store
        self._due = 0.0
        self._has_failed = False

    def write(self, at: float | None = None) -> None:
        """Write the file if it is due at this time; None: in any case."""
        if self._path is None or (at is not None and at < self._due):
            return
        self._due = (at or 0.0) + METRICS_S
        from netpreflight.agent.output_files import write  # noqa: PLC0415 - as above
        from netpreflight.agent.watch.reading import read  # noqa: PLC0415
        from netpreflight.agent.watch.tables import StoreError  # noqa: PLC0415
        from netpreflight.reports.watch.prometheus import render  # noqa: PLC0415

        try:
            write(self._path, render(read(self._store)))
        except (OSError, StoreError) as problem:
            if not self._has_failed:
                tell(f"the metrics cannot be written: {problem}")
            self._has_failed = True


def has_observed(state: "State") -> bool:
    """Whether enough was observed to say whether there were outages; see `told.result`."""
    return state.reached or (state.observed and state.outages > 0)


def summary(state: "State", path: Path) -> str:
    """The result of the watch in a line, with the command that shows its report."""
    from netpreflight.agent.sentences import counted  # noqa: PLC0415 - as above
    from netpreflight.agent.watch.durations import in_words  # noqa: PLC0415
    from netpreflight.probes.net.clock import utc  # noqa: PLC0415
    from netpreflight.systems import SYSTEM  # noqa: PLC0415

    if not has_observed(state):
        return f"nothing could be observed: {_why_unobserved(state)}"
    passed = in_words(state.now.at - state.begun_at)
    what = counted(state.outages, "outage") if state.outages else "no outage"
    file = SYSTEM.quoted(str(path)) or path
    return f"{what} in {passed}, until {utc(state.now.wall)}; see: netpreflight watch report {file}"


def _why_unobserved(state: "State") -> str:
    """Why nothing could be observed."""
    if "cloud" in state.unasked and state.observed:
        return f"the device's cloud could not be asked ({state.unasked['cloud']}); netpreflight check shows more"
    return f"{'nothing behind the router' if state.observed else 'no part of the network'} ever answered"
