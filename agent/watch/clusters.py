"""In which hours of the day and on which days of the week outages begin more often than chance would have it.

What is counted is not outages but calendar hours in which at least one outage began: fifty outages within one hour
count once. A calendar hour counts only if at least half of it was watched, with or without an outage, so an hour of the
day that was seldom watched makes no pattern. Of `watched` such hours, an outage began in `struck`. If the time of day
does not matter, the number of `struck` hours among those between 02:00 and 03:00 has a hypergeometric distribution
(Fisher's exact test, one-sided). The same holds for whole days and days of the week. Because 24 hours and 7 days are
tested, the chance is multiplied by 31 (Bonferroni).
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from math import comb

from netpreflight.agent.watch.watched import Cluster, ClusterKind, Clusters, Outage, Watch

HOUR_S, DAY_S = 3600, 86_400
LOOKED_AT = 24 + 7
"""How many tests are made: one for each hour of the day and each day of the week."""
LEVEL = 0.01
"""A cluster is reported if, without any pattern, at most one watch in a hundred would show one by chance."""
MOST_DAYS = 800
"""No clusters are looked for in a longer watch: a forged one may last for thousands of years."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


def clusters(watch: Watch) -> Clusters | None:
    """The hours of the day and days of the week in which outages cluster, in the time of the laptop that watched.

    Returns:
        None if there was no outage, or the watch is too long to be real.
    """
    if not watch.outages or not dt.timedelta(0) < watch.end - watch.begin <= dt.timedelta(days=MOST_DAYS):
        return None
    offset_s = watch.utc_offset_s or 0
    stretches = list(observed(watch, offset_s))
    begun = [_seconds(outage.first_bad) + offset_s for outage in watch.outages]
    looks = [
        *_looks("hour-of-day", HOUR_S, lambda slot: slot % 24, stretches, begun),
        *_looks("day-of-week", DAY_S, lambda slot: (slot + _EPOCH_WEEKDAY) % 7, stretches, begun),
    ]
    return Clusters(
        utc_offset_s=watch.utc_offset_s,
        enough=any(look.needed is not None for look in looks),
        found=[look for look in looks if look.needed is not None and look.struck >= look.needed],
    )


def observed(watch: Watch, offset_s: int = 0) -> Iterator[tuple[float, float]]:
    """Begin and end of each observed stretch, in seconds since 1970 by a clock that is `offset_s` ahead of UTC."""
    at, end = _seconds(watch.begin), _seconds(watch.end)
    for gap in sorted(watch.unobserved, key=lambda gap: gap.begin):
        if (until := min(_seconds(gap.begin), end)) > at:
            yield at + offset_s, until + offset_s
        at = max(at, _seconds(gap.end))
    if at < end:
        yield at + offset_s, end + offset_s


def chances(watched: int, struck: int, of_these: int) -> list[float]:
    """The probabilities that, by chance, at least 0, 1, 2, … of the hours in which an outage began are of one kind.

    Args:
        watched: how many hours were watched.
        struck: in how many of the watched hours an outage began.
        of_these: how many of the watched hours are of that kind, such as between 02:00 and 03:00.
    """
    fewest, most = max(0, struck + of_these - watched), min(of_these, struck)
    ways = [comb(of_these, fewest) * comb(watched - of_these, struck - fewest)]
    for hits in range(fewest, most):  # each from the one before, because these numbers have thousands of digits
        left = watched - of_these - struck + hits + 1
        ways.append(ways[-1] * (of_these - hits) * (struck - hits) // ((hits + 1) * left))
    every = comb(watched, struck)
    at_least = list(accumulate(reversed(ways)))[::-1]
    return [1.0] * fewest + [count / every for count in at_least]


def hours(watch: Watch, outages: Iterable[Outage]) -> tuple[int, int]:
    """How many calendar hours were watched, and in how many of them at least one of these outages began."""
    if watch.end - watch.begin > dt.timedelta(days=MOST_DAYS):
        return 0, 0
    watched = _watched(list(observed(watch)), HOUR_S)
    return len(watched), len(watched & {int(_seconds(outage.first_bad) // HOUR_S) for outage in outages})


def _looks(
    kind: ClusterKind,
    slot_s: int,
    cell: Callable[[int], int],
    stretches: list[tuple[float, float]],
    begun: Iterable[float],
) -> list[Cluster]:
    """The test of each hour of the day, or of each day of the week."""
    watched = _watched(stretches, slot_s)
    struck = {slot for at in begun if (slot := int(at // slot_s)) in watched}
    all_of, hits = Counter(map(cell, watched)), Counter(map(cell, struck))
    return [
        _look(kind, which, hits[which], all_of[which], len(struck), len(watched)) for which in sorted(all_of) if struck
    ]


def _look(kind: ClusterKind, which: int, hits: int, of_these: int, struck: int, watched: int) -> Cluster:
    """The test of one hour of the day or day of the week: an outage began in `hits` of its `of_these` watched ones."""
    by_chance = [min(1.0, LOOKED_AT * likely) for likely in chances(watched, struck, of_these)]
    return Cluster(
        kind=kind,
        which=which,
        struck=hits,
        watched=of_these,
        expected=of_these * struck / watched,
        needed=next((fewest for fewest, likely in enumerate(by_chance) if likely <= LEVEL), None),
        chance=by_chance[hits],
    )


def _watched(stretches: list[tuple[float, float]], slot_s: int) -> set[int]:
    """The calendar hours (or days) of which at least half was observed, numbered from 1970 on."""
    observed_s: Counter[int] = Counter()
    for begin, end in stretches:
        for slot in range(int(begin // slot_s), int(end // slot_s) + 1):
            observed_s[slot] += round(min(end, (slot + 1) * slot_s) - max(begin, slot * slot_s))
    return {slot for slot, seconds in observed_s.items() if seconds * 2 >= slot_s}


def _seconds(at: dt.datetime) -> float:
    return (at - _EPOCH).total_seconds()
