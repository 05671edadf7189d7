"""Root's rights on a network: what a run holds while it exchanges packets, and that no lease outlives it."""

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netpreflight.probes.net.dhcp_release import device_mac
from tests.lab.command import check_with, popen, start, start_with
from tests.lab.faults import DROPS_ACKS, Fault
from tests.lab.lab import Lab
from tests.lab.namespaces import stays, wait_until
from tests.lab.servers import LAPTOP_MAC
from tests.unit.serial_desk import pair_of_ends

pytestmark = pytest.mark.lab

NET_RAW_ADMIN_BIND = f"{1 << 10 | 1 << 12 | 1 << 13:016x}"


ONLINE_LOG = Path(__file__).parents[1] / "unit/data/device-logs/14-eseries-15-online-full-handshake.log"


def held(process: int) -> dict[str, str]:
    """What a process holds, from the kernel."""
    status = Path(f"/proc/{process}/status").read_text()
    names = ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")
    return {name: " ".join(re.findall(rf"^{name}:(.*)$", status, re.MULTILINE)[0].split()) for name in names}


def results(report: dict[str, Any]) -> dict[str, Any]:
    return {check["id"]: (check["status"], check.get("problem")) for check in report["checks"]} | {
        "verdict": report["verdict"]
    }


@pytest.mark.parametrize(
    ("environment", "uid", "gid"),
    [({}, 60706, 60706), ({"SUDO_UID": "61001", "SUDO_GID": "61002"}, 61001, 61002)],
    ids=["root", "sudo"],
)
def test_a_run_has_three_capabilities_and_no_more_while_it_measures(
    environment: dict[str, str], uid: int, gid: int
) -> None:
    with Lab(dns="silent") as lab:
        process = popen_with(lab, environment)
        wait_until(lambda: lab.fakes["dns"].received != [], "the first packet after DHCP's")
        seen = held(process.pid)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)

        assert "Traceback" not in errors
        assert json.loads(output)["scope"]["privileges"]["given_up"] is True
        assert lab.leases() == []
    assert seen == {
        "Uid": " ".join([str(uid)] * 4),
        "Gid": " ".join([str(gid)] * 4),
        "Groups": "",
        "CapInh": NET_RAW_ADMIN_BIND,
        "CapPrm": NET_RAW_ADMIN_BIND,
        "CapEff": NET_RAW_ADMIN_BIND,
        "CapBnd": NET_RAW_ADMIN_BIND,
        "CapAmb": NET_RAW_ADMIN_BIND,
        "NoNewPrivs": "1",
    }


def popen_with(lab: Lab, environment: dict[str, str]) -> Any:
    """Start a check, with these variables."""
    argv = lab.check_argv()
    return popen(lab, ["env", *(f"{name}={value}" for name, value in environment.items()), *argv])


def test_the_results_are_those_of_a_run_that_keeps_roots_rights() -> None:
    with Lab() as lab:
        given_up = lab.check().report
        all_kept = check_with(lab, "pass", *lab.air)
        assert lab.leases() == []

    assert given_up["scope"]["privileges"]["given_up"] is True
    assert all_kept["scope"]["privileges"]["given_up"] is None
    assert results(given_up) == results(all_kept)
    assert given_up["verdict"] == "compatible"
    assert [(sent["type"], sent["identity"]) for sent in given_up["observations"]["dhcp"]["sent"]] == [
        (sent["type"], sent["identity"]) for sent in all_kept["observations"]["dhcp"]["sent"]
    ]


@pytest.mark.parametrize("group", ["dialout", "root"])
def test_the_log_of_a_port_is_read_where_a_group_for_ports_owns_it(group: str) -> None:
    """As udev makes a port: of root and a group, for both (0660)."""
    with Lab() as lab, pair_of_ends() as pair:
        shutil.chown(pair.name, "root", group)
        Path(pair.name).chmod(0o660)
        process = popen(lab, [*lab.check_argv("--only", "dhcp"), "--log-port", pair.name])
        if group == "dialout":
            pair.play(ONLINE_LOG.read_bytes())
        output, errors = process.communicate(timeout=60)
        if group == "dialout":
            report = json.loads(output)
            assert report["scope"]["privileges"]["given_up"] is True
            assert report["log"]["answer"]["result"] == "online"
        else:
            assert (process.returncode, output) == (2, "")
            assert f"{pair.name} may not be opened by this user" in errors


def test_a_container_without_the_right_to_change_users_measures_the_same() -> None:
    with Lab() as lab:
        taken = "--bounding-set=-setuid,-setgid,-setpcap,-sys_admin,-dac_read_search"
        argv = lab.check_argv()
        at = argv.index(next(part for part in argv if part.endswith("/netpreflight")))
        process = popen(lab, [*argv[:at], "setpriv", taken, *argv[at:]])
        output, errors = process.communicate(timeout=40)
        report = json.loads(output)

    assert "Traceback" not in errors
    assert report["verdict"] == "compatible"
    assert report["scope"]["privileges"]["kept"] == [
        "what its children may gain",
        "root's groups",
        "root's group",
        "root's user id",
    ]
    assert any("could not give up all of root's rights" in note for note in report["notes"])


# --- kill -9 between REQUEST and RELEASE: the server has granted the lease, and its ACK does not arrive


@pytest.fixture
def frozen() -> Iterator[tuple[Lab, Fault]]:
    """A network on which a run stays between REQUEST and RELEASE."""
    with Lab() as lab:
        yield lab, lab.gateway.rule(DROPS_ACKS, ("output",))


def wait_for_the_moment(lab: Lab, fault: Fault) -> None:
    wait_until(lambda: fault.counter() > 0, "an ACK that was dropped")
    wait_until(lambda: lab.leases() != [], "the lease in the server's file")
    assert [mac for mac, _ in lab.leases()] == [device_mac(LAPTOP_MAC)]
    assert "DHCPRELEASE" not in "\n".join(lab.log("dhcp"))


@pytest.mark.parametrize("whole_group", [False, True])
def test_a_lease_is_given_back_after_kill_9(frozen: tuple[Lab, Fault], *, whole_group: bool) -> None:
    lab, fault = frozen
    process = start(lab) if not whole_group else popen(lab, ["setsid", *lab.check_argv()])
    wait_for_the_moment(lab, fault)
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate(timeout=10)

    wait_until(lambda: lab.leases() == [], "no lease on the server")
    wait_until(lambda: "\n".join(lab.log("dhcp")).count("DHCPRELEASE") == 2, "each RELEASE sent twice")


def test_without_the_helper_the_lease_stays(frozen: tuple[Lab, Fault]) -> None:
    """The twin: a run in a process of somebody else's, which has no helper."""
    lab, fault = frozen
    process = start_with(lab, "pass")
    wait_for_the_moment(lab, fault)
    process.kill()
    process.communicate(timeout=10)

    stays(lambda: lab.leases() != [], "the lease", 2.0)


def test_after_ctrl_c_the_run_gives_its_lease_back_itself_and_the_helper_adds_nothing(
    frozen: tuple[Lab, Fault],
) -> None:
    lab, fault = frozen
    process = start(lab)
    wait_for_the_moment(lab, fault)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)

    def releases() -> int:
        return "\n".join(lab.log("dhcp")).count("DHCPRELEASE")

    wait_until(lambda: lab.leases() == [], "no lease on the server")
    stays(lambda: releases() == 1, "one RELEASE, which is the run's", 2.0)
