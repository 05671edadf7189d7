"""Watches to report: what a store would give."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from netpreflight.agent.watch.watched import Outage, Unobserved, Watch

MONDAY = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)


def outage(at: dt.datetime, lasting: dt.timedelta = 3 * MINUTE, **changed: Any) -> Outage:
    """An outage of the cloud's port that was seen from 25 s before to 25 s after."""
    fields: dict[str, Any] = {
        "last_good": at - 25 * SECOND,
        "first_bad": at,
        "last_bad": at + lasting,
        "first_good": at + lasting + 25 * SECOND,
        "layer": "cloud",
        "check": "cloud.transport",
        "problem": "no-answer",
        "owner": "network administrator",
        "remedy": "Let UDP 5684 out.",
        "summary": "The cloud did not answer on UDP 5684, while DNS worked",
    }
    return Outage(**(fields | changed))


def watch(days: float, outages: Iterable[Outage] = (), gaps: Iterable[Unobserved] = (), **changed: Any) -> Watch:
    """A watch that began on a Monday at midnight, UTC."""
    unobserved = list(gaps)
    fields: dict[str, Any] = {
        "begin": MONDAY,
        "end": MONDAY + days * DAY,
        "observed_s": days * DAY.total_seconds() - sum((gap.end - gap.begin).total_seconds() for gap in unobserved),
        "unobserved": unobserved,
        "outages": list(outages),
        "device": "argon",
        "device_label": "Particle Argon, Device OS 6.2.0",
        "step_s": 25.0,
        "version": "0.1.0",
    }
    return Watch(**(fields | changed))


def asleep(begin: dt.datetime, end: dt.datetime) -> Unobserved:
    return Unobserved(begin=begin, end=end, why="asleep")
