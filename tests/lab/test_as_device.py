"""A run that is the device, by cable: what differs for it and for the laptop, and that nothing of it stays behind."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.lab import servers
from tests.lab.command import start
from tests.lab.company_files import DTLS_PORT, METER, NONCE_PORT, SENSOR, VALVE
from tests.lab.lab import GATEWAY_MAC, LAPTOP, LOCAL_CLOUD, NOBODY, Lab
from tests.lab.namespaces import wait_until
from tests.lab.servers import GATEWAY, LAPTOP_MAC, Dhcp

pytestmark = pytest.mark.lab

AS_DEVICE = ("--as", "device")
ON_ETHERNET = "meta iiftype ether ether saddr"
MOMENTS = int(os.environ.get("NETPREFLIGHT_MOMENTS", "3"))
"""How many moments a run is ended at; docs/being-the-device.md has the command for 100."""


def check_of(report: dict[str, Any], check_id: str) -> tuple[str, str | None]:
    return next((check["status"], check["problem"]) for check in report["checks"] if check["id"] == check_id)


def about(report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = report["observations"]["as_device"]
    return found


def state(lab: Lab) -> list[str]:
    """The laptop's interface, addresses, routes and rules, as iproute2 tells them."""
    told = [
        lab.laptop.command("ip", "-d", "link", "show"),
        *(lab.laptop.command("ip", *words) for words in (("addr",), ("route", "show", "table", "all"), ("rule",))),
    ]
    return [line for text in told for line in text.splitlines() if "valid_lft" not in line]


def test_a_healthy_network_serves_the_device_and_the_laptop_alike() -> None:
    with Lab() as lab:
        before = state(lab)
        with lab.capture() as capture:
            report = lab.check(*AS_DEVICE).report
        senders = {row[0] for row in capture.fields("eth.src")}
        by_device = capture.fields("ip.src", "udp.dstport", display_filter=f"eth.src == {about(report)['mac']} && ip")
        arp = capture.fields("arp.dst.proto_ipv4", display_filter=f"eth.src == {about(report)['mac']} && arp")
        asked_by_laptop = capture.fields("ip.src", display_filter=f"eth.src == {LAPTOP_MAC} && ip")
        assert lab.leases() == []
        assert "\n".join(lab.log("dhcp")).count("DHCPRELEASE") >= 1
        after = state(lab)
    leased = report["scope"]["addresses"][0].partition("/")[0]

    assert report["verdict"] == "compatible"
    assert senders - {GATEWAY_MAC} == {LAPTOP_MAC, about(report)["mac"]}
    assert {source for source, *_ in by_device} == {"0.0.0.0", leased}, "nothing of the laptop leaves as the device"
    assert {source for source, *_ in asked_by_laptop} == {LAPTOP}, "nothing of the device leaves as the laptop"
    assert all(exchange["answered"] for exchange in about(report)["laptop"])
    assert about(report)["laptop_addresses"] == [f"{LAPTOP}/24"]
    assert (about(report)["left"], before) == ([], after)
    assert 0 <= about(report)["restored_s"] < 30
    listed = [contact for contact in report["footprint"] if contact["protocol"] == "arp" and contact["as_device"]]
    assert sum(contact["packets"] for contact in listed) == len(arp)
    udp = [port for _, port in by_device if port]
    counted = [contact for contact in report["footprint"] if contact["protocol"] == "udp" and contact["as_device"]]
    assert sum(contact["packets"] for contact in counted) == len(udp)


def test_a_user_who_may_not_be_the_device_is_told_who_may() -> None:
    """Nothing leaves the laptop, from neither address; root's run in the same network is the healthy twin."""
    with Lab() as lab:
        before = state(lab)
        with lab.capture() as capture:
            denied = lab.check(*AS_DEVICE, "--mac", "94:94:4a:12:34:56", user=NOBODY)
        sent, after = capture.fields("eth.src", display_filter=f"eth.src != {GATEWAY_MAC}"), state(lab)
        as_root = lab.check(*AS_DEVICE).report
    checks = [check for check in denied.report["checks"] if check["id"] == "dhcp.offer" or check["stage"] == "cloud"]

    assert denied.exit_code == 3
    assert (sent, denied.report["footprint"]) == ([], [])
    assert {check["status"] for check in checks} == {"unknown"}
    assert {check["remedy"] for check in checks} == {"Run netpreflight again as root (sudo)."}
    assert {check["reason"] for check in checks} == {"Being the device by cable needs root's rights."}
    assert about(denied.report)["not_run"] == "being the device by cable needs root's rights"
    assert before == after
    assert as_root["verdict"] == "compatible"


