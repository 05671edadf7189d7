"""Judging the air: on which bands a network is, and what was not listened to."""

from typing import Any

import msgspec
import pytest

from netpreflight.probes.observations import Bss, Neighbor, Wifi
from tests.unit.air import (
    ADMIN,
    BSSID,
    HEALTHY,
    HIDDEN,
    HIGH,
    HIGH_OTHER,
    OTHER,
    OWNER,
    SIX,
    WIFI,
    Case,
    bss,
    check,
    each,
    scan,
    sound,
    verify,
    wifi,
)

# --- wifi.band -----------------------------------------------------------------------------------------------------

SPREAD = [bss(name=b"other", channel=number, age_s=900.0) for number in (4, 8, 9)]
LOW = [2407 + 5 * number for number in range(1, 14)]
BAND = [
    Case("2.4", "band", scan(HEALTHY, OTHER), "pass", evidence=("on channel 6, 2437 MHz", "-50 dBm")),
    Case("both", "band", scan(HIGH, HEALTHY), "pass", evidence=("on channel 6",)),
    Case("no-signal", "band", scan(bss(signal_dbm=None)), "pass", evidence=("signal not known",)),
    Case("the-strongest", "band", scan(bss(signal_dbm=-80.0), bss(channel=11), bss(channel=1, signal_dbm=None)),
         "pass", evidence=("on channel 11",)),
    Case("5-only", "band", scan(HIGH, OTHER), "fail", "other-band", ADMIN, evidence=("on channel 36",)),
    Case("6-only", "band", scan(SIX, OTHER), "fail", "other-band", ADMIN, evidence=("5975 MHz",)),
    Case("5-and-6", "band", scan(SIX, HIGH, OTHER), "fail", "other-band", ADMIN, evidence=("5975 MHz", "channel 36")),
    Case("2.4-not-surveyed", "band", scan(HIGH, limits=["Listened on 36 only"]), "unknown", "not-surveyed", OWNER,
         evidence=("on channel 36",)),
    Case("2.4-stale", "band", scan(HIGH, msgspec.structs.replace(OTHER, age_s=60.5)), "unknown", "not-surveyed", OWNER),
    Case("2.4-just-fresh", "band", scan(HIGH, msgspec.structs.replace(OTHER, age_s=60.0)), "fail", "other-band", ADMIN),
    Case("2.4-age-unknown", "band", scan(HIGH, msgspec.structs.replace(OTHER, age_s=None)), "fail", "other-band",
         ADMIN),
    Case("absent", "band", scan(OTHER, bss(name=b"else", channel=36)), "fail", "not-on-the-air", OWNER),
    Case("5-only-whole-capture", "band", wifi(HIGH, *SPREAD, frequencies_mhz=LOW), "fail", "other-band", ADMIN),
    Case("absent-whole-capture", "band", wifi(*SPREAD, frequencies_mhz=LOW), "fail", "not-on-the-air", OWNER),
    Case("absent-part-of-a-capture", "band", wifi(*SPREAD[:2]), "unknown", "not-surveyed", OWNER),
    Case("another-case", "band", scan(bss(name=b"Net")), "fail", "not-on-the-air", OWNER),
    Case("hidden-candidates", "band", scan(HIDDEN, OTHER, HIDDEN), "unknown", "hidden-names", OWNER),
    Case("hidden-candidates-beside-5", "band", scan(HIGH, HIDDEN, frequencies_mhz=LOW), "unknown", "hidden-names",
         OWNER),
    Case("hidden-on-5", "band", scan(bss(name=b"", channel=36), OTHER), "fail", "not-on-the-air", OWNER),
    Case("absent-2.4-silent", "band", scan(bss(name=b"other", channel=36)), "unknown", "not-surveyed", OWNER),
    Case("absent-all-stale", "band", scan(msgspec.structs.replace(OTHER, age_s=600.0)), "unknown", "not-surveyed",
         OWNER),
]  # fmt: skip


