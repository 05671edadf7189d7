"""Odd airs of public reports, read from captures and judged, each with a healthy twin."""

from functools import cache
from pathlib import Path

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_network
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Bss, Wifi
from netpreflight.probes.wifi.capture import read_capture
from tests.unit import beacons
from tests.unit.air import ADMIN, HEALTHY, OTHER, OWNER, bss, check, crowd, rsn, scan, sound, text_of, wifi
from tests.unit.beacons import frame, join, multiple_bssid, pcap, profile, radiotap, usual
from tests.unit.seen import healthy

CASES = Path(__file__).parent / "data" / "captures" / "cases"
CURLY = "Pat\N{RIGHT SINGLE QUOTATION MARK}s iPhone"


@cache
def air(case: str) -> Wifi:
    return read_capture(CASES / f"{case}.pcap")


def found(case: str, name: str, device: str = "generic") -> dict[str, Check]:
    _, checks = judge_network(name, healthy(wifi=air(case)), profiles.load(device), Selection())
    for made in checks:
        sound(made)
    return {made.id: made for made in checks}


def verdict(case: str, name: str, device: str = "generic") -> str:
    return judge_network(name, healthy(wifi=air(case)), profiles.load(device), Selection())[0]


def of_frames(tmp_path: Path, *frames: bytes) -> Wifi:
    file = tmp_path / "air.pcap"
    file.write_bytes(pcap(*map(radiotap, frames)))
    return read_capture(file)


# --- near misses of a name -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "typed", "heard"),
    [
        ("02-curly-apostrophe-air", "Pat's iPhone", CURLY),
        ("07-trailing-space-air", "skynet", "skynet "),
        ("07-trailing-space-leading", "skynet", " skynet"),
    ],
)
def test_a_near_miss_of_a_name_is_named(case: str, typed: str, heard: str) -> None:
    band = found(case, typed)["wifi.band"]

    assert (band.status, band.problem, band.owner) == ("fail", "not-on-the-air", OWNER)
    assert f"'{heard}' was heard" in band.summary
    assert f"Heard: '{heard}'. Did you mean that?" in (band.remedy or "")
    assert heard.encode().hex() in "\n".join(band.evidence)


@pytest.mark.parametrize(("case", "name"), [("02-curly-apostrophe-air", CURLY), ("07-trailing-space-air", "skynet ")])
def test_the_name_as_it_is_on_the_air_is_found(case: str, name: str) -> None:
    assert found(case, name)["wifi.band"].status == "pass"


NEAR = [
    ("Pat's", "Pat\N{MODIFIER LETTER APOSTROPHE}s"),
    ("Pat's", "Pat`s"),
    ("Pat's", "Pat\N{ACUTE ACCENT}s"),
    ('a"b', "a\N{RIGHT DOUBLE QUOTATION MARK}b"),
    ("NET", "net"),
    ("my net", "my\N{NO-BREAK SPACE}net"),
    ("my net", "mynet"),
    ("mynet", "my\N{ZERO WIDTH SPACE}net"),
    ("gt-wpa2-ch6-ht20", "gt\N{EN DASH}wpa2\N{EN DASH}ch6\N{EN DASH}ht20"),
    ("gt_wpa2_ch6_ht20", "gt-wpa2-ch6-ht20"),
    ("gt-wpa2-ch6-ht20", "GT-WPA2-CH6-HT20"),
    ("a-b", "a\N{NON-BREAKING HYPHEN}b"),
    ("a-b", "a\N{MINUS SIGN}b"),
    ("M\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen", "Mu\N{COMBINING DIAERESIS}nchen"),
    ("net", "\N{FULLWIDTH LATIN SMALL LETTER N}et"),
    ("caf\N{LATIN SMALL LETTER E WITH ACUTE}", "caf\\xe9"),  # the byte of Latin-1, as `Bss.ssid` shows it
]


@pytest.mark.parametrize(("typed", "heard"), [*NEAR, *(pair[::-1] for pair in NEAR)])
def test_each_kind_of_near_miss_is_named(typed: str, heard: str) -> None:
    made = check("wifi.band", scan(bss(name=heard.encode()), OTHER, target=typed))

    assert (made.status, made.problem) == ("fail", "not-on-the-air")
    assert f"Heard: '{heard}'. Did you mean that?" in (made.remedy or "")
    sound(made)


