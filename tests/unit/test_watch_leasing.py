"""A lease that a watch holds: when it is taken, renewed and asked of all, by a clock that only the test moves."""

import asyncio

import pytest

from netpreflight.agent.watch.leasing import NEVER_GRANTED_S, Leasing
from netpreflight.agent.watch.records import Answer
from netpreflight.probes.held_lease import HeldLease, Refused, Taken

SERVER, ADDRESS, OTHER = "192.168.77.1", "192.168.77.100", "192.168.77.101"
HOLDER = "02:00:00:00:00:99"
T1, T2, ENDS = 60.0, 105.0, 120.0


def lease(address: str = ADDRESS, ends: float | None = ENDS) -> HeldLease:
    """One of 120 s, whose T1 and T2 are those of RFC 2131 section 4.4.5; or one for ever."""
    t1, t2 = (T1, T2) if ends is not None else (None, None)
    return HeldLease(address, SERVER, "02:00:00:77:00:01", 1, t1, t2, ends)


class Granting:
    """DHCP servers that answer from a script."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.takes: list[HeldLease | Refused | Taken | None] = []
        self.renews: list[HeldLease | Refused | None] = []
        self.asked: list[tuple[float, str]] = []
        self.leasing = Leasing(self, lambda: self.now)

    async def take(self) -> HeldLease | Refused | Taken | None:
        """What is next in the script."""
        self.asked.append((self.now - 1000.0, "take"))
        return self.takes.pop(0)

    async def renew(self, lease: HeldLease, *, rebind: bool) -> HeldLease | Refused | None:
        """What is next in the script."""
        assert lease.address in {ADDRESS, OTHER}
        self.asked.append((self.now - 1000.0, "rebind" if rebind else "renew"))
        return self.renews.pop(0)

    async def give_back(self, lease: HeldLease) -> None:
        """Note it."""
        self.asked.append((self.now - 1000.0, f"give back {lease.address}"))

    def ask(self, at: float) -> Answer:
        """Ask so many seconds after the beginning."""
        self.now = 1000.0 + at
        return asyncio.run(self.leasing.ask())


def test_a_lease_is_renewed_at_t1_and_asked_of_all_from_t2_on() -> None:
    servers = Granting()
    servers.takes, servers.renews = [lease()], [lease(), None, None, lease()]

    assert (servers.ask(0).good, servers.ask(0).again_in_s) == (True, T1)
    early = servers.ask(30.0)
    assert (early.good, early.again_in_s) == (None, T1 - 30.0)
    assert servers.ask(T1).good, "from now on, times count from 60 s"
    missed = servers.ask(2 * T1)
    assert (missed.good, missed.problem) == (False, "renewal-silent")
    assert missed.said == f"{SERVER} did not renew the lease of {ADDRESS}, which ends in 60 s"
    assert servers.ask(T1 + T2).said == f"no server renewed the lease of {ADDRESS}, which ends in 15 s"
    assert servers.ask(T1 + T2 + 5).good
    assert servers.asked == [
        (0, "take"),
        (T1, "renew"),
        (2 * T1, "renew"),
        (T1 + T2, "rebind"),
        (T1 + T2 + 5, "rebind"),
    ]
    assert servers.leasing.changes == []


def test_a_lease_that_ran_out_is_asked_for_anew_and_told() -> None:
    servers = Granting()
    servers.takes = [lease(), None, lease(OTHER)]
    servers.ask(0)

    gone = servers.ask(ENDS)
    assert (gone.good, gone.problem) == (False, "no-lease")
    assert servers.ask(ENDS + 2).good
    assert [change.said for change in servers.leasing.changes] == [
        f"the lease of {ADDRESS} ran out",
        f"the address was {ADDRESS}, and is {OTHER}",
    ]


@pytest.mark.parametrize("granted", [lease(), None])
def test_a_refused_renewal_is_told_and_another_lease_asked_for_at_once(granted: HeldLease | None) -> None:
    servers = Granting()
    servers.takes, servers.renews = [lease(), granted], [Refused(SERVER)]
    servers.ask(0)

    assert servers.ask(T1).good is (granted is not None)
    assert servers.asked == [(0, "take"), (T1, "renew"), (T1, "take")]
    assert [change.kind for change in servers.leasing.changes] == ["lease"]


@pytest.mark.parametrize(
    ("taken", "good", "again_in_s"),
    [
        (lease(ends=None), True, None),
        (None, None, NEVER_GRANTED_S),
        (Refused(SERVER), None, NEVER_GRANTED_S),
        (Taken(ADDRESS, HOLDER, is_by_router=False), None, NEVER_GRANTED_S),
        (Taken(ADDRESS, HOLDER, is_by_router=True), None, NEVER_GRANTED_S),
    ],
    ids=["for ever", "no server", "refused", "an address that somebody has", "proxy ARP"],
)
def test_what_taking_a_lease_comes_to(
    taken: HeldLease | Refused | Taken | None, *, good: bool | None, again_in_s: float | None
) -> None:
    """Where none was ever granted, nothing has broken: a server may serve only devices that it knows."""
    servers = Granting()
    servers.takes = [taken]
    answer = servers.ask(0)

    assert (answer.good, answer.problem, answer.again_in_s) == (good, None, again_in_s)


@pytest.mark.parametrize(
    ("taken", "problem"),
    [
        (None, "no-lease"),
        (Refused(SERVER), "no-lease"),
        (Taken(OTHER, HOLDER, is_by_router=False), "address-in-use"),
    ],
    ids=["no server", "refused", "an address that somebody has"],
)
def test_a_network_that_granted_a_lease_and_grants_none_any_more_is_broken(
    taken: Refused | Taken | None, problem: str
) -> None:
    servers = Granting()
    servers.takes = [lease(), taken]
    assert servers.ask(0).good

    broken = servers.ask(ENDS)
    assert (broken.good, broken.problem, servers.asked[-1]) == (False, problem, (ENDS, "take"))


def test_after_a_lease_an_address_for_which_a_router_answers_shows_no_outage_and_is_noted() -> None:
    """It may answer for every address: RFC 1027."""
    servers = Granting()
    servers.takes = [lease(), *[Taken(OTHER, HOLDER, is_by_router=True)] * 4]
    assert servers.ask(0).good
    answers = [servers.ask(ENDS + minute * NEVER_GRANTED_S) for minute in range(4)]

    assert {(answer.good, answer.problem) for answer in answers} == {(None, None)}
    assert [change.kind for change in servers.leasing.changes] == ["lease", "no-lease"]


def test_what_is_held_is_given_back_once() -> None:
    servers = Granting()
    servers.takes = [lease()]
    asyncio.run(servers.leasing.give_back())
    servers.ask(0)
    for _ in range(2):
        asyncio.run(servers.leasing.give_back())

    assert servers.asked == [(0, "take"), (0, f"give back {ADDRESS}")]


@pytest.mark.parametrize("granted_at_last", [True, False])
def test_a_first_lease_that_is_asked_for_in_vain_is_noted_once(*, granted_at_last: bool) -> None:
    servers = Granting()
    servers.takes = [None, Taken(ADDRESS, HOLDER, is_by_router=False), lease() if granted_at_last else None]
    servers.takes += [None, Refused(SERVER), None]
    for minute in range(3 if granted_at_last else 6):
        servers.ask(minute * NEVER_GRANTED_S)

    assert [change.kind for change in servers.leasing.changes] == ([] if granted_at_last else ["no-lease"])
