"""The values that the report's page shows, section by section, arranged in tables and texts."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from netpreflight.agent.check_pages import names, sections, with_settings
from netpreflight.agent.owner import Owner, the_owner
from netpreflight.agent.report import Report, for_page
from netpreflight.agent.report.other_devices import VersionVerdict
from netpreflight.agent.results import Check, Stage, StartupStage
from netpreflight.agent.sentences import capitalised
from netpreflight.probes.observations import Bss, Observation, Scope, Wifi
from netpreflight.reports.check_page import Block, Kind, blocks
from netpreflight.reports.firewall import DIALECTS
from netpreflight.reports.firewall import render as render_rules
from netpreflight.reports.html import led_drawing as led
from netpreflight.reports.html.page import Cell, Code, Mark
from netpreflight.reports.html.pictures import Lane, band, lanes, on_the_band, way
from netpreflight.reports.html.raw import raw
from netpreflight.reports.lines import labels, sent
from netpreflight.reports.requests import WHO, requests_of, title, with_subject
from netpreflight.reports.words import (
    METHODS,
    ONLINE,
    TOLD,
    air,
    at_the_end,
    attached,
    doubts,
    further,
    is_judged,
    log_lines,
    logged,
    resolvers,
    runs,
    titled,
    unanswered,
)

MOST_CONTACTS = 60
MOST_NETWORKS = 40
_STAGES: dict[Stage | None, str] = {
    "scan": "Wi-Fi",
    "ip": "Address",
    "internet": "Internet",
    "cloud": "Cloud",
    None: "Device",
}
_STATES = {
    "reached": Mark("pass", "reached"),
    "stops": Mark("fail", "stops here"),
    "not-reached": Mark("skip", "not reached"),
    "unknown": Mark("unknown", "not known"),
}
_YES = {True: "yes", False: "no", None: "not known"}
_TELL = {
    "device owner": "What you can do",
    "network administrator": "What to ask the network administrator for",
    "internet provider": "What to ask the internet provider for",
    "nobody": "What would help",
}
_ENOUGH = {
    "alone": "This one change is enough: everything else that the device needs was seen to work here.",
    "together": "This is not the only change that is needed: all of them are listed under What to change.",
    "not-known": "It is not known yet whether this is enough: after the change, run netpreflight again, or try a "
    "device.",
}


def view(report: Report, dialects: Sequence[str], contact: str) -> dict[str, object]:
    """The values for the template `report.html`."""
    shown_bsss, more_bsss = on_the_band(report.observations.wifi)
    run = for_page(report)
    seconds, timeline = lanes(report)
    return {
        "report": report,
        "run": run,
        "run_told": _run_told(report, has_run=run is not None),
        "made": report.started.replace("T", " ").replace("Z", " UTC"),
        "device": titled(report.device.title, report.device.os_version),
        "nothing_found": _nothing_found(report),
        "tell": _TELL.get(report.answer.owner or "", "The next step"),
        "who": _who(report.answer.owner),
        "enough": _ENOUGH.get(report.enough.answer, "") if report.enough else "",
        "strip": led.strip(report.startup.lights),
        "requests": [(title(request), "\n".join(with_subject(request, contact))) for request in requests_of(report)],
        "further": [[Code(check.id), Mark(check.status), check.remedy, check.owner or ""] for check in further(report)],
        "firewalls": list(_firewalls(report, dialects)),
        "asked_for": bool(dialects),
        "way": list(way(report.route)),
        "stops": _stops(report),
        "stages": [
            (name, [check for check in report.checks if check.stage == stage]) for stage, name in _STAGES.items()
        ],
        "about": {check.id: list(_about(check)) for check in report.checks if _has_page(check)},
        "devices": _devices(report),
        "versions": [_version(version) for version in report.versions],
        "versions_differ": len({tuple(version.warnings) for version in report.versions}) > 1,
        "networks": _networks(report),
        "more_networks": max(0, len(report.networks) - MOST_NETWORKS),
        "speaks_for": _speaks_for(report),
        "unseen": list(_unseen(report)),
        "limits": report.observations.wifi.limits[:20] if report.observations.wifi is not None else [],
        "footprint": _footprint(report),
        "more_contacts": max(0, len(report.footprint) - MOST_CONTACTS),
        "sent": sent(report),
        "answers": [
            [
                question.question,
                question.answer if question.answer is not None else ["Not known.", question.how or ""],
                question.source,
            ]
            for question in report.answers
        ],
        "start": [_start(step) for step in report.startup.stages],
        "with_log": any(logged(step) for step in report.startup.stages),
        "ends": ONLINE[report.startup.online],
        "start_doubts": doubts(report.startup.rests_on),
        "method": METHODS.get(report.internet_test.method, report.internet_test.method),
        "runs": runs(report.internet_test.runs, report.internet_test.when),
        "test_doubts": doubts(report.internet_test.rests_on),
        "bands": [
            (name, band(shown_bsss, report.observations.wifi, narrow=name == "upright"))
            for name in (("across", "upright") if shown_bsss else ())
        ],
        "bsss": [_bss(number, bss, report.observations.wifi) for number, bss in enumerate(shown_bsss, 1)],
        "more_bsss": more_bsss,
        "seconds": seconds,
        "timeline": timeline,
        "times": [_times(lane) for lane in timeline],
        "raw": list(raw(report)),
    }


def _who(owner: Owner | None) -> str:
    """Who an owner is, in words for a reader who does not know; empty: there is no owner."""
    if owner is None or owner not in WHO:
        return "Nobody" if owner else ""
    who = f"{the_owner(owner)}: {WHO[owner]}"
    return capitalised(who)


def _nothing_found(report: Report) -> str:
    """The text at the top of the page if the answer names no obstacle."""
    if report.verdict != "compatible":
        return "Every check that the device needs was left out."
    if any(check.status == "skip" and check.level == "required" for check in report.checks):
        return (
            "Nothing that was checked has to be changed, unless a page ever asked to sign in here. "
            "It is not known whether what was left out works."
        )
    return (
        "Every exchange that the device needs was seen to work from this laptop. Nothing has to be changed, unless a "
        "page ever asked to sign in here."
    )


def _firewalls(report: Report, dialects: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Title and text of the firewall change for each product, and whether that product was asked for."""
    if any(change.rules for change in report.changes):
        for name in dialects or DIALECTS:
            yield DIALECTS[name].title, render_rules(report.changes, name), bool(dialects)


