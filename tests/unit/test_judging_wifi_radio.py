"""Judging the air: width, channel, 802.11b/g/n and signal of the access point that a device would join."""

from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_one
from netpreflight.agent.judging.wifi.channels import best_channel
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
    text_of,
    verify,
    wifi,
)
from tests.unit.seen import healthy

# --- wifi.channel-width --------------------------------------------------------------------------------------------

HT40 = HtOperation(primary_channel=6, secondary_offset=1, any_width=True)
WIDTH = [
    Case("20", "channel-width", wifi(HEALTHY), "pass", ("uses 20 MHz",)),
    Case("40-in-use", "channel-width", wifi(bss(width_mhz=40, ht=HT40, ht_capable_40=True)), "warn",
         ("uses 40 MHz on channel 6", "secondary channel", "to 20 MHz"), ADMIN),
    Case("40-merely-capable", "channel-width", wifi(bss(ht_capable_40=True)), "pass", ("uses 20 MHz",)),
    Case("one-of-two", "channel-width", wifi(HEALTHY, bss(width_mhz=40, channel=11)), "warn", ("channel 11",), ADMIN),
    Case("wide-on-5-only", "channel-width", wifi(HEALTHY, HIGH), "pass"),
    Case("another-network", "channel-width", wifi(HEALTHY, bss(name=b"x", width_mhz=40)), "pass"),
    Case("not-told", "channel-width", wifi(bss(width_mhz=None)), "unknown",
         ("capture does not tell the channel width",), OWNER),
    Case("not-told-why", "channel-width", wifi(bss(width_mhz=None), limits=["Cut short"]), "unknown", ("Cut short",)),
    Case("one-told", "channel-width", wifi(bss(width_mhz=None), HEALTHY), "pass"),
]  # fmt: skip


@each(WIDTH)
def test_channel_width(case: Case, device: str) -> None:
    verify(case, device)


# --- wifi.channel --------------------------------------------------------------------------------------------------

PARTICLE = ("photon", "argon")
CHANNEL = [
    *(Case(f"{one}", "channel", wifi(bss(channel=one)), "pass", (f"channel {one},",)) for one in (1, 6, 11)),
    *(Case(f"{one}-beyond", "channel", wifi(bss(channel=one)), "fail",
           (f"channel {one};", "uses 1-11", "to 1, 6 or 11"), ADMIN, ("generic",)) for one in (12, 13, 14)),
    *(Case(f"{one}-in-plan", "channel", wifi(bss(channel=one)), "pass", (f"channel {one},", "1-13"), None, ("photon",))
      for one in (12, 13)),
    *(Case(f"{one}-unconfirmed", "channel", wifi(bss(channel=one)), "warn", (f"channel {one}", "not confirmed"), ADMIN,
           ("argon",)) for one in (12, 13)),
    Case("14-unconfirmed", "channel", wifi(bss(channel=14)), "warn", ("channel 14", "not confirmed"), ADMIN, PARTICLE),
    Case("one-in-plan", "channel", wifi(bss(channel=14, signal_dbm=-30.0), bss(channel=11)), "pass", ("channel 11",)),
    Case("advice", "channel", wifi(bss(channel=14), *crowd(3, 1), *crowd(1, 6), *crowd(2, 11, signal_dbm=-40.0)),
         "fail", ("least used of 1, 6 and 11 here is 6",), ADMIN, ("generic",)),
    Case("not-told", "channel", wifi(bss(channel=None)), "unknown", ("does not tell the channel of",), OWNER),
    Case("5-beside", "channel", wifi(HIGH, HEALTHY), "pass", ("channel 6,",)),
]  # fmt: skip


@each(CHANNEL)
def test_channel(case: Case, device: str) -> None:
    verify(case, device)


# --- wifi.mode -----------------------------------------------------------------------------------------------------


def admits(*membership: str, **more: Any) -> Wifi:
    return wifi(bss(membership=list(membership), **more))


