"""Thousands of BSSs of one name: judged as few are, and without looking at each of them again and again."""

import random
from collections import Counter

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging.wifi.air import AirOccupancy
from netpreflight.agent.judging.wifi.ranking import LOOKED_AT, JudgeBss
from netpreflight.agent.judging.wifi.survey import survey_of
from netpreflight.agent.report import Report, make
from netpreflight.probes.observations import MOST_BSSS, Bss, BssLoad, HtOperation, Suites
from tests.unit import four, seen
from tests.unit.partly import partly
from tests.unit.places import of

MANY = MOST_BSSS
EACH_JUDGE = partly({"judge_security", "judge_channel"}, {judge.__name__: judge for judge in LOOKED_AT})
ODD = ["RSN has a malformed list of AKMs"]
SUITES = [
    None,
    Suites(version=1, group_cipher="CCMP", pairwise_ciphers=["CCMP"], akms=["PSK"]),
    Suites(version=1, group_cipher="TKIP", pairwise_ciphers=["TKIP"], akms=["PSK", "SAE"], pmf_required=True),
    Suites(version=1, group_cipher="WEP-40", pairwise_ciphers=["CCMP"], akms=["EAP"], pmf_capable=True),
    Suites(version=1, group_cipher="CCMP", pairwise_ciphers=[], akms=["FT-PSK"]),
]


def mac(number: int) -> str:
    return f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def drawn(source: random.Random, **fixed: object) -> Bss:
    """A BSS with every field drawn that a check of a single BSS could look at, and some that none may."""
    pick = source.choice
    channel = source.randint(1, 14)
    fields = {
        "bssid": mac(source.randrange(64)),
        "frequency_mhz": pick([2407 + 5 * channel, 5180, 5955, None]),
        "width_mhz": pick([20, 40, 80, None]),
        "signal_dbm": pick([None, *(float(dbm) for dbm in range(-95, -25))]),
        "age_s": pick([None, 0.5, 300.0]),
        "security": pick([None, ["open"], ["wep"], ["wpa2-psk"], ["wpa2-psk", "wpa3-sae"], ["wpa2-eap"], []]),
        "pmf": pick([None, "none", "capable", "required"]),
        "rates_mbps": pick([[], [1.0, 2.0, 5.5, 11.0], [6.0, 12.0, 24.0]]),
        "basic_rates_mbps": pick([[], [1.0, 2.0], [6.0, 12.0], [3.5]]),
        "membership": pick([[], ["ht"], ["vht"], ["sae-h2e"]]),
        "ht": pick(
            [
                None,
                HtOperation(primary_channel=channel, secondary_offset=1, any_width=True, basic_mcs=pick(["", "ffff"])),
            ]
        ),
        "rsn": pick(SUITES),
        "wpa": pick(SUITES),
        "hidden": pick([None, True, False]),
        "complete": pick([True, False]),
        "country": pick([None, "DE"]),
        "load": pick([None, BssLoad(stations=3, utilisation=0.9)]),
        "contradictions": pick([[], ODD, ["Heard on channel 3"]]),
        **fixed,
    }
    return replace(seen.bss(), **{"channel": pick([channel, channel, None]), **fields})


def flood(count: int) -> list[Bss]:
    """So many BSSs of the judged name, on channels 1 to 13."""
    return [seen.bss(1 + number % 13, bssid=mac(number), signal_dbm=-30.0 - number % 60) for number in range(count)]


def flooded(count: int) -> Report:
    """A run beside that flood."""
    return make(four.run_of(wifi=seen.wifi(*flood(count))), profiles.load("photon2"))


@pytest.mark.more
@pytest.mark.parametrize("judge", EACH_JUDGE)
def test_bsss_that_are_alike_in_what_a_check_looks_at_have_the_same_status(judge: JudgeBss) -> None:
    source = random.Random(16)
    found: dict[object, Counter[str]] = {}
    for _ in range(6_000):
        candidate = drawn(source)
        for device in (profiles.load(name) for name in ("generic", "photon", "argon", "p2")):
            standing = judge(candidate, survey_of(seen.wifi(candidate)), device).standing
            found.setdefault((device.name, LOOKED_AT[judge](candidate)), Counter())[standing] += 1

    assert not {key: statuses for key, statuses in found.items() if len(statuses) > 1}
    assert len({status for statuses in found.values() for status in statuses}) > 1, "nothing was told apart"
    assert max(statuses.total() for statuses in found.values()) > 1, "no two were alike"


