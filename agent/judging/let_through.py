"""Whether the network lets this laptop through but not the device, by the answers to both in a run as the device."""

import msgspec
from msgspec import UNSET

from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.unseen import laptop_elsewhere, on_same_network
from netpreflight.agent.results import ONLY_LAPTOP, Finding, Flow
from netpreflight.agent.sentences import capitalised
from netpreflight.probes.observations import LaptopExchange, Observations
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.urls import parts


def exchanges(seen: Observations) -> list[LaptopExchange]:
    """Each server that a run asked, and whether it answered as it should."""
    found: list[LaptopExchange] = []
    if seen.dns is not None:
        for resolver in seen.dns.resolvers:
            lookups = [lookup for lookup in seen.dns.lookups if lookup.resolver == resolver]
            if lookups:
                has_answered = any(lookup.rcode is not None for lookup in lookups)
                found.append(LaptopExchange(what="resolver", address=resolver, port=53, answered=has_answered))
    if seen.ntp is not None and seen.ntp.address is not None:
        found.append(
            LaptopExchange(
                what="ntp", host=seen.ntp.server, address=seen.ntp.address, port=123, answered=bool(seen.ntp.good)
            )
        )
    for witness in seen.portal.http if seen.portal is not None else []:
        if witness.address is not None:
            host = parts(witness.url).host
            found.append(
                LaptopExchange(what="page", host=host, address=witness.address, port=80, answered=witness.right)
            )
    found += [
        LaptopExchange(
            what="coap", host=server.host, address=server.address, port=server.port, answered=server.has_answered
        )
        for server in (seen.coap.servers if seen.coap is not None else [])
        if server.address is not None
    ]
    found += [
        LaptopExchange(
            what="dtls" if endpoint.transport == "dtls" else "nonce",
            host=endpoint.host,
            address=endpoint.address,
            port=endpoint.port,
            answered=bool(endpoint.record or endpoint.nonce),
        )
        for endpoint in (seen.cloud.endpoints if seen.cloud is not None else [])
        if endpoint.address is not None
    ]
    return found


def only_laptop(seen: Observations) -> list[LaptopExchange]:
    """The exchanges that are answered from this laptop's own address, but were not answered when made as the device.

    Resolvers count only if both were on the same network: on another network, the same address may be another host's.
    """
    if seen.as_device is UNSET:
        return []
    by_device = {_key(exchange): exchange.answered for exchange in exchanges(seen)}
    is_same = on_same_network(seen)
    return [
        exchange
        for exchange in seen.as_device.laptop
        if exchange.answered and by_device.get(_key(exchange)) is False and (is_same or exchange.what != "resolver")
    ]


def is_let_through(seen: Observations) -> bool:
    """Whether the network lets this laptop through and the device not.

    True if there are kinds of servers that answer only the laptop, with no server of these kinds answering the device,
    and they are several or include the web: a single server that is silent once is no sign of a block. False if the
    laptop is not known to be on the device's network: what another network lets through shows nothing about this one.
    """
    if not on_same_network(seen):
        return False
    lost = {exchange.what for exchange in only_laptop(seen)} - {"resolver"}
    reached = {exchange.what for exchange in exchanges(seen) if exchange.answered}
    return (len(lost) > 1 or "page" in lost) and not lost & reached


def judged(view: DeviceView, check_id: str, finding: Finding) -> Finding:
    """In a run as the device, make a server's silence a failure of the network if the same server answers this laptop.

    The laptop's own exchange tells a blocked port from a server that is down: it is made with the same servers in the
    same run. If this laptop was on another network than the device, it shows only that the server is up: see
    `_closed_here`.
    """
    transport = view.profile.cloud.transport.value.removeprefix("tcp-")
    kinds = {"coap.udp-5683": "coap", "cloud.transport": transport, "ntp.reply": "ntp", "portal": "page"}
    kind = kinds.get(check_id)
    lost = [exchange for exchange in only_laptop(view.seen) if exchange.what == kind]
    if check_id == "cloud.transport":
        own = {(host, view.profile.cloud.port.value) for host in view.profile.cloud.hosts.value}
        lost = [exchange for exchange in lost if (exchange.host, exchange.port) in own]
    if finding.problem != "no-answer" or not lost:
        return finding
    if networks := laptop_elsewhere(view.seen):
        return _closed_here(view.seen, finding, lost[0], *map(in_quotes, networks))
    if not is_let_through(view.seen):
        return finding
    starting = capitalised(words_of(lost[0]))
    return msgspec.structs.replace(
        finding,
        status="fail",
        summary=f"{starting} answers this laptop, and not the device",
        problem=ONLY_LAPTOP,
        reason=f"{starting} at {lost[0].address} answers from this laptop's own address, and is silent for the device: "
        "the network lets this laptop through, and not the device.",
        remedy="Let the device through as this laptop is: by its MAC address, or by the network that it is in.",
        owner="network administrator",
        due_to=None,
        to_allow=[],  # the port is open for the laptop
    )


def _closed_here(seen: Observations, finding: Finding, exchange: LaptopExchange, own: str, joined: str) -> Finding:
    """The finding for a server that is silent for the device, but answers this laptop on another network.

    For a CoAP server on the internet it is a failure of the joined network, if something else on the internet answers
    the device there. Other kinds of servers keep their finding: their silence alone already fails the check.

    Args:
        seen: the run.
        finding: the finding so far.
        exchange: the laptop's own exchange with the server.
        own: the laptop's network, in quotes.
        joined: the network that the station joined as the device, in quotes.
    """
    reached = any(other.answered and other.what != "resolver" for other in exchanges(seen))
    if exchange.what != "coap" or not reached or exchange.address is None or seen.scope.is_on_link(exchange.address):
        return finding
    host = exchange.host or exchange.address
    return msgspec.structs.replace(
        finding,
        status="fail",
        summary=f"UDP {exchange.port} is closed on {joined}, and open on {own}",
        reason=f"{host} ({exchange.address}) answers this laptop on {own}, and is silent for the device on {joined}.",
        remedy=f"Allow outbound UDP {exchange.port} on {joined} as on {own}, with replies.",
        owner="network administrator",
        due_to=None,
        to_allow=[Flow(protocol="udp", port=exchange.port, address=exchange.address, host=host)],
    )


def words_of(exchange: LaptopExchange) -> str:
    """The protocol and port, or the server, of an exchange, such as `DTLS on UDP 5684`."""
    return {
        "resolver": f"the resolver {exchange.address}",
        "ntp": "NTP on UDP 123",
        "page": "the web on TCP 80",
        "coap": f"CoAP on UDP {exchange.port}",
        "dtls": f"DTLS on UDP {exchange.port}",
        "nonce": f"the Photon's cloud on TCP {exchange.port}",
    }[exchange.what]


def _key(exchange: LaptopExchange) -> tuple[str, str | None, int]:
    """What identifies an exchange: its kind, the host name (whatever its address) or else the address, and the port."""
    return exchange.what, exchange.host or exchange.address, exchange.port
