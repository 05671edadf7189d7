"""The report for a terminal: each check as it becomes known; then a sentence, the table, and what to do."""

import contextlib
import io
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Report
from netpreflight.agent.results import Check
from netpreflight.probes.observations import Scope
from netpreflight.reports.channel_map import MARK, channel_map
from netpreflight.reports.lines import contacts, evidence, sent, speaks_for, times, way
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.device import (
    VERDICT_STYLES,
    print_devices,
    print_internet_test,
    print_startup,
    print_versions,
)

MARKS = {
    "pass": ("ok", "green"),
    "warn": ("warning", "yellow"),
    "fail": ("FAIL", "bold red"),
    "unknown": ("unknown", "magenta"),
    "skip": ("skipped", "dim"),
}
_WORST_FIRST = ("fail", "unknown", "warn")
_WIDTH_IN_FILES = 100
_MOST_CONTACTS = 40
_MOST_NETWORKS = 20


class TerminalConsole(Console):
    """A console that leaves a broken pipe to the command line, instead of ending the program."""

    def on_broken_pipe(self) -> None:
        """Pass it on."""
        raise BrokenPipeError


class Terminal:
    """A report that is written while the run goes on."""

    def __init__(self, stream: TextIO, *, discreet: bool = False) -> None:
        self._discreet = discreet
        """Whether progress names nothing of this place: tokens are known at the end only."""
        self._console = TerminalConsole(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=False)

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
        _print(self._console, report, dialects)


def render(report: Report, dialects: Sequence[str] = (), /) -> str:
    """The whole report as plain text, with its firewall changes for these products."""

    def show(console: Console) -> None:
        _print(console, report, dialects)
        _print_details(console, report)

    return plain_text(show)