def _has_page(check: Check) -> bool:
    """Whether docs/checks has a section about the check's problem."""
    return check.id in names() and check.problem in sections(check.id)


def _about(check: Check) -> Iterator[tuple[Kind, list[Block]]]:
    """What a check's page says about the check's problem, and where routers have the setting.

    Successive blocks of the same kind are grouped, so that list items become one list.
    """
    page = blocks(with_settings(check.id, check.problem).partition("\n")[2])
    for kind, alike in groupby(page, lambda block: block.kind):
        yield kind, list(alike)


def _stops(report: Report) -> list[list[Cell]]:
    """The rows of the table of the route to the cloud."""
    return [
        [
            station.title,
            station.detail,
            [Mark(step.status, step.what) for step in station.steps] or "no check of its own",
            [f"{step.check}: {step.summary}" for step in station.steps],
        ]
        for station in report.route
    ]


def _devices(report: Report) -> list[list[Cell]]:
    """The rows of the known devices: the verdict, whether the device gets online, and LED and log at the end."""
    return [
        [titled(device.title, device.os_version), Mark(device.verdict), _YES[device.online], at_the_end(device)]
        for device in report.devices
    ]


def _version(version: VersionVerdict) -> list[Cell]:
    """The row of a range of Device OS versions."""
    until = f"before {version.before}" if version.before else "the newest"
    test = (
        f"{METHODS.get(version.method, version.method)}: {version.internet_test or 'no result'}"
        if version.method != "none"
        else "none: this version counts it as passed"
    )
    end = [] if version.online else [at_the_end(version)]
    asked = [f"assuming that its cloud's name resolves like {version.asked_instead}"] if version.asked_instead else []
    missing = [f"not passed: {', '.join(version.warnings)}"] if version.warnings else []
    return [f"{version.since} to {until}", Mark(version.verdict), _YES[version.online], [test, *end, *asked, *missing]]


_WORST_FIRST = ("fail", "unknown", "warn")


def _networks(report: Report) -> list[list[Cell]]:
    """The rows of the networks in range, each with the first reason against it."""
    rows: list[list[Cell]] = []
    for network in report.networks[:MOST_NETWORKS]:
        first = next((check for status in _WORST_FIRST for check in network.checks if check.status == status), None)
        rows.append(
            [
                network.ssid,
                Mark(network.verdict),
                "?" if network.signal_dbm is None else f"{network.signal_dbm:.0f} dBm",
                ", ".join(map(str, network.channels[:12])),
                first.summary if first else "",
            ]
        )
    return rows


