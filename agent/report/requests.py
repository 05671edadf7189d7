"""The requests: for each owner, what somebody who was not there has to know in order to change something.

Requests are made when they are shown, and are not saved: everything in them is in the report, at its level of sharing.
"""

import datetime as dt
import math
import re
import shlex
from collections.abc import Iterator
from typing import Literal

from msgspec import UNSET, Struct, field

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.judging.addresses import is_local
from netpreflight.agent.judging.answer import is_cut_off, uplink_first
from netpreflight.agent.judging.portal import mac_told_by
from netpreflight.agent.judging.registry import may_stop
from netpreflight.agent.owner import ASKED, Owner
from netpreflight.agent.report.changes import Rule, remaining
from netpreflight.agent.report.enough import afterwards, suspected_causes
from netpreflight.agent.report.report import Report
from netpreflight.agent.results import ONLY_LAPTOP, Check, Flow, Stage, Where
from netpreflight.agent.selection import in_groups
from netpreflight.agent.sentences import capitalised, counted, in_a_row, with_article
from netpreflight.probes.observations import Attempt, Connection, Observations
from netpreflight.probes.quoting import in_quotes
from netpreflight.systems import system

_OTHERS = ASKED[1:]
"""The owners who are not beside the device: they get a request also for what to look at, or for what would help."""
Sureness = Literal["needed", "suspected", "optional"]
MOST_TIMES = 8
MOST_EVIDENCE = 6
MOST_BESIDE = 4
"""At most this many times, lines of evidence, and controls go into a request."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,30}[A-Za-z0-9])?", re.ASCII)
"""A network's name that is safe to paste into a shell, and looks like what it is."""
_PLAIN_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}", re.ASCII)
_CONTROLS: dict[Stage | None, tuple[Stage, ...]] = {"internet": ("internet", "cloud"), "cloud": ("internet", "cloud")}
"""Keyed by the stage of a failed check: the stages whose passed checks are listed beside it, as controls."""


class Ask(Struct, frozen=True, kw_only=True):
    """One thing to change, or to look at.

    Attributes:
        sure: `needed`: the device does not work without it. `suspected`: somebody has to look first. `optional`: the
            device works without it.
        line: the change; if it is only suspected, what to look at.
        rules: what a firewall has to let through; `line` then says the same as one text.
        place: where to look first; None: the change itself says where.
        seen: what was found, and what proves it.
        checks: the checks that found it.
    """

    sure: Sureness
    line: str
    where: Where
    rules: list[Rule]
    place: str | None
    seen: list[str]
    checks: list[str]


class Request(Struct, frozen=True, kw_only=True):
    """What one owner is asked for.

    Attributes:
        about: which device, on which network, and whether it gets online there.
        measured: when and from where it was measured, with the time zone.
        beside: what worked in the same run, as a control.
        enough: whether the changes are enough, as far as that is known.
        command: the command that verifies the changes; empty: only the device itself can show them.
        says: what that command says once the changes are made.
        elsewhere: how the changes can be seen without netpreflight.
        mac: what the device's MAC address begins with, or the full address; empty: not known.
        mac_from: where to read the MAC address.
    """

    owner: Owner
    subject: str
    about: list[str]
    measured: str
    asks: list[Ask]
    beside: list[str]
    enough: list[str]
    command: str
    says: str
    elsewhere: list[str]
    mac: str
    mac_from: str
    behind: list[str] = field(default_factory=list)
    """Subnets behind NAT: the owner who is asked sees only the address of a router for them."""
    made: dt.datetime | None = None
    """When the run began, in UTC; None: the report has no valid time, so it is forged."""
    public: bool = False
    """Whether names and addresses are replaced by tokens, so that nobody can act on it."""


def requests(report: Report) -> list[Request]:
    """The requests that follow from a report, one for each owner, in the order of what is needed first."""
    asks = [(owner, ask) for owner, ask in (*_other_asks(report), *_changes(report)) if owner in ASKED]
    owners = sorted(
        dict.fromkeys(owner for owner, _ in asks),
        key=lambda owner: min(_ORDER[ask.sure] for asked, ask in asks if asked == owner),
    )
    return [_request(report, owner, [ask for asked, ask in asks if asked == owner], len(owners)) for owner in owners]


