"""The report for a terminal: the answer, the table of checks, what to do; a text file has more detail."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.called import as_called
from netpreflight.agent.next_step import Invocation
from netpreflight.agent.report import Report
from netpreflight.agent.results import Check
from netpreflight.agent.selection import in_groups
from netpreflight.probes.quoting import in_quotes
from netpreflight.reports.channel_map import MARK, WIDTH, channel_map
from netpreflight.reports.console import plain_text
from netpreflight.reports.lines import contacts, evidence, sent, speaks_for, times, way
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.device import (
    print_devices,
    print_internet_test,
    print_startup,
    print_versions,
)
from netpreflight.reports.terminal.rows import print_rows, wrapped_ids
from netpreflight.reports.terminal.styles import MARKS, VERDICT_STYLES, WORST_FIRST

_MOST_CONTACTS = 40
_MOST_NETWORKS = 20


def render(report: Report, dialects: Sequence[str] = (), contact: str = "", /) -> str:
    """The whole report as plain text, with its firewall changes for these products, and who asks for the changes."""

    def show(console: Console) -> None:
        print_report(console, report, dialects, contact)
        _print_details(console, report)

    return plain_text(show)


def print_report(
    console: Console,
    report: Report,
    dialects: Sequence[str],
    contact: str = "",
    *,
    by: Invocation | None = None,
    saved: Sequence[str] | None = None,
) -> None:
    """Print what a terminal shows of the report.

    Args:
        console: where to print it.
        report: the report.
        dialects: the products for which the firewall change is shown, too.
        contact: who asks for the changes.
        by: how the user calls this program; None: by its usual name.
        saved: the arguments by which `report` and `rules` find this run: its file, or no arguments for the newest kept
            run; None: it is not saved.
    """
    by = by or Invocation()
    console.print()
    console.print(Text(shown(report.headline), style=VERDICT_STYLES[report.verdict]))
    for note in report.notes:
        console.print(Text(shown(note), style="yellow"))
    console.print()
    _print_checks(console, report.checks)
    _print_remedies(console, report)
    _print_changes(console, report, dialects, by, saved)
    _print_requests(console, report, contact)
    _print_networks(console, report)
    _print_channel_map(console, report)
    print_startup(console, report)
    print_internet_test(console, report)
    print_versions(console, report)
    print_devices(console, report)
    _print_scope(console, report)
    _print_answers(console, report, by)


def _print_details(console: Console, report: Report) -> None:
    """Print what only a file has: the way to the cloud, when each probe ran, and the evidence of what did not pass."""
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


def _print_checks(console: Console, checks: list[Check]) -> None:
    """Print the checks with their results; successive checks with the same result and summary share a row."""
    rows = []
    for _, same in groupby(checks, lambda check: (check.stage, check.status, check.summary, check.is_needless)):
        check, *others = same
        word, style = MARKS[check.status]
        is_not_needed = check.is_needless
        note = " (this device does not need it)" if is_not_needed else ""
        ids = wrapped_ids(in_groups([check.id, *(other.id for other in others)]))
        result = Text(word, style="dim" if is_not_needed else style)
        rows.append((check.stage or "", ids, result, Text(shown(check.summary) + note)))
    headings = ("Stage", "Check", "Result", "What was seen")
    print_rows(console, headings, rows, beside=3, whole=headings[:3])


def _print_remedies(console: Console, report: Report) -> None:
    """Print what to do: each remedy once, those of the worst checks first, and whether the changes are enough."""
    to_do = [
        check
        for status in WORST_FIRST
        for check in report.checks
        if check.status == status and check.remedy and check.level != "reported"
    ]
    if not to_do:
        return
    console.print()
    console.print(Text("What to do", style="bold"))
    listed = {check.id for check in to_do}
    # If the cause is only suspected, the check still has a change of its own.
    changed = {check_id for change in report.changes for check_id in change.checks}
    consequences = [check.id for check in to_do if check.due_to in listed and check.id not in changed]
    printed: set[str | None] = set()
    for check in to_do:
        if check.id in consequences or check.remedy in printed:
            continue
        printed.add(check.remedy)
        console.print(
            Padding(Text(f"{check.id} ({check.owner}): {shown(check.remedy or '')}"), (0, 0, 0, 2), expand=False)
        )
        why = Text(f"Why: {shown(check.reason or check.summary)}", style="dim")
        console.print(Padding(why, (0, 0, 0, 4), expand=False))
    if consequences:
        console.print(Padding(Text(f"Caused by the above: {', '.join(consequences)}"), (0, 0, 0, 2), expand=False))
    if report.enough is not None:
        console.print(Padding(Text(shown(report.enough.sentence), style="bold"), (0, 0, 0, 2), expand=False))


def _print_changes(
    console: Console, report: Report, dialects: Sequence[str], by: Invocation, saved: Sequence[str] | None
) -> None:
    """Print what a firewall has to let through; all other changes are listed under "What to do"."""
    for_firewall = [change for change in report.changes if change.rules]
    if not for_firewall:
        return
    console.print()
    console.print(Text("The change, for the firewall", style="bold"))
    for change in for_firewall:
        optional = "" if change.needed else " (not needed to get online)"
        for rule in change.rules:
            line = Text(f"{', '.join(map(shown, change.checks))}{optional}: {shown(rule.line)}")
            console.print(Padding(line, (0, 0, 0, 2), expand=False))
    if not dialects:
        command = by.command("rules", *(["FILE"] if saved is None else saved), "--for", "fortios")
        which = ", FILE being this run as JSON (-o run.json)" if saved is None else ""
        more = f"As text for one product: {shown(command)}{which}"
        console.print(Padding(Text(more, style="dim"), (0, 0, 0, 2), expand=False))
    print_rules(console, report, dialects)


def print_rules(console: Console, report: Report, dialects: Sequence[str]) -> None:
    """Print the firewall change as text for these products; nothing if no change concerns a firewall."""
    if not dialects or not any(change.rules for change in report.changes):
        return
    from netpreflight.reports.firewall import render as render_rules  # noqa: PLC0415 - most runs ask for none, and need not wait

    for dialect in dialects:
        console.print()
        # Printed unescaped, because it has validated values only; and unwrapped, because lines must stay whole.
        console.print(Text(render_rules(report.changes, dialect).rstrip()), soft_wrap=True)


def _print_requests(console: Console, report: Report, contact: str) -> None:
    """Print the requests: what to send to each owner of a change."""
    from netpreflight.reports.requests import requests_of, title, with_subject  # noqa: PLC0415 - sharing takes a while to import

    for request in requests_of(report):
        console.print()
        console.print(Text(title(request), style="bold"))
        for line in with_subject(request, contact):
            # Unwrapped, because a command must stay whole.
            console.print(Text(f"  {line}".rstrip()), soft_wrap=True)


def _print_networks(console: Console, report: Report) -> None:
    """Print the networks in range, if no single one was chosen."""
    if not report.networks:
        return
    console.print()
    console.print(Text("The networks in range, judged from the Wi-Fi scan only, best first", style="bold"))
    rows = []
    before = ""
    for network in report.networks[:_MOST_NETWORKS]:
        strength = f"{network.signal_dbm:.0f} dBm" if network.signal_dbm is not None else "?"
        first = next((check for status in WORST_FIRST for check in network.checks if check.status == status), None)
        why = first.summary if first else ""
        same = why.replace(in_quotes(network.ssid), "")
        why, before = "as above" if same and same == before else shown(why), same
        channels = ", ".join(map(str, network.channels))
        verdict = Text(network.verdict, style=VERDICT_STYLES[network.verdict])
        rows.append((Text(shown(network.ssid)), strength, channels, verdict, Text(why)))
    headings = ("Network", "Signal", "Channels", "Verdict", "First reason")
    print_rows(console, headings, rows, beside=3, whole=("Signal", "Verdict"))
    if len(report.networks) > _MOST_NETWORKS:
        rest = f"and {len(report.networks) - _MOST_NETWORKS} more (see the JSON)"
        console.print(Padding(Text(rest), (0, 0, 0, 2), expand=False))


def _print_channel_map(console: Console, report: Report) -> None:
    """Print the channel map of 2.4 GHz, if BSSs were heard there."""
    wifi = report.observations.wifi
    lines = channel_map(wifi, console.width) if wifi is not None else []
    if not lines:
        return
    console.print()
    console.print(Text("2.4 GHz, channel by channel", style="bold"))
    for line in lines:
        console.print(Text(line, style="bold" if line.startswith(MARK) else "", no_wrap=console.width >= WIDTH))


def _print_answers(console: Console, report: Report, by: Invocation) -> None:
    """Print the answers to what a forum or support asks.

    Successive questions whose answers are not known, for the same reason, share a line.
    """
    console.print()
    console.print(Text("What support asks", style="bold"))
    for (answer, how), same in groupby(report.answers, lambda row: (row.answer, row.how)):
        questions = [shown(question.question) for question in same]
        unknown = f"not known. {shown(as_called(how or '', by.program))}".rstrip()
        told = shown(answer) if answer is not None else unknown
        asked = [" ".join(questions)] if answer is None else questions
        for question in asked:
            line = Text.assemble((f"{question} ", "dim"), told)
            console.print(Padding(line, (0, 0, 0, 2), expand=False))


def _print_scope(console: Console, report: Report) -> None:
    """Print what this run speaks for, and whom it contacted."""
    console.print()
    console.print(Text("What this run speaks for", style="bold"))
    to = contacts(report, _MOST_CONTACTS)
    for line in [*speaks_for(report), f"{sent(report)}{', to:' if to else ''}"]:
        console.print(Padding(Text(shown(line)), (0, 0, 0, 2), expand=False))
    for line in to:
        console.print(Padding(Text(shown(line)), (0, 0, 0, 4), expand=False))