def _speaks_for(report: Report) -> list[tuple[str, Cell]]:
    """The rows of what this run speaks for: interface, addresses, resolvers, air, VPN, user, time."""
    scope, tool = report.scope, report.tool
    facts: list[tuple[str, Cell]] = [
        *((what.capitalize(), label) for what, label in labels(report).items()),
        ("Interface", attached(scope)),
        ("Addresses", [Code(address) for address in scope.addresses[:20]] or "no IPv4 address"),
        ("Gateway", Code(scope.gateway) if scope.gateway else "none"),
        ("Resolvers", resolvers(scope)[:20] or "none known"),
        ("The air", air(report.observations.wifi)),
        ("VPN and proxy", _not_like_a_device(scope)),
        ("Run as", f"{scope.privileges.user or 'somebody'}, {scope.os or 'system not known'}"),
        ("When", f"{report.started}, for {report.duration_s:.1f} s{'' if report.complete else ', cut short'}"),
        ("By", f"netpreflight {tool.version}, rules {tool.rules}"),
    ]
    return facts if report.sharing is msgspec.UNSET else [("Left out", TOLD[report.sharing]), *facts]


def _run_told(report: Report, *, has_run: bool) -> str:
    """Whether netpreflight can judge the run in this page again, and what to attach if it cannot."""
    if has_run:
        return "It holds the run: netpreflight report judges this page again, for any device."
    if report.sharing == "public":
        return "Made for the public, it cannot be judged again."
    return "The run is not in it, so it cannot be judged again: attach the run's JSON, too (-o run.json)."


def _not_like_a_device(scope: Scope) -> Cell:
    """The VPN, tunnels and proxies of this laptop; a device would have none of them."""
    found = [f"the VPN {scope.vpn} carries this laptop's own traffic"] if scope.vpn else []
    found += [f"tunnel {tunnel}" for tunnel in scope.tunnels[:20] if tunnel != scope.vpn]
    found += [f"{proxy.variable}={proxy.value}" for proxy in scope.proxy[:20]]
    return found or "none"


def _unseen(report: Report) -> Iterator[list[Cell]]:
    """A row for each check or probe without an answer: what, result, why, and what would settle it."""
    for check in unanswered(report):
        why = [check.summary, *([check.reason] if check.reason else [])]
        yield [Code(check.id), Mark(check.status), why, check.remedy or ""]
    for name in report.observations.__struct_fields__:
        probe = getattr(report.observations, name)
        if isinstance(probe, Observation) and probe.not_run:
            yield [f"probe {name}", Mark("skip", "did not run"), probe.not_run, probe.unlocked_by or ""]


def _footprint(report: Report) -> list[list[Cell]]:
    """The rows of every host and port that the run contacted, with packets and bytes."""
    return [
        [
            Code(contact.words),
            contact.host or "",
            f"{contact.purpose}: {', '.join(contact.shapes)}" if contact.shapes else contact.purpose,
            contact.packets,
            contact.bytes,
        ]
        for contact in report.footprint[:MOST_CONTACTS]
    ]


class _Start(NamedTuple):
    """A stage of the device's start; a stage that is not reached has no `lines`, and `sees` is None."""

    row: StartupStage
    mark: Mark
    strip: list[led.Piece]
    lines: list[str]
    sees: str | None
    logged: str


def _start(stage: StartupStage) -> _Start:
    lines = log_lines(stage) if stage.state != "not-reached" else []
    sees = stage.network_sees if stage.state != "not-reached" else None
    return _Start(stage, _STATES[stage.state], led.strip(stage.lights), lines, sees, logged(stage))


def _bss(number: int, bss: Bss, wifi: Wifi | None) -> list[Cell]:
    """The row of an access point on 2.4 GHz."""
    name = bss.ssid or ("(hidden)" if bss.ssid == "" else "(name withheld)")
    width = f"{bss.width_mhz} MHz" if bss.width_mhz else "width not known"
    return [
        f"{number}: {name}",
        "★ the judged network" if is_judged(bss, wifi) else "another",
        Code(bss.bssid or "not known"),
        f"{bss.channel}, {width}",
        "?" if bss.signal_dbm is None else f"{bss.signal_dbm:.0f} dBm",
        ", ".join(bss.security) if bss.security is not None else "not known",
    ]


def _times(lane: Lane) -> list[Cell]:
    """The row of a probe: when it began, how long it took, and its attempts."""
    count = len(lane.attempts) + lane.left_out
    came = sum(came for _, came in lane.attempts)
    tried = f"{count}; {came} answered or received" if count and not lane.left_out else str(count or "")
    return [
        Code(lane.name),
        f"{lane.started_s:.1f} s",
        f"{lane.took_s:.1f} s" if not lane.not_run else f"did not run: {lane.not_run}",
        tried,
    ]
