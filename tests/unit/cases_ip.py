"""Every way in which the checks of DHCP and DNS can end."""

from typing import Any

from netpreflight.agent.judging.doubt import BLOCK_PAGES
from netpreflight.probes.observations import (
    AddressCheck,
    AsDevice,
    Cloud,
    Coap,
    CoapServer,
    Connection,
    Control,
    Dhcp,
    DhcpMessage,
    DhcpSend,
    Dns,
    Icmp,
    Lease,
    LinkNeighbor,
    Ntp,
    NtpAttempt,
    Path,
    PathTarget,
    Scope,
    TcpConnect,
)
from tests.unit import seen
from tests.unit.cases import ADMIN, OWNER, Case, without
from tests.unit.seen import ADDRESSES, GATEWAY, NTP_NAME, RANDOM, RESOLVER, VENDORS, dhcp, dns, lookup, message
from tests.unit.seen_ladders import ladder, up_to

OTHER, SECOND = "192.168.77.3", "192.168.77.2"


def informed(identity: str, asked: str = "INFORM", kind: str = "ACK", **fields: Any) -> DhcpMessage:
    return message(kind, identity=identity, asked=asked, address=None, mask=None, **fields)


def denied(**fields: Any) -> dict[str, Dhcp]:
    return {"dhcp": Dhcp(exchange_denied="sending a DISCOVER needs root or CAP_NET_RAW", **fields)}


INFORM = DhcpSend(at_s=0.1, type="INFORM", identity="laptop")
HOLDER = "aa:bb:cc:00:00:99"


def held(*holders: str, address: str = "192.168.77.120") -> Dhcp:
    found = seen.lease(server_mac="aa:bb:cc:00:00:01")
    found.address_check = AddressCheck(at_s=0.3, address=address, holders=list(holders))
    return found


