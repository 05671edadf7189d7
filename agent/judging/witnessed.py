"""Which hosts answered in their own protocol, whatever the port: the proof that a host and the way to it are alive."""

from netpreflight.probes.observations import Observations


def answered(seen: Observations) -> dict[str, list[str]]:
    """The exchanges that succeeded, as words such as `TCP 80`, by address."""
    found: dict[str, list[str]] = {}

    def add(address: str | None, words: str) -> None:
        if address is not None:
            found.setdefault(address, []).append(words)

    if seen.ntp and seen.ntp.good:
        add(seen.ntp.address, "NTP on UDP 123")
    for witness in seen.portal.http if seen.portal else []:
        if witness.right:
            add(witness.address, "HTTP on TCP 80")
    intercepted = any(one.status is not None and not one.right for one in (seen.portal.http if seen.portal else []))
    for server in seen.coap.servers if seen.coap else []:
        if server.reply:
            add(server.address, f"CoAP on UDP {server.port}")
        for control in server.controls:
            if control.answered and not control.foreign and not (intercepted and control.protocol == "http"):
                add(
                    server.address,
                    f"{control.protocol.upper()} on {'UDP' if control.protocol == 'dtls' else 'TCP'} {control.port}",
                )
    for endpoint in seen.cloud.endpoints if seen.cloud else []:
        if endpoint.record:
            add(endpoint.address, f"DTLS on UDP {endpoint.port}")
        if endpoint.nonce:
            add(endpoint.address, f"its own protocol on TCP {endpoint.port}")
    return found


def answered_addresses(seen: Observations) -> set[str]:
    """The addresses at which something answered as it should."""
    return set(answered(seen))
