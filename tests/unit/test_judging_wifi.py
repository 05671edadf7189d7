"""Judging the air: what was not seen, all checks of a network together, and any air whatever."""

from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS, judge, judge_network, judge_one
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Bss, Observations, Wifi, band_of
from tests.unit.air import (
    B_RATES,
    BSSID,
    DEVICES,
    G_RATES,
    HEALTHY,
    HIDDEN,
    HIGH,
    HIGH_OTHER,
    NET,
    OTHER,
    OWNER,
    WIFI,
    bss,
    check,
    rsn,
    scan,
    sound,
    wifi,
    wpa,
)
from tests.unit.arbitrary import arbitrary
from tests.unit.partly import partly
from tests.unit.seen import FREQUENCIES, healthy

# --- nothing to judge ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", partly({"argon"}, DEVICES))
@pytest.mark.parametrize("check_id", WIFI)
@pytest.mark.parametrize(
    ("seen", "problem", "why"),
    [
        (None, "not-looked", ""),
        (Wifi(not_run="the radio is blocked (rfkill)", unlocked_by="Switch it on."), "not-looked", "(rfkill)"),
        (Wifi(limits=["No adapter"]), "no-source", "No adapter"),
        (Wifi(), "no-source", ""),
        (Wifi(source="capture", target=NET, limits=["Listened on channel 6 only"]), "nothing-heard", "6 only"),
        (wifi(HEALTHY, OTHER, OTHER, HIDDEN, target=None, target_from=None), "none-chosen", ""),
    ],
    ids=["cut-short", "not-run", "no-source-why", "no-source", "no-results", "no-target"],
)
def test_what_was_not_seen_is_unknown(seen: Wifi | None, problem: str, why: str, check_id: str, device: str) -> None:
    made = check(check_id, seen, device)

    assert (made.status, made.problem, made.owner) == ("unknown", problem, OWNER)
    assert why in (made.reason or "")
    sound(made)


def test_the_step_that_unlocks_a_survey_is_its_remedy() -> None:
    assert check("wifi.band", Wifi(not_run="blocked", unlocked_by="Switch it on.")).remedy == "Switch it on."


@pytest.mark.parametrize("check_id", [check_id for check_id in WIFI if check_id != "wifi.band"])
@pytest.mark.parametrize("heard", [[OTHER], [HIDDEN, OTHER]])
def test_a_network_that_was_not_heard_is_left_to_the_band_check(heard: list[Bss], check_id: str) -> None:
    made = check(check_id, wifi(*heard))

    assert (made.status, made.problem, made.due_to) == ("unknown", "not-heard", "wifi.band")
    sound(made)


@pytest.mark.parametrize("check_id", [check_id for check_id in WIFI if check_id not in {"wifi.band", "wifi.ssid"}])
def test_a_network_on_5_ghz_only_is_left_to_the_band_check(check_id: str) -> None:
    made = check(check_id, wifi(HIGH, OTHER))

    assert (made.status, made.problem, made.due_to) == ("unknown", "not-heard", "wifi.band")


@pytest.mark.parametrize("device", DEVICES)
def test_a_healthy_network_passes_everything(device: str) -> None:
    judged = judge(healthy(wifi=wifi(HEALTHY, HIGH_OTHER)), profiles.load(device), Selection())

    assert judged.verdict == "compatible", judged.checks
    assert [row.id for row in judged.checks] == [row for row in CHECKS if not row.startswith(("join.", "device."))]
    assert {row.status for row in judged.checks} == {"pass"}


@pytest.mark.parametrize(
    ("frequency", "band"),
    [(None, None), (2412, "2.4"), (2484, "2.4"), (5180, "5"), (5885, "5"), (5955, "6"), (7115, "6")],
)
def test_the_band_of_a_frequency(frequency: int | None, band: str | None) -> None:
    assert band_of(frequency) == band


# --- all checks together -------------------------------------------------------------------------------------------