MODE = [
    Case("b-g-n", "mode", wifi(HEALTHY), "pass", ("802.11b/g/n",)),
    Case("b-g", "mode", wifi(bss(ht=None)), "pass", ("802.11b/g stations",)),
    Case("b-only", "mode", wifi(bss(ht=None, rates_mbps=B_RATES)), "pass", ("802.11b stations",)),
    Case("g-without-b", "mode", wifi(bss(rates_mbps=G_RATES, basic_rates_mbps=[6.0, 12.0, 24.0])), "pass",
         ("802.11g/n",)),
    Case("n-only", "mode", admits("ht"), "warn", ("802.11n stations only", "b/g/n (mixed)"), ADMIN,
         ("generic", "argon")),
    Case("n-only-photon", "mode", admits("ht"), "warn", ("802.11n stations only", "1.1.0", "b/g/n (mixed)"), ADMIN,
         ("photon",)),
    Case("vht", "mode", admits("vht"), "fail", ("802.11ac stations only", "b/g/n (mixed)"), ADMIN),
    Case("he", "mode", admits("he"), "fail", ("802.11ax",), ADMIN),
    Case("ht-and-he", "mode", admits("ht", "he"), "fail", ("802.11ax",), ADMIN),
    Case("eht", "mode", admits("121"), "fail", ("802.11be",), ADMIN),
    Case("another-selector", "mode", admits("125"), "fail", ("selector 125",), ADMIN),
    Case("sae-h2e", "mode", admits("sae-h2e"), "pass"),
    Case("selector-without-rates", "mode", admits("he", rates_mbps=[], basic_rates_mbps=[]), "fail", (), ADMIN),
    Case("not-told", "mode", wifi(bss(rates_mbps=[], basic_rates_mbps=[])), "unknown", ("does not tell the rates",),
         OWNER),
    Case("the-best-of-several", "mode", wifi(bss(membership=["he"]), HEALTHY), "pass"),
]  # fmt: skip


@each(MODE)
def test_mode(case: Case, device: str) -> None:
    verify(case, device)


@pytest.mark.parametrize("device", ["generic", "argon"])
def test_a_network_for_802_11n_only_is_not_said_to_admit_others(device: str) -> None:
    assert "802.11b/g/n stations" not in check("wifi.mode", admits("ht"), device).summary


@pytest.mark.parametrize(
    ("phy", "seen", "status", "says"),
    [
        (["b", "g"], admits("ht"), "fail", "802.11n stations only"),
        (["b"], wifi(HEALTHY), "pass", "802.11b"),
        (["b"], wifi(bss(basic_rates_mbps=[1.0, 2.0, 6.0])), "fail", "rates that this device lacks"),
        (["b", "g"], wifi(bss(basic_rates_mbps=[1.0, 2.0, 6.0])), "pass", "802.11b/g"),
        (["g", "n"], wifi(HEALTHY), "fail", "rates that this device lacks"),
    ],
)
def test_mode_for_an_older_radio(phy: list[str], seen: Wifi, status: str, says: str) -> None:
    generic = profiles.load("generic")
    fact = msgspec.structs.replace(generic.radio.phy, value=phy)
    older = msgspec.structs.replace(generic, radio=msgspec.structs.replace(generic.radio, phy=fact))
    made = judge_one("wifi.mode", healthy(wifi=seen), older, Selection())

    assert made.status == status
    assert says in text_of(made)
    sound(made)


# --- wifi.signal ---------------------------------------------------------------------------------------------------


def at(signal: float | None, *more: Bss, **changes: Any) -> Wifi:
    return wifi(bss(signal_dbm=signal, **changes), *more)


SIGNAL = [
    Case("strong", "signal", at(-30.0), "pass", ("strong enough", "-30 dBm on channel 6")),
    Case("design-value", "signal", at(-67.0), "pass"),
    Case("just-enough", "signal", at(-75.0), "pass", ("-75 dBm",)),
    Case("just-weak", "signal", at(-75.1), "warn", ("weak here", "-75 dBm", "external antenna"), OWNER),
    Case("still-weak", "signal", at(-85.0), "warn", ("weak here",), OWNER),
    Case("too-weak", "signal", at(-85.1), "fail", ("too weak", "-85 dBm"), OWNER),
    Case("not-told", "signal", at(None), "unknown", ("does not tell the signal",), OWNER),
    Case("several", "signal", at(-88.0, bss(channel=11, signal_dbm=-60.0), bss(channel=1, signal_dbm=None)), "pass",
         ("-60 dBm on channel 11", "3 access points")),
    Case("5-does-not-count", "signal", at(-88.0, HIGH), "fail", ("-88 dBm",), OWNER, never=("access points)",)),
    Case("7-others", "signal", at(-50.0, *crowd(7, 6)), "pass"),
    Case("8-others", "signal", at(-50.0, *crowd(8, 6)), "warn", ("8 other BSSs", "channel to"), ADMIN),
    Case("8-on-overlapping", "signal", at(-50.0, *crowd(4, 2), *crowd(4, 10)), "warn", ("8 other BSSs",), ADMIN),
    Case("8-beside", "signal", at(-50.0, *crowd(8, 1), *crowd(8, 11)), "pass"),
    Case("8-on-5", "signal", at(-50.0, *crowd(8, 36)), "pass"),
    Case("75-percent", "signal", at(-50.0, load=BssLoad(stations=9, utilisation=0.75)), "warn", ("75% busy",), ADMIN),
    Case("74-percent", "signal", at(-50.0, load=BssLoad(stations=9, utilisation=0.74)), "pass"),
    Case("weak-and-crowded", "signal", at(-80.0, *crowd(9, 6)), "warn", ("weak here",), OWNER),
]  # fmt: skip


