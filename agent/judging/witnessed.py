"""Which servers answered in their own protocol in this run: each answer proves that the host is up and can be reached.

Where a portal answers HTTP in place of the servers, an HTTP answer proves nothing, unless it has the content that only
the real vendor sends.
"""

from typing import Literal, NamedTuple

from netpreflight.agent.judging.forged import doubt_of_control, doubt_of_ntp, may_be_forged
from netpreflight.probes.observations import Observations

_NTP_PORT, _HTTP_PORT = 123, 80


class Answered(NamedTuple):
    """A port that answered as it should."""

    address: str
    protocol: Literal["udp", "tcp"]
    port: int
    speaks: Literal["ntp", "http", "coap", "dtls", "nonce"]

    @property
    def words(self) -> str:
        """The protocol and the port, such as `HTTP on TCP 80`."""
        name = {"ntp": "NTP", "http": "HTTP", "coap": "CoAP", "dtls": "DTLS", "nonce": "its own protocol"}[self.speaks]
        return f"{name} on {self.protocol.upper()} {self.port}"


def answered(seen: Observations) -> list[Answered]:
    """Every exchange of this run that succeeded."""
    found: list[Answered] = []
    if seen.ntp and seen.ntp.good and seen.ntp.address is not None and doubt_of_ntp(seen.ntp) is None:
        found.append(Answered(seen.ntp.address, "udp", _NTP_PORT, "ntp"))
    witnesses = seen.portal.http if seen.portal else []
    found += [
        Answered(witness.address, "tcp", _HTTP_PORT, "http")
        for witness in witnesses
        if witness.right and witness.address
    ]
    # If something answers HTTP in place of one vendor, an HTTP answer of another server proves nothing.
    intercepted = any(witness.status is not None and not witness.right for witness in witnesses)
    for server in seen.coap.servers if seen.coap else []:
        if server.address is None:
            continue
        if server.has_answered:
            found.append(Answered(server.address, "udp", server.port, "coap"))
        for control in server.controls:
            doubtful = control.foreign or doubt_of_control(control) is not None
            if control.answered and not doubtful and not (intercepted and control.protocol == "http"):
                protocol: Literal["udp", "tcp"] = "udp" if control.protocol == "dtls" else "tcp"
                found.append(Answered(server.address, protocol, control.port, control.protocol))
    for endpoint in seen.cloud.endpoints if seen.cloud else []:
        if endpoint.address is None:
            continue
        if endpoint.record and not may_be_forged(endpoint):
            found.append(Answered(endpoint.address, "udp", endpoint.port, "dtls"))
        if endpoint.nonce:
            found.append(Answered(endpoint.address, "tcp", endpoint.port, "nonce"))
    return found


def answered_at(seen: Observations, address: str) -> list[Answered]:
    """The ports of one address that answered as they should."""
    return [answer for answer in answered(seen) if answer.address == address]


def answered_addresses(seen: Observations) -> set[str]:
    """The addresses at which something answered as it should."""
    return {answer.address for answer in answered(seen)}
