"""Judging the air: kinds of network, and what each of the eight devices can do with them.

Expected values are written by hand from device-facts, section 3, and the contract; no profile has a part in them.
"""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging import CHECKS, judge_network, judge_one, judge_some
from netpreflight.agent.judging.device_view import device_view
from netpreflight.agent.judging.wifi.ranking import Rank, Ranking
from netpreflight.agent.judging.wifi.survey import Survey, survey_of
from netpreflight.agent.profiles import Profile
from netpreflight.agent.profiles.facts import RadioFacts
from netpreflight.agent.results import Finding
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Bss, HtOperation, Observations, Wifi
from tests.unit.air import (
    B_RATES,
    G_RATES,
    HEALTHY,
    HIGH,
    HIGH_OTHER,
    OTHER,
    SIX,
    WIFI,
    bss,
    check,
    device,
    observed,
    rsn,
    scan,
    sound,
    text_of,
    wpa,
)
from tests.unit.partly import partly
from tests.unit.seen import healthy

LOW = [*range(2412, 2473, 5), 2484]
LOW_5, DFS, HIGH_5 = (
    [5180, 5200, 5220, 5240],
    [*range(5260, 5321, 20), *range(5500, 5721, 20)],
    [*range(5745, 5826, 20)],
)
EVERYWHERE = [*LOW, *LOW_5, *DFS, *HIGH_5, 5975]
WITHOUT_144 = [mhz for mhz in EVERYWHERE if mhz != 5720]
COLUMNS = (
    ("generic",),
    ("core", "core 0.4.4"),
    ("photon", "p1", "photon 1.1.0", "p1 2.3.1"),
    ("photon 1.0.1", "p1 0.7.0"),
    ("photon 0.6.4", "p1 0.5.2"),
    ("argon", "argon 5.5.0"),
    ("argon 5.4.0", "argon 4.2.0", "argon 1.0.0"),
    ("photon2", "p2", "msom", "photon2 5.7.0"),
    ("photon2 5.5.0", "p2 5.6.0", "msom 5.5.0"),
    ("photon2 5.4.0", "p2 5.0.0"),
)
"""Devices and versions that are alike; the letters of an expectation stand for these, in groups: generic, Core, Photon
and P1 (by version), Argon (by version), Photon 2, P2 and M-SoM (by version)."""
WORDS = {"P": "pass", "W": "warn", "F": "fail", "U": "unknown"}
ALL_PASS, ALL_WARN, ALL_FAIL, ALL_UNKNOWN = "P P PPP PP PPP", "W W WWW WW WWW", "F F FFF FF FFF", "U U UUU UU UUU"
ONLY_5 = "U U UUU UU PPP"
ON_5 = {
    "band": "F F FFF FF PPP",
    "shared-ssid": "F F FFF FF PPP",
    **dict.fromkeys(("channel-width", "channel", "security", "mode", "signal"), ONLY_5),
}
"""What is on 5 GHz alone."""
GONE = dict.fromkeys(("channel-width", "channel", "security", "mode", "signal"), ALL_UNKNOWN)
SHARED = {"shared-ssid": "W W WWW WW PPP"}
OFDM = {"rates_mbps": G_RATES, "basic_rates_mbps": [6.0, 12.0, 24.0]}


def air(*heard: Bss, **fields: Any) -> Wifi:
    """A scan of everything, with another network on either band."""
    everywhere = [*EVERYWHERE, *(candidate.frequency_mhz for candidate in heard)]
    return scan(*heard, OTHER, HIGH_OTHER, **{"frequencies_mhz": everywhere, **fields})


def secured(security: list[str], robust: Any = None, **more: Any) -> Wifi:
    return air(bss(security=security, rsn=robust, **more))


def high(channel: int, **more: Any) -> Bss:
    """An access point on 5 GHz."""
    return bss(**{"channel": channel, "bssid": "02:11:22:33:44:56", "width_mhz": 80, **OFDM, **more})


