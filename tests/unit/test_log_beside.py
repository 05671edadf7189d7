"""A device's own log beside a run: the checks keep their status, and nothing is concluded about another network."""

import json
from pathlib import Path

import pytest

from netpreflight import reports
from netpreflight.agent import profiles
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.agent.report import Report
from netpreflight.probes.device_log import LogReader
from netpreflight.probes.observations import DeviceLog
from netpreflight.reports.sharing import shared
from netpreflight.reports.terminal import render
from tests.unit.command import run
from tests.unit.places import of
from tests.unit.seen import GATEWAY, SSID, bss, healthy, wifi

LOGS = Path(__file__).parent / "data" / "device-logs"
KNOWN = f"Configured credentials:\n  ssid={SSID} security=wpa2 cipher=AES\n"
KEYS = "[system] INFO: Cloud: connecting\n[comm.dtls] ERROR: handshake failed -7780\n"
SILENT = "[system] INFO: Cloud: connecting\n[comm.dtls] ERROR: handshake failed -6800\n"
BSSID = "02:00:00:00:00:06"
HEARD = f'[ncp.at] TRACE: < +CWLAP:(3,"{SSID}",-60,"{{}}",6)\n[hal] TRACE: Connecting to "{SSID}"\n'
ONLINE = "[system] INFO: Cloud: connecting\n[system] INFO: Cloud connected\n"


def log(*lines: str) -> DeviceLog:
    reader = LogReader(KINDS)
    reader.feed("".join(lines).encode())
    reader.finish()
    return reader.seen


def made(*lines: str, **changed: object) -> Report:
    return of(healthy(log=log(*lines), **changed), device="argon")


def of_the_network(report: Report) -> dict[str, tuple[str, str | None]]:
    return {check.id: (check.status, check.problem) for check in report.checks if not check.id.startswith("device.")}


def test_without_a_log_there_are_no_such_checks() -> None:
    assert not any(check.id.startswith("device.") for check in of(healthy(), device="argon").checks)


@pytest.mark.parametrize("lines", [KEYS, SILENT, ONLINE, ""])
def test_all_other_checks_keep_their_status(lines: str) -> None:
    without, with_log = of(healthy(), device="argon"), made(KNOWN, lines)

    assert of_the_network(with_log) == of_the_network(without)
    assert (with_log.verdict, with_log.changes) == (without.verdict, without.changes)
    assert [device.verdict for device in with_log.devices] == [device.verdict for device in without.devices]


def test_the_lines_of_another_program_say_nothing_of_a_device_or_its_network() -> None:
    text = (
        "Entering listening mode\n",
        "Out of memory error: 512 bytes\n",
        "USB power: false, Battery Volage: 3.10\n",
        "ping gateway=0\n",
        "gatewayIP=192.0.2.99\n",
    )
    found, of_device_os = made(*text), made(KNOWN, *text)
    by_id = {check.id: check.status for check in found.checks if check.id.startswith("device.")}

    assert {record.kind for record in log(*text).records} >= {"listening", "memory", "battery", "own-gateway"}
    assert found.log
    assert found.log.answer.result == "foreign"
    assert (found.log.same_network, found.log.told) == (None, [])
    assert not any(word in note for note in found.log.answer.notes for word in ("listening", "battery", "ping"))
    assert set(by_id.values()) == {"unknown"}

    assert {check.id for check in of_device_os.checks if check.status == "fail"} == {"device.firmware", "device.power"}
    assert of_device_os.log
    assert any("listening" in note for note in of_device_os.log.answer.notes)


def test_of_a_log_that_says_nothing_it_is_not_told_which_network_it_is_of() -> None:
    empty, named_nothing = made(""), made(KEYS)

    assert empty.log
    assert named_nothing.log
    assert empty.log.told == []
    assert "cannot be told" in named_nothing.log.told[0]


def test_where_only_the_device_fails_the_first_line_says_so() -> None:
    report = made(KNOWN, KEYS)

    assert report.answer.sentence == "The network is fine, and the device is not."
    assert (report.answer.check, report.answer.owner) == ("device.keys", "device owner")
    checks = {check.id: (check.status, check.problem, check.level) for check in report.checks}
    assert checks["device.keys"] == ("fail", "not-accepted", "reported")
    assert checks["device.power"] == ("unknown", "not-shown", "reported")


def test_a_network_that_fails_is_still_what_is_said_first() -> None:
    report = made(KNOWN, KEYS, dhcp=None)

    assert report.answer.check != "device.keys"


def test_what_the_device_does_not_get_and_the_laptop_does_points_at_what_treats_devices_differently() -> None:
    report = made(KNOWN, SILENT)

    assert report.log
    assert report.log.same_network is True
    (told,) = report.log.told
    assert "cloud.transport" in told
    assert "what treats devices differently" in told
    assert any("what treats devices differently" in note for note in report.notes)


