"""Do the resolvers that DHCP hands out give a device the answers that it needs?

Plain UDP over IPv4 without EDNS, on lwIP's schedule (dns.c:1069-1115: a query at 0, 1 and 2 s, given up at 4 s);
replies count only from the server asked, and are matched by id and question (dns.c:1225-1257). All resolvers are asked
for all names at the same time; a device asks one resolver after the other, so judging works out afterwards which answer
a device gets. Random names under real domains reveal resolvers that answer for names that do not exist. A device's name
with another device id reveals an allow-list that has only one exact name. The names of vendors' portal checks
distinguish "this name is filtered" from "nothing resolves"; for these names an answer from one resolver is enough.

Device OS built with IPv6 asks for a name's AAAA record before its A record (netdb_hal.cpp:43-63), so a resolver that
drops AAAA queries makes the device wait for the whole schedule. Here AAAA queries are sent at the same time as the
others, and only the end of the probe waits for them.
"""

import asyncio
import ipaddress
import random
import string
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Literal

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import msgspec

from netpreflight.probes.net.exchange import exchange
from netpreflight.probes.net.host_addresses import HostAddresses
from netpreflight.probes.net.payload_shapes import DNS_QUERY
from netpreflight.probes.net.sockets import Network
from netpreflight.probes.net.witnesses import bounded, unread
from netpreflight.probes.observations import Dns, Lookup, NameKind

RecordType = Literal["A", "AAAA"]

QUERY_AT_S = (0.0, 1.0, 2.0)
GIVE_UP_S = 4.0
RANDOM_UNDER = ("example.com", "iana.org")
"""Real domains in two zones, neither of which has a wildcard record."""
MOST_ADDRESSES = 16
HEAD_START_S = 1.0
"""A further resolver is asked for a vendor's name only if the first has not answered within this time."""
_PORT = 53


async def resolve(
    network: Network,
    resolvers: list[str],
    names: dict[str, NameKind],
    answers: HostAddresses,
    aaaa: AbstractSet[str] = frozenset(),
) -> Dns:
    """Ask each resolver for each name and for random names, and fill `answers` along the way.

    Args:
        network: the interface under test.
        resolvers: IPv4 addresses of the resolvers, in the order in which a device asks them.
        names: the names whose IPv4 addresses are looked up, and the kind of each.
        answers: is given each address as soon as it is known.
        aaaa: the names whose IPv6 addresses are looked up, too.

    Raises:
        OSError: the interface cannot be used.
    """
    wanted: dict[str, NameKind] = {**names}
    for domain in RANDOM_UNDER:
        wanted["".join(random.choices(string.ascii_lowercase, k=14)) + "." + domain] = "random"
    lookups: list[asyncio.Task[Lookup | None]] = []

    async def address_of(name: str) -> str | None:
        """Look up a name that was not announced, at the first resolver only."""
        try:
            found = await look_up(network, resolvers[0], name, "vendor")
        except (dns.exception.DNSException, UnicodeError):  # not a valid name, such as one with an overlong label
            return None
        return usable(found)

    answers.resolve_with(address_of)
    try:
        async with asyncio.TaskGroup() as group:
            for name, kind in wanted.items():
                tasks: list[asyncio.Task[Lookup | None]] = []
                for resolver in resolvers:
                    spared_by = tasks[0] if tasks and kind == "vendor" else None
                    tasks.append(group.create_task(_ask(network, resolver, name, kind, spared_by=spared_by)))
                lookups += tasks
                if kind in {"device", "vendor"}:
                    group.create_task(_settle(answers, name, tasks))
            for name, kind in names.items():
                if name in aaaa:  # the first resolver is enough: a device asks that one first
                    lookups.append(group.create_task(_ask(network, resolvers[0], name, kind, "AAAA")))
    finally:
        answers.settle_rest()
    return Dns(resolvers=resolvers, lookups=[lookup for task in lookups if (lookup := task.result()) is not None])


