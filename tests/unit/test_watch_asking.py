"""What each question of a watch comes to, on a laptop and a network that answer from a script."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.profiles import Profile
from netpreflight.agent.profiles.facts import Certainty
from netpreflight.agent.watch import asking
from netpreflight.agent.watch.asking import Asker, air_limit, in_words
from netpreflight.agent.watch.records import LONGEST_SAID, Answer, kept
from netpreflight.agent.watch.schedule import Plan
from netpreflight.agent.watch.watched import Layer
from netpreflight.probes import held_lease
from netpreflight.probes.held_lease import HeldLease
from netpreflight.probes.net.dtls import alert, client_hello
from netpreflight.probes.observations import Icmp, Ladder, PathProbe, PathTarget, Wifi
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import Adapter, StationEvent
from tests.unit.dtls_records import ALERT, COOKIE, HELLO_VERIFY, OPENSSL_KEY, RANDOM, VENDOR, VENDOR_KEY, hello
from tests.unit.fakes import Clock, FakeNetwork, Script
from tests.unit.watching import PLAN

CLOUD = "198.51.100.21"
ROUTER, ROUTER_MAC = "192.168.77.1", "02:00:00:77:00:01"
ADAPTER = Adapter(name="fake0", id="fake0", index=1, state="up", addresses=("192.168.77.10/24",), gateway=ROUTER)
BY_ADDRESS = msgspec.structs.replace(PLAN, hosts=[CLOUD])

PHOTON = profiles.load("photon")


class Desk:
    """An asker with its laptop and networks.

    Args:
        monkeypatch: puts them in place.
        scripts: what answers on each network that is made, one after the other; the last one stays.
        plan: what is asked.
        profile: the device's; the one of a Photon has no key of its cloud.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *scripts: Script,
        plan: Plan = BY_ADDRESS,
        profile: Profile = PHOTON,
    ) -> None:
        self.clock = Clock()
        self.adapters = [ADAPTER]
        self.neighbours: dict[str, str] | None = {ROUTER: ROUTER_MAC}
        self.networks: list[FakeNetwork] = []
        self.asker = Asker("fake0", plan, profile, self.clock)
        self._scripts = list(scripts)
        monkeypatch.setattr(SYSTEM, "adapters", lambda: self.adapters)
        monkeypatch.setattr(SYSTEM, "neighbours", lambda _: self.neighbours)
        monkeypatch.setattr(self.asker, "_network", self._made)

    def _made(self, **_: bool) -> FakeNetwork:
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        self.networks.append(FakeNetwork(self.clock, script))
        return self.networks[-1]

    def ask(self, layer: Layer, tries: int = 0) -> Answer:
        """Ask once."""
        return asyncio.run(self.asker.ask(layer, tries))


def silent(_: int, __: bytes) -> list[Any]:
    return []


def answers(what: bytes | Icmp) -> Script:
    return lambda _, __: [(0.02, what)]


REFUSED = Icmp(type=3, code=13, source="203.0.113.1")


