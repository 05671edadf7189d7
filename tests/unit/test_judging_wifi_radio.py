"""Judging the air: width, channel, 802.11b/g/n and signal of the access point that a device would join."""

from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_one
from netpreflight.agent.judging.wifi.survey import survey_of
from netpreflight.agent.profiles.facts import RadioFacts
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Bss, BssLoad, HtOperation, Wifi
from tests.unit.air import (
    ADMIN,
    B_RATES,
    G_RATES,
    HEALTHY,
    HIGH,
    OWNER,
    Case,
    bss,
    check,
    crowd,
    each,
    sound,
    verify,
    wifi,
)
from tests.unit.seen import healthy

# --- wifi.channel-width --------------------------------------------------------------------------------------------

HT40 = HtOperation(primary_channel=6, secondary_offset=1, any_width=True)
WIDTH = [
    Case("20", "channel-width", wifi(HEALTHY), "pass", evidence=("20 MHz wide",)),
    Case("40-in-use", "channel-width", wifi(bss(width_mhz=40, ht=HT40, ht_capable_40=True)), "warn", "wide-channel",
         ADMIN, evidence=("on channel 6, 2437 MHz, 40 MHz wide",)),
    Case("40-merely-capable", "channel-width", wifi(bss(ht_capable_40=True)), "pass", evidence=("20 MHz wide",)),
    Case("one-of-two", "channel-width", wifi(HEALTHY, bss(width_mhz=40, channel=11)), "warn", "wide-channel", ADMIN,
         evidence=("channel 6, 2437 MHz, 20 MHz wide", "channel 11, 2462 MHz, 40 MHz wide")),
    Case("wide-on-5-only", "channel-width", wifi(HEALTHY, HIGH), "pass"),
    Case("another-network", "channel-width", wifi(HEALTHY, bss(name=b"x", width_mhz=40)), "pass"),
    Case("not-told", "channel-width", wifi(bss(width_mhz=None)), "unknown", "not-told", OWNER),
    Case("one-told", "channel-width", wifi(bss(width_mhz=None), HEALTHY), "pass", evidence=("20 MHz wide",)),
]  # fmt: skip


@each(WIDTH)
def test_channel_width(case: Case, device: str) -> None:
    verify(case, device)


# --- wifi.channel --------------------------------------------------------------------------------------------------

PARTICLE = ("photon", "argon")
CHANNEL = [
    *(Case(f"{number}", "channel", wifi(bss(channel=number)), "pass", evidence=(f"channel {number},",))
      for number in (1, 6, 11)),
    *(Case(f"{number}-beyond", "channel", wifi(bss(channel=number)), "fail", "outside-plan", ADMIN, ("generic",),
           (f"channel {number},",)) for number in (12, 13, 14)),
    *(Case(f"{number}-in-plan", "channel", wifi(bss(channel=number)), "pass", devices=("photon",))
      for number in (12, 13)),
    *(Case(f"{number}-unconfirmed", "channel", wifi(bss(channel=number)), "warn", "channel-unconfirmed", ADMIN,
           ("argon",)) for number in (12, 13)),
    Case("14-unconfirmed", "channel", wifi(bss(channel=14)), "warn", "channel-unconfirmed", ADMIN, PARTICLE),
    Case("one-in-plan", "channel", wifi(bss(channel=14, signal_dbm=-30.0), bss(channel=11)), "pass",
         evidence=("channel 11,",)),
    Case("advice", "channel", wifi(bss(channel=14), *crowd(3, 1), *crowd(1, 6), *crowd(2, 11, signal_dbm=-40.0)),
         "fail", "outside-plan", ADMIN, ("generic",), ("channel 14,", "least used of 1, 6 and 11 here is 6")),
    Case("not-told", "channel", wifi(bss(channel=None)), "unknown", "not-told", OWNER),
    Case("5-beside", "channel", wifi(HIGH, HEALTHY), "pass", evidence=("channel 6,",)),
]  # fmt: skip


@each(CHANNEL)
def test_channel(case: Case, device: str) -> None:
    verify(case, device)


