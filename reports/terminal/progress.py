"""What a terminal shows while a run goes on: each check as it becomes known, and at the end the report."""

import contextlib
from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Report
from netpreflight.agent.results import Check
from netpreflight.probes.observations import Scope
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.console import on_terminal
from netpreflight.reports.terminal.report import MARKS, print_report


class Terminal:
    """A report that is written while the run goes on."""

    def __init__(self, stream: TextIO, *, discreet: bool = False) -> None:
        self._discreet = discreet
        """Whether progress names nothing of this place: tokens are known at the end only."""
        self._console = on_terminal(stream)

    def begin(self, scope: Scope, profile: Profile, *, deep: bool = False) -> None:
        """Say what is about to be measured."""
        where = scope.interface or "no interface"
        address = scope.addresses[0] if scope.addresses else "no IPv4 address"
        this = "this network" if self._discreet else f"{where} ({address})"
        patience = " (--deep: up to a minute or so)" if deep else ""
        self._progress(Text(shown(f"Checking {this} for: {profile.label}{patience}"), style="dim"))

    def known(self, check: Check) -> None:
        """Show a check that has just become known."""
        word, style = MARKS[check.status]
        summary = "" if self._discreet else f": {shown(check.summary)}"
        self._progress(Text.assemble((f"{word:>8}  ", style), f"{check.id}{summary}"))

    def _progress(self, line: Text) -> None:
        """Progress that cannot be shown must not end the run: the report is still to come."""
        with contextlib.suppress(OSError, ValueError):
            self._console.print(line)

    def final(self, report: Report, dialects: Sequence[str] = ()) -> None:
        """Show the whole report, with its firewall changes for these products."""
        print_report(self._console, report, dialects)