@pytest.mark.parametrize("heard", ["gt-wpa2-ch6-ht40", "gt-wpa2-ch1-ht20", "other"])
def test_another_name_is_no_near_miss(heard: str) -> None:
    made = check("wifi.band", scan(bss(name=heard.encode()), target="gt-wpa2-ch6-ht20"))

    assert (made.status, made.problem) == ("fail", "not-on-the-air")
    assert "Did you mean" not in text_of(made)


def test_a_near_miss_is_named_too_where_it_is_not_settled_whether_the_name_is_there() -> None:
    hidden = check("wifi.band", scan(bss(name=b"Net"), bss(name=b"", channel=11), OTHER))
    partly = check("wifi.band", wifi(bss(name=b"Net")))

    assert [made.problem for made in (hidden, partly)] == ["hidden-names", "not-surveyed"]
    assert all("Heard: 'Net'. Did you mean that?" in (made.remedy or "") for made in (hidden, partly))


# --- nontransmitted BSSIDs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["generic", "photon", "argon", "photon2"])
def test_a_name_in_another_beacon_only_is_not_found_by_the_device(device: str) -> None:
    checks = found("13-multiple-bssid-air", "iot", device)
    band = checks["wifi.band"]

    assert (band.status, band.problem, band.owner) == ("fail", "nontransmitted", ADMIN)
    assert "Multiple BSSID" in (band.reason or "")
    assert "spelling" not in text_of(band)
    assert {made.due_to for made in checks.values() if made.id != "wifi.band"} == {"wifi.band"}
    assert verdict("13-multiple-bssid-air", "iot", device) == "incompatible"


def test_the_name_of_the_beacon_itself_is_found() -> None:
    assert verdict("13-multiple-bssid-air", "corp") == "compatible"


def test_a_name_that_also_has_a_beacon_of_its_own_is_found(tmp_path: Path) -> None:
    announcing = frame(usual(name=b"corp") + join(multiple_bssid(profile(b"iot"))))
    own = frame(usual(channel=11, name=b"iot"), bssid="02:00:00:00:00:99")
    seen = of_frames(tmp_path, announcing, own)
    made = check("wifi.band", msgspec.structs.replace(seen, target="iot"))

    assert made.status == "pass"
    assert "channel 11" in made.summary


LISTED = join((0, b"net"), beacons.G_RATES, beacons.ds(6), (85, b"\1\1\0")).hex()


@pytest.mark.parametrize("source", ["nl80211", "wpa_supplicant", "windows", "macos"])
def test_a_result_that_the_system_made_from_another_beacon_is_no_beacon(source: str) -> None:
    """By the field, and in runs that were saved before that existed by the elements."""
    for listed in (bss(nontransmitted=True), bss(elements=LISTED)):
        made = check("wifi.band", scan(listed, OTHER, source=source))
        assert (made.status, made.problem) == ("fail", "nontransmitted"), made
        sound(made)
    assert check("wifi.band", scan(bss(elements=usual().hex()), OTHER, source=source)).status == "pass"


def test_in_a_capture_a_beacon_is_a_beacon() -> None:
    assert check("wifi.band", wifi(bss(elements=LISTED))).status == "pass"


def test_a_nontransmitted_bssid_beside_5_ghz_is_not_called_5_ghz_only() -> None:
    seen = scan(bss(nontransmitted=True), bss(channel=36, bssid="02:11:22:33:44:56"), OTHER)

    assert check("wifi.band", seen).problem == "nontransmitted"
    assert (check("wifi.shared-ssid", seen).status, check("wifi.shared-ssid", seen).due_to) == ("unknown", "wifi.band")
    assert check("wifi.band", seen, "photon2").status == "pass"


@pytest.mark.parametrize(
    ("more", "problem"), [([bss(name=b"", channel=11)], "hidden-names"), ([], "not-surveyed")], ids=["hidden", "partly"]
)
def test_where_another_beacon_may_have_the_name_it_is_not_settled(more: list[Bss], problem: str) -> None:
    fields = {"frequencies_mhz": [2437, 2462]} if not more else {}
    made = check("wifi.band", scan(bss(nontransmitted=True), OTHER, *more, **fields))

    assert (made.status, made.problem) == ("unknown", problem)
    assert "no beacon of its own" in made.summary