@each(BAND)
def test_band(case: Case, device: str) -> None:
    verify(case, device)


@pytest.mark.parametrize(("channel", "band"), [(6, "pass"), (36, "unknown")])
def test_of_a_nameless_network_what_this_laptop_is_on_is_judged(channel: int, band: str) -> None:
    nameless: dict[str, Any] = {"ssid": None, "ssid_hex": None, "bssid": None, "rsn": None, "security": None}
    own = bss(channel=channel, **nameless, width_mhz=40, associated=True, complete=False)
    step = "Open System Settings > Privacy & Security > Location Services."
    seen = wifi(
        own, bss(**nameless), source="macos", names_withheld=True, target=None, target_from=None, unlocked_by=step
    )
    made = {name: check(f"wifi.{name}", seen) for name in ("band", "channel", "channel-width", "shared-ssid", "ssid")}

    assert {made[name].problem for name in ("shared-ssid", "ssid")} == {"names-withheld"}
    assert made["shared-ssid"].remedy == made["ssid"].remedy == step
    assert made["band"].status == band
    if channel == 6:
        assert (made["channel"].status, made["channel-width"].problem) == ("pass", "wide-channel")
    else:
        assert {made[name].problem for name in ("channel", "channel-width")} == {"not-heard"}


BAND_NOT_GUESSED = [
    Case("names-withheld", "band", scan(bss(ssid=None, ssid_hex=None), bss(ssid=None, ssid_hex=None, channel=1),
         source="macos", names_withheld=True), "unknown", "names-withheld", OWNER),
    Case("one-name-withheld", "band", scan(OTHER, bss(ssid=None, ssid_hex=None)), "unknown", "hidden-names", OWNER),
    Case("frequency-not-known", "band", scan(bss(frequency_mhz=None, channel=None), OTHER), "unknown", "not-told",
         OWNER),
    Case("an-empty-name-is-no-name", "band", scan(HIDDEN, OTHER, target=""), "unknown", "none-chosen", OWNER),
    Case("listened-on-one-channel", "band",
         wifi(OTHER, limits=["The radio listened on 2.4 GHz (channels: 1) only"]), "unknown", "not-surveyed", OWNER),
    Case("5-only-listened-on-one-channel", "band",
         wifi(HIGH, OTHER, limits=["The radio listened on 2.4 GHz (channels: 1) and 5 GHz (channels: 36) only"]),
         "unknown", "not-surveyed", OWNER),
    Case("stale-presence", "band", scan(bss(age_s=3600.0), source="networkmanager"), "unknown", "stale-result", OWNER,
         evidence=("3600 s old",)),
    Case("a-capture-of-5-alone", "band", wifi(HIGH), "unknown", "not-surveyed", OWNER),
]  # fmt: skip


@each(BAND_NOT_GUESSED)
def test_the_band_is_not_guessed(case: Case, device: str) -> None:
    verify(case, device)


@pytest.mark.parametrize("check_id", WIFI)
def test_withheld_names_are_said_to_be_withheld(check_id: str) -> None:
    nameless = [bss(ssid=None, ssid_hex=None, channel=number) for number in (1, 6, 11)]
    made = check(check_id, wifi(*nameless, source="macos", names_withheld=True, target=None, target_from=None))

    assert (made.status, made.problem) == ("unknown", "names-withheld")
    sound(made)


HIDES = [("generic", "warn"), ("photon", "warn"), ("argon", "warn"), ("argon 4.2.0", "fail")]


@pytest.mark.parametrize(("device", "status"), HIDES)
def test_a_hidden_network_whose_name_a_probe_response_gave(device: str, status: str) -> None:
    note = "Its beacons hide the name; the name is from a probe response"
    seen = wifi(bss(contradictions=[note], answers_probes=True, hidden=True), OTHER, HIGH_OTHER)
    statuses = [check(check_id, seen, device).status for check_id in WIFI]

    worst = next(name for name in ("fail", "warn", "pass") if name in statuses)
    assert worst == status, dict(zip(WIFI, statuses, strict=True))