_BY_CLIENT = {ONLY_LAPTOP, "only-known-clients"}
"""Problems of a network that tells its clients apart."""
_ORDER: dict[Sureness, int] = {"needed": 0, "suspected": 1, "optional": 2}


def _changes(report: Report) -> Iterator[tuple[Owner | None, Ask]]:
    """What has to be changed, with its owner."""
    for change in report.changes:
        checks = [check for check in report.checks if check.id in change.checks]
        unplaced = _unplaced(change.checks, report.checks)
        cut_off = report.answer.check in change.checks and is_cut_off(report.checks)
        suspected = bool(suspected_causes(change.checks, report.checks)) or unplaced is not None or cut_off
        yield (
            change.owner,
            Ask(
                sure="suspected" if suspected else "needed" if change.needed else "optional",
                line=_for_reader(change.line),
                where=change.where,
                rules=change.rules,
                place=uplink_first("that") if cut_off else _place(checks) if change.rules else None,
                seen=[
                    *([report.answer.obstacle] if cut_off and report.answer.obstacle else []),
                    *dict.fromkeys(line for check in reversed(checks) for line in _seen(check, report)),
                    *([f"{unplaced.summary}.", *([unplaced.reason] if unplaced.reason else [])] if unplaced else []),
                ],
                checks=change.checks,
            ),
        )


def _unplaced(changed: list[str], checks: list[Check]) -> Check | None:
    """The check that looked in vain for the place where packets are lost; None: it found one, or was not needed.

    Without a place, silence is no proof that something between this laptop and the cloud has to be changed.
    """
    silent = [check for check in checks if check.id in changed]
    if not all(check.problem == "no-answer" and check.stage == "cloud" for check in silent):
        return None
    return next((check for check in checks if CHECKS[check.id].locates and check.status == "unknown"), None)


def _other_asks(report: Report) -> Iterator[tuple[Owner | None, Ask]]:
    """What owners other than the device's own have to look at, or what would help."""
    for check in remaining(report.checks, report.changes):
        if check.owner in _OTHERS:
            yield (
                check.owner,
                Ask(
                    sure="optional" if check.status == "warn" and not may_stop(check) else "suspected",
                    line=_for_reader(check.remedy or check.summary),
                    where="network",
                    rules=[],
                    place=None,
                    seen=_seen(check, report),
                    checks=[check.id],
                ),
            )


def _place(checks: list[Check]) -> str | None:
    """The router at which to look first, if one was found."""
    named = next((check.named for check in checks if check.named and check.named.hop), None)
    if named is None:
        return None
    return f"Look first at {named.address} (hop {named.hop} from the laptop), then at the hop after it."


# --- what was seen


def _seen(check: Check, report: Report) -> list[str]:
    """What a check found, why, and the attempts or other evidence for it, worded for a reader who is not there."""
    tried = [line for flow in check.to_allow if (line := _tried(flow, report))]
    evidence = [
        line
        for line in check.evidence
        if not line.startswith("device fact ") and not (tried and _ATTEMPT.search(line))  # `tried` has the times
    ]
    about = _VALUE.findall(check.summary)
    evidence = [line for line in evidence if any(value in line for value in about)] or evidence
    more = len(evidence) - MOST_EVIDENCE
    found = [
        f"{check.summary}.",
        *([check.reason] if check.reason else []),
        *tried,
        *evidence[:MOST_EVIDENCE],
        *([f"And {counted(more, 'line')} more, in the report."] if more > 0 else []),
    ]
    return list(map(_for_reader, found))


def _for_reader(line: str) -> str:
    """A line of the report for somebody who has another laptop."""
    return line.replace("this laptop", "the laptop").replace("This laptop", "The laptop")


