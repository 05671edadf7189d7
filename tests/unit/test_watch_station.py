"""What becomes of a station: each change is told once, whatever the driver tells of it twice."""

import pytest

from netpreflight.agent.watch.station import ROAMS_WITHIN_S, Change, Station
from netpreflight.agent.watch.watched import NoteKind
from netpreflight.systems.interface import StationEvent

A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"
BY_AP = StationEvent("end", A, 4)
BY_LAPTOP = StationEvent("end", A, 3, by_laptop=True)
BACK = [StationEvent("authentication", A, 0), StationEvent("association", A, 0), StationEvent("connection", A, 0)]
TO_B = [StationEvent("authentication", B, 0), StationEvent("association", B, 0), StationEvent("connection", B, 0)]
SENT_AWAY = f"the access point {A} ended it: reason 4 (inactivity, or no more beacons)"
LEFT = f"this laptop ended the link to the access point {A}: reason 3 (the station is leaving)"
TOLD: dict[str, tuple[list[StationEvent], list[tuple[NoteKind, str | None, str]]]] = {
    "deauthenticated": ([BY_AP, StationEvent("end", None, 4), *BACK], [("deauthenticated", A, SENT_AWAY)]),
    "twice": ([BY_AP, *BACK, BY_AP], [("deauthenticated", A, SENT_AWAY)] * 2),
    "no reason": (
        [StationEvent("end", None, None)],
        [("deauthenticated", A, f"the access point {A} ended it: no reason given")],
    ),
    "left": ([BY_LAPTOP, StationEvent("end", None, 3, by_laptop=True)], [("deauthenticated", A, LEFT)]),
    "left, and back": ([BY_LAPTOP, *BACK], [("deauthenticated", A, LEFT)]),
    "roamed": ([BY_LAPTOP, *TO_B], [("roamed", B, f"from {A} to {B}")]),
    "roamed by the radio": ([StationEvent("roam", B, 0)], [("roamed", B, f"from {A} to {B}")]),
    "sent to another": (
        [BY_AP, *TO_B],
        [("deauthenticated", A, SENT_AWAY), ("roamed", B, f"from {A} to {B}")],
    ),
    "refused by another": ([BY_AP, StationEvent("association", B, 17)], [("deauthenticated", A, SENT_AWAY)]),
    "another channel": (
        [StationEvent("channel", None, None, frequency_mhz=2462)],
        [("channel", A, f"{A} went from 2412 to 2462 MHz")],
    ),
    "the same channel": ([StationEvent("channel", None, None, frequency_mhz=2412)], []),
}


def joined() -> Station:
    """A station that was seen on A, channel 1."""
    station = Station()
    assert station.look(A, 2412) == []
    return station


@pytest.mark.parametrize("what", TOLD)
def test_each_change_is_told_once(what: str) -> None:
    events, told = TOLD[what]
    station = joined()
    found = [change for event in events for change in station.hear(event, 100.0)]
    found += station.settle(100.0 + ROAMS_WITHIN_S)

    assert found == [Change(kind, said, bssid) for kind, bssid, said in told]
    assert station.settle(200.0) == []


def test_an_end_of_its_own_waits_for_another_access_point() -> None:
    station = joined()

    assert station.hear(BY_LAPTOP, 100.0) == station.settle(100.0 + ROAMS_WITHIN_S - 0.1) == []
    assert [change.kind for change in station.settle(100.0 + ROAMS_WITHIN_S)] == ["deauthenticated"]


def test_a_look_after_a_roam_fills_in_the_channel_and_tells_nothing_new() -> None:
    station = joined()
    for event in (BY_LAPTOP, *TO_B):
        station.hear(event, 100.0)

    assert station.look(B, 2462) == []
    assert [change.kind for change in station.look(B, 2437)] == ["channel"]


def test_a_look_shows_what_no_event_told() -> None:
    assert joined().look(B, 2462) == [Change("roamed", f"from {A} to {B}, 2462 MHz", B)]


def test_how_a_link_ended_is_known_until_it_is_back() -> None:
    station = joined()
    station.hear(BY_AP, 100.0)

    assert station.ended == SENT_AWAY
    for event in BACK:
        station.hear(event, 101.0)
    assert station.ended == ""
