"""A cloud of this subnet for which nobody answers ARP: how that is seen, and what may be said of it."""

import errno
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest
from pyroute2.netlink.rtnl.ndmsg import ndmsg

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.next_step import Invocation, next_step
from netpreflight.agent.report import make
from netpreflight.agent.report.requests import requests
from netpreflight.agent.results import Check, Judgement
from netpreflight.agent.selection import Selection
from netpreflight.probes import observations
from netpreflight.probes.observations import (
    AsDevice,
    Cloud,
    CloudEndpoint,
    Coap,
    CoapServer,
    Connection,
    Echo,
    EchoPacket,
    EchoTest,
    Icmp,
    Join,
    JoinAttempt,
    LaptopExchange,
    LinkNeighbor,
    Observations,
    PathTarget,
    Scope,
    Unasked,
)
from netpreflight.systems import system
from netpreflight.systems.linux import neighbours
from tests.unit import seen
from tests.unit.four import run_of
from tests.unit.seen_ladders import ladder

CLOUD, OWN = "192.168.77.40", seen.LAPTOP.partition("/")[0]
PORTS = {"dtls": 5690, "tcp": 5691, "coap": 15683}
BASES = {"dtls": "photon2", "tcp": "photon", "coap": "generic"}
SPEAKS = list(PORTS)
NOBODY = [LinkNeighbor(address=CLOUD, answers_arp=False)]
SOMEBODY = [LinkNeighbor(address=CLOUD, answers_arp=True)]
UNREACHABLE = Icmp(type=3, code=1, source=OWN)


def device(folder: Path, speaks: str, host: str = CLOUD) -> profiles.Profile:
    """A company's product, whose cloud is at an address of the lab's subnet."""
    file = folder / "acme.toml"
    version = '[device_os]\nnewest = "1.5.2"\n' if speaks == "tcp" else ""
    cloud = f'[cloud]\nhosts = ["{host}"]\nport = {PORTS[speaks]}\n'
    file.write_text(f'based_on = "{BASES[speaks]}"\ntitle = "Acme"\n{version}{cloud}')
    return profiles.load(str(file))


def silent(speaks: str, told: list[LinkNeighbor], host: str = CLOUD, **changed: Any) -> Observations:
    """A healthy network whose local cloud did not answer, and what the system found out about ARP meanwhile."""
    port = PORTS[speaks]
    lost = seen.attempts(host, port, "timeout", 3)
    found = seen.healthy()
    assert found.coap is not None
    assert found.cloud is not None
    if speaks == "coap":
        servers = [*found.coap.servers, CoapServer(host=host, port=port, address=host, attempts=lost)]
        changed = {"coap": Coap(servers=servers, neighbors=told), **changed}
    else:
        tried = [Connection(at_s=0.0, error="No route to host")] * 2 if speaks == "tcp" else []
        mine = CloudEndpoint(
            transport="dtls" if speaks == "dtls" else "tcp-nonce",
            host=host,
            port=port,
            address=host,
            connections=tried,
            attempts=lost if speaks == "dtls" else [],
            waited_s=12.0,
        )
        changed = {"cloud": Cloud(endpoints=[*found.cloud.endpoints, mine], neighbors=told), **changed}
    return seen.healthy(**changed)


def of(judged: Judgement, check_id: str) -> Check:
    return next(check for check in judged.checks if check.id == check_id)


def judged_for(folder: Path, speaks: str, found: Observations, host: str = CLOUD) -> Judgement:
    return judge(found, device(folder, speaks, host), Selection())


def says_so(judged: Judgement) -> set[str]:
    """The checks that say that nobody answers ARP."""
    return {check.id for check in judged.checks if "nobody answers ARP" in check.summary}


BOTH = {"cloud.transport", "path.egress"}


# --- what is said


