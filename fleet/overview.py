"""The numbers that the page of a store shows: counts only, by the newest complete run of each site."""

import datetime as dt
import math
from typing import NamedTuple

from netpreflight.fleet.answers import FleetSummary, summary
from netpreflight.fleet.engine import Connection, ask
from netpreflight.fleet.questions import QUESTIONS

LEAST_SITES = 20
"""A maker with fewer sites than this is not shown, because so few prove nothing."""
MOST_CHANGES, MOST_CAUSES, MOST_MAKERS, MOST_MONTHS = 15, 12, 15, 24
_Z = 1.959964
"""The standard normal quantile of a 95 % interval."""


class ChangeCount(NamedTuple):
    """A change, and at how many sites it is needed."""

    change: str
    where: str
    owner: str
    sites: int
    alone_enough: int


class OwnerCauses(NamedTuple):
    """The failing checks that one owner can change, each with the number of sites, the most first."""

    owner: str
    causes: list[tuple[str, int]]

    @property
    def sites(self) -> int:
        """The sum over the causes: a site with several causes counts once for each."""
        return sum(sites for _, sites in self.causes)


class Month(NamedTuple):
    """How many sites broke in a month, how many work again, and in how many of these the rules had changed, too."""

    month: dt.datetime
    broke: int
    works_again: int
    other_rules: int


class MakerShare(NamedTuple):
    """How many of the sites with a gateway of this maker fail."""

    maker: str
    sites: int
    failing: int

    @property
    def at_least(self) -> float:
        """The lower bound of the share of sites that fail."""
        return wilson(self.failing, self.sites)[0]

    @property
    def at_most(self) -> float:
        """The upper bound of the share of sites that fail."""
        return wilson(self.failing, self.sites)[1]


class Overview(NamedTuple):
    """The numbers on a store's page."""

    summary: FleetSummary
    changes: list[ChangeCount]
    owners: list[OwnerCauses]
    months: list[Month]
    makers: list[MakerShare]
    """The makers with at least `LEAST_SITES` sites, in descending order of `at_least`."""


def overview(connection: Connection) -> Overview:
    """Ask a store for the numbers on its page."""
    owners: dict[str, list[tuple[str, int]]] = {}
    for owner, check, sites in ask(connection, QUESTIONS["owners"]).rows:
        owners.setdefault(owner or "nobody that is known", []).append((check, sites))
    by_owner = [OwnerCauses(owner, causes[:MOST_CAUSES]) for owner, causes in owners.items()]
    makers = [MakerShare(*row) for row in ask(connection, QUESTIONS["makers"]).rows if row[1] >= LEAST_SITES]
    changes = [
        ChangeCount(change or "", where or "", owner or "", sites, alone)
        for change, where, owner, sites, alone in ask(connection, QUESTIONS["changes"]).rows
    ]
    return Overview(
        summary=summary(connection),
        changes=changes[:MOST_CHANGES],
        owners=sorted(by_owner, key=lambda each: (-each.sites, each.owner)),
        months=[Month(*row) for row in ask(connection, QUESTIONS["regressions"]).rows][-MOST_MONTHS:],
        makers=sorted(makers, key=lambda each: (-each.at_least, each.maker))[:MOST_MAKERS],
    )


def wilson(found: int, total: int) -> tuple[float, float]:
    """The bounds of the 95 % score interval (E. B. Wilson, 1927) of the share `found` / `total`."""
    share, spread = found / total, _Z**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)