SAE = rsn("SAE", pmf_capable=True, pmf_required=True)
SHA1 = rsn("PSK", pmf_capable=True, pmf_required=True)
WPA3: dict[str, Any] = {"security": ["wpa3-sae"], "rsn": SAE, "pmf": "required"}
HT40 = HtOperation(primary_channel=6, secondary_offset=1, any_width=True)
NETWORKS: dict[str, tuple[Wifi, dict[str, str]]] = {
    "plain": (air(HEALTHY), {}),
    # Security
    "open": (secured(["open"], privacy=False), {"security": ALL_WARN}),
    "wep": (secured(["wep"]), {"security": "F W WWW WW WWW"}),
    "wpa": (secured(["wpa-psk"], wpa=wpa("PSK")), {"security": "F W WWW WW WWW"}),
    "wpa-and-wpa2": (secured(["wpa-psk", "wpa2-psk"], rsn("PSK", group="TKIP"), wpa=wpa("PSK")), {}),
    "wpa2-tkip": (secured(["wpa2-psk"], rsn("PSK", pairwise=("TKIP",), group="TKIP")), {}),
    "gcmp": (secured(["wpa2-psk"], rsn("PSK", pairwise=("GCMP-256",), group="GCMP-256")), {"security": ALL_FAIL}),
    "wpa2-and-wpa3": (secured(["wpa2-psk", "wpa3-sae"], rsn("PSK", "SAE", pmf_capable=True), pmf="capable"),
                      {"security": ALL_WARN}),
    "wpa3": (air(bss(**WPA3)), {"security": "F F FFF FF WWF"}),
    "wpa3-h2e": (air(bss(**WPA3, membership=["sae-h2e"])), {"security": "F F FFF FF WWF"}),
    "wpa3-in-words": (secured(["wpa3-sae"], pmf=None), {"security": "F F FFF FF WWF"}),
    "wpa3-ft-only": (secured(["wpa3-sae"], rsn("FT-SAE", pmf_required=True), pmf="required"), {"security": ALL_FAIL}),
    "pmf-required": (secured(["wpa2-psk"], SHA1, pmf="required"), {"security": "F F WWW FF WWW"}),
    "pmf-in-words": (secured(["wpa2-psk"], pmf="required"), {"security": "F F WWW FF WWW"}),
    "wpa2-and-wpa3-with-pmf": (secured(["wpa2-psk", "wpa3-sae"], rsn("PSK", "SAE", pmf_required=True), pmf="required"),
                               {"security": "F F WWW FF WWW"}),
    "psk-sha256": (secured(["wpa2-psk"], rsn("PSK-SHA256", pmf_required=True), pmf="required"), {"security": ALL_FAIL}),
    "ft-only": (secured(["wpa2-psk"], rsn("FT-PSK")), {"security": ALL_FAIL}),
    "enterprise": (secured(["wpa2-eap"], rsn("EAP")), {"security": "F F WWF FF FFF"}),
    "enterprise-3": (secured(["wpa3-eap"], rsn("EAP-SHA256", pmf_required=True), pmf="required"),
                     {"security": ALL_FAIL}),
    "owe": (secured(["owe"], rsn("OWE", pmf_required=True), pmf="required"), {"security": ALL_FAIL}),
    # Channels of 2.4 GHz
    "channel-11": (air(bss(channel=11)), {}),
    "channel-12": (air(bss(channel=12)), {"channel": "F F PPP WW FFF"}),
    "channel-13": (air(bss(channel=13)), {"channel": "F F PPP WW FFF"}),
    "channel-14": (air(bss(channel=14)), {"channel": "F F WWW WW FFF"}),
    "40-mhz": (air(bss(width_mhz=40, ht=HT40)), {"channel-width": ALL_WARN}),
    # PHYs
    "b-only": (air(bss(rates_mbps=B_RATES, ht=None)), {}),
    "g-without-b": (air(bss(**OFDM)), {}),
    "n-only": (air(bss(membership=["ht"])), {"mode": "W F WFW WW WWW"}),
    "n-only-without-b": (air(bss(membership=["ht"], **OFDM)), {"mode": "W F WFW WW WWW"}),
    "ac-only": (air(bss(membership=["ht", "vht"])), {"mode": ALL_FAIL}),
    "ax-only": (air(bss(membership=["he"])), {"mode": ALL_FAIL}),
    # Names
    "hidden": (air(bss(hidden=True)), {"ssid": "W W WWW WF WWF"}),
    "not-heard-in-a-beacon": (air(bss(hidden=None)), {"ssid": "P W PPP PU PWU"}),
    "comma": (air(bss(name=b"a,b"), target="a,b"), {"ssid": "W W WWW FF WWW"}),
    # 5 GHz
    **{f"5-channel-{number}": (air(high(number)), ON_5)
       for number in (36, 48, 52, 64, 100, 116, 120, 128, 132, 140, 144, 149, 161, 165)},
    **{f"5-channel-{number}": (air(high(number)), ON_5 | {"channel": "U U UUU UU FFF"})
       for number in (34, 68, 96, 169, 177)},
    "5-any-width": (air(high(36, width_mhz=None)), ON_5),
    "5-n-only": (air(high(36, membership=["ht"])), ON_5 | {"mode": "U U UUU UU WWW"}),
    "5-ac-only": (air(high(36, membership=["vht"])), ON_5 | {"mode": "U U UUU UU FFF"}),
    "5-ax-only": (air(high(36, membership=["he"])), ON_5 | {"mode": "U U UUU UU FFF"}),
    "5-legacy-a": (air(high(36, ht=None, width_mhz=20)), ON_5),
    "5-rates-of-b": (air(high(36, basic_rates_mbps=[1.0, 6.0])), ON_5 | {"mode": "U U UUU UU FFF"}),
    "5-rates-not-told": (air(high(36, rates_mbps=[], basic_rates_mbps=[])), ON_5 | {"mode": ALL_UNKNOWN}),
    "5-wpa3": (air(high(36, **WPA3)), ON_5 | {"security": "U U UUU UU WWF"}),
    "5-enterprise": (air(high(36, security=["wpa2-eap"], rsn=rsn("EAP"))), ON_5 | {"security": "U U UUU UU FFF"}),
    "5-weak": (air(high(36, signal_dbm=-80.0)), ON_5 | {"signal": "U U UUU UU WWW"}),
    "5-too-weak": (air(high(36, signal_dbm=-90.0)), ON_5 | {"signal": "U U UUU UU FFF"}),
    "5-hidden": (air(high(36, hidden=True)), ON_5 | {"ssid": "W W WWW WF WWF"}),
    # Both
    "both": (air(HEALTHY, HIGH), SHARED),
    "both-13-and-36": (air(bss(channel=13), HIGH), SHARED | {"channel": "F F PPP WW PPP"}),
    "both-6-and-169": (air(HEALTHY, high(169, signal_dbm=-30.0)), SHARED),
    "both-weak-on-2.4": (air(bss(signal_dbm=-90.0), HIGH), SHARED | {"signal": "F F FFF FF PPP"}),
    "both-weak-on-5": (air(HEALTHY, high(36, signal_dbm=-90.0)), SHARED),
    "both-40-mhz-on-2.4": (air(bss(width_mhz=40, ht=HT40), high(36, signal_dbm=-70.0)),
                           SHARED | {"channel-width": ALL_WARN}),
    "both-wpa3-on-5-stronger": (air(HEALTHY, high(36, signal_dbm=-30.0, **WPA3)),
                                SHARED | {"security": "P P PPP PP WWW"}),
    "both-wpa3-on-5-weaker": (air(HEALTHY, high(36, signal_dbm=-60.0, **WPA3)), SHARED),
    "both-wpa3-on-2.4": (air(bss(**WPA3, signal_dbm=-60.0), HIGH), SHARED | {"security": "F F FFF FF PPP"}),
    "both-ax-only-on-2.4-stronger": (air(bss(membership=["he"], signal_dbm=-30.0), HIGH),
                                     SHARED | {"mode": "F F FFF FF WWW"}),
    # Absence
    "6-only": (air(SIX), GONE | {"band": ALL_FAIL, "shared-ssid": ALL_FAIL}),
    "absent": (air(), GONE | {"band": ALL_FAIL, "shared-ssid": ALL_UNKNOWN, "ssid": ALL_UNKNOWN}),
    **{f"absent-not-listened-{name}": (air(frequencies_mhz=listened), GONE | {"shared-ssid": ALL_UNKNOWN,
                                       "ssid": ALL_UNKNOWN, "band": "F F FFF FF UUU"})
       for name, listened in {"5": LOW, "dfs": [*LOW, *LOW_5, *HIGH_5], "144": WITHOUT_144,
                              "high": [*LOW, *LOW_5, *DFS], "told": []}.items()},
    "absent-not-listened-2.4": (air(frequencies_mhz=[*LOW_5, *DFS, *HIGH_5]), GONE | {"shared-ssid": ALL_UNKNOWN,
                                "ssid": ALL_UNKNOWN, "band": ALL_UNKNOWN}),
    "absent-hidden-on-5": (air(bss(name=b"", channel=36)), GONE | {"shared-ssid": ALL_UNKNOWN, "ssid": ALL_UNKNOWN,
                           "band": "F F FFF FF UUU"}),
    "6-only-5-not-listened": (air(SIX, frequencies_mhz=LOW), GONE | {"band": "F F FFF FF UUU",
                              "shared-ssid": "F F FFF FF UUU"}),
    "5-only-2.4-not-listened": (air(HIGH, frequencies_mhz=[*LOW_5, *DFS, *HIGH_5]),
                                dict.fromkeys(ON_5, "U U UUU UU PPP")),
}  # fmt: skip
"""What was heard, and the checks that are not a pass for every device."""
SURVEYS = {name: survey_of(heard) for name, (heard, _) in NETWORKS.items()}
SEEN = {name: replace(observed(None), wifi=survey) for name, survey in SURVEYS.items()}
EACH_COLUMN = partly({"argon"}, {column[0]: number for number, column in enumerate(COLUMNS)})


