"""What `path.egress` says of a look at a row of routers."""

from typing import Any

from msgspec.structs import replace

from netpreflight.agent import profiles
from netpreflight.agent.judging.device_view import device_view
from netpreflight.agent.judging.path import egress
from netpreflight.agent.results import Finding
from netpreflight.probes.observations import (
    Cloud,
    CloudEndpoint,
    Coap,
    CoapServer,
    Connection,
    Observations,
    Path,
    Scope,
)
from tests.lab.chain import PORTS, Looked
from tests.lab.servers import GATEWAY
from tests.unit.seen import attempts

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
    return egress(device_view(unanswered(what, looked), profiles.load(DEVICES[what])))


def named(finding: Finding) -> str | None:
    """The router that a finding names as the last that answered, or as who rejects."""
    if finding.named is None:
        return None
    assert finding.named.address in finding.summary
    return finding.named.address