OWN_LEASE = Lease(source="dhclient", server=GATEWAY, address="192.168.77.10", routers=[GATEWAY], resolvers=[RESOLVER])
TO_LAPTOP = message(identity="laptop")
TO_NAMED = message(identity="named", at_s=9.2)
HELD_BY_LAPTOP = message(identity="laptop", address="192.168.77.10")
REFUSED = message("NAK", host_name=True, address=None)
BY_NAME = {"dhcp": dhcp(message(), REFUSED, message(), REFUSED, message(), message("ACK", host_name=False))}
NAMELESS = {"dhcp": dhcp(message(server_named=False), message(server_named=False, address="192.168.77.121"))}
RELAYED = message(relayed=True)
BY_RELAY = dhcp(RELAYED, message("ACK", relayed=True), laptop_lease=OWN_LEASE, transport="udp")
UNHEARD = ("unknown", "offer-unheard", OWNER)
AT_A_PORT = {
    "dhcp": dhcp(),
    "as_device": AsDevice(way="cable", router=LinkNeighbor(address=GATEWAY, answers_arp=False)),
}
DHCP_CASES = [
    Case("an offer", "dhcp.offer", {}, "pass", evidence=(GATEWAY,)),
    Case("silence", "dhcp.offer", {"dhcp": dhcp()}, "fail", "no-answer", ADMIN),
    Case("silence to a second MAC address, of the router too", "dhcp.offer", AT_A_PORT, "unknown", "second-mac-unheard",
         OWNER, evidence=(f"the router {GATEWAY}", "nobody answered")),
    Case("silence of the server that this laptop has a lease of", "dhcp.offer", {"dhcp": dhcp(laptop_lease=OWN_LEASE)},
         "fail", "lease-server-silent", ADMIN, GATEWAY, evidence=("dhclient", "192.168.77.10")),
    Case("silence of a server that is not named", "dhcp.offer",
         {"dhcp": dhcp(laptop_lease=Lease(source="dhcpcd", address="192.168.77.10"))}, "fail", "lease-server-silent",
         ADMIN),
    *(Case(f"silence of the server of this laptop's lease, over {transport}", "dhcp.offer",
           {"dhcp": dhcp(laptop_lease=OWN_LEASE, transport=transport)}, *ends, GATEWAY, evidence=("dhclient",))
      for transport, ends in (("udp", UNHEARD), ("raw", ("fail", "lease-server-silent", ADMIN)))),
    *(Case(f"a server that answers INFORMs for {', '.join(whom)}, and offers nothing, over {transport}", "dhcp.offer",
           {"dhcp": dhcp(*map(informed, whom), transport=transport)}, *ends, GATEWAY)
      for whom, transport, ends in (
          (("laptop",), "udp", UNHEARD), (("laptop",), "raw", ("fail", "no-offer", ADMIN)),
          (("laptop", "device"), "udp", UNHEARD), (("laptop", "device"), "raw", ("fail", "pool-exhausted", ADMIN)),
      )),
    Case("silence over UDP where nothing shows a server", "dhcp.offer", {"dhcp": dhcp(transport="udp")}, *UNHEARD),
    Case("silence over UDP where the laptop's own client got no address either", "dhcp.offer",
         {"dhcp": dhcp(transport="udp"), "scope": Scope(interface="eth0", state="up", addresses=["169.254.7.8/16"])},
         "fail", "no-answer", ADMIN, evidence=("UDP port 68",)),
    Case("a server that offers to this laptop only, over UDP", "dhcp.offer",
         {"dhcp": dhcp(informed("laptop"), TO_LAPTOP, laptop_lease=OWN_LEASE, transport="udp")}, "fail",
         "only-known-clients", ADMIN, GATEWAY),
    Case("a server that wants options, over UDP", "dhcp.offer",
         {"dhcp": dhcp(TO_NAMED, laptop_lease=OWN_LEASE, transport="udp")}, "fail", "client-options-wanted", ADMIN,
         GATEWAY),
    Case("an offer over UDP", "dhcp.offer", {"dhcp": dhcp(message(), message("ACK"), transport="udp")}, "pass"),
    Case("an offer to a relay, and a lease", "dhcp.offer", {"dhcp": BY_RELAY}, "warn", "only-by-relay", OWNER, GATEWAY,
         evidence=("as to a relay", "dhclient")),
    Case("an offer to a relay, and one to this laptop", "dhcp.offer",
         {"dhcp": dhcp(RELAYED, TO_LAPTOP, transport="udp")}, "warn", "only-by-relay", OWNER, GATEWAY),
    Case("an offer to a relay, and nothing else", "dhcp.offer", {"dhcp": dhcp(RELAYED, transport="udp")}, "unknown",
         "only-by-relay", OWNER, GATEWAY),
    Case("an offer to a relay, and a broadcast one", "dhcp.offer",
         {"dhcp": dhcp(RELAYED, message(), transport="udp")}, "pass"),
    Case("a lease by a relay", "dhcp.lease", {"dhcp": BY_RELAY}, "pass"),
    Case("a lease by a relay without a resolver", "dhcp.lease",
         {"dhcp": dhcp(RELAYED, message("ACK", relayed=True, resolvers=[]), transport="udp")}, "fail",
         "lease-without-resolver", ADMIN, GATEWAY),
    Case("no OFFER over UDP, no lease", "dhcp.lease", {"dhcp": dhcp(laptop_lease=OWN_LEASE, transport="udp")},
         "unknown", "no-offer", ADMIN),
    Case("the one server that was asked as a relay asks", "dhcp.servers", {"dhcp": BY_RELAY}, "unknown",
         "offer-unheard", OWNER, GATEWAY),
    *(Case(f"one server that answers the INFORM only, over {transport}", "dhcp.servers",
           {"dhcp": dhcp(informed("laptop"), transport=transport)}, *ends)
      for transport, ends in (("udp", (*UNHEARD, GATEWAY)), ("raw", ("pass",)))),
    Case("a server that was asked as a relay asks, and another", "dhcp.servers",
         {"dhcp": dhcp(RELAYED, informed("laptop", server=OTHER, routers=[OTHER]), transport="udp")}, "fail",
         "servers-disagree", ADMIN, evidence=(GATEWAY, OTHER)),
    Case("one server over UDP", "dhcp.servers", {"dhcp": dhcp(message(), message("ACK"), transport="udp")}, "pass"),
    Case("a server that wants options", "dhcp.offer", {"dhcp": dhcp(TO_NAMED, laptop_lease=OWN_LEASE)}, "fail",
         "client-options-wanted", ADMIN, GATEWAY, evidence=("options 12, 60 and 61",)),
    Case("a server that wants options and tells whoever asks", "dhcp.offer",
         {"dhcp": dhcp(informed("laptop"), informed("device"), TO_NAMED)}, "fail", "client-options-wanted", ADMIN,
         GATEWAY),
    Case("an offer to a device with options too", "dhcp.offer", {"dhcp": dhcp(message(), TO_NAMED, message("ACK"))},
         "pass"),
    Case("a full pool, and a laptop that holds its address", "dhcp.offer",
         {"dhcp": dhcp(informed("laptop"), informed("device"), HELD_BY_LAPTOP, laptop_lease=OWN_LEASE)}, "fail",
         "pool-exhausted", ADMIN, GATEWAY),
    Case("an allow-list, and a laptop that holds its address", "dhcp.offer",
         {"dhcp": dhcp(informed("laptop"), HELD_BY_LAPTOP, laptop_lease=OWN_LEASE)}, "fail", "only-known-clients",
         ADMIN, GATEWAY),
    Case("a free address for the laptop, and none for a device that is told", "dhcp.offer",
         {"dhcp": dhcp(informed("laptop"), informed("device"), TO_LAPTOP)}, "fail", "only-known-clients", ADMIN,
         GATEWAY),
    Case("exhausted", "dhcp.offer", {"dhcp": dhcp(informed("laptop"), informed("device"))}, "fail", "pool-exhausted",
         ADMIN, GATEWAY),
    Case("laptop only", "dhcp.offer", {"dhcp": dhcp(informed("laptop"), TO_LAPTOP)}, "fail", "only-known-clients",
         ADMIN, GATEWAY),
    Case("laptop with a lease only", "dhcp.offer", {"dhcp": dhcp(TO_LAPTOP, laptop_lease=OWN_LEASE)}, "fail",
         "only-known-clients", ADMIN, GATEWAY),
    Case("informs only", "dhcp.offer", {"dhcp": dhcp(informed("laptop"))}, "fail", "no-offer", ADMIN, GATEWAY),
    Case("no measurement", "dhcp.offer", {"dhcp": Dhcp(not_run="the interface eth0 is down")}, "unknown", "not-looked",
         OWNER),
    Case("cut short", "dhcp.offer", {"dhcp": None}, "unknown", "not-looked", OWNER),
    Case("a user without a record", "dhcp.offer", denied(), "unknown", "no-exchange", OWNER),
    Case("a user with a lease", "dhcp.offer", denied(laptop_lease=OWN_LEASE), "warn", "only-laptop-lease", OWNER,
         evidence=("192.168.77.10", GATEWAY)),
    Case("a user with half a lease", "dhcp.offer",
         denied(laptop_lease=Lease(source="dhclient", address="192.168.77.10")), "unknown", "no-exchange", OWNER),
    Case("a user whose INFORM nobody answers", "dhcp.offer", denied(sent=[INFORM]), "unknown", "inform-unanswered",
         OWNER),
    Case("a user whom a server tells", "dhcp.offer", denied(received=[informed("laptop")]), "unknown", "no-exchange",
         OWNER, evidence=(GATEWAY,)),
    Case("an offer without a server identifier", "dhcp.offer", NAMELESS, "fail", "offer-dropped", ADMIN, GATEWAY,
         evidence=("option 54",)),
    *(Case("an offer without a server identifier", "dhcp.offer", NAMELESS, status, "offer-dropped", ADMIN, GATEWAY,
           device=device)
      for device, status in (("argon", "fail"), ("photon2", "fail"), ("photon", "unknown"), ("core", "unknown"))),
    Case("an offer without a server identifier, and a good one", "dhcp.offer",
         {"dhcp": dhcp(message(server=OTHER, server_named=False), message(), message("ACK"))}, "pass"),
    Case("an offer with a broken option", "dhcp.offer", {"dhcp": dhcp(message(wrong_length=[6]))}, "fail",
         "offer-dropped", ADMIN, GATEWAY, evidence=("wrong length (6)",)),
    Case("no lease of an offer without a server identifier", "dhcp.lease", NAMELESS, "fail", "no-offer", ADMIN),
    Case("no lease that a Photon is known to miss", "dhcp.lease", NAMELESS, "unknown", "no-offer", ADMIN,
         device="photon"),
    Case("whom nobody takes an offer of disagrees with nobody", "dhcp.servers",
         {"dhcp": dhcp(message(), message(server=OTHER, server_named=False, routers=[OTHER]), message("ACK"))}, "pass"),
    Case("an offer of an older version's run", "dhcp.offer", {"dhcp": dhcp(message(server_named=None))}, "pass"),
    *(Case("a lease with options in other fields", "dhcp.lease", {"dhcp": seen.lease(overloaded=[3, 6])}, status,
           problem, owner, device=device, evidence=("option 52",))
      for device, status, problem, owner in (("generic", "pass", None, None), ("argon", "pass", None, None),
                                             ("photon", "warn", "unconfirmed", OWNER),
                                             ("core", "warn", "unconfirmed", OWNER))),
    Case("a lease with its boot file in another field", "dhcp.lease", {"dhcp": seen.lease(overloaded=[67])}, "pass",
         device="core"),
    *(Case(f"a lease for {lease_s} s", "dhcp.lease", {"dhcp": seen.lease(lease_s=lease_s)}, status,
           "short-lease" if status != "pass" else None, ADMIN if status != "pass" else None,
           GATEWAY if status != "pass" else None, device=device)
      # lwIP's dhcp_bind(): (t + 30) / 60 ticks; at the first of them a lease of one tick ends, and is not renewed.
      for device, lease_s, status in (
          *((device, lease_s, "fail") for device in ("generic", "argon", "photon2") for lease_s in (1, 30, 89, None)),
          *((device, lease_s, "pass") for device in ("generic", "argon", "photon2") for lease_s in (90, 0xFFFFFFFF)),
          ("photon", 30, "unknown"), ("core", 30, "unknown"), ("photon", None, "unknown"), ("core", 3600, "pass"),
      )),
    *(Case("an address that another host has", "dhcp.lease", {"dhcp": held(HOLDER)}, status, "address-in-use", ADMIN,
           GATEWAY, device=device, evidence=(HOLDER,))
      for device, status in (("generic", "fail"), ("argon", "fail"), ("photon2", "fail"), ("photon", "fail"),
                             ("core", "unknown"))),
    Case("an address that nobody answers for", "dhcp.lease", {"dhcp": held()}, "pass", evidence=("nobody answered",)),
    Case("an address that nobody was asked for", "dhcp.lease",
         {"dhcp": dhcp(message(), message("ACK"), transport="udp")}, "pass", evidence=("not asked by ARP",)),
    Case("a server that answers for every address", "dhcp.lease", {"dhcp": held("aa:bb:cc:00:00:01")}, "pass"),
    Case("a gateway that answers for every address", "dhcp.lease",
         {"dhcp": held("aa:bb:cc:00:00:02"),
          "scope": Scope(interface="eth0", state="up", gateway=GATEWAY, gateway_mac="aa:bb:cc:00:00:02")}, "pass"),
    Case("another address was asked for than was granted", "dhcp.lease",
         {"dhcp": held(HOLDER, address="192.168.77.99")}, "pass"),
    Case("an older version's run that has no lease time", "dhcp.lease",
         {"dhcp": seen.lease(lease_s=None, server_named=None)}, "pass"),
    Case("a short lease of an older version's run", "dhcp.lease",
         {"dhcp": seen.lease(lease_s=30, server_named=None)}, "fail", "short-lease", ADMIN, GATEWAY),
    Case("granted", "dhcp.lease", {}, "pass", evidence=("192.168.77.120", GATEWAY)),
    Case("no resolver", "dhcp.lease", {"dhcp": seen.lease(resolvers=[])}, "fail", "lease-without-resolver", ADMIN,
         GATEWAY),
    Case("no router", "dhcp.lease", {"dhcp": seen.lease(routers=[])}, "fail", "lease-without-router", ADMIN, GATEWAY),
    # That it guesses as its IP stack does is not confirmed.
    Case("no router for a Photon", "dhcp.lease", {"dhcp": seen.lease(routers=[])}, "warn", "lease-without-router",
         ADMIN, GATEWAY, device="photon"),
    Case("a router that an Argon guesses", "dhcp.lease", {"dhcp": seen.lease(routers=[])}, "warn",
         "lease-without-router", ADMIN, GATEWAY, device="argon", evidence=("option 3",)),
    Case("a router that an Argon guesses wrongly", "dhcp.lease",
         {"dhcp": seen.lease(routers=[]), "scope": Scope(interface="eth0", state="up", gateway="192.168.77.254")},
         "fail", "lease-without-router", ADMIN, GATEWAY, device="argon"),
    Case("no router and no mask, which is guessed from the class", "dhcp.lease",
         {"dhcp": seen.lease(routers=[], mask=None)}, "warn", "lease-without-router", ADMIN, GATEWAY, device="argon",
         evidence=("option 3",)),
    Case("no router and no mask, another class", "dhcp.lease",
         {"dhcp": seen.lease(routers=[], mask=None, address="10.9.0.7")}, "fail", "lease-without-router", ADMIN,
         GATEWAY, device="argon"),
    Case("no router and no mask, a device that guesses nothing", "dhcp.lease",
         {"dhcp": seen.lease(routers=[], mask=None)}, "fail", "lease-without-router", ADMIN, GATEWAY),
    Case("another router", "dhcp.lease", {"dhcp": seen.lease(routers=[SECOND])}, "unknown", "other-router", OWNER,
         SECOND, evidence=(GATEWAY,)),
    Case("no address", "dhcp.lease", {"dhcp": seen.lease(address=None)}, "fail", "lease-without-address", ADMIN,
         GATEWAY),
    Case("NAK", "dhcp.lease", {"dhcp": dhcp(message(), message("NAK", message="no free leases"))}, "fail", "nak",
         ADMIN, GATEWAY, evidence=("NAK", "no free leases")),
    *(Case("a host name that is refused", "dhcp.lease", BY_NAME, "fail", "host-name-refused", ADMIN, GATEWAY,
           device=device, evidence=("without a host name",)) for device in ("generic", "argon", "photon", "photon2")),
    Case("a host name that is refused is none of a Core", "dhcp.lease", BY_NAME, "pass", device="core"),
    Case("a NAK, and then a lease", "dhcp.lease",
         {"dhcp": dhcp(message(), REFUSED, message(), message("ACK", host_name=True))}, "pass"),
    Case("NAK with a host name and without", "dhcp.lease",
         {"dhcp": dhcp(message(), REFUSED, message("NAK", host_name=False))}, "fail", "nak", ADMIN, GATEWAY),
    Case("a NAK and a lease of an older version's run", "dhcp.lease",
         {"dhcp": dhcp(message(), message("NAK"), message("ACK"))}, "pass"),
    Case("an offer that is not granted", "dhcp.lease", {"dhcp": dhcp(message())}, "fail", "not-granted", ADMIN,
         GATEWAY, evidence=("192.168.77.120",)),
    Case("no offer, no lease", "dhcp.lease", {"dhcp": dhcp()}, "fail", "no-offer", ADMIN),
    Case("a user's lease proves nothing", "dhcp.lease", denied(laptop_lease=OWN_LEASE), "warn", "only-laptop-lease",
         OWNER),
    Case("a user without a lease", "dhcp.lease", denied(), "unknown", "no-exchange", OWNER),
    Case("a lease that comes too late", "dhcp.lease",
         {"dhcp": dhcp(message(at_s=14.0), message("ACK", at_s=40.0))}, "fail", "too-late", ADMIN, GATEWAY,
         device="photon"),
    Case("a router that nobody measured through, for want of a resolver", "dhcp.lease",
         {"dhcp": seen.lease(resolvers=[])}, "unknown", "lease-without-resolver", ADMIN, GATEWAY, device="photon"),
    Case("no lease measured", "dhcp.lease", {"dhcp": None}, "unknown", "not-looked", OWNER),
    Case("one server", "dhcp.servers", {}, "pass", evidence=(GATEWAY,)),
    Case("two that agree", "dhcp.servers", {"dhcp": dhcp(message(), message(server=OTHER), message("ACK"))}, "pass",
         evidence=(GATEWAY, OTHER)),
    Case("two routers", "dhcp.servers",
         {"dhcp": dhcp(message(), message(server=OTHER, routers=[OTHER], server_mac="aa:bb"))}, "fail",
         "servers-disagree", ADMIN, evidence=(GATEWAY, OTHER, "router")),
    Case("two resolvers", "dhcp.servers", {"dhcp": dhcp(message(), message(server=OTHER, resolvers=[OTHER]))}, "fail",
         "servers-disagree", ADMIN, evidence=(GATEWAY, OTHER, "resolver")),
    Case("two subnets", "dhcp.servers", {"dhcp": dhcp(message(), message(server=OTHER, address="10.0.0.9"))}, "fail",
         "servers-disagree", ADMIN, evidence=(GATEWAY, OTHER)),
    Case("one that says less to an INFORM", "dhcp.servers",
         {"dhcp": dhcp(message(), informed("laptop", server=OTHER, routers=[], resolvers=[]))}, "unknown",
         "second-server", ADMIN, OTHER),
    Case("a rogue that only answers INFORMs", "dhcp.servers",
         denied(received=[informed("laptop"), informed("laptop", server=OTHER, resolvers=[OTHER])]), "fail",
         "servers-disagree", ADMIN, evidence=(GATEWAY, OTHER)),
    Case("no server to compare", "dhcp.servers", {"dhcp": dhcp()}, "unknown", "no-answer", ADMIN),
    Case("servers as a user", "dhcp.servers", denied(laptop_lease=OWN_LEASE), "unknown", "no-exchange", OWNER),
    Case("servers not measured", "dhcp.servers", {"dhcp": None}, "unknown", "not-looked", OWNER),
]  # fmt: skip