# --- wifi.shared-ssid ----------------------------------------------------------------------------------------------

SHARED = [
    Case("2.4-only", "shared-ssid", wifi(HEALTHY, bss(name=b"x", channel=36)), "pass"),
    Case("other-name-on-5", "shared-ssid", wifi(HEALTHY, bss(name=b"net-5G", channel=36)), "pass"),
    Case("5", "shared-ssid", wifi(HEALTHY, HIGH), "warn", "shared-name", ADMIN, evidence=("channel 6", "channel 36")),
    Case("6", "shared-ssid", wifi(HEALTHY, SIX), "warn", "shared-name", ADMIN, evidence=("channel 6", "5975 MHz")),
    Case("5-by-neighbor-report", "shared-ssid",
         wifi(bss(neighbors=[Neighbor(operating_class=115, channel=36, same_ssid=True)])), "warn", "shared-name",
         ADMIN),
    Case("capture-of-2.4-only", "shared-ssid",
         wifi(HEALTHY, limits=["The radio listened on 2.4 GHz (channels: 6) only"]), "unknown", "not-surveyed",
         OWNER),
    Case("nothing-on-5", "shared-ssid", wifi(HEALTHY, source="nl80211"), "unknown", "not-surveyed", OWNER),
]  # fmt: skip


@each(SHARED)
def test_shared_ssid(case: Case, device: str) -> None:
    verify(case, device)


STEERS, MEASURES, SILENT, LOUDER = "802.11v", "802.11k", "no probe response", "dB stronger"


@pytest.mark.parametrize(
    ("seen", "signs"),
    [
        (wifi(HEALTHY, HIGH), ()),
        (wifi(HEALTHY, bss(channel=36, bss_transition=True)), (STEERS,)),
        (wifi(bss(radio_measurement=True), HIGH), (MEASURES,)),
        (wifi(bss(radio_measurement=True, bss_transition=True), HIGH), (STEERS, MEASURES)),
        (wifi(bss(signal_dbm=-60.0), HIGH), (LOUDER,)),
        (wifi(bss(signal_dbm=-59.9), HIGH), ()),
        (wifi(bss(signal_dbm=-90.0), HEALTHY, HIGH), ()),  # the strongest counts
        (wifi(bss(signal_dbm=None), HIGH), ()),
        (wifi(bss(answers_probes=False), HIGH), (SILENT,)),
        (wifi(bss(answers_probes=False), bss(answers_probes=True), HIGH), ()),
        (wifi(bss(answers_probes=None), HIGH), ()),
    ],
)
def test_what_points_at_band_steering(seen: Wifi, signs: tuple[str, ...]) -> None:
    reason = check("wifi.shared-ssid", seen).reason or ""

    assert tuple(text for text in (STEERS, MEASURES, LOUDER, SILENT) if text in reason) == signs


def assert_absent(seen: Wifi, device: str, missing: str | None) -> None:
    """The network is known to be absent, or the channels that are missing for that are told."""
    made = check("wifi.band", seen, device)

    problem = "not-on-the-air" if missing is None else "not-surveyed"
    assert (made.status, made.problem) == ("fail" if missing is None else "unknown", problem), made
    assert (missing or "") in (made.reason or "")
    sound(made)


PHOTON_PLAN = [2407 + 5 * number for number in range(1, 14)]
IN_THE_US = PHOTON_PLAN[:11]
UP_TO_9 = PHOTON_PLAN[:9]