JOINABLE_NOWHERE = {
    "wpa3-in-plan": ("generic", [bss(channel=13), bss(channel=6, security=["wpa3-sae"], rsn=rsn("SAE"))]),
    "he-only-with-wpa2": ("photon", [bss(membership=["he"]), bss(channel=11, security=["wpa3-sae"], rsn=rsn("SAE"))]),
    "too-weak-in-plan": ("generic", [bss(channel=13, signal_dbm=-40.0), bss(channel=6, signal_dbm=-90.0)]),
}


@pytest.mark.parametrize("name", JOINABLE_NOWHERE)
def test_a_network_of_which_no_access_point_can_be_joined_is_incompatible(name: str) -> None:
    device, heard = JOINABLE_NOWHERE[name]
    verdict, checks = judge_network(NET, healthy(wifi=wifi(*heard)), profiles.load(device), Selection())

    assert verdict == "incompatible", [(row.id, row.status) for row in checks]


def test_one_network_of_several_is_judged_by_its_name_alone() -> None:
    seen = healthy(
        wifi=wifi(HEALTHY, bss(name=b"far", signal_dbm=-90.0), HIDDEN, HIGH_OTHER, target=None, target_from=None)
    )
    generic = profiles.load("generic")

    assert judge_network(NET, seen, generic, Selection())[0] == "compatible"
    assert judge_network("far", seen, generic, Selection())[0] == "incompatible"
    assert [row.id for row in judge_network(NET, seen, generic, Selection())[1]] == WIFI
    verdict, checks = judge_network("far", seen, generic, Selection(skip=["wifi.signal"]))
    assert (verdict, checks[-1].status) == ("compatible", "skip")
    with pytest.raises(ValueError, match="survey"):
        judge_network(NET, healthy(wifi=None), generic, Selection())


def alone(candidate: Bss, *others: Bss, **fields: Any) -> Wifi:
    return scan(candidate, HIGH_OTHER, *others, **fields)


@pytest.mark.parametrize("device", DEVICES)
def test_all_checks_judge_the_same_access_point(device: str) -> None:
    """Each of these passes all checks but one; together they are no network that a device can join."""
    heard = [
        bss(bssid="02:00:00:00:01:01", channel=11, security=["wpa3-sae"], rsn=rsn("SAE")),
        bss(bssid="02:00:00:00:01:02", channel=1, membership=["he"]),
        bss(bssid="02:00:00:00:01:03", channel=6, signal_dbm=-95.0),
    ]
    verdict, checks = judge_network(NET, healthy(wifi=alone(*heard)), profiles.load(device), Selection())

    assert verdict == "incompatible", checks


def test_the_access_point_that_is_judged_is_the_first_of_the_evidence() -> None:
    seen = alone(bss(bssid="02:00:00:00:01:01", security=["wpa3-sae"], rsn=rsn("SAE"), signal_dbm=-30.0), HEALTHY)

    for check_id in ("wifi.band", "wifi.channel", "wifi.security", "wifi.mode", "wifi.signal"):
        evidence = check(check_id, seen).evidence
        assert evidence[0].startswith(BSSID), evidence
        assert evidence[1].startswith("02:00:00:00:01:01"), evidence


def test_where_none_can_be_joined_the_nearest_to_it_is_judged() -> None:
    wrong = bss(bssid="02:00:00:00:01:01", membership=["he"], security=["wpa3-sae"], rsn=rsn("SAE"), signal_dbm=-30.0)
    _, checks = judge_network(NET, healthy(wifi=alone(wrong, bss(channel=13))), profiles.load("generic"), Selection())

    assert [row.id for row in checks if row.status == "fail"] == ["wifi.channel"]


def test_the_evidence_has_a_limit() -> None:
    heard = [bss(bssid=f"02:00:00:00:{n // 256:02x}:{n % 256:02x}") for n in range(300)]
    evidence = check("wifi.security", scan(*heard)).evidence

    assert evidence[20] == "and 280 weaker ones"
    assert all(text.startswith("device fact radio.") for text in evidence[21:])
    assert len(evidence) <= 24


