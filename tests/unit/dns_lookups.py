"""Lookups whose resolvers answer from a script."""

import asyncio
from collections.abc import Callable

import pytest

from netpreflight.probes import dns
from netpreflight.probes.net.host_addresses import HostAddresses
from netpreflight.probes.observations import Dns, Lookup
from tests.unit.fakes import Answer, Clock, FakeNetwork

RESOLVER, SECOND = "192.0.2.53", "192.0.2.54"
NAME = "pool.ntp.org"
Reply = Callable[[bytes], list[tuple[float, Answer]]]


def ask(
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    resolvers: list[str] | None = None,
    aaaa: frozenset[str] = frozenset(),
) -> tuple[Dns, FakeNetwork, str | None]:
    """Resolve one name; the address that a device would use comes with it."""

    async def run() -> tuple[Dns, str | None]:
        answers = HostAddresses([NAME])
        seen = await dns.resolve(network, resolvers or [RESOLVER], {NAME: "device"}, answers, aaaa)
        return seen, await answers.address(NAME)

    network = FakeNetwork(Clock(), lambda _, query: reply(query))
    seen, used = asyncio.run(run())
    return seen, network, used


def lookup(monkeypatch: pytest.MonkeyPatch, reply: Reply) -> Lookup:
    (found,) = ask(monkeypatch, reply)[0].of(NAME)
    return found
