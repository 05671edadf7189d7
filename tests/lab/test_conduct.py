"""How netpreflight behaves on a network: what its packets look like, what it leaves behind, how it ends."""

import json
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import NOBODY, READABLE, Lab
from tests.lab.namespaces import wait_until
from tests.lab.servers import GATEWAY, LAPTOP_MAC, Dhcp

pytestmark = pytest.mark.lab

TOOL = str(Path(sys.executable).with_name("netpreflight"))


def start(lab: Lab, *arguments: str) -> subprocess.Popen[str]:
    """Start a check on the laptop, and go on at once."""
    return subprocess.Popen(
        lab.check_argv(*arguments),
        env=lab.laptop.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def status(report: dict[str, Any], check_id: str) -> str:
    """A check's status in a report."""
    return next(str(check["status"]) for check in report["checks"] if check["id"] == check_id)


# --- what is sent, read by tshark


def test_dhcp_messages_are_the_devices() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            report = lab.check().report
        rows = capture.fields(
            "dhcp.option.dhcp",
            "dhcp.hw.mac_addr",
            "dhcp.flags.bc",
            "dhcp.option.hostname",
            "dhcp.ip.client",
            "eth.src",
            display_filter="dhcp && udp.dstport == 67",
        )
    device = report["observations"]["dhcp"]["client_mac"]
    kinds = {"1": "DISCOVER", "3": "REQUEST", "7": "RELEASE", "8": "INFORM"}
    sent = [(kinds[row[0]], row[1], row[2] in {"1", "True"}, row[3]) for row in rows]

    assert device != LAPTOP_MAC
    assert sent == [
        ("INFORM", LAPTOP_MAC, False, ""),
        ("DISCOVER", device, True, ""),
        ("REQUEST", device, True, "netpreflight-device"),
        ("RELEASE", device, False, ""),
        ("RELEASE", device, False, ""),
    ]
    assert {row[5] for row in rows} == {LAPTOP_MAC}
    assert rows[3][4] == report["observations"]["dhcp"]["granted"]["address"]


def test_discover_asks_for_what_a_device_asks_for() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            lab.check("--only", "dhcp")
        argv = ["tshark", "-n", "-r", str(capture.pcap), "-Y", "dhcp.option.dhcp == 1", "-T", "fields"]
        argv += [
            "-e",
            "dhcp.option.type",
            "-e",
            "dhcp.option.request_list_item",
            "-e",
            "dhcp.option.dhcp_max_message_size",
        ]
        row = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip().split("\t")

    assert row[0].split(",")[:3] == ["53", "57", "55"]
    assert row[1:] == ["1,3,28,6", "1500"]


def test_ntp_request_is_the_devices() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            lab.check("--only", "ntp")
        rows = capture.fields(
            "ntp.flags", "udp.length", "ntp.org", "ntp.xmt", "udp.srcport", display_filter="ntp && udp.dstport == 123"
        )

    assert len(rows) == 1
    flags, length, origin, transmit, port = rows[0]
    assert (flags, length) == ("0x23", "56")
    assert origin.startswith(time.strftime("%b", time.gmtime()))
    assert transmit in {"NULL", ""} or "(0)Jan  1, 1970" in transmit or transmit.startswith("Jan  1, 1970"), transmit
    assert int(port) > 1023


def test_dns_queries_are_plain() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            lab.check("--only", "dns")
        rows = capture.fields(
            "dns.qry.type", "dns.count.add_rr", "dns.flags", "udp.srcport", display_filter="dns && udp.dstport == 53"
        )

    assert len(rows) == 10
    assert {row[:3] for row in rows} == {("1", "0", "0x0100")}
    assert len({row[3] for row in rows}) == len(rows)


def test_coap_ping_is_an_empty_confirmable_message() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            lab.check("--only", "coap")
        sent = capture.fields(
            "coap.version",
            "coap.type",
            "coap.code",
            "coap.token_len",
            "udp.length",
            display_filter="udp.dstport == 5683",
        )
        received = capture.fields("coap.type", "coap.code", display_filter="udp.srcport == 5683")

    assert set(sent) == {("1", "0", "0", "0", "12")}
    assert set(received) == {("3", "0")}


def test_client_hello_is_the_devices() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            report = lab.check("--device", "argon", "--os", "5.3.0", "--only", "cloud").report
        rows = capture.fields(
            "dtls.handshake.type",
            "dtls.record.version",
            "dtls.handshake.version",
            "dtls.handshake.ciphersuite",
            "dtls.handshake.extensions_supported_group",
            "dtls.handshake.cookie_length",
            display_filter="dtls && udp.dstport == 5684",
        )

    assert rows == [("1", "0xfefd", "0xfefd", "0xc0ae", "0x0017", "0")]
    assert ".v5.udp.particle.io" in json.dumps(report["footprint"])


# --- what is left behind


def test_no_lease_and_no_file_is_left() -> None:
    with Lab() as lab:
        home = lab.folder / "empty-home"
        home.mkdir()
        run = lab.check(env={"HOME": str(home)})

        assert run.exit_code == 0
        assert list(home.rglob("*")) == []
        assert lab.leases() == []
        log = "\n".join(lab.log("dhcp"))
        assert log.count("DHCPACK(br-lan) 192.168.77.1") >= 1
        assert log.count("DHCPRELEASE") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["DHCPDISCOVER", "DHCPOFFER", "DHCPACK", "DHCPRELEASE"])