@pytest.mark.parametrize(
    ("script", "comes_to"),
    [
        (answers(HELLO_VERIFY), (True, None)),
        (answers(ALERT), (True, None)),
        (silent, (False, "no-answer")),
        (answers(b"no DTLS"), (False, "no-answer")),
        (answers(REFUSED), (False, "rejected")),
        (lambda _, __: "network unreachable", (None, None)),
    ],
    ids=["cookie", "alert", "silent", "nonsense", "rejected", "unsent"],
)
def test_a_cloud_that_answers_by_its_protocol_works(
    script: Script, comes_to: tuple[bool | None, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Desk(monkeypatch, script).ask("cloud")

    assert (answer.good, answer.problem) == comes_to


def test_a_conversation_stays_on_one_port_with_one_random_and_the_next_record(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, answers(HELLO_VERIFY))
    assert all(desk.ask("cloud").good for _ in range(3))

    (network,) = desk.networks
    (sock,) = network.sockets
    hellos = [payload for _, payload in sock.sent]
    assert [int.from_bytes(hello[5:11]) for hello in hellos] == [0, 1, 2]
    assert len({hello[27:59] for hello in hellos}) == 1


def test_an_answer_that_comes_late_is_none_to_the_next_question(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, lambda number, _: [(5.0, HELLO_VERIFY)] if number == 1 else [])

    assert desk.ask("cloud").problem == "no-answer"  # given up after the 3 s of a device
    desk.clock.now += 10
    assert desk.ask("cloud").problem == "no-answer"


def test_a_new_port_that_is_answered_shows_that_the_conversation_was_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, silent, answers(HELLO_VERIFY))
    last = len(PLAN.intervals()["cloud"].again_at_s)

    assert desk.ask("cloud", tries=0).problem == "no-answer"
    assert desk.ask("cloud", tries=last).problem == "mapping-lost"
    assert desk.ask("cloud").good
    assert len(desk.networks) == 2, "it goes on from the new port"


@pytest.mark.parametrize(
    ("known_address", "problem"), [(CLOUD, "mapping-lost"), ("198.51.100.22", "no-answer")], ids=["port", "address"]
)
def test_a_conversation_that_is_begun_anew_leaves_the_lease_and_the_events_of_the_air(
    known_address: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back, ended = list[str](), list[str]()
    held = HeldLease("192.168.77.100", ROUTER, ROUTER_MAC, 1, 60.0, 105.0, 120.0)

    async def take(*_: object) -> HeldLease:
        return held

    async def give_back(_network: object, _scope: object, lease: HeldLease, *_: object) -> None:
        given_back.append(lease.address)

    @contextlib.contextmanager
    def station_events(_: str) -> Iterator[Callable[[], StationEvent | None]]:
        yield lambda: None
        ended.append("listening")

    monkeypatch.setattr(held_lease, "take", take)
    monkeypatch.setattr(held_lease, "give_back", give_back)
    monkeypatch.setattr(SYSTEM, "station_events", station_events)
    desk = Desk(monkeypatch, silent, answers(HELLO_VERIFY) if problem == "mapping-lost" else silent)
    desk.adapters = [replaced(medium="wifi", state="no-carrier")]
    desk.ask("link")
    assert desk.ask("dhcp").good
    last = len(PLAN.intervals()["cloud"].again_at_s)
    desk.ask("cloud")
    monkeypatch.setattr(desk.asker, "_address", known_address)
    assert desk.ask("cloud", tries=last).problem == problem

    assert (given_back, ended) == ([], [])
    asyncio.run(desk.asker.close())
    assert (given_back, ended) == ([held.address], ["listening"])


def test_a_cloud_that_is_silent_on_a_new_port_too_has_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, silent)

    assert desk.ask("cloud", tries=len(PLAN.intervals()["cloud"].again_at_s)).problem == "no-answer"


# --- whether it is the cloud


def carrying(key: str, certainty: Certainty = "inferred") -> Profile:
    """An Argon whose cloud is CLOUD, and has a key."""
    argon = profiles.load("argon")
    assert argon.cloud.server_key is not None
    cloud = msgspec.structs.replace(
        argon.cloud,
        hosts=msgspec.structs.replace(argon.cloud.hosts, value=[CLOUD]),
        server_key=msgspec.structs.replace(argon.cloud.server_key, value=key, certainty=certainty),
    )
    return msgspec.structs.replace(argon, cloud=cloud)


def is_plain(wire: bytes) -> bool:
    return len(wire) == len(hello(0))


def signing(_: int, wire: bytes) -> list[tuple[float, Any]]:
    """A cloud that gives a cookie and then its flight, for a ClientHello with RANDOM."""
    if wire[:1] == b"\x15":  # an alert
        return []
    return [(0.02, HELLO_VERIFY)] if is_plain(wire) else [(0.02, datagram) for datagram in VENDOR]


def no_flight(_: int, wire: bytes) -> list[tuple[float, Any]]:
    """A firewall that drops what comes after the cookie, from whatever port."""
    return [(0.02, HELLO_VERIFY)] if is_plain(wire) and wire[5:11] == bytes(6) else []


def sent(desk: Desk) -> list[list[bytes]]:
    """What was sent on each network."""
    return [[wire for sock in network.sockets for _, wire in sock.sent] for network in desk.networks]


def test_the_first_answer_is_shown_to_be_the_clouds_by_the_handshake_of_a_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    desk = Desk(monkeypatch, signing, profile=carrying(VENDOR_KEY))
    answers_ = [desk.ask("cloud") for _ in range(3)]

    assert [answer.good for answer in answers_] == [True] * 3
    assert ["it has signed with the key that devices carry" in answer.said for answer in answers_] == [
        True,
        False,
        False,
    ]
    handshake = [hello(0), client_hello(RANDOM, COOKIE, record=1), alert(2)]
    assert sent(desk) == [[hello(0), hello(1), hello(2)], handshake]
    assert desk.asker.take_changes() == []


def test_it_is_shown_again_after_an_outage_and_not_after_a_lost_datagram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    is_silent = False
    desk = Desk(monkeypatch, lambda *wire: [] if is_silent else signing(*wire), profile=carrying(VENDOR_KEY))
    last = len(PLAN.intervals()["cloud"].again_at_s)

    def handshakes() -> int:
        return sum(not is_plain(wire) and wire[:1] != b"\x15" for wires in sent(desk) for wire in wires)

    assert desk.ask("cloud").good
    is_silent = True
    assert desk.ask("cloud", tries=0).good is False
    is_silent = False
    assert (desk.ask("cloud", tries=1).good, handshakes()) == (True, 1)
    is_silent = True
    assert [desk.ask("cloud", tries=tries).good for tries in range(last + 1)] == [False] * (last + 1)
    is_silent = False
    assert (desk.ask("cloud").good, handshakes()) == (True, 2)
    assert (desk.ask("cloud").good, handshakes()) == (True, 2)


@pytest.mark.parametrize(
    ("profile", "script", "problem", "changes"),
    [
        (carrying(OPENSSL_KEY, "confirmed"), signing, "not-the-cloud", []),
        (carrying(OPENSSL_KEY), signing, None, ["unproved"]),
        (carrying(VENDOR_KEY), no_flight, "handshake-fails", []),
        (PHOTON, signing, None, []),
    ],
    ids=["another key", "a key that is only inferred", "dropped after the cookie", "no key"],
)
def test_what_does_not_show_that_it_is_the_cloud(
    profile: Profile, script: Script, problem: str | None, changes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    desk = Desk(monkeypatch, script, profile=profile)
    answer = desk.ask("cloud")

    assert (answer.good, answer.problem) == (problem is None, problem)
    if problem is None:
        assert desk.asker.take_changes() == [], "it is tried again"
        assert all(desk.ask("cloud").good for _ in range(asking.MOST_PROOFS))
    assert [change.kind for change in desk.asker.take_changes()] == changes


def test_a_watch_that_ends_or_breaks_before_three_handshakes_says_what_they_left_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])
    is_silent = False
    desk = Desk(monkeypatch, lambda *wire: [] if is_silent else signing(*wire), profile=carrying(OPENSSL_KEY))
    last = len(PLAN.intervals()["cloud"].again_at_s)

    def break_off() -> None:
        nonlocal is_silent
        is_silent = True
        assert [desk.ask("cloud", tries=tries).good for tries in range(last + 1)] == [False] * (last + 1)
        is_silent = False

    for _ in range(asking.MOST_PROOFS):
        assert desk.asker.take_changes() == []
        assert desk.ask("cloud").good
        break_off()
    assert [change.kind for change in desk.asker.take_changes()] == ["unproved"]
    assert desk.ask("cloud").good
    asyncio.run(desk.asker.close())

    assert [change.kind for change in desk.asker.take_changes()] == ["unproved"]