def test_a_nameless_nontransmitted_bssid_is_no_hidden_candidate() -> None:
    made = check("wifi.band", scan(bss(name=b"", nontransmitted=True), OTHER))

    assert (made.status, made.problem) == ("fail", "not-on-the-air")


# --- one BSSID with two names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["12-same-bssid-two-names-air", "12-same-bssid-two-names-air-reversed"])
@pytest.mark.parametrize(("name", "other"), [("Main", "S2"), ("S2", "Main")])
def test_two_names_of_one_bssid_are_said(case: str, name: str, other: str) -> None:
    made = found(case, name)["wifi.ssid"]

    assert (made.status, made.problem, made.owner) == ("warn", "shared-bssid", ADMIN)
    assert made.summary == f"'{name}' and '{other}' have the same BSSID"


def test_two_names_of_one_bssid_on_one_channel_are_said(tmp_path: Path) -> None:
    net, two = (frame(usual(name=name)) for name in (b"net", b"two"))
    for frames in ((net, two), (two, net)):
        made = check("wifi.ssid", msgspec.structs.replace(of_frames(tmp_path, *frames), target="net"))
        assert (made.status, made.problem) == ("warn", "shared-bssid")


@pytest.mark.parametrize(
    "other",
    [
        bss(name=b"two", bssid="02:11:22:33:44:56"),
        bss(channel=36),  # the same name on another band
        bss(name=b"two", bssid=HEALTHY.bssid, age_s=500.0),  # the name it had before
        bss(name=b"two", bssid=None),
    ],
)
def test_bssids_that_differ_or_are_of_the_past_are_not_shared(other: Bss) -> None:
    assert check("wifi.ssid", scan(HEALTHY, other)).status == "pass"


# --- hidden on 12 to 14 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "channel", "status", "problem"),
    [
        ("argon", 12, "unknown", "hidden-above-11"),  # whether it uses 12 to 14 is not confirmed
        ("argon", 11, "warn", "hidden-name"),
        ("photon2", 13, "unknown", "hidden-above-11"),  # only once its country is set
        ("photon", 13, "warn", "hidden-name"),  # set to Japan as delivered
        ("photon", 14, "unknown", "hidden-above-11"),
        ("generic", 13, "warn", "hidden-name"),  # never: wifi.channel says so
        ("argon 4.2.0", 13, "fail", "hidden-name"),
    ],
)
def test_a_hidden_name_above_channel_11(device: str, channel: int, status: str, problem: str) -> None:
    made = check("wifi.ssid", wifi(bss(hidden=True, channel=channel)), device)

    assert (made.status, made.problem) == (status, problem)
    assert ("On channels 12 to 14, a device" in text_of(made)) is (problem == "hidden-above-11")
    sound(made)


def test_a_name_that_is_not_hidden_above_channel_11() -> None:
    assert check("wifi.ssid", wifi(bss(channel=12)), "argon").status == "pass"


@pytest.mark.parametrize(("channel", "said"), [(13, ["On channels 12 to 14, a device"]), (11, [])])
def test_a_nameless_network_above_channel_11_is_said(channel: int, said: list[str]) -> None:
    made = check("wifi.band", scan(bss(name=b"", channel=channel), OTHER), "argon")

    assert made.problem == "hidden-names"
    assert [words for words in ["On channels 12 to 14, a device"] if words in (made.reason or "")] == said


# --- odd RSN elements ----------------------------------------------------------------------------------------------


def test_an_rsn_element_without_pairwise_ciphers_is_read_and_said_to_be_odd() -> None:
    made = found("15-rsn-odd-zero-pairwise", "odd")["wifi.security"]

    assert (made.status, made.problem, made.owner) == ("unknown", "odd-element", ADMIN)
    assert "RSN lists no pairwise cipher" in made.summary
    assert "PSK with no pairwise cipher" in (made.reason or "")
    assert "snap length" not in text_of(made)


def test_an_rsn_element_that_ends_early_means_the_defaults_and_that_is_said() -> None:
    made = found("15-rsn-odd-group-only", "odd")["wifi.security"]

    assert (made.status, made.problem) == ("fail", "no-common-security")
    assert "RSN has no list of AKMs: 802.1X counts" in (made.reason or "")


