"""Judging DHCP and DNS: each thing that can be seen, what is to be said of it, and who is named."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.judging import judge_one
from netpreflight.agent.results import Check
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Dhcp, DhcpMessage, Dns, Lease, Ntp, Scope
from tests.unit import seen
from tests.unit.seen import ADDRESSES, GATEWAY, NTP_NAME, RANDOM, RESOLVER, VENDORS, dhcp, dns, healthy, lookup, message

ADMIN, OWNER = "network administrator", "device owner"
OTHER, SECOND = "192.168.77.3", "192.168.77.2"


@dataclass(frozen=True)
class Case:
    """Observations, and what one check has to make of them for one device."""

    name: str
    check: str
    changed: dict[str, Any]
    status: str
    says: tuple[str, ...] = ()
    owner: str | None = None
    device: str = "generic"
    """Its name, and a version where that is not the newest."""
    never: tuple[str, ...] = field(default=())

    def judge(self) -> Check:
        """The check, as judged."""
        return judge_one(self.check, healthy(**self.changed), profiles.load(*self.device.split()), Selection())


def verify(case: Case) -> None:
    check = case.judge()
    text = "\n".join(filter(None, (check.summary, check.reason, check.remedy)))

    assert check.status == case.status, check
    for words in case.says:
        assert words in text
    for words in case.never:
        assert words not in text
    if case.owner is not None:
        assert check.owner == case.owner
    if check.status in {"fail", "unknown", "warn"}:
        assert check.reason
        assert check.remedy
        assert check.owner


def informed(identity: str, asked: str = "INFORM", kind: str = "ACK", **fields: Any) -> DhcpMessage:
    return message(kind, identity=identity, asked=asked, address=None, mask=None, **fields)


def denied(**fields: Any) -> dict[str, Dhcp]:
    return {"dhcp": Dhcp(exchange_denied="sending a DISCOVER needs root or CAP_NET_RAW", **fields)}


OWN_LEASE = Lease(source="dhclient", server=GATEWAY, address="192.168.77.10", routers=[GATEWAY], resolvers=[RESOLVER])
TO_LAPTOP = message(identity="laptop")
DHCP_CASES = [
    Case("an offer", "dhcp.offer", {}, "pass", (GATEWAY,)),
    Case("silence", "dhcp.offer", {"dhcp": dhcp()}, "fail", ("DHCP",), ADMIN),
    Case("exhausted", "dhcp.offer", {"dhcp": dhcp(informed("laptop"), informed("device"))}, "fail", (GATEWAY, "pool"),
         ADMIN),
    Case("laptop only", "dhcp.offer", {"dhcp": dhcp(informed("laptop"), TO_LAPTOP)}, "fail", (GATEWAY, "MAC"), ADMIN),
    Case("laptop with a lease only", "dhcp.offer", {"dhcp": dhcp(TO_LAPTOP, laptop_lease=OWN_LEASE)}, "fail",
         (GATEWAY, "pool"), ADMIN),
    Case("informs only", "dhcp.offer", {"dhcp": dhcp(informed("laptop"))}, "fail", (GATEWAY,), ADMIN),
    Case("no measurement", "dhcp.offer", {"dhcp": Dhcp(not_run="the interface eth0 is down")}, "unknown",
         ("eth0 is down",)),
    Case("cut short", "dhcp.offer", {"dhcp": None}, "unknown", ("cut short",)),
    Case("a user without a record", "dhcp.offer", denied(), "unknown", ("CAP_NET_RAW", "sudo"), OWNER),
    Case("a user with a lease", "dhcp.offer", denied(laptop_lease=OWN_LEASE), "warn", ("192.168.77.10", GATEWAY),
         OWNER),
    Case("a user with half a lease", "dhcp.offer",
         denied(laptop_lease=Lease(source="dhclient", address="192.168.77.10")), "unknown", ("sudo",), OWNER),
    Case("a user whom a server tells", "dhcp.offer", denied(received=[informed("laptop")]), "unknown", (GATEWAY,)),
    Case("granted", "dhcp.lease", {}, "pass", ("192.168.77.120", GATEWAY)),
    Case("no resolver", "dhcp.lease", {"dhcp": seen.lease(resolvers=[])}, "fail", (GATEWAY, "option 6"), ADMIN),
    Case("no router", "dhcp.lease", {"dhcp": seen.lease(routers=[])}, "fail", (GATEWAY, "option 3"), ADMIN),
    # That it guesses as its IP stack does is not confirmed.
    Case("no router for a Photon", "dhcp.lease", {"dhcp": seen.lease(routers=[])}, "warn", ("option 3",), ADMIN,
         "photon"),
    Case("a router that an Argon guesses", "dhcp.lease", {"dhcp": seen.lease(routers=[])}, "warn", ("option 3",
         GATEWAY),
         ADMIN, "argon"),
    Case("a router that an Argon guesses wrongly", "dhcp.lease",
         {"dhcp": seen.lease(routers=[]), "scope": Scope(interface="eth0", state="up", gateway="192.168.77.254")},
         "fail",
         ("option 3", GATEWAY, "192.168.77.254"), ADMIN, "argon"),
    Case("no router and no mask, which is guessed from the class", "dhcp.lease",
         {"dhcp": seen.lease(routers=[], mask=None)}, "warn", ("option 3", "rightly", GATEWAY), ADMIN, "argon"),
    Case("no router and no mask, another class", "dhcp.lease",
         {"dhcp": seen.lease(routers=[], mask=None, address="10.9.0.7")}, "fail", ("option 3", "10.0.0.1"), ADMIN,
         "argon"),
    Case("no router and no mask, a device that guesses nothing", "dhcp.lease",
         {"dhcp": seen.lease(routers=[], mask=None)}, "fail", ("option 3",), ADMIN),
    Case("another router", "dhcp.lease", {"dhcp": seen.lease(routers=[SECOND])}, "unknown", (SECOND, GATEWAY)),
    Case("no address", "dhcp.lease", {"dhcp": seen.lease(address=None)}, "fail", (GATEWAY,), ADMIN),
    Case("NAK", "dhcp.lease", {"dhcp": dhcp(message(), message("NAK", message="no free leases"))}, "fail",
         (GATEWAY, "NAK", "no free leases"), ADMIN),
    Case("an offer that is not granted", "dhcp.lease", {"dhcp": dhcp(message())}, "fail", (GATEWAY, "192.168.77.120"),
         ADMIN),
    Case("no offer, no lease", "dhcp.lease", {"dhcp": dhcp()}, "fail", ("dhcp.offer",), ADMIN),
    Case("a user's lease proves nothing", "dhcp.lease", denied(laptop_lease=OWN_LEASE), "warn", ("sudo",), OWNER),
    Case("no lease measured", "dhcp.lease", {"dhcp": None}, "unknown"),
    Case("one server", "dhcp.servers", {}, "pass", (GATEWAY,)),
    Case("two that agree", "dhcp.servers", {"dhcp": dhcp(message(), message(server=OTHER), message("ACK"))}, "pass",
         (GATEWAY, OTHER)),
    Case("two routers", "dhcp.servers", {"dhcp": dhcp(message(), message(server=OTHER, routers=[OTHER],
         server_mac="aa:bb"))},
         "fail", (GATEWAY, OTHER, "router", "aa:bb"), ADMIN),
    Case("two resolvers", "dhcp.servers", {"dhcp": dhcp(message(), message(server=OTHER, resolvers=[OTHER]))}, "fail",
         (GATEWAY, OTHER, "resolver"), ADMIN),
    Case("two subnets", "dhcp.servers", {"dhcp": dhcp(message(), message(server=OTHER, address="10.0.0.9"))}, "fail",
         (GATEWAY, OTHER, "subnet"), ADMIN),
    Case("one that says less to an INFORM", "dhcp.servers", {"dhcp": dhcp(message(), informed("laptop", server=OTHER,
         routers=[], resolvers=[]))}, "unknown", (OTHER,), ADMIN),
    Case("a rogue that only answers INFORMs", "dhcp.servers", denied(received=[informed("laptop"),
         informed("laptop", server=OTHER, resolvers=[OTHER])]), "fail", (GATEWAY, OTHER), ADMIN),
    Case("no server to compare", "dhcp.servers", {"dhcp": dhcp()}, "unknown", ("dhcp.offer",)),
    Case("servers as a user", "dhcp.servers", denied(laptop_lease=OWN_LEASE), "unknown", ("sudo",), OWNER),
    Case("servers not measured", "dhcp.servers", {"dhcp": None}, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize("case", DHCP_CASES, ids=lambda case: case.name)
def test_dhcp(case: Case) -> None:
    verify(case)


def without(*names: str, rcode: str | None = "NXDOMAIN") -> dict[str, Dns]:
    """All names resolve but these."""
    return {"dns": dns(*(lookup(name, rcode=rcode) for name in names))}


def second(first: str | None, then: str = "right") -> dict[str, Dns]:
    """Two resolvers, of which the first answers nothing but `first`."""
    broken = [lookup(name, rcode=first) for name in (*ADDRESSES, *RANDOM)]
    return {"dns": dns(*broken, resolvers=(RESOLVER, SECOND), default=then)}


HIJACK = {"dns": dns(*(lookup(name, GATEWAY) for name in (*ADDRESSES, *RANDOM)))}
ELSEWHERE = "198.51.100.99"
LOCAL_VENDOR = {"dns": dns(lookup("captive.apple.com", "10.9.9.9"))}
LOCAL_NTP = Ntp(server=NTP_NAME, address="10.9.9.9", attempts=seen.ntp(seen.GOOD_NTP).attempts)
DNS_CASES = [
    Case("all names", "dns.resolve", {}, "pass", (RESOLVER,)),
    Case("all names for a Photon", "dns.resolve", {}, "pass", (RESOLVER,), device="photon"),
    Case("all names for an Argon", "dns.resolve", {}, "pass", (RESOLVER,), device="argon"),
    Case("silent", "dns.resolve", {"dns": dns(default=None)}, "fail", (RESOLVER, "option 6"), ADMIN),
    *(Case(rcode, "dns.resolve", {"dns": dns(default=rcode)}, "fail", (RESOLVER, rcode), ADMIN)
      for rcode in ("SERVFAIL", "REFUSED", "NXDOMAIN")),
    Case("truncated", "dns.resolve", {"dns": dns(*(lookup(name, truncated=True) for name in ADDRESSES))}, "fail",
         (RESOLVER, "truncated"), ADMIN),
    Case("filtered", "dns.resolve", without(*seen.COAP_NAMES, NTP_NAME), "fail", ("coap.me", NTP_NAME, "NXDOMAIN"),
         ADMIN),
    Case("one CoAP server's name is enough", "dns.resolve", without("coap.me"), "pass"),
    Case("filtered NTP", "dns.resolve", without(NTP_NAME), "fail", (NTP_NAME,), ADMIN),
    Case("filtered NTP harms no Photon", "dns.resolve", without(NTP_NAME), "warn", (NTP_NAME,), ADMIN, "photon"),
    Case("filtered cloud", "dns.resolve", without("device.spark.io"), "fail", ("device.spark.io",), ADMIN, "photon"),
    Case("a made-up Argon's name need not exist", "dns.resolve", without(seen.ARGON_NAME), "unknown",
         (seen.ARGON_NAME,),
         device="argon"),
    Case("an Argon's silent name", "dns.resolve", without(seen.ARGON_NAME, rcode=None), "fail", (seen.ARGON_NAME,),
         ADMIN,
         "argon"),
    Case("all of the cloud filtered", "dns.resolve", without(seen.ARGON_NAME, "device.spark.io"), "fail",
         (seen.ARGON_NAME,), ADMIN, "argon"),
    Case("first resolver dead", "dns.resolve", second(None), "warn", (RESOLVER, SECOND, "option 6"), ADMIN),
    Case("first resolver refuses", "dns.resolve", second("REFUSED"), "warn", (RESOLVER, SECOND, "REFUSED"), ADMIN),
    Case("both dead", "dns.resolve", {"dns": dns(resolvers=(RESOLVER, SECOND), default=None)}, "fail", (RESOLVER,
         SECOND),
         ADMIN),
    Case("second dead only", "dns.resolve", {"dns": dns(*(lookup(n, resolver=SECOND, rcode=None) for n in ADDRESSES),
         resolvers=(RESOLVER, SECOND))}, "pass"),
    Case("hijacked names are not resolved", "dns.resolve", HIJACK, "fail", (GATEWAY,), ADMIN),
    Case("no resolver handed out", "dns.resolve", {"dns": Dns()}, "unknown", ("resolver",)),
    Case("resolvers unknown to a user", "dns.resolve", {"dns": Dns(), **denied()}, "unknown", ("sudo",), OWNER),
    Case("dns not run", "dns.resolve", {"dns": Dns(not_run="this laptop has no IPv4 address")}, "unknown", ("IPv4",)),
    Case("dns cut short", "dns.resolve", {"dns": None}, "unknown", ("cut short",)),
    Case("honest", "dns.integrity", {}, "pass"),
    Case("hijack", "dns.integrity", HIJACK, "fail", (RESOLVER, GATEWAY), ADMIN),
    Case("hijack harms a Photon elsewhere", "dns.integrity", HIJACK, "warn", (RESOLVER, GATEWAY), ADMIN, "photon"),
    Case("one resolver of two invents", "dns.integrity", {"dns": dns(lookup(RANDOM[0], ELSEWHERE, resolver=SECOND),
         resolvers=(RESOLVER, SECOND))}, "fail", (SECOND, ELSEWHERE), ADMIN),
    Case("a local answer", "dns.integrity", LOCAL_VENDOR, "fail", ("captive.apple.com", "10.9.9.9", RESOLVER), ADMIN),
    Case("the gateway's answer", "dns.integrity", {"dns": dns(lookup("captive.apple.com", GATEWAY))}, "fail",
         ("gateway", GATEWAY), ADMIN),
    Case("a local answer that works", "dns.integrity", {"dns": dns(lookup(NTP_NAME, "10.9.9.9")), "ntp": LOCAL_NTP},
         "warn",
         (NTP_NAME, "10.9.9.9"), ADMIN),
    Case("one address for all", "dns.integrity", {"dns": dns(*(lookup(name, ELSEWHERE) for name in ADDRESSES))}, "warn",
         (ELSEWHERE, RESOLVER), ADMIN),
    Case("documentation addresses are public", "dns.integrity", {"dns": dns(lookup("coap.me", "192.0.2.1"))}, "pass"),
    Case("nobody answers", "dns.integrity", {"dns": dns(default=None)}, "unknown", ("dns.resolve",)),
    Case("integrity not asked", "dns.integrity", {"dns": Dns()}, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize("case", DNS_CASES, ids=lambda case: f"{case.check} {case.name}")
def test_dns(case: Case) -> None:
    verify(case)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "172.31.0.1", "192.168.0.1", "100.64.0.1", "100.127.255.255", "0.0.0.0", "127.0.0.1",
                "169.254.1.1", "224.0.1.187", "239.255.255.255"],
)  # fmt: skip
def test_a_local_address_is_no_answer_for_a_public_name(address: str) -> None:
    for name in VENDORS:
        verify(Case(address, "dns.integrity", {"dns": dns(lookup(name, address))}, "fail", (name, address), ADMIN))


@pytest.mark.parametrize(
    "address", ["9.255.255.255", "100.128.0.1", "172.32.0.1", "192.169.0.1", "223.255.255.255", "203.0.113.9"]
)
def test_a_public_address_is_an_answer(address: str) -> None:
    verify(Case(address, "dns.integrity", {"dns": dns(lookup("coap.me", address))}, "pass"))
