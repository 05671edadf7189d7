"""The command line on captures: the air judged from a file, and what cannot be judged refused in one line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.beacons import ht_capabilities, ht_operation, join, pcap, radiotap, rsn, wpa
from tests.unit.captures import HT20, LISTENED, WPA2, heard, on_5
from tests.unit.command import refused, run

BSS_KEYS = {
    "bssid", "ssid", "ssid_hex", "frequency_mhz", "channel", "width_mhz", "signal_dbm", "security", "pmf",
}  # fmt: skip
WIFI = [
    "wifi.band", "wifi.shared-ssid", "wifi.channel-width", "wifi.channel", "wifi.security", "wifi.mode", "wifi.ssid",
    "wifi.signal",
]  # fmt: skip


def judged(
    tmp_path: Path, *frames: bytes, ssid: str | None = "net", device: str = "generic", everywhere: bool = True
) -> tuple[int, Any]:
    """Exit code and report of a capture with these frames."""
    file = tmp_path / "air.pcap"
    file.write_bytes(pcap(*frames, *(LISTENED if everywhere else ()), step_s=0.1))
    chosen = [] if ssid is None else ["--ssid", ssid]
    ran = run("check", "--capture", str(file), *chosen, "--only", "wifi", "--device", *device.split(), "--json")
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def statuses(report: Any) -> dict[str, str]:
    return {row["id"]: row["status"] for row in report["checks"] if row["status"] != "skip"}


SOUND = heard(b"net", 6, WPA2, HT20)
BESIDE = on_5(b"another", number=0x77)


def test_a_sound_network_is_compatible(tmp_path: Path) -> None:
    code, report = judged(tmp_path, SOUND, BESIDE)

    assert (code, report["verdict"]) == (0, "compatible")
    assert statuses(report) == dict.fromkeys(WIFI, "pass")
    assert [row["id"] for row in report["checks"]][:8] == WIFI
    assert {check["status"] for check in report["checks"][8:]} == {"skip"}
    assert report["networks"] == []
    assert report["footprint"] == []


def test_what_is_on_the_air_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    wifi = judged(tmp_path, SOUND, heard(b"\xffx", 1, number=0x66, capability=0x0421))[1]["observations"]["wifi"]
    first, second = sorted(wifi["bss"], key=lambda entry: str(entry["bssid"]))

    assert (wifi["source"], wifi["target"], wifi["target_from"]) == ("capture", "net", "option")
    assert set(first) >= BSS_KEYS
    assert {key: first[key] for key in BSS_KEYS} == {
        "bssid": "02:11:22:33:44:55",
        "ssid": "net",
        "ssid_hex": b"net".hex(),
        "frequency_mhz": 2437,
        "channel": 6,
        "width_mhz": 20,
        "signal_dbm": -50.0,
        "security": ["wpa2-psk"],
        "pmf": "none",
    }
    assert (second["ssid"], second["ssid_hex"], second["security"]) == ("\\xffx", "ff78", ["open"])


HT40 = join(ht_capabilities(able_40=True), ht_operation(6, 1, any_width=True))
CAPTURES: list[tuple[str, list[bytes], str, dict[str, str], int]] = [
    ("ht40", [heard(b"net", 6, WPA2, HT40)], "generic", {"wifi.channel-width": "warn"}, 0),
    ("capable", [heard(b"net", 6, WPA2, join(ht_capabilities(able_40=True), ht_operation(6, 1)))], "generic", {}, 0),
    ("channel-13", [heard(b"net", 13, WPA2)], "generic", {"wifi.channel": "fail"}, 1),
    ("channel-13-photon", [heard(b"net", 13, WPA2)], "photon", {}, 0),
    ("channel-13-argon", [heard(b"net", 13, WPA2)], "argon", {"wifi.channel": "warn"}, 0),
    ("channel-14-photon", [heard(b"net", 14, WPA2)], "photon", {"wifi.channel": "warn"}, 0),
    ("wpa3", [heard(b"net", 6, rsn([8], mfpc=1, mfpr=1))], "argon", {"wifi.security": "fail"}, 1),
    ("transition", [heard(b"net", 6, rsn([2, 8], mfpc=1))], "photon", {"wifi.security": "warn"}, 0),
    ("pmf", [heard(b"net", 6, rsn([2], mfpc=1, mfpr=1))], "generic", {"wifi.security": "fail"}, 1),
    ("ft-only", [heard(b"net", 6, rsn([4]))], "generic", {"wifi.security": "fail"}, 1),
    ("wpa", [heard(b"net", 6, wpa())], "generic", {"wifi.security": "fail"}, 1),
    ("wpa-photon", [heard(b"net", 6, wpa())], "photon", {"wifi.security": "warn"}, 0),
    ("wep-argon", [heard()], "argon", {"wifi.security": "warn"}, 0),
    ("open", [heard(capability=0x0421)], "generic", {"wifi.security": "warn"}, 0),
    ("weak", [heard(b"net", 6, WPA2, signal=-80)], "generic", {"wifi.signal": "warn"}, 0),
    ("too-weak", [heard(b"net", 6, WPA2, signal=-90)], "generic", {"wifi.signal": "fail"}, 1),
    ("shared", [SOUND, on_5()], "generic", {"wifi.shared-ssid": "warn"}, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("frames", "device", "others", "code"),
    [capture[1:] for capture in CAPTURES],
    ids=[capture[0] for capture in CAPTURES],
)
def test_a_capture_is_judged(
    tmp_path: Path, frames: list[bytes], device: str, others: dict[str, str], code: int
) -> None:
    got, report = judged(tmp_path, *frames, BESIDE, device=device)

    assert statuses(report) == dict.fromkeys(WIFI, "pass") | others
    assert got == code


def test_only_on_5_ghz(tmp_path: Path) -> None:
    code, report = judged(tmp_path, on_5(), heard(b"x", 1, WPA2, number=0x81))

    assert (code, statuses(report)["wifi.band"]) == (1, "fail")
    assert report["checks"][0]["owner"] == "network administrator"
    assert judged(tmp_path, on_5(), everywhere=False)[0] == 3


def test_a_comma_is_not_for_an_argon(tmp_path: Path) -> None:
    made = heard(b"a,b", 6, WPA2)

    assert statuses(judged(tmp_path, made, ssid="a,b", device="argon")[1])["wifi.ssid"] == "fail"
    assert statuses(judged(tmp_path, made, ssid="a,b", device="photon")[1])["wifi.ssid"] == "warn"


def test_bytes_that_are_no_text_are_named_as_they_are_shown(tmp_path: Path) -> None:
    assert statuses(judged(tmp_path, heard(b"caf\xe9", 6, WPA2), ssid="caf\\xe9")[1])["wifi.band"] == "pass"


def test_a_hidden_name_is_not_the_name_that_was_asked_for(tmp_path: Path) -> None:
    code, report = judged(tmp_path, heard(b"", 6, WPA2))

    assert (code, statuses(report)["wifi.band"]) == (3, "unknown")


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("generic", (0, "warn")),
        ("photon", (0, "warn")),
        ("argon", (0, "warn")),
        ("argon --os 5.4.0", (1, "fail")),
        ("photon2", (0, "warn")),
        ("photon2 --os 5.4.0", (1, "fail")),
    ],
)
def test_a_hidden_network_that_a_probe_response_gave_away(
    tmp_path: Path, device: str, expected: tuple[int, str]
) -> None:
    frames = heard(b"", 6, WPA2), heard(b"net", 6, WPA2, kind=0x50)
    code, report = judged(tmp_path, *frames, device=device)

    assert (code, statuses(report)["wifi.ssid"]) == expected


def test_a_capture_of_one_channel_does_not_show_that_a_network_is_absent(tmp_path: Path) -> None:
    assert statuses(judged(tmp_path, heard(b"x", 11, WPA2), everywhere=False)[1])["wifi.band"] == "unknown"


def test_a_capture_of_one_channel_does_not_show_that_a_name_is_not_shared(tmp_path: Path) -> None:
    assert statuses(judged(tmp_path, SOUND, everywhere=False)[1])["wifi.shared-ssid"] == "unknown"


def test_an_empty_name_is_no_network(tmp_path: Path) -> None:
    file = tmp_path / "air.pcap"
    file.write_bytes(pcap(heard(b"", 6, WPA2)))
    ran = run("check", "--capture", str(file), "--ssid", "", "--only", "wifi", "--json")

    assert ran.returncode in {2, 3}, ran.stdout[:300]


def test_a_name_in_bytes_that_are_no_text_is_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "air.pcap"
    file.write_bytes(pcap(heard(b"caf\xe9", 6, WPA2), *LISTENED))
    for more in ([], ["--json"]):
        ran = run("check", "--capture", str(file), "--ssid", b"caf\xe9", "--only", "wifi", *more)
        assert "Traceback" not in ran.stderr
        assert ran.returncode == 0


# --- all networks in range --------------------------------------------------------------------------------------


def test_without_a_name_every_network_is_judged_best_first(tmp_path: Path) -> None:
    frames = [
        heard(b"wpa3", 6, rsn([8], mfpc=1, mfpr=1), number=1, signal=-30),
        heard(b"far", 6, WPA2, number=2, signal=-70),
        heard(b"near", 1, WPA2, number=3, signal=-40),
        heard(b"near", 11, WPA2, number=4, signal=-60),
        heard(b"open", 6, number=5, signal=-35, capability=0x0421),
        heard(b"", 6, WPA2, number=6, signal=-20),
        heard(b"weakest", 6, rsn([8]), number=7, signal=-91),
        on_5(b"far-5", number=9),
    ]
    code, report = judged(tmp_path, *frames, ssid=None)
    networks = report["networks"]

    assert (code, report["verdict"]) == (3, "undetermined")
    assert set(statuses(report).values()) == {"unknown"}
    assert [(network["ssid"], network["verdict"]) for network in networks] == [
        ("near", "compatible"),
        ("far", "compatible"),
        ("open", "compatible-with-warnings"),
        ("wpa3", "incompatible"),
        ("far-5", "incompatible"),
        ("weakest", "incompatible"),
    ] or {network["ssid"]: network["verdict"] for network in networks}["far-5"] == "undetermined"
    assert [check["id"] for check in networks[0]["checks"]] == WIFI
    assert (networks[0]["signal_dbm"], networks[0]["channels"]) == (-40.0, [1, 11])


def test_what_to_do_without_a_name_is_something_that_works(tmp_path: Path) -> None:
    remedy = judged(tmp_path, SOUND, ssid=None)[1]["checks"][0]["remedy"]

    assert "--ssid" in remedy


def test_a_capture_without_a_network_is_unknown(tmp_path: Path) -> None:
    code, report = judged(tmp_path, radiotap(b"\xd4\0\0\0" + bytes(6)))

    assert (code, set(statuses(report).values())) == (3, {"unknown"})
    assert report["networks"] == []


def test_a_saved_run_with_a_capture_is_judged_again_alike(tmp_path: Path) -> None:
    report = judged(tmp_path, heard(b"net", 13, WPA2), BESIDE)[1]
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(report))
    again, other = run("report", str(saved), "--json"), run("report", str(saved), "--json", "--device", "argon")

    assert again.returncode == 1
    assert json.loads(again.stdout)["checks"] == report["checks"]
    assert (other.returncode, json.loads(other.stdout)["verdict"]) == (0, "compatible-with-warnings")


def test_skipped_checks_of_the_air_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "air.pcap"
    file.write_bytes(pcap(heard(b"net", 13, WPA2), BESIDE, step_s=0.1))
    ran = run("check", "--capture", str(file), "--ssid", "net", "--only", "wifi", "--skip", "wifi.channel", "--json")

    assert ran.returncode == 0
    assert {check["id"]: check["status"] for check in json.loads(ran.stdout)["checks"]}["wifi.channel"] == "skip"


# --- wrong usage ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        (b"", "it is empty"),
        (b"hello, world" * 9, "not a pcap"),
        (b"\x1f\x8b" + bytes(40), "gzip"),
        (pcap(bytes(60), link=1), "Ethernet"),
    ],
    ids=["missing", "empty", "text", "gzip", "ethernet"],
)
def test_no_capture_is_one_line(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "air.pcap"
    if content is not None:
        file.write_bytes(content)

    refused("check", "--capture", str(file), "--ssid", "net", "--only", "wifi", "--json", says=(says, "air.pcap"))


def test_a_folder_is_no_capture(tmp_path: Path) -> None:
    refused("check", "--capture", str(tmp_path), says=(tmp_path.name,))


def test_the_file_is_named_once(tmp_path: Path) -> None:
    assert run("check", "--capture", str(tmp_path / "missing.pcap")).stderr.count("missing.pcap") == 1


@pytest.mark.parametrize("chosen", [("--skip", "wifi"), ("--only", "dhcp")])
@pytest.mark.parametrize("about", [("--ssid", "net"), ("--capture", os.devnull)])
def test_the_air_is_named_and_left_out(about: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    refused("check", *about, *chosen, says=("--ssid", "--capture"))


def test_a_name_without_bytes_is_no_name() -> None:
    refused("check", "--ssid", "", says=("--ssid", "32 bytes"))


def test_a_name_of_more_bytes_than_a_network_can_have() -> None:
    refused("check", "--ssid", "é" * 17, says=("--ssid", "32 bytes", "34"))


def test_one_address_on_two_bands_is_two_access_points(tmp_path: Path) -> None:
    for frames in ([SOUND, on_5(number=0x55, signal=-40)], [on_5(number=0x55, signal=-40), SOUND]):
        report = judged(tmp_path, *frames)[1]
        heard = {(bss["frequency_mhz"], bss["signal_dbm"]) for bss in report["observations"]["wifi"]["bss"]}

        assert heard == {(2437, -50.0), (5180, -40.0)}
        assert statuses(report) == dict.fromkeys(WIFI, "pass") | {"wifi.shared-ssid": "warn"}


def test_what_was_not_read_is_not_absent(tmp_path: Path) -> None:
    file = tmp_path / "air.pcap"
    whole = pcap(heard(b"x", 6, WPA2), *LISTENED, SOUND, step_s=0.1)
    for content, expected in ((whole[:-20], "unknown"), (pcap(heard(b"x", 6, WPA2), *LISTENED, step_s=0.1), "fail")):
        file.write_bytes(content)
        ran = run("check", "--capture", str(file), "--ssid", "net", "--only", "wifi", "--json")

        assert statuses(json.loads(ran.stdout))["wifi.band"] == expected
