"""What `--deep` finds of a NAT, on real NATs with real silences: what is said of it, what the server saw, how it ends.

A known device is silent for 25 s (Argon before Device OS 2.1: 30 s), so these tests take half a minute each, most of it
waiting.
"""

import json
import signal
import time
from typing import Any

import pytest

from tests.lab.command import SHORT_HOLD, start, start_with
from tests.lab.datagrams import unnumbered
from tests.lab.lab import NOBODY, Lab
from tests.lab.namespaces import stays, wait_until
from tests.lab.servers import LAPTOP_MAC

pytestmark = pytest.mark.lab

DEEP_S = 90.0
ALERT = bytes.fromhex("15fefd" + "0000" + "000000000002" + "0002" + "0228")
"""DTLS 1.2, the third record of a handshake: fatal, handshake_failure (RFC 5246 7.2)."""
FORGETS = "mapping-forgotten"
ANEW = "has to connect again and again"
CONNECTION_ID = "survives this thanks to its connection id"


def check(report: dict[str, Any], check_id: str = "cloud.transport") -> dict[str, Any]:
    """One check of a report."""
    found: dict[str, Any] = next(row for row in report["checks"] if row["id"] == check_id)
    return found


def ports_seen(lab: Lab, report: dict[str, Any]) -> list[int]:
    """From which ports the cloud was sent the ClientHello that is repeated after the silence."""
    hello = unnumbered(bytes.fromhex(report["observations"]["mapping"]["before"][-1]["sent"]))
    return [received.peer[1] for received in lab.fakes["argon_cloud"].received if unnumbered(received.data) == hello]


def nat_timeout(lab: Lab, name: str) -> int:
    """What the gateway's conntrack keeps a conversation over UDP for, in seconds."""
    return int(lab.gateway.where.command("cat", f"/proc/sys/net/netfilter/nf_conntrack_udp_{name}"))


@pytest.mark.timing
@pytest.mark.parametrize(
    ("arguments", "silent_s", "reason", "warned"),
    [
        (("photon2",), 30, ("every 25 s", CONNECTION_ID), {"argon", "msom", "p2", "photon2"}),
        (("argon", "--os", "3.0.0"), 30, ("every 25 s", ANEW), {"argon", "msom", "p2", "photon2"}),
        (("argon", "--os", "2.0.0"), 35, ("every 30 s", ANEW), {"argon"}),
    ],
    ids=["photon2", "argon-3.0.0", "argon-2.0.0"],
)
def test_forgetful_nat_is_a_warning(
    arguments: tuple[str, ...], silent_s: int, reason: tuple[str, ...], warned: set[str]
) -> None:
    with Lab() as lab:
        lab.forgetful_nat(10, 20)
        run = lab.check("--device", *arguments, "--deep", timeout_s=DEEP_S)
        ports = ports_seen(lab, run.report)
    cloud, seen = check(run.report), run.report["observations"]["mapping"]

    assert (cloud["status"], run.report["verdict"], run.exit_code) == ("warn", "compatible-with-warnings", 0)
    assert cloud["problem"] == FORGETS
    assert all(words in cloud["reason"] for words in reason), cloud["reason"]
    assert cloud["owner"] == "network administrator"
    assert seen["silent_s"] == pytest.approx(silent_s, abs=0.3)
    assert len(ports) == 4, "three to settle it, one after the silence"
    assert len(set(ports[:3])) == 1
    assert ports[3] != ports[0], "the NAT forgot it, and gave it another port"
    with_warnings = {
        device["name"] for device in run.report["devices"] if device["verdict"] == "compatible-with-warnings"
    }
    assert with_warnings >= warned
    assert with_warnings <= {"argon", "msom", "p2", "photon2"}
    assert {device["online"] for device in run.report["devices"]} == {True}


def test_the_nat_of_most_routers_keeps_it() -> None:
    with Lab() as lab:
        run = lab.check("--device", "photon2", "--deep", timeout_s=DEEP_S)
        ports = ports_seen(lab, run.report)
        single_s, stream_s = nat_timeout(lab, "timeout"), nat_timeout(lab, "timeout_stream")
    cloud = check(run.report)

    assert (single_s, stream_s) == (30, 120), "Linux's own"
    assert (cloud["status"], run.report["verdict"]) == ("pass", "compatible")
    assert any("after 30 s of silence: the server still takes the cookie" in line for line in cloud["evidence"])
    assert len(ports) == 4
    assert len(set(ports)) == 1
    assert {device["verdict"] for device in run.report["devices"]} == {"compatible"}