# --- wifi.mode -----------------------------------------------------------------------------------------------------


def admits(*membership: str, **more: Any) -> Wifi:
    return wifi(bss(membership=list(membership), **more))


NO_B = "no 802.11b rate is offered"
MODE = [
    Case("b-g-n", "mode", wifi(HEALTHY), "pass"),
    Case("b-g", "mode", wifi(bss(ht=None)), "pass"),
    Case("b-only", "mode", wifi(bss(ht=None, rates_mbps=B_RATES)), "pass"),
    Case("g-without-b", "mode", wifi(bss(rates_mbps=G_RATES, basic_rates_mbps=[6.0, 12.0, 24.0])), "pass",
         evidence=("basic rates 6, 12, 24 Mb/s", NO_B)),
    Case("n-only", "mode", admits("ht"), "warn", "n-only", ADMIN, evidence=("membership selectors ht",)),
    Case("vht", "mode", admits("vht"), "fail", "newer-phy-only", ADMIN, evidence=("membership selectors vht",)),
    Case("he", "mode", admits("he"), "fail", "newer-phy-only", ADMIN),
    Case("ht-and-he", "mode", admits("ht", "he"), "fail", "newer-phy-only", ADMIN),
    Case("eht", "mode", admits("121"), "fail", "newer-phy-only", ADMIN),
    Case("another-selector", "mode", admits("125"), "fail", "newer-phy-only", ADMIN),
    Case("sae-h2e", "mode", admits("sae-h2e"), "pass"),
    Case("selector-without-rates", "mode", admits("he", rates_mbps=[], basic_rates_mbps=[]), "fail", "newer-phy-only",
         ADMIN),
    Case("not-told", "mode", wifi(bss(rates_mbps=[], basic_rates_mbps=[])), "unknown", "not-told", OWNER),
    Case("the-best-of-several", "mode", wifi(bss(membership=["he"]), HEALTHY), "pass"),
]  # fmt: skip


@each(MODE)
def test_mode(case: Case, device: str) -> None:
    verify(case, device)


@pytest.mark.parametrize(
    ("phy", "seen", "status", "problem"),
    [
        (["b", "g"], admits("ht"), "fail", "n-only"),
        (["b"], wifi(HEALTHY), "pass", None),
        (["b"], wifi(bss(basic_rates_mbps=[1.0, 2.0, 6.0])), "fail", "basic-rates"),
        (["b", "g"], wifi(bss(basic_rates_mbps=[1.0, 2.0, 6.0])), "pass", None),
        (["g", "n"], wifi(HEALTHY), "fail", "basic-rates"),
    ],
)
def test_mode_for_an_older_radio(phy: list[str], seen: Wifi, status: str, problem: str | None) -> None:
    generic = profiles.load("generic")
    fact = msgspec.structs.replace(generic.radio.phy, value=phy)
    older = msgspec.structs.replace(generic, radio=msgspec.structs.replace(generic.radio, phy=fact))
    made = judge_one("wifi.mode", healthy(wifi=seen), older, Selection())

    assert (made.status, made.problem) == (status, problem)
    sound(made)


# --- wifi.signal ---------------------------------------------------------------------------------------------------


def at(signal: float | None, *more: Bss, **changes: Any) -> Wifi:
    return wifi(bss(signal_dbm=signal, **changes), *more)