def second(first: str | None, then: str = "right") -> dict[str, Dns]:
    """Two resolvers, of which the first answers nothing but `first`."""
    broken = [lookup(name, rcode=first) for name in (*ADDRESSES, *RANDOM)]
    return {"dns": dns(*broken, resolvers=(RESOLVER, SECOND), default=then)}


def refusing(icmp: Icmp) -> dict[str, Dns]:
    """Somebody refuses each question to the resolver."""
    tries = seen.attempts(RESOLVER, 53, "icmp", 3, icmp=icmp)
    return {"dns": dns(*(lookup(name, rcode=None, attempts=tries) for name in (*ADDRESSES, *RANDOM)))}


def google(error: str | None) -> TcpConnect:
    """A connection to 8.8.8.8, TCP 53, that stood, or failed so."""
    made = Connection(at_s=0.0, connect_ms=None if error else 9.0, error=error)
    return TcpConnect(address="8.8.8.8", port=53, connection=made)


SILENT: dict[str, Any] = {
    "ntp": seen.ntp(address=None),
    "portal": seen.portal({"address": None, "status": None, "body": ""}),
    "coap": Coap(servers=[CoapServer(host=host, port=5683) for host in seen.COAP_NAMES]),
    "cloud": Cloud(endpoints=[seen.photon(address=None), seen.argon(address=None)]),
}
"""Nothing answers but DHCP, and perhaps a resolver."""


