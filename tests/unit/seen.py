"""Observations made by hand: a healthy network, and the pieces to break it with."""

from typing import Any

import msgspec

from netpreflight.probes.observations import (
    Attempt,
    AttemptOutcome,
    Bss,
    Cloud,
    CloudEndpoint,
    Coap,
    CoapServer,
    Connection,
    Control,
    Dhcp,
    DhcpMessage,
    DhcpSend,
    Dns,
    HtOperation,
    HttpWitness,
    Icmp,
    Lookup,
    NameKind,
    Ntp,
    NtpAttempt,
    NtpReply,
    Observations,
    Portal,
    Privileges,
    Scope,
    Suites,
    Wifi,
)

GATEWAY, LAPTOP, RESOLVER = "192.168.77.1", "192.168.77.10/24", "192.168.77.1"
BEYOND = "10.9.0.53"
"""A resolver that is not in the device's subnet."""
NTP_NAME, NTP_ADDRESS = "pool.ntp.org", "198.51.100.123"
COAP_NAMES = ("coap.me", "californium.eclipseprojects.io")
COAP_ADDRESSES = ("198.51.100.11", "198.51.100.12")
PHOTON_NAME, PHOTON_ADDRESS = "device.spark.io", "198.51.100.20"
ARGON_NAME, ARGON_ADDRESS = "e00fce680000000000000000.v6.udp.particle.io", "198.51.100.21"
OTHER_ARGON_NAME = "e00fce68a1b2c3d4e5f60718.v6.udp.particle.io"
"""The same with another id, which a run makes up."""
VENDORS = {
    "connectivitycheck.gstatic.com": ("198.51.100.31", "/generate_204", 204, ""),
    "captive.apple.com": ("198.51.100.32", "/hotspot-detect.html", 200, "Success"),
    "www.msftconnecttest.com": ("198.51.100.33", "/connecttest.txt", 200, "Microsoft Connect Test"),
}
RANDOM = ("qwertyuiopasdf.example.com", "zxcvbnmasdfghj.iana.org")
ADDRESSES: dict[str, str] = {
    NTP_NAME: NTP_ADDRESS,
    **dict(zip(COAP_NAMES, COAP_ADDRESSES, strict=True)),
    PHOTON_NAME: PHOTON_ADDRESS,
    ARGON_NAME: ARGON_ADDRESS,
    OTHER_ARGON_NAME: ARGON_ADDRESS,
    **{name: vendor[0] for name, vendor in VENDORS.items()},
}
FILTER = "203.0.113.2"
"""A firewall on the way."""
PROHIBITED = Icmp(type=3, code=13, source=FILTER)


SSID = "Home"
FREQUENCIES = [*range(2412, 2473, 5), *range(5180, 5321, 20), *range(5500, 5721, 20), *range(5745, 5826, 20)]
"""2.4 GHz channels 1 to 13, and the 5 GHz channels of Europe and the United States."""


def bss(channel: int = 6, **fields: Any) -> Bss:
    """A 2.4 GHz access point that every device can join, with some fields changed."""
    usual: dict[str, Any] = {
        "bssid": f"02:00:00:00:00:{channel:02x}",
        "ssid": SSID,
        "frequency_mhz": 2407 + 5 * channel,
        "channel": channel,
        "width_mhz": 20,
        "signal_dbm": -50.0,
        "age_s": 0.5,
        "security": ["wpa2-psk"],
        "pmf": "none",
        "rates_mbps": [1.0, 2.0, 5.5, 11.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 54.0],
        "basic_rates_mbps": [1.0, 2.0, 5.5, 11.0],
        "ht": HtOperation(primary_channel=channel, secondary_offset=0, any_width=False),
        "rsn": Suites(version=1, group_cipher="CCMP", pairwise_ciphers=["CCMP"], akms=["PSK"]),
        "hidden": False,
    }
    made = {**usual, **fields}
    made.setdefault("ssid_hex", None if made["ssid"] is None else made["ssid"].encode().hex())
    return Bss(**made)


def wifi(*heard: Bss, **fields: Any) -> Wifi:
    """A survey of both bands; without `heard`, of one good access point."""
    usual: dict[str, Any] = {
        "source": "nl80211",
        "triggered": True,
        "interface": "wlan0",
        "frequencies_mhz": FREQUENCIES,
        "target": SSID,
        "target_from": "option",
        "bss": list(heard) or [bss()],
    }
    return Wifi(**{**usual, **fields})