STRONGER = {"signal_dbm": -30.0, "bssid": "02:00:00:00:01:01"}


@pytest.mark.parametrize(
    ("other", "check_id", "problem"),
    [
        (bss(security=["wpa3-sae"], rsn=rsn("SAE"), **STRONGER), "wifi.security", "stronger-access-point"),
        (bss(membership=["he"], **STRONGER), "wifi.mode", "stronger-access-point"),
        (bss(width_mhz=40, **STRONGER), "wifi.channel-width", "wide-channel"),
        (bss(channel=14, membership=["he"], **STRONGER), "wifi.mode", None),
        (bss(channel=14, **STRONGER), "wifi.channel", None),
        (bss(security=["wpa3-sae"], rsn=rsn("SAE"), signal_dbm=-60.0), "wifi.security", None),
        (bss(security=["wpa3-sae"], rsn=rsn("SAE"), signal_dbm=None), "wifi.security", None),
        (bss(security=None, **STRONGER), "wifi.security", None),
    ],
)
def test_a_stronger_access_point_of_the_name_that_gets_in_the_way(
    other: Bss, check_id: str, problem: str | None
) -> None:
    made = check(check_id, alone(HEALTHY, other))

    assert (made.status, made.problem) == ("warn" if problem else "pass", problem), made
    assert made.evidence[0].startswith(BSSID)
    sound(made)


NOTHING = {
    "cut short": None,
    "not run": Wifi(not_run="The radio is blocked (rfkill)"),
    "no source": Wifi(limits=["This laptop has no Wi-Fi interface that could scan"]),
}


@pytest.mark.parametrize("seen", NOTHING.values(), ids=NOTHING)
def test_without_a_radio_there_are_three_ways_out(seen: Wifi | None) -> None:
    remedy = check("wifi.security", seen).remedy or ""

    assert "laptop with Wi-Fi" in remedy
    assert "--capture FILE" in remedy
    assert "--skip wifi" in remedy


@pytest.mark.parametrize("field", ["width_mhz", "security", "signal_dbm", "channel"])
@pytest.mark.parametrize(
    ("source", "step", "never"),
    [
        ("capture", "apture", "--capture"),
        ("monitor", "apture", "sudo"),
        ("nl80211", "--capture FILE", "sudo"),
        ("windows", "--capture FILE", "whole beacons"),
    ],
)
def test_the_step_fits_the_source(source: str, field: str, step: str, never: str) -> None:
    seen = scan(bss(**{field: None}), source=source)
    made = [check(check_id, seen) for check_id in WIFI]
    remedy = next(row.remedy for row in made if row.problem == "not-told") or ""

    assert step in remedy
    assert never not in remedy


def test_the_step_that_unlocks_more_is_the_step() -> None:
    seen = scan(bss(width_mhz=None), source="networkmanager", unlocked_by="Run netpreflight as root.")

    assert check("wifi.channel-width", seen).remedy == "Run netpreflight as root."


# --- for any air whatever ---------------------------------------------------------------------------------------

FAST = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
WAYS: list[dict[str, Any]] = [
    {},
    {"pmf": None, "rsn": None},
    {"security": ["open"], "rsn": None, "privacy": False},
    {"security": ["wep"], "rsn": None},
    {"security": ["wpa-psk"], "rsn": None, "wpa": wpa("PSK")},
    {"security": ["wpa2-psk", "wpa3-sae"], "rsn": rsn("PSK", "SAE", pmf_capable=True), "pmf": "capable"},
    {"security": ["wpa3-sae"], "rsn": rsn("SAE", pmf_required=True), "pmf": "required"},
    {"security": ["wpa2-psk"], "rsn": rsn("PSK", pmf_required=True), "pmf": "required"},
    {"security": ["wpa2-eap"], "rsn": rsn("EAP")},
    {"security": None, "rsn": None},
    {"security": [], "rsn": None},
]


YES, NO = True, False
RADIOS = (*DEVICES, "core", "photon2", "photon2 5.4.0")


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