def plain_text(show: Callable[[Console], None]) -> str:
    """What is shown on a console, as the text of a file."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=_WIDTH_IN_FILES,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=False,
        color_system=None,
    )
    show(console)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _print(console: Console, report: Report, dialects: Sequence[str]) -> None:
    console.print()
    console.print(Text(shown(report.headline), style=VERDICT_STYLES[report.verdict]))
    for note in report.notes:
        console.print(Text(shown(note), style="yellow"))
    console.print()
    console.print(_table(report.checks))
    _print_remedies(console, report)
    _print_changes(console, report, dialects)
    _print_networks(console, report)
    _print_channel_map(console, report)
    print_startup(console, report)
    print_internet_test(console, report)
    print_versions(console, report)
    print_devices(console, report)
    _print_scope(console, report)
    _print_answers(console, report)


def _print_details(console: Console, report: Report) -> None:
    """What a file has beyond the terminal: the way, the evidence of what did not pass, and the run in time."""
    for heading, lines in (("The way to the cloud", way(report)), ("Probe by probe", times(report))):
        console.print()
        console.print(Text(heading, style="bold"))
        for line in lines:
            console.print(Padding(Text(shown(line)), (0, 0, 0, 2), expand=False))
    found = evidence(report)
    if found:
        console.print()
        console.print(Text("Evidence of what did not pass", style="bold"))
    for check, lines in found:
        console.print(Padding(Text(f"{check.id}: {check.status}"), (0, 0, 0, 2), expand=False))
        for line in lines:
            console.print(Padding(Text(shown(line)), (0, 0, 0, 4), expand=False))


def _table(checks: list[Check]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    for heading in ("Stage", "Check", "Result", "What was seen"):
        table.add_column(heading, no_wrap=heading != "What was seen", overflow="fold")
    for check in checks:
        word, style = MARKS[check.status]
        needless = check.level == "reported" and check.status in {"fail", "unknown"}
        note = " (this device does not need it)" if needless else ""
        table.add_row(
            check.stage, check.id, Text(word, style="dim" if needless else style), Text(shown(check.summary) + note)
        )
    return table


def _print_remedies(console: Console, report: Report) -> None:
    to_do = [
        check
        for status in _WORST_FIRST
        for check in report.checks
        if check.status == status and check.remedy and check.level != "reported"
    ]
    if not to_do:
        return
    console.print()
    console.print(Text("What to do", style="bold"))
    listed = {check.id for check in to_do}
    told: set[str | None] = set()
    for check in to_do:
        if check.due_to in listed or check.remedy in told:
            continue
        told.add(check.remedy)
        console.print(
            Padding(Text(f"{check.id} ({check.owner}): {shown(check.remedy or '')}"), (0, 0, 0, 2), expand=False)
        )
        why = Text(f"Why: {shown(check.reason or check.summary)}", style="dim")
        console.print(Padding(why, (0, 0, 0, 4), expand=False))
    if following := [check.id for check in to_do if check.due_to in listed]:
        console.print(Padding(Text(f"What follows from that: {', '.join(following)}"), (0, 0, 0, 2), expand=False))
    if report.enough is not None:
        console.print(Padding(Text(shown(report.enough.sentence), style="bold"), (0, 0, 0, 2), expand=False))


def _print_changes(console: Console, report: Report, dialects: Sequence[str]) -> None:
    """What a firewall has to let through; every other change stands under "What to do"."""
    for_firewall = [one for one in report.changes if one.rules]
    if not for_firewall:
        return
    console.print()
    console.print(Text("The change, for the firewall", style="bold"))
    for one in for_firewall:
        optional = "" if one.needed else " (not needed to get online)"
        for rule in one.rules:
            line = Text(f"{', '.join(map(shown, one.checks))}{optional}: {shown(rule.line)}")
            console.print(Padding(line, (0, 0, 0, 2), expand=False))
    if not dialects:
        more = "As text for one product: save this run (-o run.json), then netpreflight rules run.json --for fortios"
        console.print(Padding(Text(more, style="dim"), (0, 0, 0, 2), expand=False))
    if dialects:
        from netpreflight.reports.firewall import render as render_rules  # noqa: PLC0415 - most runs ask for none, and need not wait
    for dialect in dialects:
        console.print()
        # Validated values only, and a firewall takes no broken line.
        console.print(Text(render_rules(report.changes, dialect).rstrip()), soft_wrap=True)


def _print_networks(console: Console, report: Report) -> None:
    """The networks in range, where none was chosen."""
    if not report.networks:
        return
    console.print()
    console.print(Text("The networks in range, by the air alone, best first", style="bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    for heading in ("Network", "Signal", "Channels", "Verdict", "First reason"):
        table.add_column(heading, no_wrap=heading in {"Signal", "Verdict"}, overflow="fold")
    for one in report.networks[:_MOST_NETWORKS]:
        strength = f"{one.signal_dbm:.0f} dBm" if one.signal_dbm is not None else "?"
        first = next((check for status in _WORST_FIRST for check in one.checks if check.status == status), None)
        why = shown(first.summary) if first else ""
        channels = ", ".join(map(str, one.channels))
        table.add_row(
            Text(shown(one.ssid)), strength, channels, Text(one.verdict, style=VERDICT_STYLES[one.verdict]), Text(why)
        )
    console.print(table)
    if len(report.networks) > _MOST_NETWORKS:
        rest = f"and {len(report.networks) - _MOST_NETWORKS} more (see the JSON)"
        console.print(Padding(Text(rest), (0, 0, 0, 2), expand=False))


def _print_channel_map(console: Console, report: Report) -> None:
    wifi = report.observations.wifi
    lines = channel_map(wifi) if wifi is not None else []
    if not lines:
        return
    console.print()
    console.print(Text("2.4 GHz, channel by channel", style="bold"))
    for line in lines:
        console.print(Text(line, style="bold" if line.startswith(MARK) else "", no_wrap=True))


def _print_answers(console: Console, report: Report) -> None:
    """What a forum or a support desk asks, answered as far as this run knows."""
    console.print()
    console.print(Text("What support asks", style="bold"))
    for one in report.answers:
        answer = shown(one.answer) if one.answer is not None else f"not known. {shown(one.how or '')}".rstrip()
        line = Text.assemble((f"{shown(one.question)} ", "dim"), answer)
        console.print(Padding(line, (0, 0, 0, 2), expand=False))


def _print_scope(console: Console, report: Report) -> None:
    console.print()
    console.print(Text("What this run speaks for", style="bold"))
    for line in [*speaks_for(report), f"{sent(report)}, to:"]:
        console.print(Padding(Text(shown(line)), (0, 0, 0, 2), expand=False))
    for line in contacts(report, _MOST_CONTACTS):
        console.print(Padding(Text(shown(line)), (0, 0, 0, 4), expand=False))