def test_interrupted_run_releases_and_reports(moment: str, number: signal.Signals) -> None:
    with Lab(dns="silent") as lab:
        lab.fakes["dns"].must_fire = False
        process = start(lab)
        wait_until(lambda: any(moment in line for line in lab.log("dhcp")), f"{moment} in the server's log")
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)

        report = json.loads(output)
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert report["complete"] is False
        assert "cut short" in report["notes"][0]
        assert status(report, "ntp.reply") == "unknown"
        wait_until(lambda: lab.leases() == [], "no lease on the server")


def test_interrupted_run_keeps_what_is_known() -> None:
    with Lab() as lab:
        fault = lab.gateway.drop("udp", 5683)
        process = start(lab)
        assert process.stderr
        for line in process.stderr:
            if "portal" in line:
                break
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
        report = json.loads(output)

        assert fault.counter() > 0
        assert [status(report, one) for one in ("dhcp.offer", "dns.resolve", "ntp.reply", "portal")] == ["pass"] * 4
        assert status(report, "coap.udp-5683") == "unknown"
        assert report["verdict"] == "undetermined"
        saved = lab.folder / "saved.json"
        saved.write_text(output)
        again = lab.laptop.run(TOOL, "report", str(saved), "--json")
        assert json.loads(again.stdout)["verdict"] == "undetermined"


# --- how it reports


def test_checks_appear_while_the_run_goes_on() -> None:
    with Lab() as lab:
        lab.gateway.drop("udp", 5683)
        begun = time.monotonic()
        process = start(lab)
        assert process.stderr
        seen: dict[str, float] = {}
        for line in process.stderr:
            for check_id in ("dhcp.offer", "ntp.reply", "coap.udp-5683"):
                if check_id in line:
                    seen.setdefault(check_id, time.monotonic() - begun)
        process.communicate(timeout=10)

    assert seen["ntp.reply"] < 5
    assert seen["dhcp.offer"] < 5
    assert seen["coap.udp-5683"] > 12


def test_saved_run_is_judged_alike_and_for_another_device() -> None:
    with Lab() as lab:
        lab.gateway.drop("udp", 5684)
        saved = lab.folder / "run.json"
        first = lab.check("-o", str(saved))
        again = lab.laptop.run(TOOL, "report", str(saved), "--json")
        argon = lab.laptop.run(TOOL, "report", str(saved), "--device", "argon", "--json")
        text = lab.laptop.run(TOOL, "report", str(saved))

    assert json.loads(again.stdout) == first.report
    assert again.returncode == first.exit_code == 0
    assert json.loads(argon.stdout)["verdict"] == "incompatible"
    assert argon.returncode == 1
    assert first.report["headline"] in " ".join(text.stdout.split())


def test_skipped_checks_are_said_and_do_not_count() -> None:
    with Lab(ntp="kiss-of-death") as lab:
        lab.fakes["ntp"].must_fire = False
        run = lab.check("--skip", "ntp,wifi,path")

        assert run.report["verdict"] == "compatible"
        assert status(run.report, "ntp.reply") == "skip"
        assert "ntp.reply" in run.report["notes"][0]
        assert lab.arrived("udp", 123) == 0


def test_only_dhcp_sends_nothing_else() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            run = lab.check("--only", "dhcp")

        assert run.exit_code == 0
        assert {one.port for one in capture.sent() if one.protocol == "udp"} == {67}
        assert {status(run.report, one) for one in ("dns.resolve", "coap.udp-5683")} == {"skip"}


