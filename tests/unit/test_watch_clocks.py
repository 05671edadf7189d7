"""The laptop's clocks, as a watch reads them: a process that is held up between two reads sees no step and no sleep."""

import itertools
from collections.abc import Sequence

import pytest

from netpreflight.agent.watch.engine import SLEPT_S, STEPPED_S, Engine
from netpreflight.agent.watch.records import Gap, Moment, Note, Record
from netpreflight.agent.watch.watcher import NoClockError, moment
from netpreflight.probes.net.clock import Clock
from netpreflight.systems.interface import Uptime
from tests.unit.watching import BEGAN, PLAN

READ_S = 0.001


class Laptop(Clock):
    """A laptop's clocks, each read of which takes READ_S, and a process that is held up before some of the reads.

    Args:
        held_up_s: for how long, before each of the reads to come.
    """

    def __init__(self, held_up_s: Sequence[float] = ()) -> None:
        self.at, self.slept, self.set_by = 1000.0, 0.0, 0.0
        self.held_up_s = list(held_up_s)
        self.reads = 0

    def wall(self) -> float:
        """What its clock shows."""
        self._read()
        return BEGAN + self.at + self.set_by

    def uptime(self) -> Uptime:
        """How long it has been up: the process may be held up between these two clocks, too."""
        self._read()
        at_s = self.at
        self._read()
        return Uptime(boot="boot-1", at_s=at_s, awake_s=self.at - self.slept)

    def _read(self) -> None:
        self.reads += 1
        self.at += READ_S + (self.held_up_s.pop(0) if self.held_up_s else 0.0)

    @property
    def moment(self) -> Moment:
        """What a watch reads."""
        return moment(self, self.uptime)


def seen(laptop: Laptop, before: Moment) -> list[Record]:
    """What the engine makes of the clocks, as they are read now, after those as they were read before."""
    return Engine(PLAN.intervals(), before).look(laptop.moment)


# Each reading makes five reads of a clock: two of the uptime's, the wall clock's, and two of the uptime's.
HELD_UP = {
    "inside the first uptime": [0.0, 7.0],
    "before the wall clock": [0.0, 0.0, 7.0],
    "after the wall clock": [0.0, 0.0, 0.0, 7.0],
    "twice": [0.0, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0],
}


@pytest.mark.parametrize("held_up_s", HELD_UP.values(), ids=HELD_UP)
def test_who_is_held_up_between_two_reads_sees_no_step_and_no_sleep(held_up_s: list[float]) -> None:
    quiet = Laptop()
    before = quiet.moment
    quick = quiet.reads
    held_up = Laptop(held_up_s)
    at_first = held_up.moment

    assert held_up.held_up_s == [], "nobody was held up"
    assert held_up.reads > quick, "the clocks were not read again"
    assert at_first.wall - at_first.at == pytest.approx(before.wall - before.at, abs=2 * READ_S)
    assert at_first.at - at_first.awake == pytest.approx(0.0, abs=2 * READ_S)
    held_up.at += 5.0
    assert seen(held_up, at_first) == []


def test_a_clock_that_is_set_and_sleep_are_still_seen() -> None:
    laptop = Laptop([0.0, 0.0, 7.0])
    before = laptop.moment
    laptop.set_by += STEPPED_S + 0.5
    assert [type(record) for record in seen(laptop, before)] == [Note]

    before = laptop.moment
    laptop.at, laptop.slept = laptop.at + SLEPT_S + 0.5, SLEPT_S + 0.5
    assert [type(record) for record in seen(laptop, before)] == [Gap]


def test_where_every_reading_is_slow_the_quickest_counts() -> None:
    laptop = Laptop([0.0, 0.0, 3.0, 0.0, 0.0] * 2 + [0.0, 0.0, 0.4, 0.0, 0.0] + [0.0, 0.0, 3.0, 0.0, 0.0] * 20)
    read = laptop.moment

    assert read.wall - read.at - BEGAN == pytest.approx(0.4 / 2, abs=2 * READ_S)
    assert laptop.reads == 25, "it gives up after a few readings"


def test_time_never_goes_back_from_moment_to_moment() -> None:
    laptop = Laptop([0.0, 0.2, 3.0, 0.0, 0.1, 0.0, 0.06] * 9)
    read = [laptop.moment for _ in range(9)]

    assert all(earlier.at < later.at for earlier, later in itertools.pairwise(read))


def test_a_system_that_does_not_tell_its_uptime_cannot_be_watched() -> None:
    with pytest.raises(NoClockError):
        moment(Laptop(), lambda: None)
