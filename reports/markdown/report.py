"""The report as Markdown, for a ticket or a forum: the same facts as the HTML page, in the same order.

For checks that passed only the summary is given, so that a report fits into one post; the JSON has their evidence.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from netpreflight.agent.profiles import Fact
from netpreflight.agent.report import Report
from netpreflight.reports.channel_map import channel_map
from netpreflight.reports.firewall import DIALECTS
from netpreflight.reports.firewall import render as render_rules
from netpreflight.reports.lines import contacts, evidence, sent, speaks_for, times, unseen, way
from netpreflight.reports.markdown.text import fenced, listed, strong, table, text
from netpreflight.reports.requests import requests_of, title, with_subject
from netpreflight.reports.words import (
    METHODS,
    ONLINE,
    STATUS,
    at_the_end,
    doubts,
    further,
    logged,
    runs,
    titled,
)

MOST_CONTACTS = 60
MOST_NETWORKS = 40
_YES = {True: "yes", False: "no", None: "not known"}
_WORDS = {status: f"**{word}**" if status == "fail" else word for status, word in STATUS.items()}
_NEEDLESS = " (this device does not need it)"


def render(report: Report, dialects: Sequence[str] = (), contact: str = "", /) -> str:
    """The whole report, with its firewall changes for these products, and who asks for the changes."""
    lines = [
        *_answer(report),
        *_requests(report, contact),
        *_changes(report, dialects),
        "## The way to the cloud",
        "",
        *listed(way(report)),
        *_checks(report),
        *_devices(report),
        *_networks(report),
        *_scope(report),
        "## What support asks",
        "",
        *table(("Question", "Answer", "From"), [
            (row.question, f"Not known. {row.how or ''}".rstrip() if row.answer is None else row.answer, row.source)
            for row in report.answers
        ]),
        *_power_on(report),
        *_internet_test(report),
        *_air(report),
        "## Probe by probe",
        "",
        *listed(times(report)),
    ]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"


def _answer(report: Report) -> list[str]:
    """The lines of the first section: the answer, what to do, the LED, and the notes."""
    answer, start = report.answer, report.startup
    lines = [strong(answer.sentence), ""]
    if answer.obstacle:
        lines += [text(answer.obstacle), ""]
    if answer.change:
        lines += [f"What to do ({text(answer.owner or 'anybody')}): {text(answer.change)}", ""]
    if start.led:
        lines += [f"The device's light: {text(start.led)}. {ONLINE[start.online]}", ""]
    if report.enough:
        lines += [text(report.enough.sentence), ""]
    lines += listed(report.notes)
    title = text(titled(report.device.title, report.device.os_version))
    return [*lines, f"Verdict for {title}: {report.verdict}.", ""]


def _requests(report: Report, contact: str) -> Iterator[str]:
    """The lines of the requests, each as a block that is easy to copy."""
    for request in requests_of(report):
        yield from (f"## {text(title(request))}", "", *fenced(with_subject(request, contact), whole=True))


def _changes(report: Report, dialects: Sequence[str]) -> list[str]:
    """The lines of the changes, by who can make them, and as text for firewalls."""
    lines: list[str] = []
    for owner in dict.fromkeys(change.owner for change in report.changes):
        lines += [f"For {f'the {text(owner)}' if owner else 'whoever can change it'}:", ""]
        lines += listed(
            f"{change.line} ({', '.join(change.checks)}{'' if change.needed else '; the device does not need it'})"
            for change in report.changes
            if change.owner == owner
        )
    if any(change.rules for change in report.changes):
        for dialect in dialects:
            lines += [f"As text for {text(DIALECTS[dialect].title)}:", ""]
            lines += fenced(render_rules(report.changes, dialect).splitlines(), whole=True)
    if other_checks := further(report):
        lines += ["What else to do, or to settle:", ""]
        lines += listed(f"{check.id} ({check.owner or 'nobody'}): {check.remedy}" for check in other_checks)
    return ["## What to change", "", *lines] if lines else []


def _checks(report: Report) -> list[str]:
    """The lines of the table of checks, and the evidence of those that did not pass."""
    lines = ["## The checks", ""]
    headings = ("Check", "Result", "What was seen")
    rows = [
        (text(row.id), _WORDS[row.status], text(row.summary) + (_NEEDLESS if row.is_needless else ""))
        for row in report.checks
    ]
    lines += table(headings, rows, made=True)
    with_evidence = evidence(report)
    if with_evidence:
        lines += ["### Evidence of what did not pass", ""]
    for check, evidence_lines in with_evidence:
        lines += [f"- {text(check.id)}", *listed(evidence_lines, depth=1)]
    return [*lines, ""] if with_evidence else lines


def _devices(report: Report) -> list[str]:
    """The lines of the tables of known devices and of Device OS versions."""
    rows = [
        (titled(device.title, device.os_version), device.verdict, _YES[device.online], at_the_end(device))
        for device in report.devices
    ]
    lines = ["## The same network for each known device", ""]
    lines += table(("Device", "Verdict", "Online", "At the end"), rows)
    if report.versions:
        lines += [f"By Device OS version of the {text(report.device.title)}:", ""]
        lines += table(
            ("From", "Verdict", "Online", "Internet Test", "Not passed"),
            [
                (
                    f"{version.since}{f', before {version.before}' if version.before else ''}",
                    version.verdict,
                    _YES[version.online],
                    f"{METHODS.get(version.method, version.method)}: {version.internet_test or 'no result'}"
                    + (
                        f"; assuming that its cloud's name resolves like {version.asked_instead}"
                        if version.asked_instead
                        else ""
                    ),
                    ", ".join(version.warnings),
                )
                for version in report.versions
            ],
        )
    return lines


def _networks(report: Report) -> list[str]:
    """The lines of the table of networks in range; empty: a single network was chosen."""
    if not report.networks:
        return []
    rows = [
        (
            network.ssid,
            network.verdict,
            "?" if network.signal_dbm is None else f"{network.signal_dbm:.0f} dBm",
            ", ".join(map(str, network.channels[:12])),
        )
        for network in report.networks[:MOST_NETWORKS]
    ]
    lines = ["## Networks in range, judged from the Wi-Fi scan only, best first", ""]
    lines += table(("Network", "Verdict", "Signal", "Channels"), rows)
    more = len(report.networks) - MOST_NETWORKS
    return [*lines, f"And {more} more (see the JSON).", ""] if more > 0 else lines


def _scope(report: Report) -> list[str]:
    """The lines that say what this run measured, what it could not measure, and whom it contacted."""
    scope = report.scope
    laptop_only = [f"VPN: {scope.vpn}"] if scope.vpn else []
    laptop_only += [f"tunnel: {tunnel}" for tunnel in scope.tunnels if tunnel != scope.vpn]
    laptop_only += [f"proxy: {proxy.variable}={proxy.value}" for proxy in scope.proxy]
    lines = ["## What this run speaks for", "", *listed([*speaks_for(report), *laptop_only])]
    if not_seen := unseen(report):
        lines += ["It could not look at:", "", *listed(not_seen)]
    contacted = contacts(report, MOST_CONTACTS)
    return [*lines, f"It {text(sent(report))}{', to:' if contacted else '.'}", "", *listed(contacted)]


def _power_on(report: Report) -> list[str]:
    """The lines of the power-on section: the stages, the log lines to look for, and which facts are not confirmed."""
    start = report.startup
    with_log = any(logged(stage) for stage in start.stages)
    rows = []
    for stage in start.stages:
        was_reached = stage.state != "not-reached"
        why = f"{stage.why} ({stage.check})" if stage.why else ""
        network_sees = stage.network_sees if was_reached and stage.network_sees else ""
        state = {"reached": "reached", "stops": "stops here", "not-reached": "not reached"}.get(
            stage.state, "not known"
        )
        said = [logged(stage)] if with_log else []
        rows.append((stage.title, state, stage.led, stage.expected, *said, " ".join(filter(None, (why, network_sees)))))
    title = titled(report.device.title, report.device.os_version)
    lines = [f"## From power-on: {text(title)}", ""]
    column = ["The device's log"] if with_log else []
    lines += table(("Stage", "", "LED", "Takes", *column, "Why, and what the network sees"), rows)
    if start.log:
        lines += ["To look for in its log:", "", *fenced(start.log)]
    return [*lines, *_doubts(start.rests_on)]


def _internet_test(report: Report) -> list[str]:
    """The lines of the device's Internet Test: result, log and LED."""
    test = report.internet_test
    lines = [f"## Its Internet Test ({text(METHODS.get(test.method, test.method))})", ""]
    if test.result is None or test.led is None:
        return [*lines, text(f"No result. {test.reason or ''}".rstrip()), ""]
    lines += [text(f"{test.result}: {test.reason or ''}"), "", text(runs(test.runs, test.when)), ""]
    lines += fenced([*test.log, f"{test.led.words}, {test.led.on_ms} ms on, {test.led.off_ms} ms off"])
    if test.older_names:
        lines += [f"Also called: {text('; '.join(test.older_names))}.", ""]
    return [*lines, *_doubts(test.rests_on)]


def _doubts(facts: list[Fact[Any]]) -> Iterator[str]:
    """The lines with the device facts that are not confirmed."""
    if found := doubts(facts):
        yield from ("Of that, not confirmed for this device:", "", *listed(found))


def _air(report: Report) -> list[str]:
    """The lines of the channel map of 2.4 GHz."""
    wifi = report.observations.wifi
    lines = channel_map(wifi) if wifi is not None else []
    return ["## 2.4 GHz, channel by channel", "", *fenced(lines)] if lines else []
