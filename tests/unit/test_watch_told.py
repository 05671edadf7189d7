"""What a watch comes to: the answer, what the device would have done, and who has to change what."""

import datetime as dt
from typing import get_args

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.watch.durations import between, in_words
from netpreflight.agent.watch.told import BROKE, EXIT_CODES, WHY_BLIND, changes, told
from netpreflight.agent.watch.watched import LAYERS, Blind, Hour, Layer, Note, NoteKind, OutageProblem, Unasked, WouldDo
from netpreflight.agent.watch.would_do import would_do
from netpreflight.reports.watch.words import LAYERS as TITLES
from netpreflight.reports.watch.words import NOTES
from tests.unit.watches import HOUR, MINUTE, MONDAY, SECOND, asleep, outage, watch


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (0.4, "0 s"), (12, "12 s"), (59.6, "1 min"), (200, "3 min 20 s"), (3600, "1 h"),
        (3661, "1 h 1 min"), (3605, "1 h"), (187_200, "2 d 4 h"), (86_460, "1 d"),
    ],
)  # fmt: skip
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_answer_says_that_the_cloud_was_not_shown_to_be_it() -> None:
    note = Note(at=MONDAY, kind="unproved", said="198.51.100.7 answers, but does not go on with the handshake")
    shown, not_shown = told(watch(1), None), told(watch(1, notes=[note]), None)

    assert shown.answer == "No outage in 1 d."
    told_of_it = "At least for a part of that, it was not shown that what answered is the device's cloud"
    assert not_shown.answer.startswith(f"{shown.answer} {told_of_it}")


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [(0, 25, "up to 25 s"), (12, 37, "12 s to 37 s"), (200, None, "3 min 20 s or longer"), (30, 30, "30 s")],
)
def test_bounds_in_words(least: float, most: float | None, words: str) -> None:
    assert between(least, most) == words


def test_the_answer_says_how_many_of_what_and_what_was_not_observed() -> None:
    gap = asleep(MONDAY + 5 * HOUR, MONDAY + 8 * HOUR)
    resolver = {"layer": "dns", "problem": "resolver-silent"}
    seen = told(
        watch(1, [outage(MONDAY + HOUR, 190 * SECOND), outage(MONDAY + 2 * HOUR, 10 * SECOND),
                  outage(MONDAY + 3 * HOUR, 12 * SECOND, **resolver)], [gap]),
        profiles.load("argon"),
    )  # fmt: skip

    assert seen.result == "outages"
    assert seen.answer == (
        "3 outages in 21 h: nothing came back from the cloud (twice, 3 min 20 s to 5 min in all), "
        "no resolver answered (once, 12 s to 1 min 2 s). "
        "Not observed for 3 h, because the laptop was asleep."
    )


def test_a_quiet_watch_says_so() -> None:
    seen = told(watch(1), profiles.load("argon"))

    assert (seen.answer, seen.result, seen.clusters) == ("No outage in 1 d.", "no-outage", None)


def test_a_watch_that_saw_nothing_is_no_good_one() -> None:
    seen = told(watch(1, (), [asleep(MONDAY, MONDAY + 24 * HOUR)]), profiles.load("argon"))

    assert seen.result == "not-observed"
    assert EXIT_CODES[seen.result] == 3
    assert seen.answer.startswith("Nothing could be observed.")


def hour(layer: Layer, good: int, bad: int = 0) -> Hour:
    return Hour(layer=layer, at=MONDAY, good=good, bad=bad)


@pytest.mark.parametrize(
    ("hours", "result"),
    [
        ([], "not-observed"),
        ([hour("dns", 0, 2), hour("cloud", 0, 3)], "not-observed"),
        ([hour("link", 144), hour("ip", 144), hour("gateway", 144)], "not-observed"),
        ([hour("link", 144), hour("dns", 1)], "no-outage"),
    ],
    ids=["nothing was asked", "nothing answered", "only this network", "a resolver answered once"],
)
def test_where_nothing_behind_the_router_answered_it_is_not_known_that_nothing_broke(
    hours: list[Hour], result: str
) -> None:
    seen = told(watch(1, hours=hours), profiles.load("argon"))

    assert seen.result == result
    assert ("In 1 d nothing behind the router ever answered." in seen.answer) == (result == "not-observed")


def test_where_the_cloud_could_never_be_asked_it_is_not_known_that_nothing_broke() -> None:
    hours = [hour("link", 144), hour("dns", 60)]
    unasked = [Unasked(layer="cloud", said="its name does not resolve")]
    seen = told(watch(1, hours=hours, unasked=unasked), profiles.load("argon"))

    assert (seen.result, told(watch(1, hours=hours), None).result) == ("not-observed", "no-outage")
    assert "In 1 d the device's cloud could never be asked (its name does not resolve)" in seen.answer
    assert told(watch(1, [outage(MONDAY)], hours=hours, unasked=unasked), None).result == "outages"
    assert told(watch(1, hours=hours, unasked=[Unasked(layer="portal")]), None).result == "no-outage"


