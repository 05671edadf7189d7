"""A company's own product, by a file of its own: its cloud on this LAN, its names, and what is sent for it."""

from pathlib import Path
from typing import Any, Literal

import pytest

from tests.lab.company_files import COAP_PORT, DTLS_PORT, METER, NONCE_PORT, PARTICLE, SENSOR, VALVE
from tests.lab.footprint import sent_only_what_footprint_lists
from tests.lab.healthy import HEALTHY
from tests.lab.lab import ARGON_CLOUD, LOCAL_CLOUD, Lab
from tests.lab.servers import GATEWAY

pytestmark = pytest.mark.lab

BLINDS = """based_on = "photon2"
title = "Acme blinds"
device_id = "acme"

[cloud]
hosts = ["{id}.cloud.acme.example"]
"""


def written(lab: Lab, content: str) -> str:
    """A company's file on the laptop."""
    file = Path(lab.folder, "acme.toml")
    file.write_text(content)
    return str(file)


def checks(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A report's checks by their ids."""
    return {row["id"]: row for row in report["checks"]}


def statuses(report: dict[str, Any]) -> dict[str, str]:
    """Their statuses."""
    return {name: entry["status"] for name, entry in checks(report).items()}


@pytest.mark.parametrize(
    ("content", "proto", "port", "shows"),
    [(SENSOR, "udp", DTLS_PORT, "reply"), (VALVE, "tcp", NONCE_PORT, "40 bytes received")],
    ids=["dtls", "tcp-nonce"],
)  # fmt: skip
def test_local_cloud_by_its_address(content: str, proto: Literal["udp", "tcp"], port: int, shows: str) -> None:
    where = f"{LOCAL_CLOUD} ({LOCAL_CLOUD}), {proto.upper()} {port}"
    with Lab(unknown_names=PARTICLE) as lab:
        wall = lab.local_cloud(DTLS_PORT, NONCE_PORT)
        file = written(lab, content)
        with lab.capture() as capture:
            healthy = lab.check("--device", file)
        sent = capture.sent()
        asked = {name for _, name in lab.queries()}
        fault = wall.drop(proto, port, hooks=("input",))
        dropped = lab.check("--device", file)
        assert fault.counter() > 0
    found = checks(healthy.report)

    assert (healthy.exit_code, healthy.report["verdict"]) == (0, "compatible")
    assert statuses(healthy.report) == HEALTHY
    assert any(line.startswith(where) and shows in line for line in found["cloud.transport"]["evidence"])
    assert not any(name.startswith(LOCAL_CLOUD) for name in asked)
    assert "pool.ntp.org" in asked
    sent_only_what_footprint_lists(healthy.report, sent)
    listed = {
        (contact["protocol"], contact["port"])
        for contact in healthy.report["footprint"]
        if contact["address"] == LOCAL_CLOUD
    }
    assert listed == {(proto, port)}
    assert (proto, LOCAL_CLOUD, port) in {(packet.protocol, packet.destination, packet.port) for packet in sent}
    assert healthy.report["devices"][0]["title"] == healthy.report["device"]["title"]

    assert (dropped.exit_code, dropped.report["verdict"]) == (1, "incompatible")
    # No router is on the way to a server on the LAN, which answers for its other ports itself.
    assert statuses(dropped.report) == HEALTHY | {"cloud.transport": "fail", "path.egress": "unknown"}
    lost = checks(dropped.report)["cloud.transport"]
    assert lost["problem"] == "no-answer"
    assert all(where in line for line in lost["evidence"] if not line.startswith("device fact "))
    assert dropped.report["startup"]["stops_at"] == "cloud"


def test_local_coap_server_is_waited_for_where_a_public_one_answers() -> None:
    with Lab() as lab:
        wall = lab.local_cloud(DTLS_PORT, NONCE_PORT)
        healthy = lab.check("--device", written(lab, METER))
        fault = wall.drop("udp", COAP_PORT, hooks=("input",))
        dropped = lab.check("--device", written(lab, METER))
        arrived = dropped.seen.arrivals(LOCAL_CLOUD)
        assert fault.counter() == arrived["CoAP ping"] + arrived["rung: CoAP ping"]
        assert arrived["CoAP ping"] == 4
    server = next(
        server for server in dropped.report["observations"]["coap"]["servers"] if server["host"] == LOCAL_CLOUD
    )

    assert (healthy.exit_code, statuses(healthy.report)) == (0, HEALTHY)
    assert (len(server["attempts"]), server["cut_short"], server["controls"]) == (4, False, [])
    assert statuses(dropped.report) == HEALTHY | {"cloud.transport": "unknown", "path.egress": "unknown"}
    assert "No CoAP server answers on UDP 15683" in checks(dropped.report)["cloud.transport"]["summary"]
    assert dropped.report["verdict"] == "undetermined", "nothing shows that this host is up"


def test_local_cloud_by_its_address_and_the_internet_test() -> None:
    """An address needs no lookup, so the echo's only condition is met: 3 blinks, where nothing answers."""
    with Lab(unknown_names=PARTICLE) as lab:
        wall = lab.local_cloud(DTLS_PORT, NONCE_PORT)
        wall.drop("udp", DTLS_PORT, hooks=("input",))
        report = lab.check("--device", written(lab, SENSOR)).report
    test = report["internet_test"]

    assert (test["method"], test["result"], test["runs"]) == ("echo-2", "passed", True)
    assert test["led"]["blinks"] == 3
    assert test["log"][0].startswith("WiFi: 0/10 packets")
    stages = {stage["stage"]: stage for stage in report["startup"]["stages"]}
    assert stages["cloud"]["line"] == f"connecting to {LOCAL_CLOUD}#{DTLS_PORT} using if <n>"
    assert LOCAL_CLOUD not in (stages["dns"]["network_sees"] or ""), "no lookup is to be seen"


def test_own_cloud_name() -> None:
    name = "acme.cloud.acme.example"
    with Lab(unknown_names=PARTICLE, names={"*.cloud.acme.example": ARGON_CLOUD}) as lab:
        lab.add_destination("dtls", ARGON_CLOUD, 5684)
        run = lab.check("--device", written(lab, BLINDS))
        asked = lab.queries()
    with Lab(unknown_names=PARTICLE) as lab:
        lab.may_be_asked_for.append(name)
        filtered = lab.check("--device", written(lab, BLINDS))
        assert ("A", name) in lab.queries()

    assert (run.exit_code, statuses(run.report)) == (0, HEALTHY)
    assert {("A", name), ("AAAA", name)} <= set(asked)
    assert name in checks(run.report)["cloud.transport"]["evidence"][0]
    assert {contact["host"] for contact in run.report["footprint"] if contact["port"] == 5684} == {name}
    assert (filtered.exit_code, filtered.report["verdict"]) == (1, "incompatible")
    assert statuses(filtered.report) == HEALTHY | {
        "dns.resolve": "fail", "cloud.transport": "unknown", "path.egress": "unknown",
    }  # fmt: skip
    withheld = checks(filtered.report)["dns.resolve"]
    assert withheld["problem"] == "names-withheld"
    assert any(f": {name} A → NXDOMAIN" in line for line in withheld["evidence"])


@pytest.mark.parametrize(
    ("content", "name"),
    [(f'{SENSOR}[dhcp]\nhost_name = "acme-sensor-7"\n', "acme-sensor-7"), (f'{SENSOR}[dhcp]\nhost_name = ""\n', None)],
    ids=["own", "none"],
)
def test_host_name_of_a_file(content: str, name: str | None) -> None:
    with Lab() as lab:
        host_name_in_request(lab, name, "--device", written(lab, content))


def test_host_name_of_a_core() -> None:
    with Lab() as lab:
        host_name_in_request(lab, None, "--device", "core")


def test_host_name_of_an_argon() -> None:
    with Lab() as lab:
        host_name_in_request(lab, "e00fce680000000000000000", "--device", "argon")


def host_name_in_request(lab: Lab, name: str | None, *arguments: str) -> None:
    """The REQUEST has this host name in option 12, by tshark and by the server's log, or no option 12."""
    with lab.capture() as capture:
        run = lab.check("--only", "dhcp", *arguments)
    fields = ("dhcp.option.dhcp", "dhcp.option.hostname", "dhcp.option.type")
    of_device = f"dhcp && udp.dstport == 67 && dhcp.hw.mac_addr == {run.report['observations']['dhcp']['client_mac']}"
    rows = capture.fields(*fields, display_filter=of_device, every=True)
    told = [line.partition("client provides name: ")[2] for line in lab.log("dhcp") if "client provides name" in line]

    assert [row[0] for row in rows] == ["1", "3", "7", "7"], "DISCOVER, REQUEST, and twice RELEASE"
    assert [row[1] for row in rows] == ["", name or "", "", ""], "in the REQUEST only"
    assert [("12" in row[2].split(",")) for row in rows] == [False, name is not None, False, False]
    assert told == ([name] if name else [])
    assert statuses(run.report)["dhcp.lease"] == "pass"


@pytest.mark.parametrize(
    ("content", "line", "key"),
    [
        (SENSOR.replace(str(DTLS_PORT), "0"), 6, "cloud.port: expected a port from 1 to 65535, got 0"),
        (SENSOR.replace("port", "prot"), 6, "cloud.prot: no such key; did you mean port?"),
        (SENSOR.replace("photon2", "photon3"), 1, 'based_on: no device "photon3"'),
        (SENSOR.replace(LOCAL_CLOUD, "192.168.77.400"), 5, "cloud.hosts: "),
        (SENSOR.replace(f'"{LOCAL_CLOUD}"', f'"{LOCAL_CLOUD}'), 5, "not TOML"),
    ],
    ids=["value", "key", "base", "address", "syntax"],
)
def test_file_with_a_mistake_is_refused_before_anything_is_sent(content: str, line: int, key: str) -> None:
    with Lab() as lab:
        file = written(lab, content)
        with lab.capture() as capture:
            run = lab.check("--device", file)
        assert capture.sent() == []
        assert (
            lab.check("--device", written(lab, SENSOR.replace(LOCAL_CLOUD, GATEWAY)), "--only", "dhcp").exit_code == 0
        )

    assert (run.exit_code, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith(f"netpreflight: acme.toml, line {line}: {key}"), run.stderr
