"""The report's part about the device itself: its start, its Internet Test, other versions, other devices."""

from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.profiles import Fact
from netpreflight.agent.report import Report
from netpreflight.agent.report.other_devices import DeviceVerdict, VersionVerdict
from netpreflight.agent.sentences import in_a_row
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.rows import print_rows
from netpreflight.reports.terminal.styles import VERDICT_STYLES
from netpreflight.reports.words import METHODS, ONLINE, at_the_end, doubts, log_lines, logged, runs, titled

_STATES = {
    "reached": ("reached", "green"),
    "stops": ("STOPS HERE", "bold red"),
    "not-reached": ("not reached", "dim"),
    "unknown": ("not known", "magenta"),
}


def print_startup(console: Console, report: Report) -> None:
    """Print the five stages from power-on, and where the device stops."""
    start, device = report.startup, report.device
    _heading(console, f"From power-on: {titled(device.title, device.os_version)} on this network")
    rows = []
    for step in start.stages:
        word, style = _STATES[step.state]
        dim = "dim" if step.state == "not-reached" else ""
        title, led = Text(shown(step.title), style=dim), Text(shown(step.led), style=dim)
        rows.append((title, Text(word, style=style), led, Text(shown(step.expected))))
    _print_table(console, ("Stage", "", "LED", "Takes"), rows)
    passed = [step for step in start.stages if step.state != "not-reached"]
    lines = [(step.title, line) for step in passed for line in log_lines(step)]
    if lines:
        _line(console, "To look for in its log:")
    for stage, line in lines:
        _line(console, f"{stage}: {line}", indent=4)
    if any(logged(step) for step in start.stages):
        _line(console, "The device's own log:")
    for step in start.stages:
        if said := logged(step):
            _line(console, f"{step.title}: {said}", indent=4)
    if any(step.network_sees for step in passed):
        _line(console, "What the network sees of it:")
    for step in passed:
        if step.network_sees is not None:
            _line(console, step.network_sees, indent=4)
    _doubts(console, start.rests_on)
    stops = next((step for step in start.stages if step.state == "stops"), None)
    why = stops or next((step for step in start.stages if step.state == "unknown" and step.why), None)
    _line(console, ONLINE[start.online] + (f" {why.why} ({why.check})." if why and why.why else ""))


def print_internet_test(console: Console, report: Report) -> None:
    """Print the Internet Test: its result, whether it would run here, and the device's log and LED."""
    test = report.internet_test
    _heading(console, f"The device's own Internet Test ({METHODS[test.method]})")
    if test.result is None or test.led is None:
        _line(console, f"No result. {test.reason or ''}")
        return
    _line(console, f"{test.result}: {test.reason or ''}")
    _line(console, runs(test.runs, test.when))
    for line in test.log:
        _line(console, line, indent=4)
    _line(console, f"{test.led.words}, {test.led.on_ms} ms on, {test.led.off_ms} ms off", indent=4)
    _doubts(console, test.rests_on)
    _line(console, f"Also called: {'; '.join(test.older_names)}")


def print_versions(console: Console, report: Report) -> None:
    """Print what differs by Device OS version; versions in a row with the same results share a line.

    What all versions share is printed once, at the end.
    """
    if not report.versions:
        return
    _heading(console, f"By Device OS version of the {report.device.title}")
    online = {True: "online", False: "not online", None: "not known whether online"}
    differ = len({tuple(version.warnings) for version in report.versions}) > 1
    told: list[tuple[VersionVerdict, list[str]]] = []
    for version in report.versions:
        lines = [f"{version.verdict}, {online[version.online]}", *_version_lines(version, report)]
        if version.warnings and differ:
            lines.append(f"not passed: {', '.join(version.warnings)}")
        if told and told[-1][1] == lines:
            told[-1] = (msgspec.structs.replace(told[-1][0], before=version.before), lines)
        else:
            told.append((version, lines))
    in_all = [line for line in told[0][1][1:] if len(told) > 1 and all(line in lines for _, lines in told)]
    for version, (words, *lines) in told:
        until = f", before {version.before}" if version.before else " on"
        _line(console, f"from {version.since}{until}: {words}")
        for line in lines:
            if line not in in_all:
                _line(console, line, indent=4)
    for line in in_all:
        _line(console, f"all of them: {line}")
    for name in dict.fromkeys(version.asked_instead for version in report.versions if version.asked_instead):
        assuming = in_a_row([version.since for version in report.versions if version.asked_instead == name])
        _line(console, f"For {assuming} that assumes that the cloud's name resolves like {name}.")


def _version_lines(version: VersionVerdict, report: Report) -> list[str]:
    """The line below a version's verdict: its Internet Test, and LED and log at the end of its start."""
    test = f"Internet Test: {METHODS[version.method]}"
    if version.method == "none":
        test += "; this version counts it as passed"
    elif version.internet_test is None and report.selection.only is not None:
        test = ""
    else:
        test += f": {version.internet_test or 'no result'}"
    line = "; ".join(filter(None, (test, "" if version.online else at_the_end(version))))
    return [line] if line else []


def print_devices(console: Console, report: Report) -> None:
    """Print the verdict for every known device on the same network."""
    _heading(console, "The same network for each known device")
    online = {True: "yes", False: "no", None: "?"}
    rows = []
    for device in report.devices:
        title = titled(device.title, device.os_version)
        rows.append((Text(shown(title)), _verdict(device), online[device.online], Text(shown(at_the_end(device)))))
    _print_table(console, ("Device", "Verdict", "Online", "At the end"), rows)


def _doubts(console: Console, facts: list[Fact[Any]]) -> None:
    """Print the facts of the device that are not confirmed, with their sources."""
    lines = doubts(facts)
    if lines:
        _line(console, "Of that, not confirmed for this device:")
    for line in lines:
        _line(console, line, indent=4)


def _verdict(device: DeviceVerdict | VersionVerdict) -> Text:
    return Text(device.verdict, style=VERDICT_STYLES[device.verdict])


def _print_table(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    """Print rows; on a narrow terminal, the first two cells of a row stay on one line."""
    whole = headings[1:2]
    print_rows(console, headings, rows, beside=2, whole=whole, padding=(0, 2, 0, 2), header_style="dim")


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(shown(text), style="bold"))


def _line(console: Console, text: str, indent: int = 2) -> None:
    console.print(Padding(Text(shown(text)), (0, 0, 0, indent), expand=False))