@pytest.mark.parametrize(
    ("said", "is_told"),
    [("no DHCP server granted a lease", True), ("", False)],
    ids=["asked", "the watch was too short"],
)
def test_a_lease_that_was_never_granted_is_in_the_answer_and_no_outage(said: str, *, is_told: bool) -> None:
    seen = told(watch(1, hours=[hour("link", 144), hour("dns", 60)], unasked=[Unasked(layer="dhcp", said=said)]), None)
    told_of_it = "Meanwhile the renewal of a lease could never be watched (no DHCP server granted a lease)"

    assert seen.result == "no-outage"
    assert (told_of_it in seen.answer) is is_told


def test_a_watch_that_is_begun_anew_and_granted_no_lease_says_so_beside_the_one_that_it_had() -> None:
    note = Note(at=MONDAY, kind="no-lease", said="no DHCP server granted a lease")
    hours = [hour("link", 144), hour("dns", 60), hour("dhcp", 1)]
    with_lease, without = told(watch(1, hours=hours), None), told(watch(1, hours=hours, notes=[note]), None)

    assert with_lease.answer == "No outage in 1 d."
    assert without.answer.startswith("No outage in 1 d. For a part of that, no DHCP server granted the watch a lease")


def test_hours_in_which_the_cloud_could_not_be_asked_are_told() -> None:
    def at(number: int, layer: Layer, good: int) -> Hour:
        return Hour(layer=layer, at=MONDAY + number * HOUR, good=good, bad=0)

    hours = [at(0, "dns", 60), at(0, "cloud", 144), at(1, "dns", 60), at(2, "dns", 60), at(3, "dns", 2)]
    seen = told(watch(1 / 8, hours=hours), profiles.load("argon"))

    assert seen.answer == "No outage in 3 h. In 2 hours of that the device's cloud could not be asked."


def test_what_never_worked_is_no_outage_where_nothing_did() -> None:
    dead = outage(MONDAY, last_good=None, first_good=None, ended_by="stopped", layer="link", problem="link-lost")
    hours = [hour("link", 0, 9)]

    assert told(watch(1, [dead], hours=hours), None).result == "not-observed"
    assert told(watch(1, [dead], hours=[hour("link", 1, 9)]), None).result == "outages"
    assert told(watch(1, [outage(MONDAY)], hours=hours), None).result == "outages"


def done(device: str, lasting: dt.timedelta, os_version: str | None = None, **changed: str) -> WouldDo:
    found = would_do(outage(MONDAY, lasting, **changed), profiles.load(device, os_version))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("device", "os_version", "keep_alive_s", "light"),
    [
        ("photon", "2.3.1", 15 + 10, "blinking cyan, and from time to time 2 or 3 orange blinks"),
        ("argon", "6.2.0", 25 + 30, "fast blinking cyan, and from time to time 3 orange blinks"),
        ("photon2", "5.5.0", 25 + 30, "fast blinking cyan, and from time to time 2 or 3 orange blinks"),
    ],
)
def test_a_device_notices_what_lasts_longer_than_its_keep_alive(
    device: str, os_version: str, keep_alive_s: int, light: str
) -> None:
    """device-facts 2.5: every 25 s and 30 s for the answer, or every 15 s and 10 s; 1.5 and 7 for the light."""
    short, long = (done(device, (keep_alive_s + more) * SECOND, os_version) for more in (0, 1))

    assert (short.offline_s, short.sessions_lost) == (None, None)
    assert (long.offline_s, long.sessions_lost, long.light) == (keep_alive_s + 1, 1, light)


def test_a_photon_says_it_in_a_sentence() -> None:
    assert done("photon", 200 * SECOND).sentence.startswith(
        "A Particle Photon would have been offline for 3 min 20 s or longer: it sends a keep-alive every 15 s, and "
        "waits 10 s for the answer."
    )


@pytest.mark.parametrize(
    ("layer", "offline_s", "lost"), [("dns", 0, 0), ("ntp", 0, 0), ("link", None, None), ("portal", None, None)]
)
def test_a_connected_device_is_not_said_to_lose_what_it_does_not_use(
    layer: str, offline_s: float | None, lost: int | None
) -> None:
    found = done("argon", HOUR, layer=layer)

    assert (found.offline_s, found.sessions_lost) == (offline_s, lost)


@pytest.mark.parametrize(("os_version", "lost"), [("6.2.0", 0), ("3.0.0", 1)])
def test_a_forgotten_mapping_costs_a_session_without_a_connection_id(os_version: str, lost: int) -> None:
    """device-facts 2.3: since Device OS 3.1.0."""
    assert done("argon", MINUTE, os_version, problem="mapping-lost").sessions_lost == lost


def test_a_fact_that_is_not_confirmed_says_nothing_for_sure() -> None:
    assert done("argon", HOUR, "1.0.0").offline_s is None


def test_a_device_without_a_keep_alive_is_not_guessed_at() -> None:
    assert would_do(outage(MONDAY, HOUR), profiles.load("generic")) is None


def test_everything_that_can_break_and_be_noticed_has_its_words() -> None:
    assert set(BROKE) == set(get_args(OutageProblem))
    assert set(WHY_BLIND) == set(get_args(Blind))
    assert set(NOTES) == set(get_args(NoteKind))
    assert set(TITLES) == set(LAYERS)


def test_changes_are_said_once_for_all_outages_that_ask_for_them() -> None:
    found = changes([outage(MONDAY, remedy="A"), outage(MONDAY, remedy="B"), outage(MONDAY, remedy="B")])

    assert [(change.remedy, change.outages) for change in found] == [("B", 2), ("A", 1)]
