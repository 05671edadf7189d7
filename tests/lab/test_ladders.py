"""Which router drops a device's port: said rightly or not at all, in the rows of `ladders/`, as root and as nobody."""

from collections.abc import Callable

import pytest
from msgspec.structs import asdict

from netpreflight.agent.results import Finding, Named
from netpreflight.probes.path import STEP_S
from tests.lab.chain import DEAD, PORTS, USERS, Chain, Looked
from tests.lab.faults import Fault, Firewall
from tests.lab.judged_path import judged
from tests.lab.lab import LAPTOP
from tests.lab.ladder_files import Ladder, LadderFault, Router, Said, Who, every_ladder, is_odd, whom
from tests.lab.oddrouter import OddRouter
from tests.lab.servers import BEHIND_RELAY

pytestmark = pytest.mark.lab

LOOKS = 5
"""So many looks, at most, until one has all its answers in time; on an idle machine the first has."""


class Row:
    """A ladder of a file, as a chain of real routers."""

    def __init__(self, ladder: Ladder, chain: Chain, what: str) -> None:
        self._ladder, self._chain, self._what = ladder, chain, what
        self._numbers: dict[int, int] = {}
        """The chain's number of each router, by its place in the row; an odd one has none."""
        self.fired: list[Callable[[], object]] = []
        """Whether what the routers do was ever done."""
        for place, router in enumerate(ladder.routers, 1):
            if not is_odd(router):
                self._numbers[place] = len(self._numbers) + 1
        limits = [fault for place, router in enumerate(ladder.routers, 1) for fault in self._prepare(place, router)]
        if limits:
            self.fired.append(lambda: any(limit.counter() for limit in limits))
        if ladder.tunnel:
            chain.tunnel(inherit=ladder.tunnel == "the TTL of what it carries")
            self.fired.append(chain.routers[1].rule("udp dport 4789 counter name hits", ("forward",)).counter)

    def _prepare(self, place: int, router: str | Router) -> list[Fault]:
        """Let a router do what it always does; the limits of its ICMP, which need not all be reached."""
        chain = self._chain
        if router == "silent":
            self.fired.append(chain.silence(self._numbers[place]).counter)
        elif router == "limited by Linux":
            chain.routers[self._numbers[place] - 1].where.sysctl("net/ipv4/icmp_ratelimit", "1000")
        elif isinstance(router, Router) and router.odd:
            odd = OddRouter(**asdict(router.odd))
            odd.join(chain)
            self.fired.append(lambda: odd.did)
        elif isinstance(router, Router) and router.rewrites_ttl:
            self.fired.append(chain.rewrite_ttl(self._numbers[place], router.rewrites_ttl).counter)
        elif isinstance(router, Router) and router.limit:
            return [chain.limit_icmp(self._numbers[place], router.limit)]
        return []

    def inject(self, fault: LadderFault) -> Fault:
        """Let it go wrong."""
        chain, hooks = self._chain, (fault.hook,)
        protocol, port, _ = PORTS[self._what]
        if fault.does == "is dead":
            return chain.dead
        if fault.at == "laptop":
            wall = Firewall(chain.laptop)
        elif fault.at == "server":
            wall, port = chain.server, BEHIND_RELAY if self._what == "dtls" else port
        else:
            wall = chain.routers[self._numbers[fault.at] - 1]
        match fault.does:
            case "accepts":
                assert isinstance(fault.at, int)
                return chain.proxy(self._numbers[fault.at])
            case "rejects":
                assert fault.answer
                return wall.reject(protocol, port, answer=fault.answer, hooks=hooks)
            case "drops everything":
                return wall.drop(hooks=hooks)
            case does:
                return wall.drop(protocol, port, reply=does == "drops replies", hooks=hooks)

    def _address(self, place: int) -> str:
        number = self._numbers.get(place)
        return self._chain.hops[number - 1] if number else OddRouter.ways[0]

    def _named(self, who: Who, hop: int | None) -> Named | None:
        if who == "nobody":
            return None
        return Named(address=LAPTOP) if who == "laptop" else Named(address=self._address(who), hop=hop or who)

    def hold(self, finding: Finding, said: Said) -> None:
        """Hold what is said against what has to be said."""
        statuses = said.status if isinstance(said.status, list) else [said.status]
        assert finding.status in statuses, (said, finding)
        problems = said.problem if isinstance(said.problem, list) else [said.problem]
        assert said.problem is None or (finding.problem or "none") in problems, (said, finding)
        assert finding.named in [self._named(who, said.hop) for who in whom(said)], (said, finding)
        if finding.named:
            assert finding.named.address in finding.summary
        assert said.owner in {None, finding.owner}, (said, finding)
        assert said.mentions is None or self._address(said.mentions) in finding.summary, (said, finding)


def was_late(looked: Looked) -> bool:
    """Whether a router's answer came when the next rung had been asked, or for a packet that could not be told."""
    for ladder in (looked.target.device, *looked.target.controls):
        last = max((probe.ttl for probe in ladder.probes if probe.outcome == "time-exceeded"), default=0)
        for probe in ladder.probes:
            if probe.ttl <= last and (probe.rtt_ms is None or probe.rtt_ms >= STEP_S * 1000):
                return True
    return False


def needs_answers_in_time(ladder: Ladder) -> bool:
    """Whether a late answer leaves nothing to say: without raw sockets, errors that quote eight bytes look alike.

    A busy machine makes any router late.
    """
    odd = [router.odd for router in ladder.routers if isinstance(router, Router) and router.odd]
    return any(router.trims and not router.delay_s for router in odd)


def timed(ladder: Ladder) -> list[pytest.MarkDecorator]:
    """The mark of a row with a router that is a program of ours: it is slower than Linux's."""
    return [pytest.mark.timing] if any(map(is_odd, ladder.routers)) else []


def errors(looked: Looked) -> set[tuple[int, int]]:
    """Types and codes of the ICMP errors that the device's port was answered by."""
    return {(probe.icmp.type, probe.icmp.code) for probe in looked.target.device.probes if probe.icmp}


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
@pytest.mark.parametrize(
    ("ladder", "what"),
    [
        pytest.param(ladder, what, id=f"{ladder.name}-{what}", marks=timed(ladder))
        for ladder in every_ladder()
        for what in ladder.packets
    ],
)  # fmt: skip
def test_ladder(ladder: Ladder, what: str, user: int | None) -> None:
    usual = sum(not is_odd(router) for router in ladder.routers)
    with Chain(usual, second=ladder.second) as chain:
        row = Row(ladder, chain, what)
        for fault in ladder.faults:
            injected = row.inject(fault)
            before = injected.counter()
            address = DEAD if fault.to == "dead host" else None
            looked = chain.look(what, user=user, address=address)
            for _ in range(LOOKS if needs_answers_in_time(ladder) else 0):
                if not was_late(looked):
                    break
                looked = chain.look(what, user=user, address=address)
            row.hold(judged(what, looked), fault)
            assert fault.icmp is None or fault.icmp in errors(looked), fault
            assert injected.counter() > before, fault
            if injected is not chain.dead:
                injected.remove()
        row.hold(judged(what, chain.look(what, user=user)), ladder.healthy)
        assert all(fired() for fired in row.fired)