@pytest.mark.parametrize(
    ("device", "listened", "missing"),
    [
        ("generic", IN_THE_US, None),
        ("photon", IN_THE_US, "channels 12-13"),
        ("argon", IN_THE_US, None),
        ("generic", [2412, 2437, 2462], "channels 2-5, 7-10"),
    ],
)
def test_absence_is_known_for_the_channels_that_were_listened_to(
    device: str, listened: list[int], missing: str | None
) -> None:
    assert_absent(scan(OTHER, HIGH_OTHER, frequencies_mhz=[*listened, 5180]), device, missing)
    assert check("wifi.band", scan(OTHER, frequencies_mhz=PHOTON_PLAN), device).status == "fail"


@pytest.mark.parametrize(
    ("country", "heard", "status"),
    [
        ("US", "US", "fail"),
        ("US", None, "fail"),
        ("US", "DE", "unknown"),
        ("00", None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_channels_that_are_not_used_in_this_country_need_no_look(
    country: str | None, heard: str | None, status: str
) -> None:
    other = msgspec.structs.replace(OTHER, country=heard)
    seen = scan(other, HIGH, frequencies_mhz=[*IN_THE_US, 5180], regulatory_country=country)

    assert check("wifi.band", seen, "photon").status == status


@pytest.mark.parametrize(
    ("device", "listened", "missing"),
    [
        ("generic", [2412, 2437, 2462], None),
        ("photon", [2412, 2437, 2462], None),  # channel 13 is two away from 11
        ("generic", [2412, 2437], "channels 9-11"),
        ("generic", [2437], "channels 1-3, 9-11"),
        ("photon", UP_TO_9, "channels 12-13"),
    ],
)
def test_a_capture_has_what_is_overheard_two_channels_away(
    device: str, listened: list[int], missing: str | None
) -> None:
    assert_absent(scan(OTHER, HIGH_OTHER, source="capture", frequencies_mhz=[*listened, 5180]), device, missing)


@pytest.mark.parametrize(
    "seen",
    [
        scan(OTHER, triggered=False),
        scan(OTHER, triggered=False, frequencies_mhz=PHOTON_PLAN),
        scan(HIGH_OTHER),
        scan(OTHER, frequencies_mhz=[2412]),
        wifi(OTHER, frequencies_mhz=[2412]),
        wifi(OTHER, HIGH, frequencies_mhz=[2412, 5180]),
        wifi(*(bss(name=b"other", channel=number) for number in range(1, 11))),
    ],
    ids=["no-scan", "no-scan-but-says", "2.4-silent", "one-channel", "capture", "capture-5-only", "10-of-11-heard"],
)
def test_absence_is_not_guessed(seen: Wifi) -> None:
    made = check("wifi.band", seen)

    assert (made.status, made.problem) == ("unknown", "not-surveyed"), made
    sound(made)


def test_a_capture_in_which_every_channel_of_the_plan_is_heard_shows_absence() -> None:
    assert check("wifi.band", wifi(*(bss(name=b"other", channel=number) for number in range(1, 12)))).status == "fail"


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        (scan(bss(age_s=60.0)), "pass"),
        (scan(bss(age_s=60.5)), "unknown"),
        (scan(bss(age_s=5.0), scan_s=4.0), "pass"),
        (scan(bss(age_s=45.0), scan_s=4.0), "unknown"),  # remembered from before this scan
        (scan(bss(age_s=1.0), frequencies_mhz=[5180]), "unknown"),  # this scan was not there
        (scan(bss(age_s=None)), "pass"),
        (scan(bss(age_s=None), triggered=False), "unknown"),
        (scan(bss(age_s=5.0), triggered=False), "unknown"),  # it may have been switched off 4 s ago
        (scan(bss(age_s=5.0), triggered=False, associated_bssid=BSSID), "pass"),
        (scan(bss(age_s=300.0), associated_bssid=BSSID), "pass"),
        (scan(bss(age_s=300.0), HEALTHY), "pass"),
        (wifi(bss(age_s=300.0)), "pass"),
    ],
)
def test_presence_needs_a_result_of_now(seen: Wifi, status: str) -> None:
    made = check("wifi.band", seen)

    assert (made.status, made.problem) == (status, "stale-result" if status == "unknown" else None), made
    sound(made)


@pytest.mark.parametrize(
    ("heard", "fields", "why"),
    [
        ([OTHER], {"left_out": "the file is damaged"}, "the file is damaged"),
        ([HIGH_OTHER], {}, "nothing at all was heard on 2.4 GHz"),
    ],
)
def test_a_capture_that_is_not_whole_shows_no_absence(heard: list[Bss], fields: dict[str, Any], why: str) -> None:
    made = check("wifi.band", wifi(*heard, frequencies_mhz=[*PHOTON_PLAN, 5180], **fields))

    assert (made.status, made.problem) == ("unknown", "not-surveyed")
    assert why in (made.reason or "")


def test_the_way_to_names_is_the_step() -> None:
    path = "macOS withholds network names: System Settings > Privacy & Security > Location Services > switch it on"
    nameless = [bss(ssid=None, ssid_hex=None, channel=number) for number in (1, 6, 11)]
    made = check("wifi.band", scan(*nameless, source="macos", names_withheld=True, limits=["Something else", path]))

    assert (made.status, made.problem, made.remedy) == ("unknown", "names-withheld", f"{path}.")


@pytest.mark.parametrize(
    ("seen", "status", "problem", "due_to"),
    [
        (scan(HIGH, OTHER), "fail", "other-band", "wifi.band"),
        (scan(HIGH), "unknown", "not-heard", "wifi.band"),
        (scan(OTHER), "unknown", "not-heard", "wifi.band"),
        (scan(HEALTHY, frequencies_mhz=[2437]), "unknown", "not-surveyed", None),
        (scan(HEALTHY, frequencies_mhz=[2437, 5180]), "pass", None, None),
        (scan(HEALTHY, triggered=False, frequencies_mhz=[2437, 5180]), "unknown", "not-surveyed", None),
        (scan(HEALTHY, msgspec.structs.replace(HIGH_OTHER, age_s=300.0)), "unknown", "not-surveyed", None),
        (scan(bss(neighbors=[Neighbor(operating_class=81, channel=11, same_ssid=True)])), "unknown", "not-surveyed",
         None),
        (scan(bss(neighbors=[Neighbor(operating_class=131, channel=5, same_ssid=True)])), "warn", "shared-name", None),
        (scan(bss(neighbors=[Neighbor(operating_class=131, channel=5, same_ssid=None)])), "unknown", "not-surveyed",
         None),
    ],
)  # fmt: skip
def test_whether_a_name_is_shared(seen: Wifi, status: str, problem: str | None, due_to: str | None) -> None:
    made = check("wifi.shared-ssid", seen)

    assert (made.status, made.problem, made.due_to) == (status, problem, due_to), made
    sound(made)


def test_what_was_listened_to_on_5_ghz_is_evidence() -> None:
    evidence = check("wifi.shared-ssid", scan(HEALTHY, frequencies_mhz=[2437, 5180, 5200])).evidence

    assert "listened on 5 GHz channels 36, 40" in evidence


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (scan(OTHER, triggered=False), "Run netpreflight again"),
        (scan(OTHER, triggered=False, unlocked_by="Run netpreflight as root (sudo)."), "as root"),
        (scan(OTHER, frequencies_mhz=[2412], unlocked_by="Use a laptop with Wi-Fi."), "Use a laptop"),
        (scan(OTHER, frequencies_mhz=[2412]), "settings"),
        (scan(OTHER, HIDDEN, unlocked_by="Run netpreflight as root (sudo)."), "settings"),
        (scan(bss(age_s=900.0)), "Run netpreflight again"),
        (wifi(OTHER), "Capture beside the access point"),
    ],
)
def test_the_step_that_settles_presence(seen: Wifi, says: str) -> None:
    made = check("wifi.band", seen)

    assert made.status == "unknown"
    assert says in (made.remedy or "")