def test_a_handshake_that_leaves_it_open_is_made_again_with_the_next_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: RANDOM[:size])

    def no_second(_: int, wire: bytes) -> list[tuple[float, Any]]:
        return [(0.02, HELLO_VERIFY)] if is_plain(wire) else []

    desk = Desk(monkeypatch, signing, no_second, signing, profile=carrying(VENDOR_KEY))

    assert "does not go on with the handshake" in desk.ask("cloud").said
    assert "it has signed" in desk.ask("cloud").said
    assert [desk.ask("cloud").good for _ in range(3)] == [True] * 3
    asyncio.run(desk.asker.close())
    assert (len(desk.networks), desk.asker.take_changes()) == (3, [])


@pytest.mark.parametrize(
    ("changed", "layer", "problem"),
    [
        ({"state": "no-carrier"}, "link", "link-lost"),
        ({"state": "down"}, "link", "link-lost"),
        ({"addresses": ()}, "ip", "no-address"),
        ({"name": "other"}, "link", "link-lost"),
    ],
)
def test_what_the_laptop_says_of_its_link(
    changed: dict[str, Any], layer: Layer, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(monkeypatch, silent)
    healthy = desk.ask(layer)
    desk.adapters = [replaced(**changed)]

    assert healthy.good
    assert desk.ask(layer).problem == problem


def replaced(**changed: Any) -> Adapter:
    fields = {name: getattr(ADAPTER, name) for name in ADAPTER.__slots__}
    return Adapter(**{**fields, **changed})


@pytest.mark.parametrize(
    ("address", "problem"), [(CLOUD, None), ("0.0.0.0", "no-usable-address"), ("127.0.0.1", "no-usable-address")]
)
def test_a_name_that_is_blocked_by_an_address_is_a_resolver_that_does_not_work(
    address: str, problem: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(monkeypatch, lambda _, query: [(0.02, dns_answer(query, address))], plan=PLAN)
    monkeypatch.setattr(desk.asker, "_resolvers", resolvers)
    answer = desk.ask("dns")

    assert (answer.good, answer.problem) == (problem is None, problem)
    assert address in answer.said


def dns_answer(query: bytes, address: str) -> bytes:
    """An answer to a query with one A record (RFC 1035 section 4.1)."""
    record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + socket.inet_aton(address)
    return query[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + query[12:] + record


async def resolvers(_: object) -> list[str]:
    return [ROUTER]


def test_the_router_is_as_the_arp_table_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, silent)

    assert desk.ask("gateway").good
    desk.neighbours = {ROUTER: "02:00:00:00:00:99"}
    assert desk.ask("gateway").good
    assert [(change.kind, ROUTER_MAC in change.said) for change in desk.asker.take_changes()] == [
        ("gateway-changed", True)
    ]
    desk.neighbours = {}
    assert desk.ask("gateway").problem == "gateway-silent"
    desk.neighbours = None
    assert desk.ask("gateway").good is None


@pytest.mark.parametrize("fault", [OSError(19, "No such device"), RuntimeError("ours")])
def test_a_question_that_fails_here_says_nothing_of_the_network(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(monkeypatch, silent)

    def fail() -> list[Adapter]:
        raise fault

    monkeypatch.setattr(SYSTEM, "adapters", fail)
    answer = desk.ask("link")

    assert answer.good is None
    assert fault.args[-1] in answer.said


def test_what_the_network_says_is_kept_within_limits() -> None:
    text = "caf\udce9" + "x" * 10_000

    assert kept(text).startswith("caf\\udce9x")
    assert len(kept(text).encode()) < 2 * LONGEST_SAID


def test_another_bss_and_another_channel_are_noted_and_nothing_is_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = iter([("02:aa", 2412), ("02:aa", 2412), ("02:bb", 2412), ("02:bb", 2437)])
    scans: list[bool] = []

    async def told(*_: Any, scan: bool) -> Wifi:
        scans.append(scan)
        bssid, frequency = next(heard)
        return Wifi(
            interface="fake0", associated_ssid="home", associated_bssid=bssid, associated_frequency_mhz=frequency
        )

    desk = Desk(monkeypatch, silent)
    desk.adapters = [replaced(medium="wifi")]
    monkeypatch.setattr("netpreflight.probes.wifi.wifi", told)
    for _ in range(4):
        assert desk.ask("link").good
        desk.clock.now += asking.AIR_S

    assert [(change.kind, change.bssid) for change in desk.asker.take_changes()] == [
        ("roamed", "02:bb"),
        ("channel", "02:bb"),
    ]
    assert (desk.asker.ssid, scans) == ("home", [False] * 4)


def test_what_the_driver_tells_is_noted_and_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def told(*_: Any, scan: bool) -> Wifi:
        nonlocal looks
        looks += 1
        return Wifi(interface="fake0", associated_bssid="02:aa", associated_frequency_mhz=2437 if looks > 1 else 2412)

    events: list[StationEvent] = []
    listened = contextlib.nullcontext(lambda: events.pop(0) if events else None)
    desk = Desk(monkeypatch, silent)
    desk.adapters = [replaced(medium="wifi")]
    monkeypatch.setattr("netpreflight.probes.wifi.wifi", told)
    monkeypatch.setattr(SYSTEM, "station_events", lambda _: listened)
    assert (air_limit("fake0"), desk.ask("link").good, looks) == (None, True, 1)

    events += [StationEvent("channel", None, None, frequency_mhz=2437), StationEvent("end", "02:aa", 4)]
    desk.adapters = [replaced(medium="wifi", state="no-carrier")]
    lost = desk.ask("link")
    assert lost.said == "no carrier; the access point 02:aa ended it: reason 4 (inactivity, or no more beacons)"
    events.append(StationEvent("association", "02:aa", 0))
    desk.adapters = [replaced(medium="wifi")]
    desk.clock.now += asking.AIR_S
    assert desk.ask("link").good
    assert [change.kind for change in desk.asker.take_changes()] == ["channel", "deauthenticated"]

    desk.clock.now += asking.AIR_S
    assert (desk.ask("link").good, looks) == (True, 2), "without an event it is not looked again so soon"


def test_where_the_driver_tells_nothing_the_watch_says_what_it_cannot_see(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, silent)
    assert air_limit("fake0") is None, "a cable has no air"
    desk.adapters = [replaced(medium="wifi")]

    def refuse(_: str) -> None:
        raise OSError("this system does not tell what becomes of a station")

    monkeypatch.setattr(SYSTEM, "station_events", refuse)
    assert "this system does not tell what becomes of a station." in (air_limit("fake0") or "")


def test_traffic_is_counted_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, answers(HELLO_VERIFY))
    monkeypatch.setattr(asking, "_in_all", counting(desk))
    desk.ask("cloud")

    ((key, counts),) = desk.asker.take_traffic().items()
    assert key == ("udp", CLOUD, CLOUD, 5684)
    assert counts == (1, 138, 1, 28 + len(HELLO_VERIFY))
    assert desk.asker.take_traffic() == {}


def counting(desk: Desk) -> Callable[[FakeNetwork], tuple[int, int]]:
    """Of a fake network, which counts nothing itself: what its sockets have sent."""

    def in_all(network: FakeNetwork) -> tuple[int, int]:
        assert network in desk.networks
        sent = [payload for sock in network.sockets for _, payload in sock.sent]
        return len(sent), sum(28 + len(payload) for payload in sent)

    return in_all


def ladder(port: int, *reached: int) -> Ladder:
    """A ladder whose routers answered at these TTLs."""
    probes = [
        PathProbe(ttl=ttl, at_s=0.0, outcome="time-exceeded", source=f"203.0.113.{ttl}", icmp=REFUSED)
        for ttl in reached
    ]
    return Ladder(protocol="udp", port=port, payload="dtls", probes=probes)


@pytest.mark.parametrize(
    ("device", "control", "lost_behind"), [((1,), (1, 2, 3), 2), ((), (1,), 1), ((1, 2), (1, 2), None)]
)
def test_a_port_is_dropped_where_others_get_further(
    device: tuple[int, ...], control: tuple[int, ...], lost_behind: int | None
) -> None:
    target = PathTarget(host="h", address=CLOUD, device=ladder(5684, *device), controls=[ladder(53, *control)])
    traced = in_words(target)

    assert traced.lost_behind == lost_behind
    assert (f"dropped at or after hop {lost_behind}" in traced.words) == (lost_behind is not None)