def message(kind: str = "OFFER", **fields: Any) -> DhcpMessage:
    """What the healthy DHCP server says."""
    usual: dict[str, Any] = {
        "at_s": 0.2,
        "type": kind,
        "identity": "device",
        "asked": "DISCOVER" if kind == "OFFER" else "REQUEST",
        "server": GATEWAY,
        "server_named": True,
        "address": "192.168.77.120",
        "mask": "255.255.255.0",
        "routers": [GATEWAY],
        "resolvers": [RESOLVER],
        "lease_s": 3600,
    }
    return DhcpMessage(**{**usual, **fields})


def dhcp(*received: DhcpMessage, **fields: Any) -> Dhcp:
    """An exchange; the first ACK for the device's REQUEST is what was granted."""
    sent = [DhcpSend(at_s=0.1, type="DISCOVER", identity="device")]
    granted = next(
        (
            datagram
            for datagram in received
            if (datagram.type, datagram.identity, datagram.asked) == ("ACK", "device", "REQUEST")
        ),
        None,
    )
    return Dhcp(**{"sent": sent, "received": list(received), "granted": granted, **fields})


def lease(**fields: Any) -> Dhcp:
    """An exchange in which the server offers and grants the same, with some fields changed."""
    return dhcp(message(**fields), message("ACK", **fields))


def attempts(
    address: str, port: int, outcome: AttemptOutcome = "timeout", count: int = 1, **more: Any
) -> list[Attempt]:
    """So many attempts that all ended alike."""
    if outcome == "icmp":
        more.setdefault("icmp", PROHIBITED)
        more.setdefault("rtt_ms", 9.0)
    return [Attempt(at_s=2.0 * n, address=address, port=port, outcome=outcome, **more) for n in range(count)]


def lookup(name: str, *addresses: str, resolver: str = RESOLVER, rcode: str | None = "NOERROR", **more: Any) -> Lookup:
    """A lookup; without addresses and with `rcode=None` one that nobody answered."""
    other: dict[str, NameKind] = {OTHER_ARGON_NAME: "another-id", **dict.fromkeys(RANDOM, "random")}
    kind = other.get(name, "vendor" if name in VENDORS else "device")
    made = attempts(resolver, 53, "timeout", 3) if rcode is None else attempts(resolver, 53, "reply", rtt_ms=9.0)
    fields = {"attempts": made, "elapsed_ms": 9.0, **more}
    return Lookup(name=name, kind=kind, resolver=resolver, rcode=rcode, addresses=list(addresses), **fields)


def dns(*changed: Lookup, resolvers: tuple[str, ...] = (RESOLVER,), default: str | None = "right") -> Dns:
    """Every name asked of every resolver; `default` is what is answered where `changed` says nothing else."""
    lookups = list(changed)
    for resolver in resolvers:
        for name in (*ADDRESSES, *RANDOM):
            if any((query.name, query.resolver) == (name, resolver) for query in changed):
                continue
            if default != "right":
                lookups.append(lookup(name, resolver=resolver, rcode=default))
            elif name in RANDOM:
                lookups.append(lookup(name, resolver=resolver, rcode="NXDOMAIN"))
            else:
                lookups.append(lookup(name, ADDRESSES[name], resolver=resolver))
    return Dns(resolvers=list(resolvers), lookups=lookups)


def ntp(*decoded: NtpReply, outcome: AttemptOutcome = "timeout", address: str | None = NTP_ADDRESS, **more: Any) -> Ntp:
    """NTP replies in turn; without any, five attempts that ended as `outcome` says."""
    tries = [NtpAttempt(at_s=1.0, address=NTP_ADDRESS, port=123, outcome="reply", decoded=reply) for reply in decoded]
    if not decoded and address:
        if outcome == "icmp":
            more.setdefault("icmp", PROHIBITED)
        tries = [NtpAttempt(at_s=2.0 * n, address=NTP_ADDRESS, port=123, outcome=outcome, **more) for n in range(5)]
    return Ntp(server=NTP_NAME, address=address, attempts=tries)


GOOD_NTP = NtpReply(length=48, mode=4, stratum=2, reference="10.0.0.1", offset_s=0.001)


def witness(name: str, **fields: Any) -> HttpWitness:
    """A vendor's address, and (unless `fields` say otherwise) its right answer."""
    address, path, status, body = VENDORS[name]
    usual = {"expected_status": status, "expected_body": body, "address": address, "status": status, "body": body}
    return HttpWitness(**{"url": f"http://{name}{path}", **usual, **fields})


def portal(all_of_them: dict[str, Any] | None = None, **fields: Any) -> Portal:
    """The vendors' addresses, all answering alike."""
    return Portal(http=[witness(name, **(all_of_them or {})) for name in VENDORS], **fields)