@each(SIGNAL)
def test_signal(case: Case, device: str) -> None:
    verify(case, device)


def test_own_access_points_on_other_channels_are_not_taken_from_those_that_overlap() -> None:
    own = [bss(channel=one, signal_dbm=-70.0) for one in (1, 11)]

    assert check("wifi.signal", at(-50.0, *own, *crowd(8, 6))).status == "warn"


def test_the_advice_is_never_the_channel_in_use() -> None:
    load = BssLoad(stations=40, utilisation=0.9)
    made = check("wifi.signal", at(-50.0, *crowd(10, 1), *crowd(10, 11), load=load))

    assert made.status == "warn"
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
    assert best_channel(wifi(*heard)) == best


def test_the_network_itself_does_not_crowd_a_channel() -> None:
    others = crowd(1, 6, signal_dbm=-90.0) + crowd(1, 11, signal_dbm=-90.0)

    assert best_channel(wifi(bss(channel=1), bss(channel=1, signal_dbm=-30.0), *others)) == 1


def test_a_secondary_channel_crowds_its_neighbours() -> None:
    wide = HtOperation(primary_channel=6, secondary_offset=1, any_width=True)
    heard = [bss(name=b"other", channel=6, width_mhz=40, ht=wide, bssid=f"02:00:00:00:00:{n:02x}") for n in range(8)]

    assert check("wifi.signal", wifi(bss(channel=11), *heard)).status == "warn"
    assert check("wifi.signal", wifi(bss(channel=1), *heard)).status == "pass"


def test_0_dbm_is_a_signal() -> None:
    made = check("wifi.signal", wifi(bss(signal_dbm=0.0), bss(signal_dbm=-10.0, channel=11)))

    assert made.status == "pass"
    assert "0 dBm on channel 6" in made.summary


@pytest.mark.parametrize(("country", "says"), [("JP", "country element JP"), (None, "country element not sent")])
def test_the_country_is_evidence_for_channels_12_to_14(country: str | None, says: str) -> None:
    assert says in check("wifi.channel", wifi(bss(channel=14, country=country))).evidence[0]
    assert "country" not in check("wifi.channel", wifi(bss(channel=11, country=country))).evidence[0]


def test_bss_load_is_evidence_of_crowding() -> None:
    made = check("wifi.channel", wifi(HEALTHY, bss(name=b"x", channel=1, load=BssLoad(stations=3, utilisation=0.4))))

    assert "overlapping channel 1: 1 BSSs, 40% busy by BSS Load" in made.evidence


@pytest.mark.parametrize(
    ("version", "status"),
    [("0.6.4", "warn"), ("0.7.0", "fail"), ("1.0.1", "fail"), ("1.1.0", "warn"), ("2.3.1", "warn"), (None, "warn")],
)
def test_802_11n_only_by_device_os(version: str | None, status: str) -> None:
    made = judge_one("wifi.mode", healthy(wifi=admits("ht")), profiles.load("photon", version), Selection())

    assert made.status == status
    sound(made)


@pytest.mark.parametrize(("mcs", "status"), [("ff" + "00" * 15, "pass"), ("ff01" + "00" * 14, "warn"), ("", "pass")])
def test_a_second_spatial_stream_is_not_required_of_small_radios(mcs: str, status: str) -> None:
    ht = HtOperation(primary_channel=6, secondary_offset=0, any_width=False, basic_mcs=mcs)

    assert check("wifi.mode", wifi(bss(ht=ht))).status == status


def test_that_802_11b_is_off_is_evidence() -> None:
    made = check("wifi.mode", wifi(bss(rates_mbps=G_RATES, basic_rates_mbps=[6.0, 12.0, 24.0])))

    assert any("no 802.11b rate" in one for one in made.evidence)


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
    ("one", "status"),
    [
        (bss(complete=False), "unknown"),  # a selector may have been cut off
        (bss(complete=False, membership=["he"]), "fail"),
        (bss(basic_rates_mbps=[1.0, 22.0]), "fail"),
        (bss(basic_rates_mbps=[6.0, 12.0, 24.0]), "pass"),
    ],
)
def test_mode_of_what_was_heard_in_part_or_is_odd(one: Bss, status: str) -> None:
    assert check("wifi.mode", wifi(one)).status == status
