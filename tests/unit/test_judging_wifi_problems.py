"""Judging the air: each problem of a check's list, with one network that has it; and no finding without one of them."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from netpreflight.agent import profiles, report
from netpreflight.agent.judging import CHECKS, judge_one
from netpreflight.agent.profiles import Profile
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import HtOperation, Observations, Wifi
from tests.unit.air import (
    ADMIN,
    BSSID,
    DEVICES,
    HEALTHY,
    HIDDEN,
    HIGH,
    NET,
    OTHER,
    OWNER,
    WIFI,
    bss,
    check,
    crowd,
    device,
    rsn,
    scan,
    sound,
    wifi,
)
from tests.unit.samples import SAMPLES
from tests.unit.seen import healthy

Found = tuple[Wifi | None, str, str, str]
"""What was heard, a device, the status and whom the finding names."""
NO_NETWORK: dict[str, Found] = {
    "no-source": (Wifi(limits=["No adapter"]), "generic", "unknown", OWNER),
    "nothing-heard": (Wifi(source="nl80211", target=NET, triggered=True), "generic", "unknown", OWNER),
    "names-withheld": (scan(bss(ssid=None, ssid_hex=None), names_withheld=True), "generic", "unknown", OWNER),
    "none-chosen": (wifi(HEALTHY, OTHER, target=None, target_from=None), "generic", "unknown", OWNER),
}
NOT_HEARD: dict[str, Found] = {"not-heard": (scan(OTHER), "generic", "unknown", ADMIN)}
STRONGER: dict[str, Any] = {"signal_dbm": -30.0, "bssid": "02:00:00:00:01:01"}
WPA3: dict[str, Any] = {"security": ["wpa3-sae"], "rsn": rsn("SAE", pmf_required=True), "pmf": "required"}
TWO_STREAMS = HtOperation(primary_channel=6, secondary_offset=0, any_width=False, basic_mcs="ff01" + "00" * 14)
PROBLEMS: dict[str, dict[str, Found]] = {
    "wifi.band": NO_NETWORK
    | {
        "stale-result": (scan(bss(age_s=3600.0)), "generic", "unknown", OWNER),
        "not-told": (scan(bss(frequency_mhz=None, channel=None), OTHER), "generic", "unknown", OWNER),
        "hidden-names": (scan(HIDDEN, OTHER), "generic", "unknown", OWNER),
        "not-surveyed": (scan(OTHER, frequencies_mhz=[2412]), "generic", "unknown", OWNER),
        "other-band": (scan(HIGH, OTHER), "generic", "fail", ADMIN),
        "nontransmitted": (scan(bss(nontransmitted=True), OTHER), "generic", "fail", ADMIN),
        "not-on-the-air": (scan(OTHER), "generic", "fail", OWNER),
    },
    "wifi.shared-ssid": NO_NETWORK
    | NOT_HEARD
    | {
        "not-surveyed": (scan(HEALTHY), "generic", "unknown", OWNER),
        "shared-name": (scan(HEALTHY, HIGH), "generic", "warn", ADMIN),
        "other-band": (scan(HIGH, OTHER), "generic", "fail", ADMIN),
    },
    "wifi.channel-width": NO_NETWORK
    | NOT_HEARD
    | {
        "not-told": (scan(bss(width_mhz=None)), "generic", "unknown", OWNER),
        "wide-channel": (scan(bss(width_mhz=40)), "photon2", "warn", ADMIN),
    },
    "wifi.channel": NO_NETWORK
    | NOT_HEARD
    | {
        "not-told": (scan(bss(channel=None)), "generic", "unknown", OWNER),
        "no-channel-plan": (scan(HIGH), "without-5", "unknown", OWNER),
        "channel-unconfirmed": (scan(bss(channel=13)), "argon", "warn", ADMIN),
        "country-not-set": (scan(bss(channel=13)), "photon2", "fail", ADMIN),
        "outside-plan": (scan(bss(channel=14)), "photon2", "fail", ADMIN),
    },
    "wifi.security": NO_NETWORK
    | NOT_HEARD
    | {
        "not-told": (scan(bss(security=None)), "generic", "unknown", OWNER),
        "odd-element": (scan(bss(rsn=rsn("PSK", pairwise=()))), "generic", "unknown", ADMIN),
        "pmf-not-told": (scan(bss(pmf=None)), "generic", "unknown", OWNER),
        "no-common-security": (scan(bss(**WPA3)), "argon", "fail", ADMIN),
        "no-common-akm": (scan(bss(rsn=rsn("PSK-SHA256"))), "argon", "fail", ADMIN),
        "no-common-cipher": (scan(bss(rsn=rsn("PSK", pairwise=("GCMP-256",)))), "argon", "fail", ADMIN),
        "fast-transition-only": (scan(bss(rsn=rsn("FT-PSK"))), "argon", "fail", ADMIN),
        "pmf-required": (scan(bss(pmf="required")), "argon", "fail", ADMIN),
        "stronger-access-point": (scan(HEALTHY, bss(**WPA3, **STRONGER)), "argon", "warn", ADMIN),
        "open": (scan(bss(security=["open"], rsn=None)), "argon", "warn", ADMIN),
        "wep-or-wpa": (scan(bss(security=["wep"], rsn=None)), "argon", "warn", ADMIN),
        "wep-for-groups": (scan(bss(rsn=rsn("PSK", group="WEP-40"))), "argon", "warn", ADMIN),
        "enterprise-limits": (scan(bss(security=["wpa2-eap"], rsn=rsn("EAP"))), "photon", "warn", ADMIN),
        "security-unconfirmed": (scan(bss(**WPA3)), "photon2", "warn", ADMIN),
        "wpa3-transition": (
            scan(bss(security=["wpa2-psk", "wpa3-sae"], rsn=rsn("PSK", "SAE"))), "argon", "warn", ADMIN,
        ),
    },
    "wifi.mode": NO_NETWORK
    | NOT_HEARD
    | {
        "not-told": (scan(bss(rates_mbps=[])), "generic", "unknown", OWNER),
        "newer-phy-only": (scan(bss(membership=["he"])), "argon", "fail", ADMIN),
        "n-only": (scan(bss(membership=["ht"])), "photon 1.0.1", "fail", ADMIN),
        "unknown-basic-rates": (scan(bss(basic_rates_mbps=[22.0])), "argon", "fail", ADMIN),
        "basic-rates": (scan(bss(basic_rates_mbps=[6.0])), "of-802.11b", "fail", ADMIN),
        "two-streams": (scan(bss(ht=TWO_STREAMS)), "argon", "warn", ADMIN),
        "stronger-access-point": (scan(HEALTHY, bss(membership=["he"], **STRONGER)), "argon", "warn", ADMIN),
    },
    "wifi.ssid": NO_NETWORK
    | NOT_HEARD
    | {
        "not-told": (scan(bss(hidden=None)), "argon 4.2.0", "unknown", OWNER),
        "refused-character": (scan(bss(name=b"a,b"), target="a,b"), "argon", "fail", ADMIN),
        "hidden-name": (scan(bss(hidden=True)), "argon 4.2.0", "fail", ADMIN),
        "hidden-above-11": (scan(bss(hidden=True, channel=12)), "argon", "unknown", ADMIN),
        "shared-bssid": (scan(HEALTHY, bss(name=b"two", bssid=BSSID)), "generic", "warn", ADMIN),
        "odd-name": (scan(bss(name=b" net"), target=" net"), "argon", "warn", OWNER),
        "look-alike": (scan(HEALTHY, bss(name=b"Net")), "argon", "warn", OWNER),
    },
    "wifi.signal": NO_NETWORK
    | NOT_HEARD
    | {
        "not-told": (scan(bss(signal_dbm=None)), "generic", "unknown", OWNER),
        "too-weak": (scan(bss(signal_dbm=-90.0)), "generic", "fail", OWNER),
        "weak": (scan(bss(signal_dbm=-80.0)), "generic", "warn", OWNER),
        "crowded": (scan(HEALTHY, *crowd(8, 6)), "generic", "warn", ADMIN),
    },
}  # fmt: skip
EVERY = [(check_id, problem) for check_id, problems in PROBLEMS.items() for problem in problems]


def judged(of: str) -> Profile:
    """A device by its name and version, or one of two that no profile is like."""
    if of == "without-5":
        photon2 = device("photon2")
        return replace(photon2, radio=replace(photon2.radio, channels_5=None, channels_5_by_country=None))
    if of == "of-802.11b":
        generic = device("generic")
        return replace(generic, radio=replace(generic.radio, phy=replace(generic.radio.phy, value=["b"])))
    return device(of)


def test_each_check_has_these_problems() -> None:
    """A problem that nothing leads to is none: the lists of the rows have just these."""
    assert {check_id: set(CHECKS[check_id].problems) for check_id in WIFI} == {
        check_id: set(problems) for check_id, problems in PROBLEMS.items()
    }


@pytest.mark.parametrize(("check_id", "problem"), EVERY)
def test_a_network_with_each_problem(check_id: str, problem: str) -> None:
    seen, of, status, owner = PROBLEMS[check_id][problem]
    made = judge_one(check_id, healthy(wifi=seen), judged(of), Selection())

    assert (made.status, made.problem, made.owner) == (status, problem, owner), made
    assert made.named is None
    sound(made)


@pytest.mark.parametrize("check_id", WIFI)
def test_a_run_that_was_cut_short_did_not_look(check_id: str) -> None:
    for device_name in DEVICES:
        assert check(check_id, None, device_name).problem == "not-looked"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda file: file.stem)
def test_each_saved_run_is_judged_with_problems_of_the_lists(sample: Path) -> None:
    run, _ = report.load(sample)
    for profile in profiles.load_all():
        for check_id in WIFI:
            sound(judge_one(check_id, run.observations, profile, Selection()))


@pytest.mark.more
def test_whatever_the_network_each_device_has_problems_of_the_lists() -> None:
    """Each of these networks for every check and device, not only for those that it was made for."""
    seen = [Observations(wifi=found[0]) for problems in PROBLEMS.values() for found in problems.values()]
    for profile in (*profiles.load_all(), judged("without-5"), judged("of-802.11b")):
        for observations in seen:
            for check_id in WIFI:
                sound(judge_one(check_id, observations, profile, Selection()))