LIKELY_BSS = st.builds(
    lambda way, fields: bss(**{**fields, **way}),
    st.sampled_from(WAYS),
    st.fixed_dictionaries(
        {
            "name": one_of(*[NET.encode()] * 5, b"", b"Net", b"other"),
            "channel": one_of(1, 6, 6, 11, 13, 14, 36, 36, 169, None),
            "signal_dbm": one_of(0.0, -40.0, -50.0, -80.0, -90.0, None),
            "width_mhz": one_of(20, 20, 40, None),
            "age_s": one_of(None, 1.0, 1.0, 100.0),
            "hidden": one_of(None, NO, NO, YES),
            "membership": one_of([], [], ["ht"], ["he"]),
            "rates_mbps": one_of(B_RATES + G_RATES, B_RATES + G_RATES, []),
            "ssid_hex": one_of(NET.encode().hex(), "zz", None, ""),
        }
    ),
)
LIKELY_WIFI = st.builds(
    lambda heard, high, fields: wifi(*heard, *([HIGH_OTHER] if high else []), **fields),
    st.lists(LIKELY_BSS, max_size=4),
    st.booleans(),
    st.fixed_dictionaries(
        {
            "source": one_of("capture", "nl80211", "macos"),
            "triggered": one_of(YES, YES, NO),
            "frequencies_mhz": one_of([], [2412, 2437], [2407 + 5 * number for number in range(1, 14)], FREQUENCIES),
            "target": one_of(*[NET] * 6, "", None),
        }
    ),
)


@settings(FAST, max_examples=300)
@given(LIKELY_WIFI)
def test_a_compatible_network_has_an_access_point_that_is_compatible_by_itself(seen: Wifi) -> None:
    for device in RADIOS:
        profile = profiles.load(*device.split())
        if not seen.target:
            continue
        verdict, checks = judge_network(seen.target, Observations(wifi=seen), profile, Selection())
        for made in checks:
            sound(made)
        if verdict not in {"compatible", "compatible-with-warnings"}:
            continue
        ours = [candidate for candidate in seen.bss if candidate.ssid == seen.target]
        rest = [candidate for candidate in seen.bss if candidate.ssid != seen.target]
        single = [
            judge_network(
                seen.target,
                Observations(wifi=msgspec.structs.replace(seen, bss=[candidate, *rest])),
                profile,
                Selection(),
            )[1]
            for candidate in ours
        ]
        good = {"pass"} if verdict == "compatible" else {"pass", "warn"}
        # That the name is not shared may be known by its other access points only.
        assert any({row.status for row in each if row.id != "wifi.shared-ssid"} <= good for each in single), checks


def changed(values: st.SearchStrategy[Any], kind: type) -> st.SearchStrategy[Any]:
    """A value of which some fields are anything that their types allow."""
    hints = get_type_hints(kind, include_extras=True)
    fields = st.one_of([st.tuples(st.just(name), arbitrary(hints[name])) for name in hints if name != "bss"])
    return st.builds(
        lambda made, others: msgspec.structs.replace(made, **dict(others)), values, st.lists(fields, max_size=4)
    )


ANY_WIFI = st.builds(
    lambda air, heard: msgspec.structs.replace(air, bss=[*air.bss, *heard]),
    changed(LIKELY_WIFI, Wifi), st.lists(changed(LIKELY_BSS, Bss), min_size=1, max_size=3),
)  # fmt: skip


@settings(FAST, max_examples=300)
@given(ANY_WIFI)
def test_judging_the_air_never_raises_and_invents_no_network(seen: Wifi) -> None:
    for device in RADIOS:
        profile = profiles.load(*device.split())
        there = [candidate for candidate in seen.bss if candidate.ssid and candidate.ssid == seen.target]
        usable = [candidate for candidate in there if band_of(candidate.frequency_mhz) in profile.radio.bands.value]
        for check_id in WIFI:
            made = judge_one(check_id, Observations(wifi=seen), profile, Selection())
            sound(made)
            assert made.status != "pass" or there, made
            assert (made.status, check_id) != ("pass", "wifi.band") or usable, made