def test_a_gateway_that_forwards_only_what_it_knows() -> None:
    with Lab() as lab:
        fault = lab.gateway.rule(f"{ON_ETHERNET} != {LAPTOP_MAC} iifname br-lan counter name hits drop", ("forward",))
        as_laptop = lab.check().report
        assert fault.counter() == 0
        report = lab.check(*AS_DEVICE).report
        assert fault.counter() > 0, "the device's packets were dropped"

    assert as_laptop["verdict"] == "compatible", "the wrong pass that this is for"
    assert report["verdict"] == "incompatible"
    assert check_of(report, "dhcp.lease")[0] == "pass"
    assert about(report)["router"] is None, "not asked: the lease shows that the port takes the device"
    assert check_of(report, "dns.resolve")[0] == "pass", "the resolver is the gateway itself"
    assert check_of(report, "cloud.transport") == ("fail", "only-laptop")
    assert check_of(report, "coap.udp-5683") == ("fail", "only-laptop")
    assert any("The network lets this laptop through, and not the device." in note for note in report["notes"])


def test_a_port_that_takes_one_mac_address_only() -> None:
    with Lab() as lab:
        lab.gateway.where.nft(
            "table netdev port { counter hits { }\n chain in { type filter hook ingress device lan0 priority 0; "
            f"ether saddr != {LAPTOP_MAC} counter name hits drop; }}\n}}"
        )
        report = lab.check(*AS_DEVICE).report
        listed = json.loads(lab.gateway.where.command("nft", "-j", "list", "counter", "netdev", "port", "hits"))
        dropped = sum(entry["counter"]["packets"] for entry in listed["nftables"] if "counter" in entry)

    assert dropped > 0
    assert report["verdict"] == "undetermined"
    assert check_of(report, "dhcp.offer") == ("unknown", "second-mac-unheard")
    assert about(report)["router"] == {"address": GATEWAY, "answers_arp": False}
    asked = [contact for contact in report["footprint"] if contact["protocol"] == "arp" and contact["as_device"]]
    assert [(contact["address"], contact["packets"]) for contact in asked] == [(GATEWAY, 3)]
    assert all(exchange["answered"] for exchange in about(report)["laptop"]), "the laptop goes on"


def test_a_pool_for_registered_devices_only() -> None:
    with Lab(dhcp=Dhcp(known_only=True)) as lab:
        report = lab.check(*AS_DEVICE).report
        assert any("no address" in line or "ignored" in line for line in lab.log("dhcp")), "the fault"

    assert report["verdict"] == "incompatible"
    assert check_of(report, "dhcp.offer")[0] == "fail"
    assert about(report)["router"] == {"address": GATEWAY, "answers_arp": True}, "the port takes the device"


def test_a_portal_that_has_let_the_laptop_in() -> None:
    with Lab() as lab:
        fault = lab.portal(knows_laptop=True)
        as_laptop = lab.check().report
        assert fault.counter() == 0
        report = lab.check(*AS_DEVICE).report
        assert fault.counter() > 0

    assert as_laptop["verdict"] == "compatible", "the wrong pass that this is for"
    assert check_of(as_laptop, "portal") == ("pass", None)
    assert report["verdict"] == "incompatible"
    assert check_of(report, "portal") == ("fail", "redirected")
    assert report["answer"]["check"] == "portal"


def test_the_mac_address_is_the_same_each_time_and_begins_as_asked() -> None:
    with Lab() as lab:
        first = about(lab.check("--only", "dhcp", *AS_DEVICE).report)
        again = about(lab.check("--only", "dhcp", *AS_DEVICE).report)
        asked = about(lab.check("--only", "dhcp", *AS_DEVICE, "--mac", "94:94:4a").report)
        given = about(lab.check("--only", "dhcp", *AS_DEVICE, "--mac", "02-00-00-77-99-99").report)

    assert (first["mac"], first["mac_from"]) == (again["mac"], "made")
    assert asked["mac"].startswith("94:94:4a:")
    assert asked["mac_from"] == "prefix"
    assert (given["mac"], given["mac_from"]) == ("02:00:00:77:99:99", "given")


def test_a_mac_address_that_somebody_has_is_refused() -> None:
    holder = "02:00:00:77:00:31"
    with Lab() as lab:
        host = lab.add_host("holder", "192.168.77.31/24", holder)
        refused = subprocess.run(
            lab.check_argv(*AS_DEVICE, "--mac", holder), capture_output=True, text=True, check=False
        )
        routers = subprocess.run(
            lab.check_argv(*AS_DEVICE, "--mac", GATEWAY_MAC), capture_output=True, text=True, check=False
        )
        host.ip("link set eth0 down")
        taken = lab.check("--only", "dhcp", *AS_DEVICE, "--mac", holder).report

    assert refused.returncode == 2
    assert "192.168.77.31 has this MAC address just now" in refused.stderr
    assert routers.returncode == 2
    assert "of the router (192.168.77.1), which cannot be the device" in routers.stderr
    assert about(taken)["mac"] == holder, "the twin: once that host is off"
    assert any(contact["purpose"] == "MAC address" for contact in taken["footprint"])