@pytest.mark.more
def test_the_radios_are_those_that_comparing_each_bss_with_each_radio_finds() -> None:
    """By the definition of a radio: alike in channel and BSSID, at most 10 dB apart, and each name once."""
    for seed in range(200):
        source = random.Random(seed)
        heard = [
            drawn(
                source,
                frequency_mhz=2412,
                channel=1,
                bssid=source.choice([None, *map(mac, range(24))]),
                ssid=source.choice(["", "a", "b", "c"]),
                ht=None,
            )
            for _ in range(60)
        ]
        radios: list[list[Bss]] = []
        for bss in sorted(heard, key=lambda bss: -1000 if bss.signal_dbm is None else bss.signal_dbm, reverse=True):
            for radio in radios if bss.bssid else ():
                first = radio[0]
                alike = first.bssid is not None and first.bssid[2:-1] == (bss.bssid or "")[2:-1]
                near = (
                    None in {first.signal_dbm, bss.signal_dbm} or (first.signal_dbm or 0) - (bss.signal_dbm or 0) <= 10
                )
                if alike and near and not (bss.ssid and bss.ssid in {other.ssid for other in radio}):
                    radio.append(bss)
                    break
            else:
                radios.append([bss])

        found = AirOccupancy(heard).radios
        assert [(radio.strongest, radio.names) for radio in found] == [
            (radio[0], {bss.ssid for bss in radio}) for radio in radios
        ]


@pytest.mark.more
def test_a_flood_of_the_judged_name_is_judged_as_a_few_of_them_are() -> None:
    few, many = flooded(26), flooded(MANY)

    assert {check.id: check.status for check in few.checks if check.id not in {"wifi.channel", "wifi.signal"}} == {
        check.id: check.status for check in many.checks if check.id not in {"wifi.channel", "wifi.signal"}
    }
    signal = next(check for check in many.checks if check.id == "wifi.signal")
    assert (signal.status, signal.problem) == ("warn", "crowded")
    assert f"{MANY} access points" in signal.summary
    assert all(len(check.evidence) < 100 for check in many.checks)


def test_a_check_judges_each_kind_of_bss_once() -> None:
    judged = []
    for count in (13 * 60, MANY):
        survey = survey_of(seen.wifi(*flood(count)))
        of(replace(seen.healthy(), wifi=survey))
        judged.append(len(survey.statuses))

    assert judged[0] == judged[1] > 0


@pytest.mark.more
def test_one_bssid_with_the_judged_name_a_thousand_times_and_another_name_once() -> None:
    same = [seen.bss(6, bssid=mac(1), signal_dbm=-50.0) for _ in range(1_000)]
    other = seen.bss(6, bssid=mac(1), ssid="Another")
    far = replace(other, bssid=mac(2))

    for heard, problem in (([*same, other], "shared-bssid"), ([*same, far], None)):
        report = make(four.run_of(wifi=seen.wifi(*heard)), profiles.load("photon2"))
        assert next(check for check in report.checks if check.id == "wifi.ssid").problem == problem


@pytest.mark.more
def test_thousands_of_names_that_look_like_the_judged_one() -> None:
    near = [
        seen.bss(
            6,
            bssid=mac(number),
            ssid="".join(c.upper() if number >> at & 1 else c for at, c in enumerate("warehouse-1a")),
        )
        for number in range(1_000, 2_999)
    ]
    report = make(four.run_of(wifi=seen.wifi(seen.bss(6, ssid="warehouse-1a"), *near, target="warehouse-1a")),
                  profiles.load("photon2"))  # fmt: skip
    check = next(check for check in report.checks if check.id == "wifi.ssid")

    assert (check.status, check.problem) == ("warn", "look-alike")
    assert len(check.evidence) < 20


@pytest.mark.more
def test_thousands_of_contradictions_are_counted_and_not_all_quoted() -> None:
    odd = [seen.bss(6, bssid=mac(number), contradictions=[f"Odd {number}"]) for number in range(MANY)]
    report = make(four.run_of(wifi=seen.wifi(*odd)), profiles.load("photon2"))
    evidence = next(check for check in report.checks if check.id == "wifi.ssid").evidence

    assert f"and {MANY - 40} more contradictions in its beacons" in evidence
    assert len(evidence) < 60