def test_without_dhcp_no_lease_is_asked_for() -> None:
    with Lab(laptop="dhcp") as lab:
        before = lab.leases()
        discovers = sum("DHCPDISCOVER" in line for line in lab.log("dhcp"))
        run = lab.check("--skip", "dhcp")

        assert run.report["verdict"] == "compatible"
        assert sum("DHCPDISCOVER" in line for line in lab.log("dhcp")) == discovers
        assert lab.leases() == before


def test_late_grant_of_a_refused_request_is_given_back() -> None:
    with Lab(dhcp="nak-then-ack") as lab:
        run = lab.check()
        mac = run.report["observations"]["dhcp"]["client_mac"]
        seen = [one.data for one in lab.fakes["dhcp"].received]

    assert status(run.report, "dhcp.lease") == "fail"
    assert mac
    assert sum(b"\x35\x01\x07" in one for one in seen) >= 2


def test_fault_in_one_probe_is_only_its_own() -> None:
    program = (
        "import agent.run\n"
        "async def broken(*_): raise RuntimeError('broken on purpose')\n"
        "agent.run.ntp = broken\n"
        "from agent.cli import main\n"
        "main(['check', '--json'])\n"
    )
    with Lab() as lab:
        run = lab.laptop.run(sys.executable, "-c", program)
        report = json.loads(run.stdout)

    assert run.returncode == 3
    assert "Traceback" not in run.stderr
    assert status(report, "ntp.reply") == "unknown"
    assert status(report, "coap.udp-5683") == "pass"


@pytest.mark.parametrize(
    "hostile",
    [
        {"http": "escapes"},
        {"http": "endless"},
        {"http": "drip"},
        {"dns": "escapes"},
        {"dns": "oversized"},
        {"dns": "loop"},
        {"ntp": "escapes"},
        {"dhcp": "escapes"},
        {"argon_cloud": "flood"},
    ],
    ids=lambda one: "-".join(*one.items()),
)
def test_hostile_answers_reach_the_terminal_escaped(hostile: dict[str, Any]) -> None:
    with Lab(**hostile) as lab:
        saved = lab.folder / "run.json"
        text = lab.laptop.run(TOOL, "check", "-o", str(saved))
        as_json = lab.laptop.run(TOOL, "report", str(saved), "--json")

    for output in (text.stdout, text.stderr, as_json.stdout, as_json.stderr):
        assert "Traceback" not in output
        dangerous = {one for one in output if unicodedata.category(one) in {"Cc", "Cf"} and one != "\n"}
        assert not dangerous, dangerous
    assert text.returncode in {0, 1, 3}
    assert json.loads(as_json.stdout)["schema"] == "netpreflight-report/1"


def test_credentials_of_a_proxy_never_show() -> None:
    env = {"https_proxy": f"http://someone:hunter2@{GATEWAY}:3128", "ALL_PROXY": "socks5://u:hunter2@10.0.0.1:1080"}
    with Lab() as lab:
        run = lab.check(env=env)

    assert "hunter2" not in run.stdout + run.stderr
    assert len(run.report["scope"]["proxy"]) == 2


def test_ordinary_user_reads_like_root_where_no_privilege_is_needed() -> None:
    with Lab(laptop="dhcp", dhcp=Dhcp()) as lab:
        argv = lab.laptop.argv([TOOL, "check"], NOBODY, READABLE)
        run = subprocess.run(
            argv, env=lab.laptop.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    assert run.returncode == 3
    assert run.stderr == ""
    assert "sudo" in run.stdout


@pytest.mark.parametrize("user", [None, NOBODY], ids=["root", "ordinary"])
def test_laptop_without_a_radio_is_no_network_without_an_access_point(user: int | None) -> None:
    with Lab(laptop="dhcp") as lab:
        lab.air = ()
        run = lab.check(user=user)

    checks = {one["id"]: one for one in run.report["checks"]}
    air = [one for check_id, one in checks.items() if check_id.startswith("wifi.")]
    assert len(air) == 8
    assert {one["status"] for one in air} == {"unknown"}
    assert all("--capture" in one["remedy"] for one in air)
    assert checks["cloud.transport"]["status"] == checks["ntp.reply"]["status"] == "pass"
    assert (run.report["verdict"], run.exit_code) == ("undetermined", 3)
    assert run.report["networks"] == []
    assert run.stderr.count("Traceback") == 0
