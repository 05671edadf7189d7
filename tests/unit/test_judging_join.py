"""`join.*`: each cause by its witness, what devices log for it, and what a failed join means for all that follows."""

from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS, judge
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Join, JoinAttempt, LinkLoss, Wifi
from tests.unit.air import ADMIN, BSSID, HIGH, OTHER, OWNER, bss, rsn, scan, sound
from tests.unit.seen import healthy

MAC = "94:94:4a:12:34:56"
HEARD = scan(bss(), target="net")
FAR = scan(bss(signal_dbm=-84.0))
ON_BOTH = scan(bss(), bss(bssid="02:11:22:33:44:77", frequency_mhz=5180, channel=36), target="net")
TWELFTH = scan(bss(channel=12))
BEYOND = [check_id for check_id in CHECKS if CHECKS[check_id].beyond_the_air]
JOIN = ["join.auth", "join.key", "join.link"]
Problems = tuple[str | None, str | None, str | None]


def tried(ended: Any, times: int = 1, **fields: Any) -> list[JoinAttempt]:
    """Attempts that ended alike."""
    where = {} if ended in {"not-found", "passed-over"} else {"bssid": BSSID, "frequency_mhz": 2437}
    return [JoinAttempt(**{"at_s": 2.0 + n, "mac": MAC, "ended": ended, **where, **fields}) for n in range(times)]


JOINED = tried("joined")
REFUSED = {status: tried("auth-refused", 3, status=status) for status in (1, 12, 17, 30, 82)}
DENIED = {status: tried("assoc-refused", 3, status=status) for status in (1, 17, 18, 27, 31, 40, 43, 82, 104, 124)}
WRONG = tried("key-refused", 2, reason=15)


def join(attempts: list[JoinAttempt], device: str = "argon", **fields: Any) -> Join:
    usual = {
        "way": "radio",
        "ssid": "net",
        "abilities": abilities_of(profiles.load(*device.split()).radio),
        "key_form": "allowed",
        "attempts": attempts,
        "link": "there",
        "end_bssid": BSSID,
        "watched_s": 30.0,
    }
    return Join(**{**usual, **fields})


def judged(seen: Join, device: str = "argon", **changed: Any) -> dict[str, Check]:
    observations = healthy(join=seen, **{"wifi": HEARD, **changed})
    checks = judge(observations, profiles.load(*device.split()), Selection()).checks
    for check in checks:
        sound(check)
    return {check.id: check for check in checks}


def of(found: dict[str, Check]) -> list[tuple[str, str | None]]:
    return [(found[name].status, found[name].problem) for name in JOIN]


