"""The plan of a run as data: who runs for which checks, and who waits for whom; and that a run keeps to it."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any, get_args

import msgspec
import pytest

from netpreflight.agent import judging, profiles
from netpreflight.agent import run as run_module
from netpreflight.agent.plan import PROBES, REACHED_BY, WITH_DEEP, Milestone, PlannedProbe, plan
from netpreflight.agent.report import Run
from netpreflight.agent.run import AirChoice, RunSettings, measure
from netpreflight.agent.selection import Selection
from netpreflight.probes.dhcp import Told
from netpreflight.probes.net.host_addresses import HostAddresses
from netpreflight.probes.observations import Dhcp, Dns, Ntp, Observations, Privileges, Resolver, Scope

Waits = dict[str, set[str]]
"""The probes of a plan, each with those that it waits for before it begins."""

LEASE: Waits = {"dhcp": set(), "dns": {"dhcp"}}
COAP: Waits = LEASE | {"coap": {"dhcp"}}
CLOUD: Waits = COAP | {"cloud": {"dhcp"}, "tcp": {"dhcp"}, "echo": {"dhcp", "cloud"},
                      "vendor_status": {"dhcp", "cloud"}}  # fmt: skip
PATH: Waits = {"path": {"dhcp", "coap", "cloud"}}
NTP_AND_PORTAL: Waits = {"ntp": {"dhcp"}, "portal": {"dhcp"}}
EVERYTHING: Waits = {"wifi": set()} | CLOUD | NTP_AND_PORTAL | PATH
AIR = [check for check in judging.CHECKS if check.startswith("wifi.")]


def before(row: PlannedProbe) -> set[str]:
    """The probes that have to be waited for before one begins."""
    return {text for milestone in row.begins_after for text in REACHED_BY[milestone]}


def at_all(row: PlannedProbe) -> set[str]:
    """The probes that a probe, or a part of it, waits for."""
    return before(row) | {text for milestone in row.waits_for for text in REACHED_BY[milestone]}


def planned(selection: Selection, *, deep: bool = False) -> list[PlannedProbe]:
    return plan(judging.probes_for(selection), deep=deep)


@pytest.mark.parametrize(
    ("selection", "deep", "wanted"),
    [
        (Selection(), False, EVERYTHING),
        (Selection(), True, EVERYTHING | {"mapping": {"dhcp"}}),
        (Selection(only=AIR), False, {"wifi": set()}),
        (Selection(only=AIR), True, {"wifi": set()}),
        (Selection(only=["dhcp.offer"]), False, {"dhcp": set()}),
        (Selection(only=["dns.resolve"]), True, LEASE | {"tcp": {"dhcp"}}),
        (Selection(only=["dns.integrity"]), True, LEASE),
        (Selection(only=["ntp.reply"]), False, LEASE | {"ntp": {"dhcp"}}),
        (Selection(only=["portal"]), False, LEASE | {"portal": {"dhcp"}}),
        (Selection(only=["coap.udp-5683"]), False, COAP),
        (Selection(only=["coap.udp-5683"]), True, COAP),
        (Selection(only=["cloud.transport"]), False, CLOUD),
        (Selection(only=["cloud.transport"]), True, CLOUD | PATH | {"mapping": {"dhcp"}}),
        (Selection(only=["path.egress"]), False, COAP | {"cloud": {"dhcp"}} | PATH),
        (Selection(skip=["path.egress"]), False, {"wifi": set()} | CLOUD | NTP_AND_PORTAL),
        (
            Selection(skip=["cloud.transport", "path.egress"]),
            False,
            {"wifi": set(), "tcp": {"dhcp"}} | COAP | NTP_AND_PORTAL,
        ),
        (Selection(skip=AIR), False, CLOUD | NTP_AND_PORTAL | PATH),
        (
            Selection(skip=["vendor-status"]),
            False,
            {name: waits for name, waits in EVERYTHING.items() if name != "vendor_status"},
        ),
        (Selection(skip=list(judging.CHECKS)), True, {}),
    ],
)
def test_who_runs_and_who_waits_for_whom(selection: Selection, deep: bool, wanted: Waits) -> None:  # noqa: FBT001 - a column
    assert {row.name: before(row) for row in planned(selection, deep=deep)} == wanted


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("check_id", judging.CHECKS)
def test_nobody_waits_for_a_probe_that_does_not_run(check_id: str, deep: bool) -> None:  # noqa: FBT001 - a column
    for selection in (Selection(only=[check_id]), Selection(skip=[check_id])):
        rows = planned(selection, deep=deep)
        running = {row.name for row in rows}

        assert {text for row in rows for text in at_all(row)} <= running
        for row in rows:
            assert set(WITH_DEEP.get(row.name, ())) <= running or not deep


def test_nobody_waits_for_itself_by_any_way() -> None:
    waits = {row.name: at_all(row) for row in PROBES}
    settled: set[str] = set()
    while ready := {name for name, others in waits.items() if others <= settled} - settled:
        settled |= ready

    assert settled == set(waits)


def test_the_rows_are_whole() -> None:
    kinds = {field.name: field.type for field in msgspec.structs.fields(Observations)}

    assert {row.name for row in PROBES} == set(kinds) - {"scope", "as_device", "join", "log"}
    assert len({row.name for row in PROBES}) == len(PROBES)
    assert all(row.kind in get_args(kinds[row.name]) for row in PROBES)
    assert set(REACHED_BY) == set(get_args(Milestone))
    assert {probe for probes in REACHED_BY.values() for probe in probes} <= {row.name for row in PROBES}
    used = {name for row in PROBES for name in (*row.begins_after, *row.waits_for)}
    assert used == set(REACHED_BY), "what nobody waits for is no milestone"


# --- a run keeps to it

HERE = Scope(
    interface="fake0", state="up", addresses=["192.0.2.9/24"], gateway="192.0.2.1",
    privileges=Privileges(raw_sockets=True),
    resolvers=[Resolver(address="192.0.2.53", source="resolv.conf", interface="fake0")],
)  # fmt: skip
TURNS = 100
"""Of the event loop: more than it takes until whoever waits for nothing has begun."""
PATCHED = {"wifi", "dhcp", "portal", "coap", "cloud", "tcp", "echo", "mapping"}
"""Probes that the run calls by a name of its own; of the others it has a method."""


async def inputs(*given: Any) -> None:
    """Wait for what a probe is given: addresses, and what DHCP's option 114 held."""
    for argument in given:
        if isinstance(argument, asyncio.Future):
            await argument
        elif isinstance(getattr(argument, "__self__", None), HostAddresses):
            await argument("pool.ntp.org")
        elif isinstance(argument, run_module._Measurement):  # noqa: SLF001 - the run
            await argument._addresses.address("pool.ntp.org")  # noqa: SLF001 - as above