@pytest.mark.parametrize("speaks", SPEAKS)
def test_a_cloud_that_is_not_there_is_no_matter_of_a_firewall(tmp_path: Path, speaks: str) -> None:
    judged = judged_for(tmp_path, speaks, silent(speaks, NOBODY))

    assert judged.verdict == "incompatible"
    assert says_so(judged) == BOTH
    for check in (of(judged, check_id) for check_id in BOTH):
        assert (check.status, check.problem, check.owner) == ("fail", "no-route", "network administrator")
        assert check.named is not None
        assert (check.named.address, check.to_allow) == (CLOUD, [])
        remedy = check.remedy or ""
        assert all(words in remedy for words in (f"{CLOUD} is switched on", "this address", "client isolation"))
        assert not any(words in remedy for words in ("Allow", "firewall", "hotspot"))
        assert any("ARP" in line for line in check.evidence)
    assert {check.id for check in judged.checks if check.status != "pass"} == BOTH, "and nothing else"


@pytest.mark.parametrize("told", [[], SOMEBODY], ids=["not-found-out", "it-answers"])
@pytest.mark.parametrize("speaks", SPEAKS)
def test_silence_without_that_is_judged_as_any_other(tmp_path: Path, speaks: str, told: list[LinkNeighbor]) -> None:
    judged = judged_for(tmp_path, speaks, silent(speaks, told))

    assert says_so(judged) == set()
    assert of(judged, "cloud.transport").problem == ("no-connection" if speaks == "tcp" else "no-answer")
    assert of(judged, "path.egress").status == "unknown"


@pytest.mark.parametrize("speaks", SPEAKS)
def test_nobody_is_told_to_open_a_port_or_to_run_again(tmp_path: Path, speaks: str) -> None:
    found = silent(speaks, NOBODY)
    report = make(run_of(scope=found.scope, coap=found.coap, cloud=found.cloud), device(tmp_path, speaks))
    (asked,) = requests(report)

    assert next_step(report, Invocation()) is None
    assert report.answer.check == "cloud.transport"
    assert f"whether {CLOUD} is switched on" in (report.answer.change or "")
    assert [ask.line for ask in asked.asks] == [report.answer.change]


# --- not where something else of the host was reached

CONNECTED = Connection(at_s=0.0, connect_ms=1.0, error="closed")
REFUSED = Connection(at_s=0.0, error="refused")
OPEN_PORT = PathTarget(
    host=CLOUD,
    address=CLOUD,
    device=ladder("udp 5690", None),
    controls=[ladder("tcp 443", f"!{CLOUD} RST")],
)


def with_endpoint(found: Observations, **fields: Any) -> None:
    """Another port of the same host was asked, too."""
    assert found.cloud is not None
    endpoint = CloudEndpoint(transport="tcp-nonce", host=CLOUD, port=9000, address=CLOUD, **fields)
    found.cloud.endpoints.append(endpoint)


def with_server(found: Observations, **fields: Any) -> None:
    assert found.coap is not None
    found.coap.servers.append(CoapServer(host=CLOUD, port=9000, address=CLOUD, **fields))


def with_laptop(found: Observations, **fields: Any) -> None:
    found.as_device = AsDevice(way="cable", mac="94:94:4a:00:00:01", restored_s=0.1, **fields)


def with_lookup(found: Observations) -> None:
    assert found.dns is not None
    attempts = seen.attempts(CLOUD, 53, "reply", rtt_ms=1.0)
    found.dns.lookups.append(seen.lookup("pool.ntp.org", resolver=CLOUD, rcode="SERVFAIL", attempts=attempts))


def set_path(found: Observations) -> None:
    found.path = observations.Path(targets=[OPEN_PORT])


def set_echo(found: Observations) -> None:
    packet = EchoPacket(at_s=0.0, sequence=1, size=20, echo_ms=1.0, reply="00")
    found.echo = Echo(tests=[EchoTest(form=2, host=CLOUD, port=9, interface=4, address=CLOUD, packets=[packet])])


def set_neighbors(found: Observations) -> None:
    assert found.coap is not None
    found.coap.neighbors = SOMEBODY


def set_gateway(found: Observations) -> None:
    found.scope.gateway, found.scope.gateway_mac = CLOUD, "02:00:00:00:00:01"