PASS = ("pass", None)
BEHIND = ("unknown", "not-joined")
HEALTHY = join(JOINED)
CASES: dict[str, tuple[Join, dict[str, Any], list[tuple[str, str | None]]]] = {
    "joins": (HEALTHY, {}, [PASS, PASS, PASS]),
    "open": (join(JOINED, key_form="none"), {}, [PASS, PASS, PASS]),
    "wrong passphrase": (join(WRONG), {}, [PASS, ("fail", "wrong-passphrase"), BEHIND]),
    "wrong once": (join(WRONG[:1]), {}, [PASS, ("unknown", "wrong-passphrase"), BEHIND]),
    "wrong, then right": (join(WRONG[:1] + JOINED), {}, [PASS, ("warn", "key-unfinished"), PASS]),
    "no passphrase": (
        join([], key_form="not-allowed"), {}, [("unknown", "not-tried"), ("fail", "passphrase-form"), BEHIND]
    ),
    "not ASCII": (join(JOINED, key_form="not-ascii"), {}, [PASS, ("warn", "passphrase-characters"), PASS]),
    "handshake broken off": (
        join(tried("key-unfinished", 3, reason=3)), {}, [PASS, ("unknown", "key-unfinished"), BEHIND]
    ),
    "MAC deny list": (join(REFUSED[1]), {}, [("fail", "mac-refused"), BEHIND, BEHIND]),
    "MAC deny list, asked once": (join(REFUSED[1][:1]), {}, [("unknown", "mac-refused"), BEHIND, BEHIND]),
    "MAC deny list, told only once": (
        join(REFUSED[1][:1] + tried("not-told", 2)), {}, [("unknown", "mac-refused"), BEHIND, BEHIND]
    ),
    "MAC deny list, asked only once": (
        join(tried("not-made", 2) + REFUSED[1][:1]), {}, [("unknown", "mac-refused"), BEHIND, BEHIND]
    ),
    "MAC deny list, told twice": (
        join(REFUSED[1][:2] + tried("not-told")), {}, [("fail", "mac-refused"), BEHIND, BEHIND]
    ),
    "MAC deny list, then silent": (
        join(REFUSED[1][:1] + tried("no-answer", 2)), {}, [("fail", "mac-refused"), BEHIND, BEHIND]
    ),
    "MAC deny list, then silent once, then not told": (
        join(REFUSED[1][:1] + tried("no-answer") + tried("not-told")), {},
        [("unknown", "mac-refused"), BEHIND, BEHIND],
    ),
    "MAC deny list, then passed over": (
        join(REFUSED[30][:1] + tried("passed-over", 2)), {}, [("unknown", "mac-refused"), BEHIND, BEHIND]
    ),
    "MAC deny list, not found before": (
        join(tried("not-found", 2) + REFUSED[30][:1]), {}, [("unknown", "mac-refused"), BEHIND, BEHIND]
    ),
    "association refused, silent once, passed over once": (
        join(DENIED[1][:1] + tried("no-answer") + tried("passed-over")), {},
        [("unknown", "association-refused"), BEHIND, BEHIND],
    ),
    "MAC deny list, told twice, then passed over": (
        join(REFUSED[30][:2] + tried("passed-over")), {}, [("fail", "mac-refused"), BEHIND, BEHIND]
    ),
    "MAC deny list, told three times": (join(REFUSED[30]), {}, [("fail", "mac-refused"), BEHIND, BEHIND]),
    "MAC accept list": (join(tried("not-found", 3, heard_mhz=[2437])), {}, [("fail", "ignored"), BEHIND, BEHIND]),
    "MAC accept list, of an earlier version": (join(tried("not-found", 3)), {}, [("fail", "ignored"), BEHIND, BEHIND]),
    "a station that hears nobody": (
        join(tried("not-found", 3, heard_mhz=[])), {}, [("unknown", "not-found"), BEHIND, BEHIND]
    ),
    "a station that once hears nobody on that channel": (
        join(tried("not-found", 2, heard_mhz=[2437]) + tried("not-found", heard_mhz=[2412])), {},
        [("unknown", "not-found"), BEHIND, BEHIND],
    ),
    "MAC accept list, silent": (join(tried("no-answer", 3)), {}, [("fail", "no-answer"), BEHIND, BEHIND]),
    "two frames lost": (join(tried("no-answer", 2)), {}, [("unknown", "no-answer"), BEHIND, BEHIND]),
    "far away": (join(tried("no-answer", 3)), {"wifi": FAR}, [("unknown", "no-answer"), BEHIND, BEHIND]),
    "full": (join(REFUSED[17]), {}, [("fail", "full"), BEHIND, BEHIND]),
    "full for associations": (join(DENIED[17]), {}, [("fail", "full"), BEHIND, BEHIND]),
    "full, then not": (join(REFUSED[17][:1] + JOINED), {}, [("warn", "full"), PASS, PASS]),
    "refused, then not": (join(REFUSED[30][:1] + JOINED), {}, [("warn", "refused-once"), PASS, PASS]),
    "steering": (join(REFUSED[82]), {}, [("fail", "steered"), BEHIND, BEHIND]),
    "steering, then not": (join(REFUSED[82][:1] + JOINED), {}, [("warn", "steered"), PASS, PASS]),
    "steering of a station that asks on 5 GHz": (
        join(REFUSED[82], way="networkmanager"), {}, [("unknown", "steered"), BEHIND, BEHIND]
    ),
    "steering of a Photon 2, which asks there, too": (
        join(REFUSED[82], "photon2", way="networkmanager"), {"device": "photon2"},
        [("fail", "steered"), BEHIND, BEHIND],
    ),
    "full, on 2.4 GHz only": (
        join(REFUSED[17], way="networkmanager"), {}, [("fail", "full"), BEHIND, BEHIND]
    ),
    "full for a station that asks on 5 GHz": (
        join(REFUSED[17], way="networkmanager"), {"wifi": ON_BOTH}, [("unknown", "full"), BEHIND, BEHIND]
    ),
    "silent to a station that asks on 5 GHz": (
        join(tried("no-answer", 3), way="networkmanager"), {"wifi": ON_BOTH},
        [("unknown", "no-answer"), BEHIND, BEHIND],
    ),
    "full for a station that was seen not to ask there": (
        join(REFUSED[17], way="networkmanager", scanned_5ghz_s=None), {"wifi": ON_BOTH},
        [("fail", "full"), BEHIND, BEHIND],
    ),
    "steering of a station that was seen not to ask there": (
        join(REFUSED[82], way="networkmanager", scanned_5ghz_s=None), {}, [("fail", "steered"), BEHIND, BEHIND]
    ),
    "full for a station that was seen to ask there": (
        join(REFUSED[17], way="networkmanager", scanned_5ghz_s=2.5), {"wifi": ON_BOTH},
        [("unknown", "full"), BEHIND, BEHIND],
    ),
    "full for a station that may have asked there": (
        join(REFUSED[17], way="networkmanager", scanned_5ghz_s=None, unheard_s=2.5), {"wifi": ON_BOTH},
        [("unknown", "full"), BEHIND, BEHIND],
    ),
    "full for a station of which all was heard": (
        join(REFUSED[17], way="networkmanager", scanned_5ghz_s=None, unheard_s=None), {"wifi": ON_BOTH},
        [("fail", "full"), BEHIND, BEHIND],
    ),
    "steering of a station that may have asked there": (
        join(REFUSED[82], way="networkmanager", scanned_5ghz_s=None, unheard_s=0.0), {},
        [("unknown", "steered"), BEHIND, BEHIND],
    ),
    "let in, and may have asked there": (
        join(JOINED, way="networkmanager", scanned_5ghz_s=None, unheard_s=2.5), {}, [PASS, PASS, PASS]
    ),
    "sent away after it may have asked there": (
        join(JOINED, way="networkmanager", scanned_5ghz_s=9.5, unheard_s=8.9, lost=[LinkLoss(at_s=9, reason=2)],
             link="gone"), {},
        [PASS, PASS, ("unknown", "sent-away")],
    ),
    "sent away before it may have asked there": (
        join(JOINED, way="networkmanager", scanned_5ghz_s=None, unheard_s=9.1, lost=[LinkLoss(at_s=9, reason=2)],
             link="gone"), {},
        [PASS, PASS, ("fail", "sent-away")],
    ),
    "sent away before it asked there": (
        join(JOINED, way="networkmanager", scanned_5ghz_s=9.1, lost=[LinkLoss(at_s=9, reason=2)], link="gone"), {},
        [PASS, PASS, ("fail", "sent-away")],
    ),
    "sent away after it had asked there": (
        join(JOINED, way="networkmanager", scanned_5ghz_s=8.9, lost=[LinkLoss(at_s=9, reason=2)], link="gone"), {},
        [PASS, PASS, ("unknown", "sent-away")],
    ),
    "lost after it had asked there": (
        join(JOINED, way="networkmanager", scanned_5ghz_s=8.9, lost=[LinkLoss(at_s=9, reason=4, by_laptop=True)]), {},
        [PASS, PASS, ("warn", "lost")],
    ),
    "full on both bands": (join(REFUSED[17]), {"wifi": ON_BOTH}, [("fail", "full"), BEHIND, BEHIND]),
    "n-only for a station that asks on 5 GHz": (
        join(DENIED[27], way="networkmanager"), {"wifi": ON_BOTH}, [("fail", "n-only"), BEHIND, BEHIND]
    ),
    "NetworkManager tells nothing": (
        join(tried("not-told"), way="networkmanager"), {}, [("unknown", "not-told"), BEHIND, BEHIND]
    ),
    "n-only": (join(DENIED[27]), {}, [("fail", "n-only"), BEHIND, BEHIND]),
    "rates": (join(DENIED[18]), {}, [("fail", "basic-rates"), BEHIND, BEHIND]),
    "PMF, the access point's word": (join(DENIED[31]), {}, [("fail", "pmf-required"), BEHIND, BEHIND]),
    "AKM, the access point's word": (join(DENIED[43]), {}, [("fail", "security-refused"), BEHIND, BEHIND]),
    "ac only": (join(DENIED[104]), {}, [("fail", "newer-phy-only"), BEHIND, BEHIND]),
    "ax only": (join(DENIED[124]), {}, [("fail", "newer-phy-only"), BEHIND, BEHIND]),
    "association refused": (join(DENIED[1]), {}, [("fail", "association-refused"), BEHIND, BEHIND]),
    "PMF, predicted": (
        join(tried("passed-over", 3, passed_over="pmf")), {}, [("unknown", "pmf-predicted"), BEHIND, BEHIND]
    ),
    "SAE, predicted": (
        join(tried("passed-over", 3, passed_over="akm")), {}, [("unknown", "akm-predicted"), BEHIND, BEHIND]
    ),
    "cipher, predicted": (
        join(tried("passed-over", 3, passed_over="cipher")), {}, [("unknown", "cipher-predicted"), BEHIND, BEHIND]
    ),
    "rates, predicted": (
        join(tried("passed-over", 3, passed_over="rates")), {}, [("unknown", "rates-predicted"), BEHIND, BEHIND]
    ),
    "passed over": (join(tried("passed-over", 3)), {}, [("unknown", "passed-over"), BEHIND, BEHIND]),
    "not found once": (join(tried("not-found")), {}, [("unknown", "not-found"), BEHIND, BEHIND]),
    "not found, and not heard": (
        join(tried("not-found", 3)), {"wifi": scan(bss(name=b"other"))}, [("unknown", "not-found"), BEHIND, BEHIND]
    ),
    "not found, without a survey": (
        join(tried("not-found", 3)), {"wifi": None}, [("unknown", "not-found"), BEHIND, BEHIND]
    ),
    "not found on the device's channels": (
        join(tried("not-found", 3)), {"wifi": TWELFTH}, [("unknown", "not-found"), BEHIND, BEHIND]
    ),
    "not found, weak": (join(tried("not-found", 3)), {"wifi": FAR}, [("unknown", "not-found"), BEHIND, BEHIND]),
    "found at last": (join(tried("not-found", 2) + JOINED), {}, [PASS, PASS, PASS]),
    "not told": (join(tried("not-told", 2)), {}, [("unknown", "not-told"), BEHIND, BEHIND]),
    "not made": (join([]), {}, [("unknown", "not-told"), BEHIND, BEHIND]),
    "not run": (Join(not_run="this run is over SSH"), {}, [("unknown", "not-looked")] * 3),
    "sent away": (
        join(JOINED, lost=[LinkLoss(at_s=9, reason=2)], link="gone", end_bssid=None), {},
        [PASS, PASS, ("fail", "sent-away")],
    ),
    "sent away, and back": (join(JOINED, lost=[LinkLoss(at_s=9, reason=2)]), {}, [PASS, PASS, ("warn", "sent-away")]),
    "sent away twice": (join(JOINED, lost=[LinkLoss(at_s=9, reason=2)] * 2), {}, [PASS, PASS, ("fail", "sent-away")]),
    "steered away": (
        join(JOINED, lost=[LinkLoss(at_s=9, reason=12)], link="gone", end_bssid=None), {},
        [PASS, PASS, ("fail", "steered")],
    ),
    "asked to move": (
        join(JOINED, lost=[LinkLoss(at_s=9, reason=3, asked_to_move=True)]), {}, [PASS, PASS, ("warn", "steered")]
    ),
    "moved": (join(JOINED, end_bssid="02:11:22:33:44:66"), {}, [PASS, PASS, ("warn", "moved")]),
    "beacons lost": (
        join(JOINED, lost=[LinkLoss(at_s=9, reason=4, by_laptop=True)]), {}, [PASS, PASS, ("warn", "lost")]
    ),
    "out of range": (
        join(JOINED, lost=[LinkLoss(at_s=9, reason=4, by_laptop=True)], link="gone", end_bssid=None), {},
        [PASS, PASS, ("unknown", "lost")],
    ),
    "not all heard": (join(JOINED, link="unheard"), {}, [PASS, PASS, ("unknown", "not-looked")]),
    "not all heard, and sent away": (
        join(JOINED, lost=[LinkLoss(at_s=9, reason=2)], link="unheard"), {}, [PASS, PASS, ("warn", "sent-away")]
    ),
    "cut short": (join(JOINED, link="not-looked", end_bssid=None), {}, [PASS, PASS, ("unknown", "not-looked")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_cause_is_told_apart_by_its_witness(name: str) -> None:
    seen, changed, expected = CASES[name]

    assert of(judged(seen, **changed)) == expected


def test_every_problem_of_the_checks_has_a_case() -> None:
    named = {problem for _, _, found in CASES.values() for _, problem in found}

    assert {problem for name in JOIN for problem in CHECKS[name].problems} - named == {"other-radio"}


@pytest.mark.parametrize("name", ["PMF, predicted", "SAE, predicted", "cipher, predicted", "rates, predicted"])
def test_a_prediction_is_called_one_and_belongs_to_the_check_of_the_beacon(name: str) -> None:
    check = judged(CASES[name][0])["join.auth"]

    assert "predicts" in check.summary
    assert check.due_to == ("wifi.mode" if name.startswith("rates") else "wifi.security")


@pytest.mark.parametrize(
    ("wifi", "due_to"),
    [(TWELFTH, "wifi.channel"), (scan(bss(name=b"other")), "wifi.band"), (FAR, "wifi.band"), (None, "wifi.band")],
)
def test_what_was_not_found_is_for_the_check_that_says_why(wifi: Any, due_to: str) -> None:
    assert judged(join(tried("not-found", 3)), wifi=wifi)["join.auth"].due_to == due_to


def test_an_access_point_that_answers_nobody_is_not_that_of_another_name() -> None:
    other = scan(bss(name=b"other"), target="other")

    assert judged(join(tried("not-found", 3)), wifi=other)["join.auth"].status == "unknown"


@pytest.mark.parametrize(
    ("device", "name", "line"),
    [
        ("photon", "wrong passphrase", "(inferred): wiced_join_ap_specific(), result: 1062"),
        ("photon", "MAC deny list", "(inferred): wiced_join_ap_specific(), result: 1006"),
        ("photon", "MAC accept list", "(inferred): wiced_join_ap_specific(), result: 1024 or 1003"),
        ("photon", "full", "(inferred): wiced_join_ap_specific(), result: 1006 or 1025"),
        ("photon", "SAE, predicted", "(inferred): wiced_join_ap_specific(), result: 1044"),
        ("argon", "wrong passphrase", "(inferred): +CWJAP:2"),
        ("argon", "MAC accept list", "(inferred): +CWJAP:3"),
        ("argon", "full", "(inferred): +CWJAP:4"),
        ("photon2", "wrong passphrase", "(inferred): Disconnect linkError= with one of the bits 5 to 7"),
        ("photon2", "full", "(inferred): Disconnect linkError= with bit 9, reason=0011"),
        ("photon2 --os 6.0.0", "full", None),
        ("photon", "PMF, predicted", None),
        ("core", "full", None),
    ],
)
def test_what_the_device_logs_is_told_as_sure_as_it_is(device: str, name: str, line: str | None) -> None:
    device = device.replace("--os ", "")
    seen = msgspec.structs.replace(CASES[name][0], abilities=abilities_of(profiles.load(*device.split()).radio))
    found = judged(seen, device)
    told = [text for check in JOIN for text in found[check].evidence if "would log" in text]

    assert bool(told) is bool(line)
    assert line is None or line in told[0]


def test_a_join_counts_only_for_a_radio_with_the_same_abilities() -> None:
    for device in ("core", "photon2", "photon"):
        assert of(judged(HEALTHY, device)) == [("unknown", "other-radio")] * 3
        assert of(judged(join(JOINED, device), device)) == [PASS] * 3
    assert of(judged(join(JOINED, "photon"), "p1")) == [PASS] * 3


def test_the_station_has_the_limits_of_the_radio_by_the_facts() -> None:
    low = [2407 + 5 * channel for channel in range(1, 12)]
    core, photon, argon, photon2 = (
        abilities_of(profiles.load(name).radio) for name in ("core", "photon", "argon", "photon2")
    )

    assert argon.frequencies_mhz == core.frequencies_mhz == low
    assert photon.frequencies_mhz == [*low, 2467, 2472]
    assert photon2.frequencies_mhz[:12] == [*low, 5180]
    assert [device.ht for device in (core, photon, argon, photon2)] == [False, True, True, True]
    assert not any(device.pmf for device in (core, photon, argon, photon2))


def test_nothing_that_follows_a_failed_join_counts() -> None:
    for name in ("MAC deny list", "wrong passphrase", "not run"):
        found = judged(CASES[name][0])
        due_to = "join.key" if name == "wrong passphrase" else "join.auth"

        assert {(found[check].status, found[check].problem, found[check].due_to) for check in BEYOND} == {
            ("unknown", "not-joined", due_to)
        }
    assert {judged(HEALTHY)[check].status for check in BEYOND} == {"pass"}


def test_after_a_lost_link_only_a_pass_counts() -> None:
    silent = judged(CASES["sent away"][0], ntp=None)

    assert silent["dhcp.lease"].status == "pass"
    assert (silent["ntp.reply"].status, silent["ntp.reply"].due_to) == ("unknown", "join.link")


def test_a_run_that_does_not_join_has_no_such_checks() -> None:
    made = judge(healthy(), profiles.load("argon"), Selection())

    assert not [check.id for check in made.checks if check.id.startswith("join.")]
    assert made.verdict == "compatible"


def test_the_device_stops_where_it_does_not_join() -> None:
    refused = judge(healthy(join=join(REFUSED[1])), profiles.load("argon"), Selection())
    wrong = judge(healthy(join=join(WRONG)), profiles.load("argon"), Selection())

    assert (refused.verdict, refused.startup.stops_at, refused.answer.check) == ("incompatible", "scan", "join.auth")
    assert (wrong.verdict, wrong.startup.stops_at, wrong.answer.check) == ("incompatible", "scan", "join.key")


def test_who_can_change_it() -> None:
    assert judged(join(REFUSED[1]))["join.auth"].owner == ADMIN
    assert MAC in (judged(join(REFUSED[1]))["join.auth"].remedy or "")
    assert judged(join(WRONG))["join.key"].owner == OWNER
    required = scan(bss(pmf="required", rsn=rsn("PSK", pmf_required=True)))
    predicted = judged(CASES["PMF, predicted"][0], wifi=required)
    assert (predicted["wifi.security"].status, predicted["wifi.security"].problem) == ("fail", "pmf-required")


SEEN, PERHAPS = "at 2.5 s NetworkManager scanned on 5 GHz", "NetworkManager may have scanned on 5 GHz"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"scanned_5ghz_s": 2.5}, [SEEN]),
        ({"scanned_5ghz_s": None}, []),
        ({}, []),
        ({"scanned_5ghz_s": None, "unheard_s": None}, []),
        ({"scanned_5ghz_s": None, "unheard_s": 1.5}, [PERHAPS]),
        ({"scanned_5ghz_s": 2.5, "unheard_s": 1.5}, [SEEN, PERHAPS]),
    ],
)
def test_a_scan_on_5_ghz_as_the_device_is_told_as_sure_as_it_is(fields: dict[str, Any], told: list[str]) -> None:
    let_in = judged(join(JOINED, way="networkmanager", **fields))["join.auth"]
    refused = judged(join(REFUSED[82], way="networkmanager", **fields))["join.auth"]

    assert [words for words in (SEEN, PERHAPS) if words in " ".join(let_in.evidence)] == told
    assert ("NetworkManager may have scanned" in (refused.reason or "")) is (told == [PERHAPS])
    assert ("NetworkManager scanned" in (refused.reason or "")) is (SEEN in told or fields == {})