SIGNAL = [
    Case("strong", "signal", at(-30.0), "pass", evidence=("-30 dBm",)),
    Case("design-value", "signal", at(-67.0), "pass"),
    Case("just-enough", "signal", at(-75.0), "pass"),
    Case("just-weak", "signal", at(-75.1), "warn", "weak", OWNER, evidence=("-75 dBm",)),
    Case("still-weak", "signal", at(-85.0), "warn", "weak", OWNER),
    Case("too-weak", "signal", at(-85.1), "fail", "too-weak", OWNER, evidence=("-85 dBm",)),
    Case("not-told", "signal", at(None), "unknown", "not-told", OWNER),
    Case("several", "signal", at(-88.0, bss(channel=11, signal_dbm=-60.0), bss(channel=1, signal_dbm=None)), "pass",
         evidence=("channel 11, 2462 MHz, 20 MHz wide, -60 dBm",)),
    Case("5-does-not-count", "signal", at(-88.0, HIGH), "fail", "too-weak", OWNER, evidence=("-88 dBm",)),
    Case("7-others", "signal", at(-50.0, *crowd(7, 6)), "pass"),
    Case("8-others", "signal", at(-50.0, *crowd(8, 6)), "warn", "crowded", ADMIN,
         evidence=("channel 6", "overlapping channel 6: 9 BSSs")),
    Case("8-on-overlapping", "signal", at(-50.0, *crowd(4, 2), *crowd(4, 10)), "warn", "crowded", ADMIN),
    Case("8-beside", "signal", at(-50.0, *crowd(8, 1), *crowd(8, 11)), "pass"),
    Case("8-on-5", "signal", at(-50.0, *crowd(8, 36)), "pass"),
    Case("75-percent", "signal", at(-50.0, load=BssLoad(stations=9, utilisation=0.75)), "warn", "crowded", ADMIN,
         evidence=("BSS Load 75% busy",)),
    Case("74-percent", "signal", at(-50.0, load=BssLoad(stations=9, utilisation=0.74)), "pass"),
    Case("weak-and-crowded", "signal", at(-80.0, *crowd(9, 6)), "warn", "weak", OWNER),
]  # fmt: skip


@each(SIGNAL)
def test_signal(case: Case, device: str) -> None:
    verify(case, device)


def test_own_access_points_on_other_channels_are_not_taken_from_those_that_overlap() -> None:
    own = [bss(channel=number, signal_dbm=-70.0) for number in (1, 11)]

    assert check("wifi.signal", at(-50.0, *own, *crowd(8, 6))).problem == "crowded"


def test_the_advice_is_never_the_channel_in_use() -> None:
    load = BssLoad(stations=40, utilisation=0.9)
    made = check("wifi.signal", at(-50.0, *crowd(10, 1), *crowd(10, 11), load=load))

    assert made.problem == "crowded"
    assert "channel to 6" not in (made.remedy or "")


def test_a_signal_on_an_unknown_channel_names_no_channel() -> None:
    assert "None" not in check("wifi.signal", wifi(bss(channel=None))).summary


@pytest.mark.parametrize(
    ("heard", "best"),
    [
        ([], 1),
        (crowd(1, 1), 6),
        (crowd(1, 1) + crowd(1, 6), 11),
        (crowd(1, 1) + crowd(1, 6, signal_dbm=-90.0) + crowd(1, 11), 6),
        (crowd(2, 1, signal_dbm=-90.0) + crowd(1, 6) + crowd(1, 11), 1),
        (crowd(1, 3) + crowd(2, 11), 1),
        (crowd(1, 1) + crowd(1, 4) + crowd(1, 8), 11),
        (crowd(5, 36), 1),
        (crowd(1, 1, load=BssLoad(stations=1, utilisation=1.0)) + crowd(1, 6) + crowd(1, 11), 6),
        (crowd(1, 1, signal_dbm=None) + crowd(1, 6) + crowd(1, 11), 1),
        (crowd(1, 1, signal_dbm=-120.0) + crowd(1, 6, signal_dbm=-90.0) + crowd(1, 11), 1),
    ],
)
def test_best_channel(heard: list[Bss], best: int) -> None:
    assert survey_of(wifi(*heard)).best_channel == best


def test_the_network_itself_does_not_crowd_a_channel() -> None:
    others = crowd(1, 6, signal_dbm=-90.0) + crowd(1, 11, signal_dbm=-90.0)

    assert survey_of(wifi(bss(channel=1), bss(channel=1, signal_dbm=-30.0), *others)).best_channel == 1


