"""When outages cluster: what is called a cluster is one, and what chance would do is none."""

from itertools import combinations
from math import prod

import pytest

from netpreflight.agent.watch.clusters import chances, clusters
from netpreflight.agent.watch.watched import Cluster, Watch
from tests.unit.watches import DAY, HOUR, MINUTE, MONDAY, asleep, outage, watch


def test_the_chances_are_those_of_fishers_tea() -> None:
    """Eight cups, four with milk first, four chosen (The Design of Experiments, 1935): 1, 16, 36, 16 and 1 of 70."""
    assert chances(8, 4, 4) == pytest.approx([1, 69 / 70, 53 / 70, 17 / 70, 1 / 70])


@pytest.mark.parametrize(("watched", "struck", "of_these"), [(9, 3, 4), (10, 7, 6), (7, 7, 3), (12, 1, 5), (6, 2, 0)])
def test_the_chances_are_those_of_counting_every_case(watched: int, struck: int, of_these: int) -> None:
    cases = [sum(slot < of_these for slot in case) for case in combinations(range(watched), struck)]

    assert chances(watched, struck, of_these) == pytest.approx(
        [sum(hits >= least for hits in cases) / len(cases) for least in range(min(struck, of_these) + 1)]
    )


def found(seen: Watch) -> list[Cluster]:
    return (told.found) if (told := clusters(seen)) else []


def test_an_outage_of_every_night_is_a_cluster() -> None:
    seen = watch(7, [outage(MONDAY + night * DAY + 2 * HOUR + 10 * MINUTE) for night in range(7)])

    (cluster,) = found(seen)

    assert (cluster.kind, cluster.which, cluster.struck, cluster.watched) == ("hour-of-day", 2, 7, 7)
    assert cluster.expected == pytest.approx(7 * 7 / 168)
    # The first falls into that hour of the day with 7 of 168, the second with 6 of 167, …; 31 cells are looked at.
    by_chance = prod((7 - place) / (168 - place) for place in range(7))
    assert cluster.chance == pytest.approx(31 * by_chance, rel=1e-9, abs=0)
    assert cluster.needed == 4  # 31 times 35 times C(161, 3) of C(168, 7) is 0.1 %; with three it would be 4 %


def test_its_healthy_twin_has_outages_at_any_hour() -> None:
    seen = watch(7, [outage(MONDAY + night * DAY + night * 3 * HOUR) for night in range(7)])

    told = clusters(seen)

    assert told is not None
    assert (told.found, told.enough) == ([], True)


def test_one_bad_evening_is_no_cluster() -> None:
    seen = watch(7, [outage(MONDAY + 20 * HOUR + minute * MINUTE, MINUTE) for minute in range(0, 58, 2)])

    assert found(seen) == []


def test_an_hour_that_was_watched_once_is_no_cluster() -> None:
    nights = [asleep(MONDAY + day * DAY, MONDAY + day * DAY + 8 * HOUR) for day in range(1, 7)]
    seen = watch(7, [outage(MONDAY + 2 * HOUR), outage(MONDAY + 2 * HOUR + 30 * MINUTE)], nights)

    told = clusters(seen)

    assert told is not None
    assert (told.found, told.enough) == ([], False)


def test_a_weekday_is_a_cluster_after_some_weeks_only() -> None:
    def mondays(weeks: int) -> Watch:
        hours = [3, 9, 14, 20, 6]
        return watch(7 * weeks, [outage(MONDAY + week * 7 * DAY + hours[week] * HOUR) for week in range(weeks)])

    assert [found(mondays(weeks)) for weeks in (1, 2, 3)] == [[], [], []]
    (cluster,) = found(mondays(4))
    assert (cluster.kind, cluster.which, cluster.struck, cluster.watched) == ("day-of-week", 0, 4, 4)
    assert cluster.chance == pytest.approx(31 / 20_475)  # one of C(28, 4)


def test_hours_are_those_of_the_laptop_that_watched() -> None:
    """02:10 in UTC is 07:40 in India (UTC+05:30), and Tuesday there when it is Monday in UTC."""
    seen = watch(7, [outage(MONDAY + night * DAY + 2 * HOUR + 10 * MINUTE) for night in range(7)], utc_offset_s=19_800)

    told = clusters(seen)

    assert told is not None
    assert (told.utc_offset_s, [cluster.which for cluster in told.found]) == (19_800, [7])


def test_without_an_outage_nothing_clusters() -> None:
    assert clusters(watch(7)) is None


def test_a_forged_watch_of_a_thousand_years_is_not_looked_at() -> None:
    assert clusters(watch(365_000, [outage(MONDAY)])) is None