_ATTEMPT = re.compile(r"\d\.\d s: ")
_VALUE = re.compile(r"(?<![\w.])\d+\.\d+\.\d+\.\d+(?![\w.])")
"""An address in a finding: the evidence with it says more than the rest."""


def _tried(flow: Flow, report: Report) -> str | None:
    """When this laptop tried an exchange, and from which address; None: its attempts were not kept."""
    times = sorted(dict.fromkeys(_times(flow, report.observations)))
    if not times:
        return None
    told = [_clock(report.started, at_s) or f"{at_s:.1f} s after the start" for at_s in times[:MOST_TIMES]]
    more = f" and {len(times) - MOST_TIMES} more times" if len(times) > MOST_TIMES else ""
    sender = next((address.partition("/")[0] for address in report.scope.addresses), None)
    return (
        f"Sent{f' from {sender}' if sender else ''} to {flow.address}, {flow.words}, at {in_a_row(told)}{more}"
        f"{' UTC' if _clock(report.started, 0) else ''}: no right answer."
    )


def _times(flow: Flow, seen: Observations) -> Iterator[float]:
    """When an exchange was tried, in seconds after the start."""
    attempts: list[Attempt | Connection] = []
    if seen.cloud:
        for endpoint in seen.cloud.endpoints:
            if (endpoint.address, endpoint.port) == (flow.address, flow.port):
                attempts += [*endpoint.attempts, *endpoint.connections]
    for server in seen.coap.servers if seen.coap else []:
        if (server.address, flow.port) == (flow.address, 5683):
            attempts += server.attempts
    if seen.ntp and (seen.ntp.address, flow.port) == (flow.address, 123):
        attempts += seen.ntp.attempts
    for lookup in seen.dns.lookups if seen.dns else []:
        if (lookup.resolver, flow.port) == (flow.address, 53):
            attempts += lookup.attempts
    for attempt in attempts:
        if isinstance(attempt, Connection) or attempt.outcome != "ignored":
            yield attempt.at_s


def _clock(started: str, at_s: float) -> str | None:
    """The time of day so many seconds after the start, to a tenth of a second; None: the start is no valid time."""
    at = _time(started, at_s)
    return f"{at:%H:%M:%S}.{at.microsecond // 100_000}" if at else None


def _time(started: str, at_s: float) -> dt.datetime | None:
    """The time so many seconds after the start, in UTC; None: the start is no valid time (a forged report)."""
    if not math.isfinite(at_s):
        return None
    try:
        start = dt.datetime.fromisoformat(started)
        return (start if start.tzinfo else start.replace(tzinfo=dt.UTC)).astimezone(dt.UTC) + dt.timedelta(seconds=at_s)
    except (ValueError, OverflowError):
        return None


def _working_controls(report: Report, asks: list[Ask]) -> list[str]:
    """What worked in the same run, and so is not the cause."""
    asked = {check_id for ask in asks for check_id in ask.checks}
    stages = {stage for check in report.checks if check.id in asked for stage in _CONTROLS.get(check.stage, ())}
    worked = [check for check in report.checks if check.status == "pass" and check.stage in stages]
    return [f"{check.summary}." for check in worked[:MOST_BESIDE]]


# --- the request


def _request(report: Report, owner: Owner, asks: list[Ask], owners: int) -> Request:
    """The request to one owner."""
    asks = sorted(asks, key=lambda ask: (_ORDER[ask.sure], report.answer.check not in ask.checks))
    command, says = _verify(report, asks)
    return Request(
        owner=owner,
        subject=_subject(report, asks),
        about=_about(report, asks),
        measured=_measured(report),
        asks=asks,
        beside=_working_controls(report, asks),
        enough=list(_enough(report, asks, owners)),
        command=command,
        says=says,
        elsewhere=list(
            dict.fromkeys(line for ask in asks for line in _without_netpreflight(ask, _problems(ask, report)))
        ),
        mac="" if report.device.mac_prefix is UNSET else report.device.mac_prefix,
        mac_from=mac_told_by(report.device.name),
        behind=list(dict.fromkeys(_subnets_behind_nat(asks))) if owner == "internet provider" else [],
        made=_time(report.started, 0),
        public=report.sharing == "public",
    )