def test_ordinary_user_may_look_deep() -> None:
    with Lab() as lab:
        lab.forgetful_nat(10, 20)
        run = lab.check("--device", "photon2", "--deep", user=NOBODY, timeout_s=DEEP_S)
        ports = ports_seen(lab, run.report)

    assert "Traceback" not in run.stderr
    assert run.exit_code == 3, "without a DHCP exchange"
    assert check(run.report)["status"] == "warn"
    assert check(run.report)["problem"] == FORGETS
    assert ports[3] != ports[0]
    assert not any(row["problem"] == "internal-error" for row in run.report["checks"])


def settled(lab: Lab) -> bool:
    """Whether the conversation that will be silent has been made: used three times, each time taken and ended."""
    seen = [(received.peer, unnumbered(received.data)) for received in lab.fakes["argon_cloud"].received]
    return any(seen.count((peer, data)) == 3 and seen.count((peer, unnumbered(ALERT))) == 3 for peer, data in seen)


@pytest.mark.timing
@pytest.mark.parametrize(
    ("nat_s", "restarts", "says", "after", "control"),
    [
        (None, False, "pass", "accepted", "accepted"),
        (None, True, "pass", "new-cookie", "new-cookie"),
        (2, False, "warn", "new-cookie", "accepted"),
    ],
    ids=["nothing-happens", "server-changes-its-secret", "nat-forgets"],
)
def test_only_a_nat_is_called_forgetful(
    nat_s: int | None, *, restarts: bool, says: str, after: str, control: str
) -> None:
    with Lab() as lab:
        if nat_s is not None:
            lab.forgetful_nat(nat_s, nat_s)
        process = start_with(lab, SHORT_HOLD, "--device", "argon", "--only", "cloud", "--deep")
        wait_until(lambda: settled(lab), "the conversation")
        if restarts:
            lab.restart_argon_cloud()
        output, errors = process.communicate(timeout=30)
        report = json.loads(output)
        ports = ports_seen(lab, report)
    seen = report["observations"]["mapping"]

    assert "Traceback" not in errors
    assert (seen["before_answer"], seen["after_answer"], seen["control_answer"]) == ("accepted", after, control)
    assert len(ports) == 4
    assert (ports[3] == ports[0]) == (nat_s is None)
    assert check(report)["status"] == says
    assert check(report)["problem"] == (FORGETS if says == "warn" else None)


@pytest.mark.timing
def test_interrupted_silence_ends_at_once_and_says_what_is_known() -> None:
    with Lab() as lab:
        with lab.capture() as capture:
            process = start(lab, "--device", "photon2", "--deep")
            wait_until(lambda: settled(lab), "the silence")
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=3)
            gone_at, seen = time.time(), len(lab.fakes["argon_cloud"].received)
            # The second conversation would have gone on within 5 s.
            stays(lambda: len(lab.fakes["argon_cloud"].received) == seen, "nothing more at the cloud", 6.0)
        late = f"eth.src == {LAPTOP_MAC} && ip && frame.time_epoch > {gone_at:.6f}"
        assert capture.fields("frame.number", display_filter=f"eth.src == {LAPTOP_MAC} && ip")
        assert capture.fields("frame.number", "frame.protocols", display_filter=late) == []
        assert lab.leases() == []
        assert "\n".join(lab.log("dhcp")).count("DHCPRELEASE") == 2
    report = json.loads(output)

    assert process.returncode == 130
    assert "Traceback" not in errors
    assert report["complete"] is False
    assert "cut short" in " ".join(report["notes"])
    assert report["observations"]["mapping"] is None
    assert {row["status"] for row in report["checks"] if row["stage"] != "scan"} == {"pass"}
    assert any(endpoint["record"] == "HelloVerifyRequest" for endpoint in report["observations"]["cloud"]["endpoints"])