def test_every_device_is_judged() -> None:
    assert {text.split()[0] for column in COLUMNS for text in column} == set(profiles.names())


@pytest.mark.parametrize("column", EACH_COLUMN)
@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_device_can_do_with_a_network(name: str, column: int) -> None:
    seen, (_, expected) = SEEN[name], NETWORKS[name]
    wanted = {
        check_id: WORDS[expected.get(check_id.removeprefix("wifi."), ALL_PASS).replace(" ", "")[column]]
        for check_id in WIFI
    }
    for cell in COLUMNS[column]:
        made = judge_some(WIFI, seen, device(cell), Selection())
        assert {each.id: each.status for each in made} == wanted, cell
        for each in made:
            sound(each)
            assert "None" not in text_of(each), each


# --- facts ---------------------------------------------------------------------------------------------------------


def findings(of: Profile) -> list[tuple[str, Observations, Finding]]:
    """What every check finds of every network above."""
    views = [device_view(seen, of) for seen in EVERY]
    return [(check_id, view.seen, CHECKS[check_id].judge(view)) for view in views for check_id in WIFI]


EVERY = [Observations(wifi=survey) for survey in SURVEYS.values()]


def test_every_fact_of_a_radio_is_used_and_named() -> None:
    named = {
        field
        for profile in map(device, profiles.names())
        for _, _, made in findings(profile)
        for field in RadioFacts.__struct_fields__
        if any(fact is getattr(profile.radio, field) for fact in made.rests_on)
    }

    assert named == set(RadioFacts.__struct_fields__)