def _subject(report: Report, asks: list[Ask]) -> str:
    """One line that names the problem and the device."""
    first, device = asks[0], with_article(report.device.title)
    others = f" (and {len(asks) - 1} more)" if len(asks) > 1 else ""
    summary = (first.seen or [first.line])[0].rstrip(".")
    if first.sure == "suspected":
        return f"Please check, for {device}: {summary}{others}"
    if first.sure == "optional":
        return f"It would help {device}: {summary}{others}"
    if first.rules:
        flows = [f"{rule.protocol.upper()} {rule.port} to {rule.host or rule.addresses[0]}" for rule in first.rules]
        return f"Please allow outbound {in_a_row(flows)} for {device}{others}"
    return f"{capitalised(device)} cannot get online: {summary}{others}"


def _about(report: Report, asks: list[Ask]) -> list[str]:
    """Which device, on which network, and whether it gets online there."""
    wifi = report.observations.wifi
    network = wifi.target if wifi is not None else None
    gateway = report.scope.gateway
    place = f"on the network behind the gateway {gateway}" if gateway else "on this network"
    if network:
        by_cable = " (looked at over the air; the rest was measured by cable)" if report.scope.medium == "wired" else ""
        place = f"on the Wi-Fi {in_quotes(network)}{by_cable}"
    device = with_article(report.device.title)
    if report.startup.online is False:
        outcome = "It would not get online there."
    elif any(ask.sure == "needed" for ask in asks):
        outcome = "It cannot be relied on to get online there."
    else:
        outcome = "It gets online there." if report.startup.online else "It is not known whether it gets online there."
    lines = [f"{capitalised(device)} is to be used {place}. {outcome}"]
    if any(ask.rules for ask in asks):
        lines.append(
            "It is a small Wi-Fi device without a screen. It opens each connection itself, from the inside out: "
            "nothing has to be let in that it did not ask for. It cannot use a proxy or click through a login page."
        )
    ports = {(rule.protocol, rule.port) for ask in asks for rule in ask.rules}
    endpoints = report.observations.cloud.endpoints if report.observations.cloud else []
    if any(endpoint.transport == "dtls" and ("udp", endpoint.port) in ports for endpoint in endpoints):
        lines.append("What it sends there is encrypted (DTLS), to the servers of its cloud.")
    return lines


def _measured(report: Report) -> str:
    """When and from where it was measured."""
    begun, ended = _time(report.started, 0), _time(report.started, report.duration_s)
    when = f"started {report.started}" if begun is None else f"on {begun:%Y-%m-%d}, {begun:%H:%M:%S}"
    if begun is not None and ended is not None:
        when += f" to {ended:%H:%M:%S} UTC"
    scope = report.scope
    medium = {"wired": ", by cable", "wifi": ", by Wi-Fi"}.get(scope.medium or "", "")
    address = f" ({', '.join(scope.addresses[:2])}{medium})" if scope.addresses else ""
    gateway = f", behind the gateway {scope.gateway}" if scope.gateway else ""
    played = report.observations.as_device
    mac = f", as a device with the MAC address {played.mac}" if played is not UNSET and played.not_run is None else ""
    place = f"from a laptop on that network{address}{mac}{gateway}"
    return f"Measured {when}, {place}, with netpreflight {report.tool.version}."


def _enough(report: Report, asks: list[Ask], owners: int) -> Iterator[str]:
    """Whether the changes are enough, as far as that is known."""
    found = report.enough
    if found is None or not any(ask.sure == "needed" for ask in asks):
        return
    if found.answer == "alone":
        yield "That is enough: everything else that the device needs was seen to work."
    elif found.answer == "together":
        yield "Everything else that the device needs was seen to work" + (
            ", but somebody else is asked for another change that it needs, too." if owners > 1 else "."
        )
    else:
        yield "It is not known whether that is enough: what comes after it can be measured only once it is changed."
        asked = {check_id for change in report.changes for check_id in change.checks}
        consequences = [check.id for check in report.checks if check.id in found.perhaps and check.id not in asked]
        if any(check.to_allow for check in report.checks if check.id in consequences):
            yield afterwards(report.checks, consequences).strip()
        elif consequences:
            yield "Only if it still fails then: run netpreflight again, and see what it finds next."


