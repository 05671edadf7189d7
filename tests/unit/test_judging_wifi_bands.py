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
    NET,
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
    text_of,
    verify,
    wifi,
)

# --- wifi.band -----------------------------------------------------------------------------------------------------

SPREAD = [bss(name=b"other", channel=one, age_s=900.0) for one in (4, 8, 9)]
LOW = [2407 + 5 * one for one in range(1, 14)]
BAND = [
    Case("2.4", "band", scan(HEALTHY, OTHER), "pass", ("'net' is on 2.4 GHz", "channel 6", "-50 dBm")),
    Case("both", "band", scan(HIGH, HEALTHY), "pass", ("on 2.4 GHz", "channel 6")),
    Case("no-signal", "band", scan(bss(signal_dbm=None)), "pass", ("signal not known",)),
    Case("the-strongest", "band", scan(bss(signal_dbm=-80.0), bss(channel=11), bss(channel=1, signal_dbm=None)),
         "pass", ("channel 11", "-50 dBm")),
    Case("5-only", "band", scan(HIGH, OTHER), "fail", ("on 5 GHz only", "has 2.4 GHz", "Switch on 2.4 GHz"), ADMIN),
    Case("6-only", "band", scan(SIX, OTHER), "fail", ("on 6 GHz only",), ADMIN),
    Case("5-and-6", "band", scan(SIX, HIGH, OTHER), "fail", ("on 5 and 6 GHz only",), ADMIN),
    Case("2.4-not-surveyed", "band", scan(HIGH, limits=["Listened on 36 only"]), "unknown",
         ("on 5 GHz", "2.4 GHz was not surveyed", "Listened on 36 only"), OWNER),
    Case("2.4-stale", "band", scan(HIGH, msgspec.structs.replace(OTHER, age_s=60.5)), "unknown", ("on 5 GHz",), OWNER),
    Case("2.4-just-fresh", "band", scan(HIGH, msgspec.structs.replace(OTHER, age_s=60.0)), "fail", (), ADMIN),
    Case("2.4-age-unknown", "band", scan(HIGH, msgspec.structs.replace(OTHER, age_s=None)), "fail", (), ADMIN),
    Case("absent", "band", scan(OTHER, bss(name=b"else", channel=36)), "fail",
         ("'net' is not on the air", "heard 2 BSSs, 1 of them on 2.4 GHz", "spelling"), OWNER),
    Case("5-only-whole-capture", "band", wifi(HIGH, *SPREAD, frequencies_mhz=LOW), "fail", ("on 5 GHz only",), ADMIN),
    Case("absent-whole-capture", "band", wifi(*SPREAD, frequencies_mhz=LOW), "fail", ("not on the air",), OWNER),
    Case("absent-part-of-a-capture", "band", wifi(*SPREAD[:2]), "unknown", ("as a whole",), OWNER),
    Case("another-case", "band", scan(bss(name=b"Net")), "fail", ("'net' is not on the air",), OWNER),
    Case("hidden-candidates", "band", scan(HIDDEN, OTHER, HIDDEN), "unknown",
         ("was not heard", "2 BSSs hide their name"), OWNER),
    Case("hidden-on-5", "band", scan(bss(name=b"", channel=36), OTHER), "fail", ("not on the air",), OWNER),
    Case("absent-2.4-silent", "band", scan(bss(name=b"other", channel=36)), "unknown", ("was not heard",), OWNER),
    Case("absent-all-stale", "band", scan(msgspec.structs.replace(OTHER, age_s=600.0)), "unknown", (), OWNER),
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
    made = {one: check(f"wifi.{one}", seen) for one in ("band", "channel", "channel-width", "shared-ssid", "ssid")}

    assert {one: made[one].status for one in ("shared-ssid", "ssid")} == {"shared-ssid": "unknown", "ssid": "unknown"}
    assert made["shared-ssid"].remedy == made["ssid"].remedy == step
    assert made["band"].status == band
    if channel == 6:
        assert (made["channel"].status, made["channel-width"].status) == ("pass", "warn")
    else:
        assert {made[one].status for one in ("channel", "channel-width")} == {"unknown"}


BAND_NOT_GUESSED = [
    Case("names-withheld", "band", scan(bss(ssid=None, ssid_hex=None), bss(ssid=None, ssid_hex=None, channel=1),
         source="macos", names_withheld=True), "unknown", ("name",), OWNER),
    Case("one-name-withheld", "band", scan(OTHER, bss(ssid=None, ssid_hex=None)), "unknown"),
    Case("frequency-not-known", "band", scan(bss(frequency_mhz=None, channel=None), OTHER), "unknown",
         never=("? GHz",)),
    Case("an-empty-name-is-no-name", "band", scan(HIDDEN, OTHER, target=""), "unknown"),
    Case("listened-on-one-channel", "band",
         wifi(OTHER, limits=["The radio listened on 2.4 GHz (channels: 1) only"]), "unknown"),
    Case("5-only-listened-on-one-channel", "band",
         wifi(HIGH, OTHER, limits=["The radio listened on 2.4 GHz (channels: 1) and 5 GHz (channels: 36) only"]),
         "unknown"),
    Case("stale-presence", "band", scan(bss(age_s=3600.0), source="networkmanager"), "unknown", ("3600 s",)),
    Case("stale-is-not-silence", "band", scan(msgspec.structs.replace(OTHER, age_s=600.0)), "unknown",
         never=("Nothing at all was heard on 2.4 GHz",)),
    Case("capture-needs-no-root", "band", wifi(HIGH), "unknown", never=("sudo",)),
]  # fmt: skip


@each(BAND_NOT_GUESSED)
def test_the_band_is_not_guessed(case: Case, device: str) -> None:
    verify(case, device)


@pytest.mark.parametrize("check_id", WIFI)
def test_withheld_names_are_said_to_be_withheld(check_id: str) -> None:
    nameless = [bss(ssid=None, ssid_hex=None, channel=one) for one in (1, 6, 11)]
    made = check(check_id, wifi(*nameless, source="macos", names_withheld=True, target=None, target_from=None))

    assert made.status in {"unknown", "pass"}
    assert "0 networks" not in made.summary
    sound(made)


@pytest.mark.parametrize("check_id", WIFI)
@pytest.mark.parametrize("seen", [Wifi(source="capture", target=NET), wifi(HIGH), wifi(OTHER), wifi(HEALTHY)])
def test_sentences_have_an_end(check_id: str, seen: Wifi) -> None:
    made = check(check_id, seen)

    for words in (made.summary, made.reason, made.remedy):
        assert words is None or words == words.strip()
        assert words is None or not words.endswith(";")


HIDES = [("generic", "warn"), ("photon", "warn"), ("argon", "warn"), ("argon 4.2.0", "fail")]


@pytest.mark.parametrize(("device", "status"), HIDES)
def test_a_hidden_network_whose_name_a_probe_response_gave(device: str, status: str) -> None:
    note = "Its beacons hide the name, a probe response gave it: the name is taken from there"
    seen = wifi(bss(contradictions=[note], answers_probes=True, hidden=True), OTHER, HIGH_OTHER)
    statuses = [check(one, seen, device).status for one in WIFI]

    worst = next(one for one in ("fail", "warn", "pass") if one in statuses)
    assert worst == status, dict(zip(WIFI, statuses, strict=True))


# --- wifi.shared-ssid ----------------------------------------------------------------------------------------------

NO_SIGN = ("2.4 and on 5 or 6 GHz", "nothing points at it")
SHARED = [
    Case("2.4-only", "shared-ssid", wifi(HEALTHY, bss(name=b"x", channel=36)), "pass", ("on 2.4 GHz only",)),
    Case("other-name-on-5", "shared-ssid", wifi(HEALTHY, bss(name=b"net-5G", channel=36)), "pass"),
    Case("no-sign", "shared-ssid", wifi(HEALTHY, HIGH), "warn", NO_SIGN, ADMIN),
    Case("6", "shared-ssid", wifi(HEALTHY, SIX), "warn", NO_SIGN, ADMIN),
    Case("802.11v", "shared-ssid", wifi(HEALTHY, bss(channel=36, bss_transition=True)), "warn",
         ("steering: possible", "802.11v", "a name of its own"), ADMIN),
    Case("802.11k", "shared-ssid", wifi(bss(radio_measurement=True), HIGH), "warn", ("possible", "802.11k"), ADMIN),
    Case("two-signs", "shared-ssid", wifi(bss(radio_measurement=True, bss_transition=True), HIGH), "warn",
         ("steering: likely", "802.11k", "802.11v"), ADMIN),
    Case("gap-10-dB", "shared-ssid", wifi(bss(signal_dbm=-60.0), HIGH), "warn", ("possible", "10 dB stronger"), ADMIN),
    Case("gap-9.9-dB", "shared-ssid", wifi(bss(signal_dbm=-59.9), HIGH), "warn", NO_SIGN, ADMIN),
    Case("gap-by-the-strongest", "shared-ssid", wifi(bss(signal_dbm=-90.0), HEALTHY, HIGH), "warn", NO_SIGN, ADMIN),
    Case("no-signals", "shared-ssid", wifi(bss(signal_dbm=None), HIGH), "warn", NO_SIGN, ADMIN),
    Case("silent-2.4", "shared-ssid", wifi(bss(answers_probes=False), HIGH), "warn",
         ("possible", "no probe response"), ADMIN),
    Case("one-silent", "shared-ssid", wifi(bss(answers_probes=False), bss(answers_probes=True), HIGH), "warn",
         NO_SIGN, ADMIN),
    Case("probes-unknown", "shared-ssid", wifi(bss(answers_probes=None), HIGH), "warn", NO_SIGN, ADMIN),
]  # fmt: skip


@each(SHARED)
def test_shared_ssid(case: Case, device: str) -> None:
    verify(case, device)


SHARED_NOT_GUESSED = [
    Case("capture-of-2.4-only", "shared-ssid",
         wifi(HEALTHY, limits=["The radio listened on 2.4 GHz (channels: 6) only"]), "unknown",
         never=("on 2.4 GHz only",), devices=("generic",)),
    Case("nothing-on-5", "shared-ssid", wifi(HEALTHY, source="nl80211"), "unknown", devices=("generic",)),
    Case("reduced-neighbor-report", "shared-ssid",
         wifi(bss(neighbors=[Neighbor(operating_class=115, channel=36, same_ssid=True)])), "warn",
         devices=("generic",)),
]  # fmt: skip


@each(SHARED_NOT_GUESSED)
def test_that_a_name_is_not_shared_is_not_guessed(case: Case, device: str) -> None:
    verify(case, device)


PHOTON_PLAN = [2407 + 5 * one for one in range(1, 14)]
IN_THE_US = PHOTON_PLAN[:11]
UP_TO_9 = PHOTON_PLAN[:9]


@pytest.mark.parametrize(
    ("device", "listened", "status", "says"),
    [
        ("generic", IN_THE_US, "fail", "not on the air"),
        ("photon", IN_THE_US, "unknown", "channels 12-13"),
        ("argon", IN_THE_US, "fail", "not on the air"),
        ("generic", [2412, 2437, 2462], "unknown", "channels 2-5, 7-10"),
    ],
)
def test_absence_is_known_for_the_channels_that_were_listened_to(
    device: str, listened: list[int], status: str, says: str
) -> None:
    made = check("wifi.band", scan(OTHER, HIGH_OTHER, frequencies_mhz=[*listened, 5180]), device)

    assert made.status == status
    assert says in text_of(made)
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
    ("device", "listened", "status", "says"),
    [
        ("generic", [2412, 2437, 2462], "fail", "not on the air"),
        ("photon", [2412, 2437, 2462], "fail", "not on the air"),  # channel 13 is two away from 11
        ("generic", [2412, 2437], "unknown", "channels 9-11"),
        ("generic", [2437], "unknown", "channels 1-3, 9-11"),
        ("photon", UP_TO_9, "unknown", "channels 12-13"),
    ],
)
def test_a_capture_has_what_is_overheard_two_channels_away(
    device: str, listened: list[int], status: str, says: str
) -> None:
    made = check("wifi.band", scan(OTHER, HIGH_OTHER, source="capture", frequencies_mhz=[*listened, 5180]), device)

    assert made.status == status
    assert says in text_of(made)


