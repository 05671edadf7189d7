"""Whether a network lets this laptop through and a device not: what answers each, in a run that is the device."""

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
    """Everything that was asked in a run, and whether it answered as it should."""
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
    """What answers this laptop from its own address, and was asked as the device without an answer.

    On another network a resolver's address may be another host's.
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

    Of each kind that answers the laptop only, nothing answers the device; and it is the web, or several kinds: one
    server that is silent once is no sign of it. What another network lets through shows nothing of this one.
    """
    if not on_same_network(seen):
        return False
    lost = {exchange.what for exchange in only_laptop(seen)} - {"resolver"}
    reached = {exchange.what for exchange in exchanges(seen) if exchange.answered}
    return (len(lost) > 1 or "page" in lost) and not lost & reached


def judged(view: DeviceView, check_id: str, finding: Finding) -> Finding:
    """A finding, in a run that is the device: a server's silence, where it answers this laptop, is the network's doing.

    Where nothing else tells a blocked port from a server that is down, the laptop's own answer does: it came from the
    same servers in the same run. Where this laptop was on another network than the device, that shows no more than that
    the server is there.
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


def _closed_here(seen: Observations, finding: Finding, asked: LaptopExchange, own: str, joined: str) -> Finding:
    """A CoAP server's silence, where it answers this laptop on another network.

    A server of the Internet is then kept from the device by the joined network, if something else of the Internet does
    answer the device there. Of other kinds of servers, silence alone fails the check already.
    """
    reached = any(exchange.answered and exchange.what != "resolver" for exchange in exchanges(seen))
    if asked.what != "coap" or not reached or asked.address is None or seen.scope.is_on_link(asked.address):
        return finding
    host = asked.host or asked.address
    return msgspec.structs.replace(
        finding,
        status="fail",
        summary=f"UDP {asked.port} is closed on {joined}, and open on {own}",
        reason=f"{host} ({asked.address}) answers this laptop on {own}, and is silent for the device on {joined}.",
        remedy=f"Allow outbound UDP {asked.port} on {joined} as on {own}, with replies.",
        owner="network administrator",
        due_to=None,
        to_allow=[Flow(protocol="udp", port=asked.port, address=asked.address, host=host)],
    )


def words_of(exchange: LaptopExchange) -> str:
    """What was asked, such as `DTLS on UDP 5684`."""
    return {
        "resolver": f"the resolver {exchange.address}",
        "ntp": "NTP on UDP 123",
        "page": "the web on TCP 80",
        "coap": f"CoAP on UDP {exchange.port}",
        "dtls": f"DTLS on UDP {exchange.port}",
        "nonce": f"the Photon's cloud on TCP {exchange.port}",
    }[exchange.what]


def _key(exchange: LaptopExchange) -> tuple[str, str | None, int]:
    """What is the same exchange: of the name asked, at any of its addresses."""
    return exchange.what, exchange.host or exchange.address, exchange.port
