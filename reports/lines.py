"""Parts of a report as lines of plain text, for the terminal, text files and Markdown."""

from msgspec import UNSET

from netpreflight.agent.report import Report
from netpreflight.agent.results import Check
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import Observation, Scope
from netpreflight.reports.words import STATUS, TOLD, air, attached, resolvers, unanswered

_MOST_EVIDENCE = 30
"""The most lines of one check's evidence; the JSON has them all."""


def way(report: Report) -> list[str]:
    """The route from this laptop to the cloud: a line for each station, with the check results on the way to it."""
    return [
        station.title
        + (f" ({', '.join(station.detail)})" if station.detail else "")
        + (": " if station.steps else "")
        + "; ".join(f"{step.what} {STATUS[step.status]}" for step in station.steps)
        for station in report.route
    ]


def evidence(report: Report) -> list[tuple[Check, list[str]]]:
    """The reason and the evidence of each check that did not pass."""
    found = []
    for check in report.checks:
        if check.status in {"fail", "unknown", "warn"}:
            lines = [*([check.reason] if check.reason else []), *check.evidence[:_MOST_EVIDENCE]]
            if len(check.evidence) > _MOST_EVIDENCE:
                lines.append(f"and {len(check.evidence) - _MOST_EVIDENCE} more (see the JSON)")
            found.append((check, lines))
    return [pair for pair in found if pair[1]]


def unseen(report: Report) -> list[str]:
    """The checks without an answer, each with the reason and the step that would settle it."""
    return [
        " ".join(filter(None, (f"{check.id}: {check.summary}.", check.reason, check.remedy)))
        for check in unanswered(report)
    ]


def times(report: Report) -> list[str]:
    """When each probe ran and for how long, or why it did not run."""
    found = []
    for name in report.observations.__struct_fields__:
        probe = getattr(report.observations, name)
        if isinstance(probe, Observation) and not isinstance(probe, Scope):
            ran = f"did not run: {probe.not_run}" if probe.not_run else f"took {probe.duration_s:.1f} s"
            found.append(f"{name}: at {probe.started_s:.1f} s, {ran}")
    return found


def labels(report: Report) -> dict[str, str]:
    """The user's names for the site of the run and for the place there, if they were given and are not hidden."""
    return {what: label for what, label in (("site", report.site), ("place", report.place)) if label}


def speaks_for(report: Report) -> list[str]:
    """What this run looked at, and how: interface, air, resolvers, user, time, version."""
    scope, wifi = report.scope, report.observations.wifi
    limits = wifi.limits if wifi is not None and wifi.source is not None and not wifi.not_run else []
    return [
        *([] if report.sharing is UNSET else [TOLD[report.sharing]]),
        *(f"{what}: {label}" for what, label in labels(report).items()),
        (
            f"interface {attached(scope)}, {', '.join(scope.addresses) or 'no IPv4 address'}, "
            f"gateway {scope.gateway or 'none'}"
        ),
        f"air: {'; '.join([air(wifi), *limits])}",
        f"resolvers: {', '.join(resolvers(scope)) or 'none known'}",
        (
            f"run as {scope.privileges.user}, {report.started}, {report.duration_s:.1f} s, "
            f"netpreflight {report.tool.version}, rules {report.tool.rules}"
        ),
    ]


def sent(report: Report) -> str:
    """How many packets and bytes were sent, as the end of a sentence: "sent 12 packets, 900 bytes"."""
    packets, size = (sum(getattr(contact, what) for contact in report.footprint) for what in ("packets", "bytes"))
    return f"sent {counted(packets, 'packet')}, {size} bytes" if packets else "sent nothing"


def contacts(report: Report, most: int) -> list[str]:
    """Each host and port that was contacted, up to `most`, with the number of packets."""
    lines = []
    for contact in report.footprint[:most]:
        host = f" ({contact.host})" if contact.host else ""
        shapes = f" ({', '.join(contact.shapes)})" if contact.shapes else ""
        count = counted(contact.packets, "packet")
        lines.append(f"{contact.words}{host}, {contact.purpose}{shapes}: {count}")
    if len(report.footprint) > most:
        lines.append(f"and {len(report.footprint) - most} more (see the JSON)")
    return lines