@pytest.mark.parametrize(
    ("lines", "same"),
    [
        (KNOWN, True),
        ("", None),
        ("[hal.wlan] INFO: Joining another\n", False),
        (f"{KNOWN}gatewayIP=198.51.100.77\n", False),
        (f"{KNOWN}gatewayIP={GATEWAY}\n", True),
        (f"{KNOWN}localIP=198.51.100.78\n", False),
        (f"{KNOWN}localIP=0.0.0.0\n", True),
        (f"gatewayIP={GATEWAY}\n", None),
        # It knows several networks, and which of them it joined is not told; then it is.
        (f"{KNOWN}  ssid=another security=wpa2 cipher=AES\n", None),
        (f"{KNOWN}  ssid=another security=wpa2 cipher=AES\n[hal.wlan] INFO: Joining {SSID}\n", True),
        (f"[hal.wlan] INFO: Joining {SSID}\n[hal.wlan] INFO: Joining another\n", None),
        # The same name elsewhere has other access points.
        (HEARD.format(BSSID.upper()), True),
        (HEARD.format("02:00:00:00:77:77"), None),
        (HEARD.format("02:00:00:00:77:77") + HEARD.format(BSSID), True),
    ],
)
def test_nothing_is_concluded_where_it_may_be_another_network(lines: str, *, same: bool | None) -> None:
    report = made(lines, SILENT)

    assert report.log
    assert report.log.same_network is same
    if same is not True:
        assert not any("what treats devices differently" in told for told in report.log.told)
        assert len(report.log.told) == 1


@pytest.mark.parametrize(("target", "same"), [("Home Password", None), ("Home", False)])
def test_a_name_that_was_cut_as_a_secret_is_not_taken_for_another(target: str, *, same: bool | None) -> None:
    report = made("[hal.wlan] INFO: Joining Home Password\n", SILENT, wifi=wifi(bss(ssid=target), target=target))

    assert report.log
    assert report.log.same_network is same
    assert ("was cut from the log" in report.log.told[0]) is (same is None)


def test_what_the_device_reached_over_another_interface_says_nothing_of_the_network() -> None:
    report = made(KNOWN, "[net.ifapi] INFO: Netif en2 link UP\n", ONLINE)

    assert report.log
    assert report.log.same_network is True
    assert [told for told in report.log.told if "an interface other than Wi-Fi" in told] == report.log.told


def test_the_start_has_a_column_of_the_devices_log() -> None:
    report = made(KNOWN, SILENT)
    states = {stage.stage: stage.device_log.state for stage in report.startup.stages if stage.device_log}

    assert states == {"scan": "implied", "link": "implied", "ip": "implied", "dns": "not-shown", "cloud": "stops"}
    for text in (render(report), *(reports.FORMATS[ending](report) for ending in (".md", ".html"))):
        assert "stops here (line 4:" in text
        assert "handshake failed -6800" in text.replace("\\-", "-")
    assert "stops here (line" not in render(of(healthy(), device="argon"))


def test_what_support_asks_is_answered_by_the_log_too() -> None:
    heard = f"ssid={SSID} security=wpa2 channel=6 rssi=-81\n"
    report = made("Platform: Argon\nSystem version: 4.2.0\n", KNOWN, heard, ONLINE)
    answers = {question.question: question.answer for question in report.answers}

    assert (answers["Which device, and which Device OS?"] or "").startswith("Argon, Device OS 4.2.0; judged for ")
    assert (answers["How strong is the signal?"] or "").endswith("-81 dBm where the device is (line 5 of its log)")
    assert (answers["Is the device's cloud port open (outbound UDP 5684)?"] or "").endswith(
        "; the device itself got through (line 7 of its log)"
    )
    elsewhere = made("[hal.wlan] INFO: Joining another\n", heard, ONLINE)
    assert not any("of its log" in (question.answer or "") for question in elsewhere.answers)


def test_a_log_is_shared_as_its_level_allows() -> None:
    lines = (
        f"{KNOWN}  ssid=Neighbours security=wpa2 channel=1 rssi=-60\n"
        "[system] INFO: Resolved e00fce681234567890abcdef.v5.udp.particle.io to 198.51.100.3\n" + SILENT
    )
    report = made(lines)
    profile = profiles.load("argon")
    complete, ticket, public = (
        json.dumps(json.loads(reports.FORMATS[".json"](shared(report, level, profile)))["observations"]["log"])
        for level in ("complete", "ticket", "public")
    )

    assert "Neighbours" in complete
    assert "Neighbours" not in ticket
    assert SSID in ticket
    for hidden in ("Neighbours", f"ssid={SSID}", "e00fce681234567890abcdef", "198.51.100.3"):
        assert hidden not in public


def test_a_run_with_a_log_is_saved_and_judged_the_same(tmp_path: Path) -> None:
    report = made(KNOWN, KEYS)
    file = tmp_path / "run.json"
    file.write_text(reports.FORMATS[".json"](report), encoding="utf-8")

    again = json.loads(run("report", str(file), "--json").stdout)
    assert again["answer"]["check"] == "device.keys"
    assert again["log"]["answer"]["result"] == "stops"


def test_the_command_reads_a_log_beside_a_saved_run(tmp_path: Path) -> None:
    file, device = tmp_path / "run.json", tmp_path / "device.log"
    file.write_text(reports.FORMATS[".json"](of(healthy(), device="argon")), encoding="utf-8")
    device.write_text(KNOWN + SILENT, encoding="utf-8")

    ran = run("log", str(device), "--beside", str(file), "--json")
    answer = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert any("what treats devices differently" in note for note in answer["notes"])
    assert not any(
        "what treats devices differently" in note
        for note in json.loads(run("log", str(device), "--json").stdout)["notes"]
    )


@pytest.mark.parametrize(("name", "code"), [("14", 0), ("06", 1), ("20", 3), ("28", 3)])
def test_the_exit_code_says_how_it_ends(name: str, code: int) -> None:
    (file,) = LOGS.glob(f"{name}-*.log")

    assert run("log", str(file)).returncode == code


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    ran = run("log", str(tmp_path / "none.log"))

    assert (ran.returncode, ran.stdout) == (2, "")
    assert run("log", str(LOGS)).returncode == 2
