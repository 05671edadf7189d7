"""Which router drops a device's port: said rightly or not at all, in rows of real routers, as root and as nobody."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from agent import profiles
from agent.checks import Finding
from agent.judging.path import egress
from probes.observations import Cloud, CloudEndpoint, Coap, CoapServer, Connection, Observations, Path, Scope
from tests.lab.chain import PORTS, USERS, Chain, Looked
from tests.lab.faults import Fault
from tests.lab.servers import GATEWAY
from tests.unit.seen import attempts

pytestmark = pytest.mark.lab

REJECTS = {
    "icmp net-unreachable": 0,
    "icmp host-unreachable": 1,
    "icmp port-unreachable": 3,
    "icmp net-prohibited": 9,
    "icmp host-prohibited": 10,
    "icmp admin-prohibited": 13,
}
DEVICES = {"coap": "generic", "dtls": "argon", "syn": "photon"}


def unanswered(what: str, looked: Looked) -> Observations:
    """A run in which the device's exchange brought nothing, and then this was seen of the path."""
    profile = profiles.load(DEVICES[what])
    host, (_, port, _), target = profile.cloud.hosts.value[0], PORTS[what], looked.target
    path = Path(targets=[replace(target, host=host)])
    seen = Observations(
        scope=Scope(interface="eth0", state="up", addresses=["192.168.77.10/24"], gateway=GATEWAY), path=path
    )
    silent = attempts(target.address, port, "timeout", 3)
    seen.coap = Coap(servers=[CoapServer(host=host, port=port, address=target.address, attempts=silent)])
    late = Connection(at_s=0.0, error="timeout")
    transport: Any = {"dtls": "dtls", "syn": "tcp-nonce"}.get(what, "dtls")
    seen.cloud = Cloud(
        endpoints=[
            CloudEndpoint(
                transport=transport,
                host=host,
                port=port,
                address=target.address,
                attempts=silent,
                connections=[late] * 3,
            )
        ]
    )
    return seen


def judged(what: str, looked: Looked) -> Finding:
    """What `path.egress` says of it."""
    return egress(unanswered(what, looked), profiles.load(DEVICES[what]))


def named(finding: Finding) -> str | None:
    """The router that a finding names as the last that answered, or as who rejects."""
    found = re.search(r"(?:dropped at or after|rejected by|cannot deliver) ?(\d+\.\d+\.\d+\.\d+)?", finding.summary)
    return found[1] if found else None


def with_fault(chain: Chain, make: Callable[[], Fault], what: str, user: int | None, **more: Any) -> Finding:
    """What is said while a fault is in force, which has to fire; it is gone afterwards."""
    fault = make()
    finding = judged(what, chain.look(what, user=user, **more))
    assert fault.counter(), fault.rule
    fault.remove()
    return finding


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> int | None:
    """Root, and who has no privilege at all."""
    return USERS[request.param]


@pytest.mark.parametrize("what", PORTS)
def test_dropped_at_each_router(what: str, user: int | None) -> None:
    with Chain() as chain:
        for router, hop in enumerate(chain.hops, 1):
            finding = with_fault(chain, lambda: chain.drop(router, what), what, user)  # noqa: B023 - called at once
            if router < len(chain.hops):
                assert (finding.status, named(finding)) == ("fail", hop), finding
                assert f"hop {router}" in finding.summary
            else:  # nothing but the destination comes after the last router, and it may be silent by itself
                assert finding.status == "unknown", finding
                assert f"up to hop {router}" in finding.summary

            finding = with_fault(chain, lambda: chain.drop(router, what, reply=True), what, user)  # noqa: B023
            assert finding.status == "unknown", finding
            assert named(finding) is None
            assert "lost on the way back" in (finding.reason or "")
        assert judged(what, chain.look(what, user=user)).status != "fail"


@pytest.mark.parametrize("what", PORTS)
def test_rejected_by_each_router(what: str, user: int | None) -> None:
    with Chain() as chain:
        for router, hop in enumerate(chain.hops, 1):
            for answer, code in REJECTS.items():
                fault = chain.reject(router, what, answer)
                looked = chain.look(what, user=user)
                finding = judged(what, looked)
                assert fault.counter(), fault.rule
                fault.remove()

                assert (finding.status, named(finding)) == ("fail", hop), finding
                assert f"hop {router}" in finding.summary
                said = {(one.icmp.type, one.icmp.code) for one in looked.target.device.probes if one.icmp}
                assert (3, code) in said
            if what == "syn":
                finding = with_fault(chain, lambda: chain.reject(router, what, "tcp reset"), what, user)  # noqa: B023
                assert named(finding) is None
                assert finding.status == "unknown", finding