def begun_while(held: str | None, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Which probes of a deep run begin while one does not come to its end; without one, all of them do."""
    begun: list[str] = []

    def scripted(row: PlannedProbe) -> Callable[..., Awaitable[Any]]:
        async def probe(*given: Any, **_: Any) -> Any:
            begun.append(row.name)
            if row.name == held:
                await asyncio.sleep(0.1)
                for _turn in range(TURNS):  # on a busy machine that time may have passed before anybody's turn
                    await asyncio.sleep(0)
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.Event().wait()
            if row.waits_for or row.name in PATCHED:
                await inputs(*given)
            return row.kind()

        return probe

    for row in PROBES:
        if row.name in PATCHED:
            monkeypatch.setattr(run_module, row.name, scripted(row))
        else:
            monkeypatch.setattr(run_module._Measurement, f"_{row.name}", scripted(row))  # noqa: SLF001 - its methods
    profile = profiles.load("generic")
    made = measure(RunSettings(deepcopy(HERE), AirChoice(), profile, Selection(), deep=True))

    assert made.complete == (held is None)
    assert len(set(begun)) == len(begun)
    return set(begun)


@pytest.mark.parametrize("held", [None, *(row.name for row in PROBES)])
def test_who_does_not_end_holds_up_those_that_wait_for_it_and_no_others(
    held: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = {held}
    for row in PROBES:  # those that wait come after those that are waited for
        if at_all(row) & endless:
            endless.add(row.name)

    assert begun_while(held, monkeypatch) == {row.name for row in PROBES if not before(row) & endless}


def test_a_port_that_is_silent_for_a_while_is_looked_for_while_it_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_module, "PATH_AFTER_S", 0.02)

    assert "path" in begun_while("coap", monkeypatch)


def test_resolvers_that_are_known_release_those_that_wait_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    async def lease(*_: Any, on_resolvers: Told, **__: Any) -> Any:
        on_resolvers(["192.0.2.53"], settled=True)
        await asyncio.Event().wait()

    async def dns(_: Any) -> Any:
        begun.append("dns")
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    monkeypatch.setattr(run_module, "dhcp", lease)
    monkeypatch.setattr(run_module._Measurement, "_dns", dns)  # noqa: SLF001 - its methods
    made = measure(RunSettings(deepcopy(HERE), AirChoice(), profiles.load("generic"), Selection(only=["dns.resolve"])))

    assert begun == ["dns"]
    assert made.observations.scope.resolvers[0] == Resolver(address="192.0.2.53", source="dhcp", interface="fake0")


@pytest.mark.parametrize("is_device", [True, False])
def test_what_was_measured_when_the_interface_was_no_longer_the_device_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, *, is_device: bool
) -> None:
    now = [True]
    told: list[str] = []

    async def lease(*_: Any, on_resolvers: Told, **__: Any) -> Dhcp:
        on_resolvers(["192.0.2.53"], settled=True)
        return Dhcp()

    async def dns(_: Any) -> Dns:
        now[0] = is_device
        return Dns()

    monkeypatch.setattr(run_module, "dhcp", lease)
    monkeypatch.setattr(run_module._Measurement, "_dns", dns)  # noqa: SLF001 - its methods
    made = measure(
        RunSettings(
            deepcopy(HERE),
            AirChoice(),
            profiles.load("generic"),
            Selection(only=["dns.resolve"]),
            lambda check: told.append(check.id),
            is_device=lambda: now[0],
        )
    )

    assert made.observations.dhcp is not None, "what was measured before stays"
    assert (made.observations.dns is not None) is is_device
    assert ("dns.resolve" in told) is is_device
    assert made.complete is is_device


# --- the INFORM's resolvers, and then the lease's

INFORMED, LEASED = ["192.0.2.53"], ["192.0.2.54"]


def made_by(
    monkeypatch: pytest.MonkeyPatch, leased: list[str] | None, *, held: bool = False
) -> tuple[Run, list[list[str] | None], list[str]]:
    """A run whose INFORM names INFORMED, and whose lease, once NTP has been asked with these, names `leased`.

    Returns the run, the resolvers that were asked, each time, and what was announced before the lease. No lease: the
    run is cut short. `held`: NTP does not end while the INFORM's resolvers are used.
    """
    asked: list[list[str] | None] = []
    asked_ntp = asyncio.Event()
    told: list[str] = []
    early: list[str] = []

    async def lease(*_: Any, on_resolvers: Told, **__: Any) -> Dhcp:
        on_resolvers(INFORMED, settled=False)
        await asked_ntp.wait()
        for _turn in range(TURNS):
            await asyncio.sleep(0)
        early.extend(told)
        if leased is None:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        on_resolvers(leased or [], settled=True)
        return Dhcp()

    async def dns(measurement: run_module._Measurement) -> Dns:
        asked.append(measurement._resolvers)  # noqa: SLF001 - what it goes by
        for name in measurement._names():  # noqa: SLF001 - as above
            measurement._addresses.settle(name, next(iter(measurement._resolvers or []), None))  # noqa: SLF001 - as above
        return Dns(resolvers=measurement._resolvers or [])  # noqa: SLF001 - as above

    async def ntp(measurement: run_module._Measurement) -> Ntp:
        address = await measurement._addresses.address("pool.ntp.org")  # noqa: SLF001 - as above
        asked_ntp.set()
        if held and address in INFORMED:
            await asyncio.Event().wait()
        return Ntp(server="pool.ntp.org", address=address)

    monkeypatch.setattr(run_module, "dhcp", lease)
    monkeypatch.setattr(run_module._Measurement, "_dns", dns)  # noqa: SLF001 - its methods
    monkeypatch.setattr(run_module._Measurement, "_ntp", ntp)  # noqa: SLF001 - its methods
    only = Selection(only=["dns.resolve", "ntp.reply"])
    made = measure(
        RunSettings(deepcopy(HERE), AirChoice(), profiles.load("generic"), only, lambda check: told.append(check.id))
    )
    assert told == [] or len(set(told)) == len(told)
    return made, asked, early


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("leased", [LEASED, []])
def test_a_lease_with_other_resolvers_makes_what_goes_by_them_run_again(
    leased: list[str],
    held: bool,  # noqa: FBT001 - a column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, asked, early = made_by(monkeypatch, leased, held=held)
    seen = made.observations

    assert (asked, early, made.complete) == ([INFORMED, leased], [], True)
    assert seen.dns
    assert (seen.dns.resolvers, seen.dns.assumed) == (leased, False)
    assert seen.ntp
    assert seen.ntp.address == next(iter(leased), None)
    assert [resolver.address for resolver in seen.scope.resolvers] == [*leased, "192.0.2.53"]  # the last: the laptop's


def test_a_lease_with_the_same_resolvers_confirms_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    made, asked, early = made_by(monkeypatch, INFORMED)

    assert (asked, early, made.complete) == ([INFORMED], [], True)
    assert made.observations.dns
    assert not made.observations.dns.assumed


def test_a_run_that_is_cut_short_before_the_lease_knows_no_resolver_of_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, asked, early = made_by(monkeypatch, None)

    assert (asked, early, made.complete) == ([INFORMED], [], False)
    assert made.observations.dns
    assert made.observations.dns.assumed