def coap(*made: list[Attempt], reply: str | None = None, controls: tuple[Control, ...] = ()) -> Coap:
    """Both CoAP servers with these attempts (one list for both, or one each)."""
    pairs = zip(COAP_NAMES, COAP_ADDRESSES, made if len(made) == 2 else made * 2, strict=True)
    return Coap(
        servers=[
            CoapServer(host=host, port=5683, address=address, attempts=tries, reply=reply, controls=list(controls))
            for host, address, tries in pairs
        ]
    )


def photon(*connections: Connection, **fields: Any) -> CloudEndpoint:
    """TCP 5683 at device.spark.io."""
    usual = {"address": PHOTON_ADDRESS, "connections": list(connections), "waited_s": 15.0}
    return CloudEndpoint(transport="tcp-nonce", host=PHOTON_NAME, port=5683, **{**usual, **fields})


def argon(*made: Attempt, host: str = ARGON_NAME, **fields: Any) -> CloudEndpoint:
    """UDP 5684 at the Argon's host."""
    usual = {"address": ARGON_ADDRESS, "attempts": list(made), "waited_s": 15.0}
    return CloudEndpoint(transport="dtls", host=host, port=5684, **{**usual, **fields})


NONCE = Connection(at_s=0.0, connect_ms=9.0, received=bytes(range(200, 240)).hex())
HELLO_VERIFY = "HelloVerifyRequest"
SILENT_ARGON = Cloud(endpoints=[photon(NONCE), argon(*attempts(ARGON_ADDRESS, 5684, "timeout", 3))])
"""A cloud that answers a Photon, and no Argon."""
SILENT_PHOTON = Cloud(endpoints=[photon(Connection(at_s=0.0, error="timeout"))])
SILENT_COAP = coap(
    attempts(COAP_ADDRESSES[0], 5683, "timeout", 4),
    controls=(Control(port=80, protocol="http", answered=True, detail="HTTP/1.1 200 OK"),),
)
"""A CoAP server that answers by HTTP only."""


def healthy(**changed: Any) -> Observations:
    """A network on which everything works, but for what is changed."""
    usual = {
        "scope": Scope(
            interface="eth0", state="up", addresses=[LAPTOP], gateway=GATEWAY, interfaces=["lo", "eth0"],
            privileges=Privileges(user="root", raw_sockets=True),
        ),
        "wifi": wifi(),
        "dhcp": lease(),
        "dns": dns(),
        "ntp": ntp(GOOD_NTP),
        "portal": portal(),
        "coap": coap(attempts(COAP_ADDRESSES[0], 5683, "reply", rtt_ms=9.0), reply="Reset"),
        "cloud": Cloud(
            endpoints=[photon(NONCE), argon(*attempts(ARGON_ADDRESS, 5684, "reply", rtt_ms=9.0), record=HELLO_VERIFY)]
        ),
    }  # fmt: skip
    made = Observations(**{**usual, **changed})
    return msgspec.json.decode(msgspec.json.encode(made), type=Observations)  # as a saved run would be


def _lost(attempts: list[Attempt]) -> list[Attempt]:
    """The same attempts, to none of which an answer came."""
    return [msgspec.structs.replace(attempt, outcome="timeout", reply="") for attempt in attempts]


def silent_coap() -> Coap:
    """CoAP servers none of which answers."""
    coap = healthy().coap
    assert coap is not None
    servers = [
        msgspec.structs.replace(
            server,
            reply=None,
            attempts=_lost(server.attempts),
        )
        for server in coap.servers
    ]
    return Coap(servers=servers)


def silent_cloud() -> Cloud:
    """The clouds, none of which answers."""
    cloud = healthy().cloud
    assert cloud is not None
    endpoints = [
        msgspec.structs.replace(
            endpoint,
            record=None,
            connections=[Connection(at_s=0.1, error="timeout") for _ in endpoint.connections],
            attempts=_lost(endpoint.attempts),
        )
        for endpoint in cloud.endpoints
    ]
    return Cloud(endpoints=endpoints)


def silent_web() -> Portal:
    """The vendors' pages, none of which answers."""
    web = healthy().portal
    assert web is not None
    return Portal(http=[msgspec.structs.replace(asked, status=None, error="timeout") for asked in web.http])


def silent_ntp() -> Ntp:
    """A time server that does not answer."""
    ntp = healthy().ntp
    assert ntp is not None
    lost = [msgspec.structs.replace(attempt, outcome="timeout", decoded=None) for attempt in ntp.attempts]
    return msgspec.structs.replace(ntp, attempts=lost)
