"""Finds out whether the device's cloud itself answers, by the handshake of a device that reconnects.

The result is judged by the same rules as in any run. The handshake is made from a local port of its own, up to the
message that the server signs, and then ended as a device ends a handshake that failed. It is ended because a server in
the middle of a handshake would not answer the plain ClientHellos of the watch's conversation.
"""

from typing import NamedTuple

from netpreflight.agent.judging.cloud import of_endpoint
from netpreflight.agent.judging.signature import has_signed
from netpreflight.agent.profiles import Profile
from netpreflight.agent.watch.watched import OutageProblem
from netpreflight.probes.cloud import cloud
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.observations import CloudEndpoint


class Proof(NamedTuple):
    """What a handshake shows.

    Attributes:
        said: the result in words.
        is_cloud: whether the server has signed with the key that devices carry; None: not known.
        problem: why a device that reconnects would fail; None: it would not, as far as is known.
    """

    said: str
    is_cloud: bool | None
    problem: OutageProblem | None = None


def can_prove(profile: Profile) -> bool:
    """Whether the profile has the key by which the device recognises its cloud, and the cloud uses DTLS."""
    return profile.cloud.transport.value == "dtls" and profile.cloud.server_key is not None


async def prove(network: Network, profile: Profile, host: str, address: str) -> Proof:
    """Make a handshake with the cloud at this address, up to the server's signature.

    Raises:
        OSError: the interface cannot be used.
    """

    async def address_of(_: str) -> str:
        return address

    endpoint = CloudEndpoint(transport="dtls", host=host, port=profile.cloud.port.value)
    seen = await cloud(network, [endpoint], address_of, is_proved=lambda found: has_signed(found, profile))
    return judged(seen.endpoints[0], profile)


def judged(endpoint: CloudEndpoint, profile: Profile) -> Proof:
    """What a handshake shows, by the rules of the check `cloud.transport`."""
    if has_signed(endpoint, profile):
        return Proof("it has signed with the key that devices carry", is_cloud=True)
    found = of_endpoint(endpoint, profile)
    if found.status != "fail":
        return Proof(found.summary, is_cloud=None)
    if found.problem == "other-key":
        return Proof(found.summary, is_cloud=False, problem="not-the-cloud")
    return Proof(found.summary, is_cloud=None, problem="handshake-fails")