def keep_apart(lab: Lab) -> None:
    """Let nothing pass from one client of the LAN to another."""
    ports = [line.split()[1] for line in lab.gateway.where.command("bridge", "link", "show").splitlines()]
    assert len(ports) > 1
    for port in ports:
        lab.gateway.where.command("bridge", "link", "set", "dev", port.partition("@")[0].rstrip(":"), "isolated", "on")


@pytest.mark.parametrize("isolated", [False, True])
def test_a_network_that_keeps_its_clients_apart_is_told_and_fails_nothing(*, isolated: bool) -> None:
    mac, address = "02:00:00:77:00:32", "192.168.77.32"
    with Lab() as lab:
        lab.add_host("other", f"{address}/24", mac)
        lab.laptop.ip(f"neigh replace {address} lladdr {mac} dev eth0 nud permanent")
        if isolated:
            keep_apart(lab)
        report = lab.check(*AS_DEVICE).report

    assert about(report)["neighbours"] == [{"address": address, "answers_arp": not isolated}]
    assert any("keeps devices apart" in note for note in report["notes"]) is isolated
    assert report["verdict"] == "compatible"


@pytest.mark.parametrize("isolated", [False, True])
def test_clients_kept_apart_from_a_resolver_among_them_is_judged(*, isolated: bool) -> None:
    address = "192.168.77.33"
    with Lab(dhcp=Dhcp(resolvers=(address,))) as lab:
        host = lab.add_host("resolver", f"{address}/24")
        servers.dnsmasq_dns(host, lab.folder, address, lab.names).wait()
        if isolated:
            keep_apart(lab)
        report = lab.check(*AS_DEVICE).report

    assert check_of(report, "dns.resolve") == (("fail", "not-reached") if isolated else ("pass", None))
    assert report["verdict"] == ("incompatible" if isolated else "compatible")


PRODUCTS = {"dtls": SENSOR, "tcp": VALVE, "coap": METER}


def cloud_of_this_subnet(
    speaks: str, how: Literal["healthy", "isolated", "off"], *arguments: str, user: int | None = None
) -> dict[str, Any]:
    """The report for a company's product whose own cloud is a host of the LAN, and is kept apart from others or off."""
    with Lab() as lab:
        lab.local_cloud(DTLS_PORT, NONCE_PORT)
        assert lab.local_host is not None
        if how == "isolated":
            keep_apart(lab)
        elif how == "off":
            lab.local_host.ip("link set eth0 down")
        file = Path(lab.folder, "acme.toml")
        file.write_text(PRODUCTS[speaks])
        return lab.check("--device", str(file), *arguments, user=user).report


@pytest.mark.parametrize("arguments", [(), AS_DEVICE], ids=["laptop", "device"])
@pytest.mark.parametrize("how", ["healthy", "isolated", "off"])
@pytest.mark.parametrize("speaks", PRODUCTS)
def test_a_cloud_of_this_subnet_that_is_not_there_is_told_by_arp(
    speaks: str, how: Literal["healthy", "isolated", "off"], arguments: tuple[str, ...]
) -> None:
    report = cloud_of_this_subnet(speaks, how, *arguments)
    judged = [row for row in report["checks"] if row["id"] in {"cloud.transport", "path.egress"}]
    exchange = report["observations"]["coap" if speaks == "coap" else "cloud"]
    is_there = how == "healthy"

    assert [(row["status"], row["problem"]) for row in judged] == [
        ("pass", None) if is_there else ("fail", "no-route")
    ] * 2
    assert report["verdict"] == ("compatible" if is_there else "incompatible")
    assert exchange["neighbors"] == ([] if is_there else [{"address": LOCAL_CLOUD, "answers_arp": False}])
    if not is_there:
        assert {row["named"]["address"] for row in judged} == {LOCAL_CLOUD}
        assert all("client isolation" in row["remedy"] and "Allow" not in row["remedy"] for row in judged)


@pytest.mark.parametrize("how", ["healthy", "off"])
def test_an_ordinary_user_is_told_that_too(how: Literal["healthy", "off"]) -> None:
    report = cloud_of_this_subnet("dtls", how, user=NOBODY)

    assert check_of(report, "cloud.transport") == (("pass", None) if how == "healthy" else ("fail", "no-route"))
    assert check_of(report, "path.egress") == check_of(report, "cloud.transport")


