"""What a terminal shows during a run, on standard error: each check as soon as its result is known."""

import contextlib
from typing import TextIO

from rich.text import Text

from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Check
from netpreflight.probes.observations import Scope
from netpreflight.reports.console import on_terminal
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.styles import MARKS


class Terminal:
    """Shows how the run goes on."""

    def __init__(self, progress: TextIO | None, *, discreet: bool = False) -> None:
        """Take the stream for progress, which is shown on a terminal only."""
        self._discreet = discreet
        """Whether progress must name nothing of this place: tokens for names are known only at the end."""
        self._live = on_terminal(progress) if progress is not None and progress.isatty() else None

    def begin(self, scope: Scope, profile: Profile, *, deep: bool = False) -> None:
        """Print what is about to be measured."""
        where = scope.interface or "no interface"
        address = scope.addresses[0] if scope.addresses else "no IPv4 address"
        this = "this network" if self._discreet else f"{where} ({address})"
        patience = " (--deep: up to a minute or so)" if deep else ""
        self._progress(Text(shown(f"Checking {this} for: {profile.label}{patience}"), style="dim"))

    def known(self, check: Check) -> None:
        """Print a check whose result has just become known."""
        word, style = MARKS[check.status]
        summary = "" if self._discreet else f": {shown(check.summary)}"
        self._progress(Text.assemble((f"{word:>8}  ", style), f"{check.id}{summary}"))

    def _progress(self, line: Text) -> None:
        """Print a line of progress; an error is ignored, so that the run goes on to its report."""
        if self._live is not None:
            with contextlib.suppress(OSError, ValueError):
                self._live.print(line)