REACHED: dict[str, Callable[[Observations], None]] = {
    "another-port-connects": lambda found: with_endpoint(found, connections=[CONNECTED]),
    "another-port-refuses": lambda found: with_endpoint(found, connections=[REFUSED]),
    "another-port-answers": lambda found: with_server(found, reply="Reset"),
    "another-port-says-something": lambda found: with_server(
        found, attempts=seen.attempts(CLOUD, 9000, "ignored", source=f"{CLOUD}:9000")
    ),
    "another-port-is-closed": lambda found: with_server(
        found, attempts=seen.attempts(CLOUD, 9000, "icmp", icmp=Icmp(type=3, code=3, source=CLOUD))
    ),
    "path": set_path,
    "resolver": with_lookup,
    "echo": set_echo,
    "arp": set_neighbors,
    "gateway": set_gateway,
    "laptop": lambda found: with_laptop(
        found, laptop=[LaptopExchange(what="dtls", host=CLOUD, address=CLOUD, port=5690, answered=True)]
    ),
    "device's-own-arp": lambda found: with_laptop(found, neighbours=SOMEBODY),
}


@pytest.mark.parametrize("reach", REACHED.values(), ids=REACHED)
def test_it_is_not_said_of_a_host_that_was_reached(tmp_path: Path, reach: Callable[[Observations], None]) -> None:
    found = silent("dtls", NOBODY)
    reach(found)
    judged = judged_for(tmp_path, "dtls", found)

    assert says_so(judged) == set()
    assert of(judged, "cloud.transport").problem == "no-answer"
    assert of(judged, "path.egress").problem != "no-route"


def test_a_laptop_on_another_network_shows_nothing_of_a_host_of_this_one(tmp_path: Path) -> None:
    found = silent("dtls", NOBODY)
    with_laptop(found, laptop=[LaptopExchange(what="dtls", host=CLOUD, address=CLOUD, port=5690, answered=True)])
    assert found.as_device is not msgspec.UNSET
    found.as_device.way, found.as_device.laptop_ssid = "radio", "Office"
    found.join = Join(
        way="radio",
        ssid="net",
        abilities=abilities_of(profiles.load("photon2").radio),
        attempts=[JoinAttempt(at_s=1.0, mac="94:94:4a:12:34:56", ended="joined")],
        link="there",
    )

    assert says_so(judged_for(tmp_path, "dtls", found)) == BOTH


def test_that_another_host_was_reached_changes_nothing(tmp_path: Path) -> None:
    found = silent("dtls", NOBODY)
    with_endpoint(found, connections=[REFUSED])
    assert found.cloud is not None
    found.cloud.endpoints[-1] = CloudEndpoint(
        transport="tcp-nonce", host="192.168.77.41", port=9000, address="192.168.77.41", connections=[REFUSED]
    )

    assert says_so(judged_for(tmp_path, "dtls", found)) == BOTH


def test_the_system_says_unreachable_of_a_host_that_another_port_shows_to_be_there(tmp_path: Path) -> None:
    found = silent("dtls", [])
    there = ladder("tcp 443", f"!{CLOUD} RST")
    target = PathTarget(host=CLOUD, address=CLOUD, device=ladder("udp 5690", UNREACHABLE), controls=[there])
    found.path = observations.Path(targets=[target])
    judged = judged_for(tmp_path, "dtls", found)

    assert says_so(judged) == set()
    assert (of(judged, "path.egress").status, of(judged, "path.egress").problem) == ("unknown", "other-icmp-error")


# --- ICMP: only what this laptop's own system says after ARP has failed


def with_icmp(icmp: Icmp, speaks: str = "dtls", unasked: Unasked | None = None, errors: int = 3) -> Observations:
    """The path's packets were answered so, and the neighbour table told nothing."""
    found = silent(speaks, [])
    trace = ladder(f"{'tcp' if speaks == 'tcp' else 'udp'} {PORTS[speaks]}", icmp, again=errors)
    found.path = observations.Path(targets=[PathTarget(host=CLOUD, address=CLOUD, device=trace, unasked=unasked)])
    return found


@pytest.mark.parametrize("speaks", SPEAKS)
def test_host_unreachable_by_this_laptops_own_system_says_the_same(tmp_path: Path, speaks: str) -> None:
    assert says_so(judged_for(tmp_path, speaks, with_icmp(UNREACHABLE, speaks))) == BOTH


@pytest.mark.parametrize("code", [0, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13])
def test_no_other_code_says_it(tmp_path: Path, code: int) -> None:
    assert says_so(judged_for(tmp_path, "dtls", with_icmp(Icmp(type=3, code=code, source=OWN)))) == set()