def test_a_secondary_channel_crowds_its_neighbours() -> None:
    wide = HtOperation(primary_channel=6, secondary_offset=1, any_width=True)
    heard = [bss(name=b"other", channel=6, width_mhz=40, ht=wide, bssid=f"02:00:00:00:00:{n:02x}") for n in range(8)]

    assert check("wifi.signal", wifi(bss(channel=11), *heard)).problem == "crowded"
    assert check("wifi.signal", wifi(bss(channel=1), *heard)).status == "pass"


def test_0_dbm_is_a_signal() -> None:
    made = check("wifi.signal", wifi(bss(signal_dbm=0.0), bss(signal_dbm=-10.0, channel=11)))

    assert made.status == "pass"
    assert "channel 6, 2437 MHz, 20 MHz wide, 0 dBm" in made.evidence[0]


@pytest.mark.parametrize(("country", "says"), [("JP", "country element JP"), (None, "country element not sent")])
def test_the_country_is_evidence_for_channels_12_to_14(country: str | None, says: str) -> None:
    assert says in check("wifi.channel", wifi(bss(channel=14, country=country))).evidence[0]
    assert "country" not in check("wifi.channel", wifi(bss(channel=11, country=country))).evidence[0]


def test_bss_load_is_evidence_of_crowding() -> None:
    made = check("wifi.channel", wifi(HEALTHY, bss(name=b"x", channel=1, load=BssLoad(stations=3, utilisation=0.4))))

    assert "overlapping channel 1: 1 BSS, 40% busy according to the access point's BSS Load element" in made.evidence


@pytest.mark.parametrize(
    ("version", "status"),
    [("0.6.4", "warn"), ("0.7.0", "fail"), ("1.0.1", "fail"), ("1.1.0", "warn"), ("2.3.1", "warn"), (None, "warn")],
)
def test_802_11n_only_by_device_os(version: str | None, status: str) -> None:
    made = judge_one("wifi.mode", healthy(wifi=admits("ht")), profiles.load("photon", version), Selection())

    assert (made.status, made.problem) == (status, "n-only")
    sound(made)


@pytest.mark.parametrize(
    ("mcs", "problem"), [("ff" + "00" * 15, None), ("ff01" + "00" * 14, "two-streams"), ("", None)]
)
def test_a_second_spatial_stream_is_not_required_of_small_radios(mcs: str, problem: str | None) -> None:
    ht = HtOperation(primary_channel=6, secondary_offset=0, any_width=False, basic_mcs=mcs)
    made = check("wifi.mode", wifi(bss(ht=ht)))

    assert (made.status, made.problem) == ("warn" if problem else "pass", problem)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("channels", {"value": "1-"}),
        ("channels", {"value": "all"}),
        ("channels_unconfirmed", {"value": "12;13"}),
        ("channels_5", {"value": "36,"}),
        ("channels_5_by_country", {"value": {"EU": "36 - 64"}}),
        ("hidden", {"since": "5.5"}),
        ("hidden", {"value": "perhaps"}),
        ("bands", {"value": ["6"]}),
        ("width_mhz", {"value": 80}),
        ("phy", {"value": ["ac"]}),
        ("pmf_required", {"certainty": "likely"}),
    ],
)
def test_a_profile_with_a_radio_that_cannot_be_judged_is_refused(field: str, wrong: dict[str, Any]) -> None:
    facts = msgspec.to_builtins(profiles.load("photon2").radio)

    assert msgspec.convert(facts, RadioFacts) == profiles.load("photon2").radio
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**facts, field: {**facts[field], **wrong}}, RadioFacts)


@pytest.mark.parametrize(
    ("candidate", "status", "problem"),
    [
        (bss(complete=False), "unknown", "not-told"),  # a selector may have been cut off
        (bss(complete=False, membership=["he"]), "fail", "newer-phy-only"),
        (bss(basic_rates_mbps=[1.0, 22.0]), "fail", "unknown-basic-rates"),
        (bss(basic_rates_mbps=[6.0, 12.0, 24.0]), "pass", None),
    ],
)
def test_mode_of_what_was_heard_in_part_or_is_odd(candidate: Bss, status: str, problem: str | None) -> None:
    made = check("wifi.mode", wifi(candidate))

    assert (made.status, made.problem) == (status, problem)