@pytest.mark.more
@pytest.mark.parametrize("field", RadioFacts.__struct_fields__)
@pytest.mark.parametrize("name", ["generic", "core", "photon", "argon", "photon2"])
def test_a_finding_on_a_fact_in_doubt_neither_passes_nor_fails(name: str, field: str) -> None:
    """What the choice of an access point reckons with is what is reported in the end."""
    profile = device(name)
    if (fact := getattr(profile.radio, field)) is not None:
        radio = replace(profile.radio, **{field: replace(fact, certainty="unconfirmed")})
        profile = replace(profile, radio=radio)
    for check_id, seen, made in findings(profile):
        reported = judge_one(check_id, seen, profile, Selection())
        assert reported.status == made.standing
        unsure = any(fact.certainty == "unconfirmed" for fact in made.rests_on)
        assert not (unsure and reported.status in {"pass", "fail"}), reported


def test_what_is_confirmed_counts_for_more_than_what_is_not() -> None:
    """Of two access points the one that is judged is the one that the device joins for certain, if it is weaker."""
    doubtful = bss(hidden=None, signal_dbm=-30.0, bssid="02:00:00:00:00:77")

    assert check("wifi.ssid", air(doubtful), "core").status == "warn"
    assert check("wifi.ssid", air(doubtful, HEALTHY), "core").status == "pass"