def without_internet(rcode: str | None) -> dict[str, Any]:
    """A resolver that answers all questions so, or not at all, and nothing else answers."""
    return {**SILENT, "dns": dns(default=rcode), "tcp": google("timeout")}


def on_link(*, answers_arp: bool) -> dict[str, Any]:
    """A silent resolver of this link, of which the ARP table has that; the internet is there."""
    silent = dns(default=None)
    silent.neighbors = [LinkNeighbor(address=RESOLVER, answers_arp=answers_arp)]
    return {**SILENT, "dns": silent, "tcp": google(None)}


def beyond(resolver: str, google_fails: str | None = None) -> dict[str, Any]:
    """A silent resolver of another subnet."""
    return {**SILENT, "dns": dns(resolvers=(resolver,), default=None), "tcp": google(google_fails)}


def aaaa(*addresses: str, rcode: str | None = "NOERROR") -> dict[str, Dns]:
    """All names resolve, and the newest Argon's was asked for its IPv6 address, too."""
    found = dns()
    found.lookups.append(lookup(seen.ARGON_NAME, *addresses, rcode=rcode, type="AAAA"))
    return {"dns": found}


ASSUMED = {"dns": dns()}
ASSUMED["dns"].assumed = True
HIJACK = {"dns": dns(*(lookup(name, GATEWAY) for name in (*ADDRESSES, *RANDOM)))}
ELSEWHERE = "198.51.100.99"
CLOUDS = (seen.ARGON_NAME, seen.OTHER_ARGON_NAME, seen.PHOTON_NAME)