def test_an_unusual_cipher_for_management_frames_alone_is_no_fault() -> None:
    assert found("15-rsn-odd-group-mgmt-gmac256", "odd")["wifi.security"].status == "pass"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("0100 000fac04 0000 0100 000fac02 0000", "no pairwise cipher"),
        ("0100 000fac04 0100 000fac04 0000 0000", "no AKM"),
        ("0100 000fac04 3030 000fac04", "malformed list of pairwise ciphers"),
        ("0900 000fac04", "unknown version 9"),
    ],
)
def test_a_faulty_element_is_not_put_on_the_capture(body: str, says: str, tmp_path: Path) -> None:
    seen = of_frames(tmp_path, frame(usual() + join((48, bytes.fromhex(body))), capability=0x0431))
    made = check("wifi.security", msgspec.structs.replace(seen, target="net"))

    assert (made.status, made.problem) == ("unknown", "odd-element")
    assert says in made.summary
    assert "snap length" not in text_of(made)
    sound(made)


def test_a_beacon_that_the_capture_cut_is_put_on_the_capture(tmp_path: Path) -> None:
    seen = of_frames(tmp_path, frame(usual() + beacons.rsn([2])[:12], capability=0x0431))
    made = check("wifi.security", msgspec.structs.replace(seen, target="net"))

    assert (made.status, made.problem) == ("unknown", "not-told")
    assert "snap length" in text_of(made)


def test_a_sound_wpa_element_beside_an_odd_rsn_element_is_a_way_in() -> None:
    both = bss(security=["wpa-psk", "wpa2-psk"], rsn=rsn("PSK", pairwise=()), wpa=rsn("PSK"))

    assert check("wifi.security", wifi(both), "argon").problem == "wep-or-wpa"


# --- crowding ------------------------------------------------------------------------------------------------------


def names_of_a_radio(count: int, radio: int = 1, **changes: object) -> list[Bss]:
    return [
        bss(name=f"{radio}-{n}".encode(), bssid=f"02:00:00:00:{radio:02x}:{n:02x}", **changes) for n in range(count)
    ]


FAR = {"signal_dbm": -93.0}
CROWDING = {
    "far": (crowd(20, 6, **FAR), False),
    "just-too-far": (crowd(20, 6, signal_dbm=-82.1), False),
    "near": (crowd(8, 6, signal_dbm=-82.0), True),
    "seven-near-and-many-far": (crowd(7, 6) + crowd(20, 7, **FAR), False),
    "strength-not-known": (crowd(8, 6, signal_dbm=None), True),
    "names-of-one-radio": (names_of_a_radio(12), False),
    "first-octets-of-one-radio": (
        [bss(name=f"{n}".encode(), bssid=f"{2 + 4 * n:02x}:00:00:00:34:2a") for n in range(12)], False,
    ),
    "eight-radios-of-two-names": ([b for n in range(8) for b in names_of_a_radio(2, n)], True),
    "seven-radios-of-two-names": ([b for n in range(7) for b in names_of_a_radio(2, n)], False),
    "nontransmitted": (crowd(20, 6, nontransmitted=True), False),
}  # fmt: skip


@pytest.mark.parametrize("case", CROWDING)
def test_crowding_is_weighed_by_signal_and_by_radio(case: str) -> None:
    heard, crowded = CROWDING[case]
    made = check("wifi.signal", wifi(HEALTHY, *heard))

    assert (made.status, made.problem) == (("warn", "crowded") if crowded else ("pass", None)), made
    sound(made)


def test_other_names_of_the_networks_own_radio_do_not_crowd_it() -> None:
    own = [bss(bssid="02:00:00:00:00:f0"), bss(name=b"guest", bssid="02:00:00:00:00:f1")]

    assert check("wifi.signal", wifi(*own, *crowd(7, 6))).status == "pass"
    assert check("wifi.signal", wifi(*own, *crowd(8, 6))).problem == "crowded"


@pytest.mark.parametrize("case", ["02-curly-apostrophe-air", "13-multiple-bssid-air"])
def test_neighbours_at_the_edge_of_hearing_do_not_crowd(case: str) -> None:
    name = CURLY if case.startswith("02") else "corp"

    assert found(case, name)["wifi.signal"].status == "pass"


def test_one_bss_is_one_bss() -> None:
    assert not [line for line in check("wifi.channel", wifi(HEALTHY)).evidence if "1 BSSs" in line]