# --- words ---------------------------------------------------------------------------------------------------------


def words(check_id: str, seen: Wifi, of: str) -> str:
    made = check(f"wifi.{check_id}", seen, of)
    return "\n".join([made.status, text_of(made), *made.evidence])


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        (13, "Or set the device's own country, if that is CA, MX, EU, GB, JP, KR or AU."),
        (14, "No country setting of the device includes this channel."),
        (169, "No country setting of the device includes this channel."),
        (149, "not in the device's plan once its country is set to EU or GB"),
        (120, "not in the device's plan once its country is set to CA or MX"),
        (144, "not in the device's plan once its country is set to MX, EU, GB, JP or AU"),
    ],
)
def test_a_channel_by_country(channel: int, says: str) -> None:
    for name in ("photon2", "p2", "msom"):
        assert says in words("channel", air(bss(channel=channel)), name)


def test_a_channel_of_5_ghz_is_not_advised_by_2_4() -> None:
    made = words("channel", air(high(169)), "photon2")

    assert "Set the 5 GHz channel to one of 36-64,100-144,149-165." in made
    assert "1, 6" not in made
    assert "overlapping channel" not in made + words("signal", air(high(36)), "photon2")


@pytest.mark.parametrize(
    ("check_id", "seen", "says"),
    [
        ("band", air(SIX), ("on 6 GHz only; this device has 2.4 and 5 GHz", "Switch on 2.4 or 5 GHz")),
        ("band", air(), ("on 2.4 or 5 GHz. No BSS has this name", "its 2.4 or 5 GHz radio")),
        ("band", air(frequencies_mhz=LOW), ("5 GHz was not listened to on channels 36-64, 100-144, 149-165",)),
        ("band", air(frequencies_mhz=[*LOW, *LOW_5, *HIGH_5]), ("not listened to on channels 52-64, 100-144.",)),
        ("band", air(frequencies_mhz=[]), ("does not say where it listened", "channels 40-64, 100-144, 149-165")),
        ("band", air(source="capture", frequencies_mhz=LOW_5),
         ("2.4 GHz channels 1-11 and the 5 GHz channels 36-64,100-144,149-165 in turn",)),
        ("shared-ssid", air(SIX), ("on 6 GHz only", "and not on 2.4 or 5 GHz")),
        ("mode", air(HIGH), ("admits 802.11a/n stations",)),
        ("mode", air(high(36, membership=["vht"])), ("Set the 5 GHz mode of 'net' to a/n (mixed).",)),
        ("security", air(bss(**WPA3)), ("experimental from Device OS 5.5.0", "does not appear in the device's scan")),
    ],
)  # fmt: skip
def test_what_is_said_for_a_device_with_both_bands(check_id: str, seen: Wifi, says: tuple[str, ...]) -> None:
    made = words(check_id, seen, "photon2")

    for sentence in says:
        assert sentence in made