@pytest.mark.parametrize("arguments", [(), AS_DEVICE], ids=["laptop", "device"])
def test_a_cloud_of_this_subnet_that_is_there_and_drops_its_port_is_none_of_that(arguments: tuple[str, ...]) -> None:
    with Lab() as lab:
        wall = lab.local_cloud(DTLS_PORT, NONCE_PORT)
        wall.drop("udp", DTLS_PORT, hooks=("input",))
        file = Path(lab.folder, "acme.toml")
        file.write_text(SENSOR)
        report = lab.check("--device", str(file), *arguments).report

    assert report["observations"]["cloud"]["neighbors"] == [{"address": LOCAL_CLOUD, "answers_arp": True}]
    assert check_of(report, "cloud.transport") == ("fail", "no-answer")
    assert check_of(report, "path.egress")[0] == "unknown"


def test_a_firewall_group_that_has_this_laptop_and_not_the_device() -> None:
    """All is open for both, but for what the device needs."""
    with Lab() as lab:
        fault = lab.gateway.rule(
            f"{ON_ETHERNET} != {LAPTOP_MAC} iifname br-lan udp dport 5684 counter name hits drop", ("forward",)
        )
        report = lab.check(*AS_DEVICE, "--device", "argon").report
        assert fault.counter() > 0, "the device's packets were dropped"

    assert report["verdict"] == "incompatible"
    assert (check_of(report, "coap.udp-5683"), check_of(report, "portal")) == (("pass", None), ("pass", None))
    assert check_of(report, "path.egress") == ("fail", "dropped")
    assert all(exchange["answered"] for exchange in about(report)["laptop"])
    assert any("Answers this laptop, and not the device: DTLS on UDP 5684" in note for note in report["notes"])


# --- ended at any moment

LONGEST_S, CHILD_S = 4.0, 3.0
"""A whole run as the device takes about 3 s here; its child is there for most of that."""


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def process_of_device(pid: int) -> int | None:
    """The child of a run that has a network namespace of its own."""
    try:
        mine = Path(f"/proc/{pid}/ns/net").readlink()
        return next((child for child in children(pid) if Path(f"/proc/{child}/ns/net").readlink() != mine), None)
    except OSError:
        return None


def end_run(process: subprocess.Popen[str]) -> bool:
    return sent(process.pid if process.poll() is None else None, signal.SIGKILL)


def end_child(process: subprocess.Popen[str]) -> bool:
    return sent(process_of_device(process.pid), signal.SIGKILL)


def terminate(process: subprocess.Popen[str]) -> bool:
    return sent(process.pid if process.poll() is None else None, signal.SIGTERM)


def interrupt(process: subprocess.Popen[str]) -> bool:
    return sent(process.pid if process.poll() is None else None, signal.SIGINT)


def sent(pid: int | None, number: signal.Signals) -> bool:
    """Send a signal to a process; whether it was still there."""
    if pid is None:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def has_device(process: subprocess.Popen[str]) -> bool:
    return process_of_device(process.pid) is not None or process.poll() is not None


def _is_over(end: float) -> bool:
    return time.monotonic() > end


@pytest.mark.parametrize("how", [end_run, end_child, terminate, interrupt])
def test_the_laptop_is_as_before_whenever_the_run_ends(how: Callable[[subprocess.Popen[str]], bool]) -> None:
    drawn = random.Random(f"{how.__name__} 19")
    longest_s = CHILD_S if how is end_child else LONGEST_S
    fired = 0
    with Lab() as lab:
        before = state(lab)
        for at_s in sorted(drawn.uniform(0.0, longest_s) for _ in range(MOMENTS)):
            process = start(lab, *AS_DEVICE)
            if how is end_child:  # what is not there yet cannot be ended, and the run would go on to its end
                wait_until(partial(has_device, process), "the process of the device", 60.0)
            end = time.monotonic() + at_s
            wait_until(partial(_is_over, end), "the moment")
            fired += how(process)
            _, errors = process.communicate(timeout=30)
            assert "Traceback" not in errors, (at_s, errors)
            wait_until(lambda: state(lab) == before, f"the laptop as before, after {at_s} s", 30.0)
            wait_until(lambda: lab.leases() == [], f"no lease on the server, after {at_s} s", 30.0)
        assert lab.check().report["verdict"] == "compatible", "the laptop is online"
    assert fired, "no moment was within a run"


def test_a_killed_process_of_the_device_is_told_and_nothing_passes() -> None:
    with Lab(dns="silent") as lab:
        process = start(lab, *AS_DEVICE)
        wait_until(lambda: lab.leases() != [], "the device's lease")
        end_child(process)
        output, errors = process.communicate(timeout=30)
        report = json.loads(output)
        wait_until(lambda: lab.leases() == [], "no lease on the server")

    assert "Traceback" not in errors
    assert report["verdict"] == "undetermined"
    assert about(report)["not_run"] == "the process of the device has ended early"
    assert {check["status"] for check in report["checks"] if not check["id"].startswith("wifi.")} == {"unknown"}