def _subnets_behind_nat(asks: list[Ask]) -> Iterator[str]:
    """The private subnets from which the rules let exchanges out."""
    for rule in (rule for ask in asks for rule in ask.rules):
        if rule.source and is_local(rule.source.partition("/")[0]):
            yield rule.source


# --- how to verify it


def _verify(report: Report, asks: list[Ask]) -> tuple[str, str]:
    """The command that verifies the changes, and what it says once they are made; empty: no laptop can see them."""
    asked = [check for check in report.checks if any(check.id in ask.checks for ask in asks)]
    ids = [check.id for check in asked if not _is_for_one_client(check)]
    if not ids:
        return "", ""
    device = report.device
    here = system(report.scope.os or "linux")  # a saved run may not name its system
    words = [*here.as_root, here.program]
    words += ["--device", device.name if device.name in profiles.names() else "FILE.toml"]
    if device.os_version and _PLAIN_WORD.fullmatch(device.os_version):
        words += ["--os", device.os_version]
    wifi, rows = report.observations.wifi, [CHECKS[check_id] for check_id in ids]
    if report.observations.as_device is not UNSET or any("join" in row.probes for row in rows):
        words += ["--as", "device"]
    of_air = any(not {"wifi", "join"}.isdisjoint(row.probes) for row in rows)
    is_needed = any(check.level == "required" for check in report.checks if check.id in ids)
    if wifi is not None and wifi.target is not None and (of_air or not is_needed):
        is_plain = _PLAIN_NAME.fullmatch(wifi.target)
        named = wifi.target if is_plain else "NAME OF THE NETWORK"
        words += ["--ssid", here.quoted(named) or shlex.quote(named)]
    listed = in_groups(ids)
    if is_needed:
        words += ["--only", listed.replace(", ", ",")]
        says = f'"Nothing that this run looked at keeps {with_article(device.title)} from getting online here"'
        if any(check.status != "warn" for check in asked):  # with a warning, the exit code is 0 before the change, too
            says += ", and ends with exit code 0"
    else:  # checks that the device does not need give no verdict by themselves
        says = f"nothing of {listed} any more"
    return " ".join(words), says


def _problems(ask: Ask, report: Report) -> set[str | None]:
    """The problems that ask for a change."""
    return {check.problem for check in report.checks if check.id in ask.checks}


def _is_for_one_client(check: Check) -> bool:
    """Whether the change is made for the device alone, so that no laptop sees it."""
    return check.id == "portal" or check.problem in _BY_CLIENT


def _without_netpreflight(ask: Ask, problems: set[str | None]) -> Iterator[str]:
    """How to see a change without netpreflight, or with a laptop that takes the device's place."""
    for rule in ask.rules:
        source = rule.source or "the device's subnet"
        yield (
            f"On the firewall: its sessions or its log show {rule.protocol.upper()} {rule.port} from {source} to "
            f"{rule.host or rule.addresses[0]}, with packets in both directions."
        )
    if _BY_CLIENT & problems:
        linux = system("linux")
        yield (
            "By the device itself, which gets online; or by a Linux laptop in its place, while it is switched off: "
            f"{' '.join([*linux.as_root, linux.program])} --as device --mac ADDRESS (the device's). A run with the "
            "laptop's own MAC address does not show the change."
        )
    if "portal" in ask.checks and ONLY_LAPTOP not in problems:
        yield (
            "In the portal's list of clients, the device's MAC address is let past; then the device itself gets "
            "online. A laptop still meets the portal, unless its own MAC address is let past, too."
        )
    if ask.where == "DHCP server":
        yield "In the DHCP server's log: for the device's MAC address, DISCOVER, OFFER, REQUEST and ACK follow."