STALE = scan(bss(age_s=9.0), OTHER, triggered=False)
OLD = scan(bss(age_s=61.0), OTHER, triggered=False)
GONE_AND_WEAK = scan(
    bss(age_s=20.0, signal_dbm=-45.0), bss(bssid="02:11:22:33:44:77", channel=11, signal_dbm=-92.0), OTHER, scan_s=4.0
)
"""The strong one was heard before this run's scan only."""


@pytest.mark.parametrize(
    ("air", "attempts", "band"),
    [
        (STALE, JOINED, PASS),
        (STALE, WRONG, PASS),
        (STALE, REFUSED[1], PASS),
        (STALE, tried("no-answer", 3), ("unknown", "stale-result")),
        (STALE, tried("joined", bssid="02:11:22:33:44:77"), ("unknown", "stale-result")),
        (OLD, JOINED, ("unknown", "stale-result")),
        (GONE_AND_WEAK, tried("joined", bssid="02:11:22:33:44:77"), ("unknown", "stale-result")),
        (scan(HIGH, OTHER), JOINED, ("fail", "other-band")),
        (scan(bss(nontransmitted=True), OTHER), JOINED, ("fail", "nontransmitted")),
    ],
)
def test_an_access_point_that_was_just_heard_and_answers_the_join_is_on_the_air(
    air: Wifi, attempts: list[JoinAttempt], band: tuple[str, str | None]
) -> None:
    found = judged(join(attempts), wifi=air)

    assert (found["wifi.band"].status, found["wifi.band"].problem) == band


def test_an_answer_of_another_network_says_nothing_of_this_one() -> None:
    found = judged(join(JOINED, ssid="else"), wifi=STALE)

    assert (found["wifi.band"].status, found["wifi.band"].problem) == ("unknown", "stale-result")