async def _ask(
    network: Network,
    resolver: str,
    name: str,
    kind: NameKind,
    wanted: RecordType = "A",
    *,
    spared_by: asyncio.Task[Lookup | None] | None = None,
) -> Lookup | None:
    """Look a name up; None: no lookup was needed, because `spared_by` got a definite answer within HEAD_START_S."""
    if spared_by is not None:
        done, _ = await asyncio.wait([spared_by], timeout=HEAD_START_S)
        if done and (lookup := spared_by.result()) is not None and lookup.ends:
            return None

    def failed(why: str) -> Lookup:
        """The lookup if netpreflight itself fails on it."""
        attempt = unread(network, resolver, _PORT, why)
        return Lookup(name=name, type=wanted, kind=kind, resolver=resolver, attempts=[attempt])

    return await bounded(look_up(network, resolver, name, kind, wanted), failed)


async def _settle(answers: HostAddresses, name: str, tasks: list[asyncio.Task[Lookup | None]]) -> None:
    """Settle a name's address as a device would: the first resolver in order with a definite answer decides."""
    for task in tasks:
        lookup = await task
        if lookup is not None and lookup.ends:
            answers.settle(name, usable(lookup))
            return
    answers.settle(name, None)


def usable(lookup: Lookup) -> str | None:
    """The first address of a lookup; None: there is none, or it is not another host's (loopback, multicast, …)."""
    if not lookup.addresses:
        return None
    address = ipaddress.ip_address(lookup.addresses[0])
    reserved = address.is_unspecified or address.is_loopback or address.is_multicast or lookup.addresses[0][:2] == "0."
    return None if reserved or address.is_reserved else lookup.addresses[0]


def answer_to(query: dns.message.Message, wire: bytes) -> dns.message.Message:
    """Decode an answer.

    Raises:
        ValueError: the answer is malformed, or does not answer this query.
    """
    try:
        reply = dns.message.from_wire(wire, ignore_trailing=True, raise_on_truncation=False)
    except (dns.exception.DNSException, ValueError) as problem:
        raise ValueError(f"malformed DNS message: {type(problem).__name__}") from problem
    if reply.id != query.id or not query.is_response(reply):
        raise ValueError("does not answer the question that was asked")
    return reply


async def look_up(network: Network, resolver: str, name: str, kind: NameKind, wanted: RecordType = "A") -> Lookup:
    """Ask one resolver for one name, on lwIP's schedule."""
    record_type = dns.rdatatype.from_text(wanted)
    query = dns.message.make_query(name, record_type, use_edns=False)

    network.watch_unasked(_PORT, errors_only=True)
    result = await exchange(
        network,
        network.udp("DNS", DNS_QUERY),
        query.to_wire(),
        resolver,
        _PORT,
        at_s=QUERY_AT_S,
        give_up_s=GIVE_UP_S,
        read=partial(answer_to, query),
        mark=query.id.to_bytes(2),
    )
    lookup = Lookup(
        name=name,
        type=wanted,
        kind=kind,
        resolver=resolver,
        attempts=result.attempts,
        elapsed_ms=result.elapsed_ms,
    )
    if any(attempt.icmp for attempt in result.attempts):
        lookup = msgspec.structs.replace(lookup, unasked=network.unasked(resolver, _PORT))
    if (reply := result.value) is None:
        return lookup
    rrsets = [rrset for rrset in reply.answer if (rrset.rdtype, rrset.rdclass) == (record_type, dns.rdataclass.IN)]
    return msgspec.structs.replace(
        lookup,
        rcode=dns.rcode.to_text(reply.rcode()),
        addresses=[str(record) for rrset in rrsets for record in rrset][:MOST_ADDRESSES],
        ttl_s=min((rrset.ttl for rrset in rrsets), default=None),
        truncated=bool(reply.flags & dns.flags.TC),
    )
