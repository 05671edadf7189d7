"""Watches to report: what a store would give."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from netpreflight.agent import profiles
from netpreflight.agent.watch.told import told
from netpreflight.agent.watch.watched import Asked, Hour, Note, Outage, Traffic, Unobserved, Watch

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
        "hours": [Hour(layer="cloud", at=MONDAY, good=144, bad=0)],
        "device": "argon",
        "device_label": "Particle Argon, Device OS 6.2.0",
        "step_s": 25.0,
        "version": "0.1.0",
    }
    return Watch(**(fields | changed))


def asleep(begin: dt.datetime, end: dt.datetime) -> Unobserved:
    return Unobserved(begin=begin, end=end, why="asleep")


def nights(**changed: Any) -> Watch:
    """A week on a Wi-Fi, with an outage in most nights and some sleep."""
    dropped = [
        outage(
            MONDAY + night * DAY + 2 * HOUR + 10 * MINUTE,
            asked=[Asked(layer="dns", good=True, said="192.168.77.1 answered", at=MONDAY + night * DAY + 2 * HOUR)],
            ladder="Dropped at or behind hop 2 (192.168.77.1)",
            lost_behind=2,
        )
        for night in range(5)
    ]
    last = outage(MONDAY + 6 * DAY, HOUR, first_good=None, ended_by="asleep")
    gaps = [asleep(MONDAY + 6 * DAY + 2 * HOUR, MONDAY + 6 * DAY + 9 * HOUR)]
    fields: dict[str, Any] = {
        "ssid": "Ours",
        "interface": "wlan0",
        "notes": [
            Note(at=MONDAY + HOUR, kind="roamed", said="to 02:00:00:00:00:05", bssid="02:00:00:00:00:05"),
            Note(at=MONDAY + 2 * HOUR, kind="lost-datagram", said="cloud"),
        ],
        "traffic": [
            Traffic(protocol="udp", host="e00fce680000000000000000.v6.udp.particle.io", address="198.51.100.7",
                    port=5684, packets_out=144, bytes_out=20_000, packets_in=144, bytes_in=15_000)
        ],
        "limits": ["Deauthentications were not seen"],
    }  # fmt: skip
    return told(watch(7, [*dropped, last], gaps, **(fields | changed)), profiles.load("argon"))


def hostile_week() -> Watch:
    """A week in which everything that others name is hostile, and as wide as it can be."""
    text = "<script>document.title='executed'</script><img src=x onerror=\"document.title='executed'\">\x1b[2J\u202e"
    wide = "W" * 200
    return nights(
        ssid=text[:32],
        device_label=text,
        limits=[text, wide],
        interface=wide,
        notes=[Note(at=MONDAY + HOUR, kind="roamed", said=text), Note(at=MONDAY + HOUR, kind="channel", said=wide)],
        traffic=[
            Traffic(protocol="tcp", host=wide, address="198.51.100.7", port=5683, packets_out=1, bytes_out=1,
                    packets_in=0, bytes_in=0)
        ],
    )  # fmt: skip