@pytest.mark.parametrize(
    "seen",
    [
        scan(OTHER, triggered=False),
        scan(OTHER, triggered=False, frequencies_mhz=PHOTON_PLAN),
        scan(HIGH_OTHER),
        scan(OTHER, frequencies_mhz=[2412]),
        wifi(OTHER, frequencies_mhz=[2412]),
        wifi(OTHER, HIGH, frequencies_mhz=[2412, 5180]),
        wifi(*(bss(name=b"other", channel=one) for one in range(1, 11))),
    ],
    ids=["no-scan", "no-scan-but-says", "2.4-silent", "one-channel", "capture", "capture-5-only", "10-of-11-heard"],
)
def test_absence_is_not_guessed(seen: Wifi) -> None:
    made = check("wifi.band", seen)

    assert made.status == "unknown", made
    sound(made)


def test_a_capture_in_which_every_channel_of_the_plan_is_heard_shows_absence() -> None:
    assert check("wifi.band", wifi(*(bss(name=b"other", channel=one) for one in range(1, 12)))).status == "fail"


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

    assert made.status == status, made
    sound(made)


@pytest.mark.parametrize(
    ("heard", "fields", "says"),
    [
        ([OTHER], {"left_out": "the file is damaged"}, "the file is damaged"),
        ([HIGH_OTHER], {}, "nothing at all was heard on 2.4 GHz"),
    ],
)
def test_a_capture_that_is_not_whole_shows_no_absence(heard: list[Bss], fields: dict[str, Any], says: str) -> None:
    made = check("wifi.band", wifi(*heard, frequencies_mhz=[*PHOTON_PLAN, 5180], **fields))

    assert (made.status, says in (made.reason or "")) == ("unknown", True)