@pytest.mark.parametrize("source", [seen.GATEWAY, seen.FILTER, CLOUD])
def test_nobody_else_says_it(tmp_path: Path, source: str) -> None:
    assert says_so(judged_for(tmp_path, "dtls", with_icmp(Icmp(type=3, code=1, source=source)))) == set()


@pytest.mark.parametrize(
    ("ports", "errors", "proved", "counts"),
    [(0, 3, False, True), (0, 2, False, False), (9, 3, False, False), (9, 1, True, True), (0, 1, True, True)],
    ids=["alike", "too-few", "swept", "swept-and-proved", "proved"],
)
def test_no_forger_says_it(tmp_path: Path, ports: int, errors: int, *, proved: bool, counts: bool) -> None:
    icmp = Icmp(type=3, code=1, source=OWN, proved=proved)
    found = with_icmp(icmp, unasked=Unasked(ports=ports), errors=errors)

    assert (says_so(judged_for(tmp_path, "dtls", found)) == BOTH) is counts


# --- not of an address elsewhere


@pytest.mark.parametrize("address", ["192.168.78.40", "198.51.100.40", "10.0.0.40"])
@pytest.mark.parametrize("speaks", SPEAKS)
def test_an_address_outside_the_subnet_is_never_judged_so(tmp_path: Path, speaks: str, address: str) -> None:
    found = silent(speaks, [LinkNeighbor(address=address, answers_arp=False)], address)
    with_icmp_too = silent(speaks, [LinkNeighbor(address=address, answers_arp=False)], address)
    trace = ladder(f"udp {PORTS[speaks]}", UNREACHABLE)
    with_icmp_too.path = observations.Path(targets=[PathTarget(host=address, address=address, device=trace)])

    assert says_so(judged_for(tmp_path, speaks, found, address)) == set()
    assert says_so(judged_for(tmp_path, speaks, with_icmp_too, address)) == set()


def test_an_interface_without_an_address_has_no_subnet(tmp_path: Path) -> None:
    found = silent("dtls", NOBODY, scope=Scope(interface="eth0", state="up", gateway=seen.GATEWAY))

    assert says_so(judged_for(tmp_path, "dtls", found)) == set()


def test_an_address_that_the_resolver_makes_up_is_not_looked_for(tmp_path: Path) -> None:
    """Then the resolver is to blame, and nobody has to look for a host there."""
    name = "cloud.acme.example"
    made_up = seen.dns(seen.lookup(name, CLOUD), *(seen.lookup(random, CLOUD) for random in seen.RANDOM))
    lost = seen.attempts(CLOUD, PORTS["dtls"], "timeout", 3)
    endpoint = CloudEndpoint(transport="dtls", host=name, port=PORTS["dtls"], address=CLOUD, attempts=lost)
    found = seen.healthy(dns=made_up, cloud=Cloud(endpoints=[endpoint], neighbors=NOBODY))

    assert says_so(judged_for(tmp_path, "dtls", found, name)) == set()


def test_a_name_is_shown_with_its_address(tmp_path: Path) -> None:
    name = "cloud.acme.example"
    lost = seen.attempts(CLOUD, PORTS["dtls"], "timeout", 3)
    endpoint = CloudEndpoint(transport="dtls", host=name, port=PORTS["dtls"], address=CLOUD, attempts=lost)
    found = seen.healthy(dns=seen.dns(seen.lookup(name, CLOUD)), cloud=Cloud(endpoints=[endpoint], neighbors=NOBODY))

    assert of(judged_for(tmp_path, "dtls", found, name), "cloud.transport").summary.startswith(f"{name} ({CLOUD}) is")


def test_an_address_in_doubt_is_settled_first(tmp_path: Path) -> None:
    """A company's own resolver may know it so; for a vendor's cloud, the resolver is to blame."""
    name = "cloud.acme.example"
    lost = seen.attempts(CLOUD, PORTS["dtls"], "timeout", 3)
    endpoint = CloudEndpoint(transport="dtls", host=name, port=PORTS["dtls"], address=CLOUD, attempts=lost)
    found = seen.healthy(dns=seen.dns(seen.lookup(name, CLOUD)), cloud=Cloud(endpoints=[endpoint], neighbors=NOBODY))
    judged = judged_for(tmp_path, "dtls", found, name)

    for check in (of(judged, check_id) for check_id in BOTH):
        assert check.due_to == "dns.integrity"
        assert "First do what dns.integrity asks for" in (check.remedy or "")