def filtered(address: str, *names: str, web: bool = True) -> dict[str, Any]:
    """A resolver that gives these names (else those of Argons) this address, where at most a web server answers."""
    names = names or (seen.ARGON_NAME, seen.OTHER_ARGON_NAME)
    given = {**ADDRESSES, **dict.fromkeys(names, address)}
    silent = seen.attempts(given[seen.ARGON_NAME], 5684, "timeout", 3)
    connections = [Connection(at_s=0.0, error="timeout", waited_s=5.0)]
    changed: dict[str, Any] = {"dns": dns(*(lookup(name, address) for name in names))}
    if seen.ARGON_NAME in names:
        photon = given[seen.PHOTON_NAME] == address
        changed["cloud"] = Cloud(
            endpoints=[
                seen.photon(*(connections if photon else [seen.NONCE]), address=given[seen.PHOTON_NAME]),
                seen.argon(*silent, address=address),
            ]
        )
        changed["path"] = Path(targets=[open_web(address)] if web else [])
    if {*seen.COAP_NAMES} <= {*names}:
        controls = [Control(port=80, protocol="http", answered=True, detail="status 200")] if web else []
        changed["coap"] = Coap(
            servers=[
                CoapServer(host=host, port=5683, address=address, attempts=seen.attempts(address, 5683, count=4),
                           controls=controls)
                for host in seen.COAP_NAMES
            ]
        )  # fmt: skip
    if NTP_NAME in names:
        changed["ntp"] = Ntp(
            server=NTP_NAME,
            address=address,
            attempts=[NtpAttempt(at_s=1.0, address=address, port=123, outcome="timeout")],
        )
    return changed


