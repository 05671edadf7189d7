"""What a run sent, received and asked, one line for each event (`--debug`).

A line has the time in seconds since the run began, the kind of event, and its fields as `key=value`, always in the same
order. A value with other characters than letters, digits and `._:/+-` is in double quotes, in which a backslash escapes
a quote or a backslash.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from netpreflight.agent.report import Report, SharingLevel
from netpreflight.probes.observations import Event
from netpreflight.reports.safe_text import escaped
from netpreflight.reports.sharing import hidden

_PLAIN = re.compile(r"[A-Za-z0-9._:/+-]+")


class _Run(Struct, frozen=True):
    """A report and its events, to be shared together; the report is first, so that its tokens keep their numbers."""

    report: Report
    events: list[Event]


def line(event: Event) -> str:
    """One event as a line, with all its fields and a newline at the end."""
    words = [f"debug {event.at_s:.4f} {event.what}", *(f"{key}={_value(value)}" for key, value in _fields(event))]
    return " ".join(words) + "\n"


def shared_lines(report: Report, events: list[Event], level: SharingLevel) -> list[str]:
    """The events as lines; they hide what the report of the same run hides at this level of sharing."""
    told = events if level == "complete" else hidden(_Run(report, events), [report], level, events).events
    return [line(event) for event in told]


def _fields(event: Event) -> Iterator[tuple[str, str | int]]:
    """The fields of an event that have a value, in the order of the line."""
    fields: dict[str, str | int | None] = {
        "for": event.purpose,
        "protocol": event.protocol,
        "host": event.host,
        "address": event.address,
        "port": event.port,
        "ttl": event.ttl,
        "shape": event.shape,
        "icmp": f"{event.icmp.type}/{event.icmp.code}" if event.icmp else None,
        "from": event.icmp.source if event.icmp else None,
        "mtu": event.icmp.mtu if event.icmp else None,
        "method": event.method,
        "outcome": event.outcome,
        "sent": event.sent,
        "heard": event.heard,
        "detail": event.detail,
        "size": event.size,
        "bytes": event.payload or None,
    }
    return ((key, value) for key, value in fields.items() if value is not None)


def _value(value: str | int) -> str:
    """The value of a field as it stands in a line: plain, or in double quotes.

    It is escaped twice. First, characters that act on a terminal become escapes, which makes the text safe to show.
    Then, within quotes, backslashes and quotes are escaped as the format of the line demands, the backslashes of the
    first escaping, too. Whoever undoes the quoting of the line gets the safe text.
    """
    text = escaped(str(value))
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