# --- how the kernel tells it (linux/neighbour.h has the states)

INCOMPLETE, REACHABLE, STALE, DELAY, PROBE, FAILED, NOARP, PERMANENT = (1 << bit for bit in range(8))
NEW, DELETED = 28, 29
INDEX = 7


def message(state: int, host: str = CLOUD, *, kind: int = NEW, index: int = INDEX, requester: int = 0) -> bytes:
    """A message of rtnetlink, as pyroute2 encodes it."""
    made = ndmsg()
    made.update({"family": socket.AF_INET, "ifindex": index, "state": state, "attrs": [("NDA_DST", host)]})
    made["header"].update({"type": kind, "pid": requester})
    made.encode()
    return bytes(made.data)


def test_an_entry_that_has_failed_and_one_that_is_confirmed_say_something() -> None:
    assert neighbours.answers_in(message(FAILED), INDEX) == {CLOUD: False}
    assert neighbours.answers_in(message(REACHABLE), INDEX) == {CLOUD: True}


@pytest.mark.parametrize("state", [0, INCOMPLETE, STALE, DELAY, PROBE, NOARP, PERMANENT])
def test_no_other_state_is_a_sign_of_anything(state: int) -> None:
    assert neighbours.answers_in(message(state), INDEX) == {}


def test_the_last_message_counts() -> None:
    assert neighbours.answers_in(message(FAILED) + message(INCOMPLETE), INDEX) == {CLOUD: False}
    assert neighbours.answers_in(message(FAILED) + message(REACHABLE), INDEX) == {CLOUD: True}
    assert neighbours.answers_in(message(REACHABLE) + message(FAILED), INDEX) == {CLOUD: False}


@pytest.mark.parametrize(
    "other",
    [
        message(FAILED, index=INDEX + 1),
        message(FAILED, kind=DELETED),
        message(FAILED, requester=4711),
        message(FAILED)[:-1],
        message(FAILED)[:20],
        struct.pack("=IHHII", 8, NEW, 0, 0, 0),
        b"",
    ],
    ids=["interface", "deleted", "flushed-by-a-program", "cut", "cut-short", "size", "empty"],
)
def test_what_is_of_something_else_is_left_out(other: bytes) -> None:
    assert neighbours.answers_in(other, INDEX) == {}


class Changes:
    """A netlink socket that has these messages."""

    def __init__(self, *messages: bytes, end: OSError | None = None, sender: int = 0) -> None:
        self.messages = [*messages]
        self.end = end or BlockingIOError()
        self.sender = sender

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def bind(self, address: tuple[int, int]) -> None:
        """Take the kernel's choice of an address."""
        assert address[0] == 0

    def recvfrom(self, _: int) -> tuple[bytes, tuple[int, int]]:
        """The next message, and who sent it."""
        if not self.messages:
            raise self.end
        return self.messages.pop(0), (self.sender, 0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (Changes(message(FAILED)), {CLOUD: False}),
        (Changes(message(FAILED), message(REACHABLE)), {CLOUD: True}),
        (Changes(), {}),
        (Changes(message(FAILED), end=OSError(errno.ENOBUFS, "no buffer space")), None),
        (Changes(message(FAILED), sender=4711), {}),
    ],
    ids=["nobody", "somebody", "nothing", "lost", "not-the-kernel"],
)
def test_what_was_lost_is_a_sign_of_nothing(
    monkeypatch: pytest.MonkeyPatch, changes: Changes, told: dict[str, bool] | None
) -> None:
    monkeypatch.setattr(socket, "socket", lambda *_: changes)
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: INDEX)
    with neighbours.watched("eth0") as found:
        assert found() == told


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_where_the_system_does_not_tell_nothing_is_told(platform: str) -> None:
    with system(platform).arp_answers("no-such-interface") as found:
        assert found() is None