def test_how_long_ago_a_network_was_heard_is_said() -> None:
    assert "heard 60 minutes ago" in check("wifi.band", scan(bss(age_s=3600.0))).summary


def test_a_network_on_5_ghz_beside_hidden_ones_on_2_4_is_not_failed() -> None:
    made = check("wifi.band", scan(HIGH, HIDDEN, frequencies_mhz=PHOTON_PLAN))

    assert made.status == "unknown"
    assert "1 BSSs hide their name" in text_of(made)


def test_the_way_to_names_is_the_step() -> None:
    path = "macOS withholds network names: System Settings > Privacy & Security > Location Services > switch it on"
    nameless = [bss(ssid=None, ssid_hex=None, channel=one) for one in (1, 6, 11)]
    made = check("wifi.band", scan(*nameless, source="macos", names_withheld=True, limits=["Something else", path]))

    assert (made.status, made.remedy) == ("unknown", f"{path}.")


@pytest.mark.parametrize(
    ("seen", "status", "due_to"),
    [
        (scan(HIGH, OTHER), "fail", "wifi.band"),
        (scan(HIGH), "unknown", "wifi.band"),
        (scan(OTHER), "unknown", "wifi.band"),
        (scan(HEALTHY, frequencies_mhz=[2437]), "unknown", None),
        (scan(HEALTHY, frequencies_mhz=[2437, 5180]), "pass", None),
        (scan(HEALTHY, triggered=False, frequencies_mhz=[2437, 5180]), "unknown", None),
        (scan(HEALTHY, msgspec.structs.replace(HIGH_OTHER, age_s=300.0)), "unknown", None),
        (scan(bss(neighbors=[Neighbor(operating_class=81, channel=11, same_ssid=True)])), "unknown", None),
        (scan(bss(neighbors=[Neighbor(operating_class=131, channel=5, same_ssid=True)])), "warn", None),
        (scan(bss(neighbors=[Neighbor(operating_class=131, channel=5, same_ssid=None)])), "unknown", None),
    ],
)
def test_whether_a_name_is_shared(seen: Wifi, status: str, due_to: str | None) -> None:
    made = check("wifi.shared-ssid", seen)

    assert (made.status, made.due_to) == (status, due_to), made
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