def test_a_warning_of_another_access_point_says_of_which() -> None:
    made = check("wifi.security", NETWORKS["both-wpa3-on-5-stronger"][0], "photon2")

    assert made.problem == "security-unconfirmed"
    assert made.summary.startswith("Access point on channel 36: ")


def test_that_802_11b_is_off_is_nothing_on_5_ghz() -> None:
    assert "no 802.11b rate" not in words("mode", air(high(36)), "photon2")


@pytest.mark.parametrize(
    ("country", "heard", "status"),
    [
        ("DE", "DE", "fail"),
        ("DE", None, "fail"),
        ("DE", "US", "unknown"),
        ("US", "US", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_in_europe_there_is_no_channel_144(country: str | None, heard: str | None, status: str) -> None:
    other = msgspec.structs.replace(OTHER, country=heard)
    seen = scan(other, HIGH_OTHER, frequencies_mhz=WITHOUT_144, regulatory_country=country)

    assert check("wifi.band", seen, "photon2").status == status


def test_a_capture_hears_nothing_beside_its_channel_on_5_ghz() -> None:
    heard = [bss(name=b"other", channel=number) for number in (1, 6, 11, 36)]
    listened = [2412, 2437, 2462, *LOW_5, *DFS, *HIGH_5]

    for missing, status in ((None, "fail"), (5200, "unknown")):
        frequencies = [mhz for mhz in listened if mhz != missing]
        seen = scan(*heard, source="capture", frequencies_mhz=frequencies)
        assert check("wifi.band", seen, "photon2").status == status


def test_a_fact_that_is_confirmed_is_believed() -> None:
    """A product of which is known that it joins 802.11n-only networks, and that it has PMF and WPA3."""
    photon2 = device("photon2")
    radio = replace(
        photon2.radio,
        n_only=replace(photon2.radio.n_only, certainty="confirmed"),
        pmf_required=replace(photon2.radio.pmf_required, value="yes", certainty="confirmed"),
        security=replace(photon2.radio.security, value=["wpa2-psk", "wpa3-sae"]),
        security_unconfirmed=None,
    )
    product = replace(photon2, radio=radio)
    for seen in (air(high(36, membership=["ht"], **WPA3)), secured(["wpa2-psk"], SHA1, pmf="required")):
        made = {check_id: judge_one(check_id, healthy(wifi=seen), product, Selection()).status for check_id in WIFI}
        assert made == dict.fromkeys(WIFI, "pass")


# --- cost ----------------------------------------------------------------------------------------------------------


def test_the_access_points_of_a_network_are_compared_once_for_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str | None] = []

    def counting(ranking: Ranking, candidate: Bss, kind: int, seen: Survey) -> Rank:
        compared.append(candidate.bssid)
        return rank(ranking, candidate, kind, seen)

    rank = Ranking._rank  # noqa: SLF001 - it is what takes the time
    monkeypatch.setattr(Ranking, "_rank", counting)
    heard = [bss(bssid=f"02:00:00:00:00:{n:02x}") for n in range(87)]
    for again in range(2):
        seen = Observations(wifi=air(*heard))
        assert judge_network("net", seen, device("argon"), Selection())[0] != "undetermined"
        assert len(compared) == len(heard) * (again + 1)


def test_a_survey_is_judged_for_the_network_that_it_is_aimed_at() -> None:
    """What is worked out once is worked out for one network and one device."""
    seen, generic, photon2 = air(bss(channel=13), bss(name=b"far", signal_dbm=-90.0)), device("generic"), device("p2")
    every = [Observations(wifi=seen)] * 2

    for target, profile, failing in (("net", generic, "wifi.channel"), ("far", generic, "wifi.signal"),
                                     ("net", photon2, "wifi.channel"), ("far", photon2, "wifi.signal")):  # fmt: skip
        seen.aim(target)
        for observations in every:
            assert [id_ for id_ in WIFI if judge_one(id_, observations, profile, Selection()).status == "fail"] == [
                failing
            ]