def assumed(changed: dict[str, Any]) -> dict[str, Any]:
    """The same, where what DHCP hands out is not known."""
    changed["dns"].assumed = True
    return changed


def one_server() -> dict[str, Any]:
    """One server for the clouds of all devices, which answers as each of them does."""
    answers = seen.attempts(ELSEWHERE, 5684, "reply", rtt_ms=9.0)
    endpoints = [
        seen.photon(seen.NONCE, address=ELSEWHERE),
        seen.argon(*answers, address=ELSEWHERE, record=seen.HELLO_VERIFY),
    ]
    return {**filtered(ELSEWHERE, *CLOUDS), "cloud": Cloud(endpoints=endpoints)}


def open_web(address: str, answer: str = "SYN-ACK", hop: int = 5, udp: str | Icmp | None = None) -> PathTarget:
    """An Argon's cloud that was looked for there: how its UDP 5684 ends, and how TCP 443, at this distance."""
    rungs = up_to(min(hop - 1, 4))[: hop - 1]
    return PathTarget(
        host=seen.ARGON_NAME,
        address=address,
        device=ladder("udp 5684", *up_to(4, udp)),
        controls=[ladder("tcp 443", *rungs, f"!{address} {answer}")],
    )


def beside_a_web_server(answer: str, hop: int = 5, udp: str | Icmp | None = None) -> dict[str, Any]:
    """An Argon's cloud whose port is silent, or answers its path so, and whose TCP 443 answers at this distance."""
    address = seen.ARGON_ADDRESS
    target = open_web(address, answer, hop, udp)
    silent = seen.argon(*seen.attempts(address, 5684, "timeout", 3))
    return {"cloud": Cloud(endpoints=[seen.photon(seen.NONCE), silent]), "path": Path(targets=[target])}


LOCAL_VENDOR = {"dns": dns(lookup("captive.apple.com", "10.9.9.9"))}
LOCAL_NTP = Ntp(server=NTP_NAME, address="10.9.9.9", attempts=seen.ntp(seen.GOOD_NTP).attempts)
DNS_CASES = [
    Case("all names", "dns.resolve", {}, "pass", evidence=(RESOLVER,)),
    Case("all names for a Photon", "dns.resolve", {}, "pass", device="photon", evidence=(RESOLVER,)),
    Case("all names for an Argon", "dns.resolve", {}, "pass", device="argon", evidence=(RESOLVER,)),
    Case("silent", "dns.resolve", {"dns": dns(default=None)}, "fail", "no-answer", ADMIN, RESOLVER),
    *(Case(rcode, "dns.resolve", {"dns": dns(default=rcode)}, "fail", "resolver-fails", ADMIN, RESOLVER,
           evidence=(rcode,))
      for rcode in ("SERVFAIL", "REFUSED", "NXDOMAIN")),
    *(Case(problem, "dns.resolve", refusing(icmp), "fail", problem, ADMIN, icmp.source, evidence=(icmp.source,))
      for problem, icmp in (("rejected", seen.PROHIBITED), ("no-route", Icmp(type=3, code=0, source=seen.FILTER)),
                            ("port-closed", Icmp(type=3, code=3, source=RESOLVER)))),
    *(Case(f"no internet, and the resolver: {rcode or 'silence'}", "dns.resolve", without_internet(rcode), "fail",
           "no-internet", ADMIN, RESOLVER)
      for rcode in ("SERVFAIL", "REFUSED", None)),
    *(Case(f"8.8.8.8 answers, and the resolver does not: {error or 'connected'}", "dns.resolve",
           {**without_internet(None), "tcp": google(error)}, "fail", "no-answer", ADMIN, RESOLVER)
      for error in (None, "refused", "reset")),
    Case("8.8.8.8 is silent, and a server out there answers", "dns.resolve",
         {**without_internet(None), "cloud": Cloud(endpoints=[seen.photon(seen.NONCE)])}, "fail", "no-answer", ADMIN,
         RESOLVER),
    Case("8.8.8.8 was not asked", "dns.resolve", {**without_internet(None), "tcp": None}, "fail", "no-answer", ADMIN,
         RESOLVER),
    Case("a resolver that knows no name, and no internet", "dns.resolve", without_internet("NXDOMAIN"), "fail",
         "resolver-fails", ADMIN, RESOLVER),
    Case("no route, and no internet", "dns.resolve",
         {**without_internet(None), **refusing(Icmp(type=3, code=0, source=seen.FILTER))}, "fail", "no-internet", ADMIN,
         seen.FILTER),
    Case("nobody answers ARP", "dns.resolve", on_link(answers_arp=False), "fail", "not-reached", ADMIN, RESOLVER),
    Case("nobody answers ARP, and no internet", "dns.resolve", {**on_link(answers_arp=False), "tcp": google("timeout")},
         "fail", "not-reached", ADMIN, RESOLVER),
    Case("a mute host that answers ARP", "dns.resolve", on_link(answers_arp=True), "fail", "no-answer", ADMIN,
         RESOLVER),
    Case("the laptop itself says that nobody answers ARP", "dns.resolve",
         refusing(Icmp(type=3, code=1, source="192.168.77.10")), "fail", "not-reached", ADMIN, RESOLVER),
    Case("the laptop itself says that there is no network", "dns.resolve",
         refusing(Icmp(type=3, code=0, source="192.168.77.10")), "fail", "no-route", ADMIN, "192.168.77.10"),
    *(Case(f"a silent resolver beyond the router, {resolver}", "dns.resolve", beyond(resolver), "fail", "not-reached",
           ADMIN, resolver)
      for resolver in ("8.8.8.8", "198.51.100.53", "10.0.0.53")),
    Case("a silent resolver beyond the router, and no internet", "dns.resolve", beyond("198.51.100.53", "timeout"),
         "fail", "no-internet", ADMIN, "198.51.100.53"),
    Case("truncated", "dns.resolve", {"dns": dns(*(lookup(name, truncated=True) for name in ADDRESSES))}, "fail",
         "resolver-fails", ADMIN, RESOLVER, evidence=("truncated",)),
    Case("filtered", "dns.resolve", without(*seen.COAP_NAMES, NTP_NAME), "fail", "names-withheld", ADMIN, RESOLVER,
         evidence=("coap.me", NTP_NAME, "NXDOMAIN")),
    Case("one CoAP server's name is enough", "dns.resolve", without("coap.me"), "pass"),
    Case("filtered NTP", "dns.resolve", without(NTP_NAME), "fail", "names-withheld", ADMIN, RESOLVER,
         evidence=(NTP_NAME,)),
    Case("filtered NTP harms no Photon", "dns.resolve", without(NTP_NAME), "warn", "names-withheld", ADMIN, RESOLVER,
         device="photon", evidence=(NTP_NAME,)),
    Case("filtered cloud", "dns.resolve", without("device.spark.io"), "fail", "names-withheld", ADMIN, RESOLVER,
         device="photon", evidence=("device.spark.io",)),
    Case("a made-up Argon's name need not exist", "dns.resolve", without(seen.ARGON_NAME), "unknown",
         "name-may-not-exist", OWNER, device="argon", evidence=(seen.ARGON_NAME,)),
    Case("an Argon's silent name", "dns.resolve", without(seen.ARGON_NAME, rcode=None), "fail", "names-withheld",
         ADMIN, RESOLVER, device="argon", evidence=(seen.ARGON_NAME,)),
    Case("all of the cloud filtered", "dns.resolve", without(seen.ARGON_NAME, "device.spark.io"), "fail",
         "names-withheld", ADMIN, RESOLVER, device="argon", evidence=(seen.ARGON_NAME,)),
    *(Case(f"a list with one exact name, {device}, {rcode or 'silence'}", "dns.resolve",
           without(seen.OTHER_ARGON_NAME, rcode=rcode), "fail", "names-withheld", ADMIN, RESOLVER, device=device,
           evidence=("<a made-up id>.v6.udp.particle.io",))
      for device in ("argon", "photon2", "msom") for rcode in ("NXDOMAIN", "REFUSED", None)),
    Case("another device's name leads nowhere", "dns.resolve", {"dns": dns(lookup(seen.OTHER_ARGON_NAME, "0.0.0.0"))},
         "fail", "names-withheld", ADMIN, RESOLVER, device="argon", evidence=("0.0.0.0",)),
    Case("another device's name is nothing to a Photon", "dns.resolve", without(seen.OTHER_ARGON_NAME), "pass",
         device="photon"),
    Case("first resolver dead", "dns.resolve", second(None), "warn", "first-resolver-fails", ADMIN, RESOLVER,
         evidence=(SECOND,)),
    Case("first resolver refuses", "dns.resolve", second("REFUSED"), "warn", "first-resolver-fails", ADMIN, RESOLVER,
         evidence=(SECOND, "REFUSED")),
    Case("both dead", "dns.resolve", {"dns": dns(resolvers=(RESOLVER, SECOND), default=None)}, "fail", "no-answer",
         ADMIN, RESOLVER, evidence=(SECOND,)),
    Case("second dead only", "dns.resolve",
         {"dns": dns(*(lookup(n, resolver=SECOND, rcode=None) for n in ADDRESSES), resolvers=(RESOLVER, SECOND))},
         "pass"),
    Case("hijacked names are not resolved", "dns.resolve", HIJACK, "fail", "answers-invented", ADMIN, RESOLVER),
    Case("AAAA left unanswered", "dns.resolve", aaaa(rcode=None), "warn", "aaaa-unanswered", ADMIN, RESOLVER,
         device="photon2"),
    Case("DNS64", "dns.resolve", aaaa("64:ff9b::c633:6415"), "warn", "ipv6-address", ADMIN, RESOLVER, device="photon2",
         evidence=("64:ff9b::c633:6415",)),
    Case("names of another version", "dns.resolve", {}, "unknown", "other-run", OWNER, device="argon 5.5.0"),
    Case("only the laptop's resolver", "dns.resolve", ASSUMED, "unknown", "only-laptop-resolver", OWNER,
         evidence=(RESOLVER,)),
    Case("only the laptop's resolver", "dns.integrity", ASSUMED, "unknown", "only-laptop-resolver", OWNER),
    Case("no resolver handed out", "dns.resolve", {"dns": Dns()}, "unknown", "no-resolver", ADMIN),
    Case("resolvers unknown to a user", "dns.resolve", {"dns": Dns(), **denied()}, "unknown", "no-resolver", OWNER),
    Case("dns not run", "dns.resolve", {"dns": Dns(not_run="this laptop has no IPv4 address")}, "unknown",
         "not-looked", OWNER),
    Case("dns cut short", "dns.resolve", {"dns": None}, "unknown", "not-looked", OWNER),
    Case("honest", "dns.integrity", {}, "pass"),
    Case("hijack", "dns.integrity", HIJACK, "fail", "answers-invented", ADMIN, RESOLVER),
    Case("hijack harms a Photon elsewhere", "dns.integrity", HIJACK, "warn", "answers-invented", ADMIN, RESOLVER,
         device="photon"),
    Case("one resolver of two invents", "dns.integrity",
         {"dns": dns(lookup(RANDOM[0], ELSEWHERE, resolver=SECOND), resolvers=(RESOLVER, SECOND))}, "fail",
         "answers-invented", ADMIN, SECOND, evidence=(ELSEWHERE,)),
    Case("a local answer", "dns.integrity", LOCAL_VENDOR, "fail", "local-address", ADMIN, RESOLVER,
         evidence=("captive.apple.com", "10.9.9.9")),
    Case("the gateway's answer", "dns.integrity", {"dns": dns(lookup("captive.apple.com", GATEWAY))}, "fail",
         "local-address", ADMIN, RESOLVER),
    Case("a local answer that works", "dns.integrity", {"dns": dns(lookup(NTP_NAME, "10.9.9.9")), "ntp": LOCAL_NTP},
         "warn", "local-address", ADMIN, RESOLVER, evidence=(NTP_NAME, "10.9.9.9")),
    Case("one address for all", "dns.integrity", {"dns": dns(*(lookup(name, ELSEWHERE) for name in ADDRESSES))},
         "fail", "one-address-for-all", ADMIN, RESOLVER, evidence=(ELSEWHERE,)),
    Case("Umbrella's block page", "dns.integrity", filtered("146.112.61.106"), "fail", "block-page", ADMIN, RESOLVER,
         evidence=("146.112.61.106",)),
    Case("Umbrella's block page for an Argon", "dns.integrity", filtered("146.112.61.106"), "warn", "block-page",
         ADMIN, RESOLVER, device="argon"),
    Case("a block page that only a laptop's resolver gives", "dns.integrity", assumed(filtered("208.91.112.55")),
         "fail", "block-page", ADMIN, RESOLVER),
    Case("an unknown filter's one address", "dns.integrity", filtered(ELSEWHERE, *CLOUDS), "fail",
         "one-address-for-all", ADMIN, RESOLVER, evidence=(ELSEWHERE,)),
    Case("an unknown filter's one address for two servers", "dns.integrity", filtered(ELSEWHERE, *seen.COAP_NAMES),
         "fail", "one-address-for-all", ADMIN, RESOLVER),
    Case("one address of names of two zones, and no web server", "dns.integrity",
         filtered(ELSEWHERE, *CLOUDS, web=False), "unknown", "block-page-suspected", ADMIN, RESOLVER),
    Case("one address of names of many zones, and no web server", "dns.integrity",
         filtered(ELSEWHERE, *CLOUDS, *seen.COAP_NAMES, web=False), "fail", "one-address-for-all", ADMIN, RESOLVER),
    Case("one address of two clouds, and both answer", "dns.integrity", one_server(), "pass"),
    Case("two vendors in one network of servers", "dns.integrity", filtered(ELSEWHERE, *list(VENDORS)[1:]), "pass"),
    Case("an unknown filter's web server", "dns.integrity", beside_a_web_server("SYN-ACK"), "unknown",
         "block-page-suspected", ADMIN, RESOLVER, device="argon", evidence=(seen.ARGON_ADDRESS,)),
    Case("an unknown filter's web server, which says that the port is closed", "dns.integrity",
         beside_a_web_server("SYN-ACK", udp=Icmp(type=3, code=3, source=seen.ARGON_ADDRESS)), "unknown",
         "block-page-suspected", ADMIN, RESOLVER, device="argon"),
    Case("a cloud that answers the path, beside a web server", "dns.integrity",
         beside_a_web_server("SYN-ACK", udp=f"!{seen.ARGON_ADDRESS} HelloVerifyRequest"), "pass", device="argon"),
    Case("a cloud without a web server", "dns.integrity", beside_a_web_server("RST"), "pass", device="argon"),
    Case("a web server that is a proxy on the way", "dns.integrity", beside_a_web_server("SYN-ACK", hop=1), "pass",
         device="argon"),
    *(Case(f"filtered by {address}", "dns.resolve", filtered(address), "fail", "names-withheld", ADMIN, RESOLVER,
           device="argon", evidence=(address,))
      for page in BLOCK_PAGES for address in page.addresses),
    Case("filtered by an unknown one", "dns.resolve", filtered(ELSEWHERE, *CLOUDS), "fail", "names-withheld", ADMIN,
         RESOLVER, device="photon", evidence=(ELSEWHERE,)),
    Case("another device's name only", "dns.resolve", filtered("146.112.61.106", seen.OTHER_ARGON_NAME), "fail",
         "names-withheld", ADMIN, RESOLVER, device="argon", evidence=("146.112.61.106",)),
    Case("all names at one address", "dns.resolve", filtered(ELSEWHERE, *ADDRESSES), "fail", "answers-invented", ADMIN,
         RESOLVER, evidence=(ELSEWHERE,)),
    Case("documentation addresses are public", "dns.integrity", {"dns": dns(lookup("coap.me", "192.0.2.1"))}, "pass"),
    Case("nobody answers", "dns.integrity", {"dns": dns(default=None)}, "unknown", "no-denial", ADMIN),
    Case("integrity not asked", "dns.integrity", {"dns": Dns()}, "unknown", "no-resolver", ADMIN),
]  # fmt: skip
