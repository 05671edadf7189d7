"""The engine of a watch, by simulated days: outages are brackets with the first broken layer, and gaps are none."""

import itertools

import msgspec
import pytest

from netpreflight.agent import profiles
from netpreflight.agent.watch.records import Answer, Outage, Unasked
from netpreflight.agent.watch.schedule import plan_of
from netpreflight.agent.watch.watched import Layer
from tests.unit.watching import DAY, HOUR, MINUTE, PLAN, UNASKABLE, World, play

STEP = 25.0


def only(outages: list[Outage]) -> Outage:
    assert len(outages) == 1, outages
    return outages[0]


def assert_brackets(outage: Outage, begin: float, end: float, step: float = STEP) -> None:
    """Begin and end lie in the bracket, which is at most a step wide at each side."""
    assert outage.last_good is not None
    assert outage.first_good is not None
    assert outage.last_good <= begin <= outage.first_bad <= outage.last_good + step
    assert outage.last_bad <= end <= outage.first_good <= end + step


@pytest.mark.more
def test_a_quiet_week_has_no_outage_and_asks_as_often_as_the_device() -> None:
    seen = play(World(), 7 * DAY)

    assert (seen.outages, seen.gaps, seen.notes, seen.full_runs, seen.ladders) == ([], [], [], [], [])
    assert seen.asked["cloud"] == pytest.approx(7 * DAY / 25, rel=0.01)
    assert seen.asked["dns"] == pytest.approx(7 * DAY / 60, rel=0.01)
    assert seen.asked["ntp"] == seen.asked["portal"] == pytest.approx(7 * 24, abs=1)


@pytest.mark.parametrize(
    ("layer", "symptoms"),
    [
        ("cloud", ["cloud"]),
        ("dns", ["dns"]),
        ("internet", ["dns", "cloud"]),
        ("gateway", ["gateway", "dns", "cloud"]),
        ("ip", ["ip", "gateway", "dns", "cloud"]),
        ("link", ["link", "ip", "gateway", "dns", "cloud"]),
    ],
)
def test_the_first_broken_layer_is_blamed(layer: Layer, symptoms: list[Layer]) -> None:
    begin, end = 7800.0, 8000.0
    outage = only(play(World({layer: [(begin, end)]}), DAY).outages)

    assert (outage.layer, outage.symptoms) == (layer, symptoms)
    assert_brackets(outage, begin, end, 60.0 if layer == "dns" else STEP)
    good = {heard.layer for heard in outage.asked if heard.good and heard.at < end}
    assert good == {"link", "ip", "gateway", "dns", "cloud"} - set(symptoms)


def test_what_a_retry_makes_good_is_no_outage_and_what_three_tries_do_not_is_one() -> None:
    short = play(World({"cloud": [(7800.0, 7801.0)]}), 3 * HOUR)
    longer = play(World({"cloud": [(7800.0, 7845.0)]}), 3 * HOUR)

    assert short.outages == []
    assert only(longer.outages).layer == "cloud"


def test_one_lost_datagram_is_a_note() -> None:
    questions = [sample.at for sample in play(World(), HOUR).samples if sample.layer == "cloud"]
    begin = questions[40] - 0.1  # that question is lost, and asked again it is answered
    seen = play(World({"cloud": [(begin, begin + 1.0)]}), HOUR)

    assert seen.outages == []
    assert [note.kind for note in seen.notes] == ["lost-datagram"]


@pytest.mark.parametrize("seconds", [13.0, 40.0, 8 * HOUR])
def test_sleep_is_no_outage(seconds: float) -> None:
    seen = play(World(asleep=[(10_000.0, seconds)]), DAY)

    assert seen.outages == []
    assert [(gap.why, gap.end - gap.begin >= seconds) for gap in seen.gaps] == [("asleep", True)]
    assert seen.gaps[0].end - seen.gaps[0].begin <= seconds + 60


def test_what_failed_before_sleep_is_not_joined_to_what_fails_after_it() -> None:
    woke = 10_020.0 + 8 * HOUR
    broken = [(9_980.0, 10_021.0), (woke - 1, woke + 40)]
    seen = play(World({"link": broken}, asleep=[(10_020.0, 8 * HOUR)]), DAY)

    assert [outage.ended_by for outage in seen.outages] == ["asleep", None]
    assert all(outage.last_bad - outage.first_bad < MINUTE for outage in seen.outages)
    assert seen.outages[1].last_good is None


def test_a_held_up_program_is_no_outage() -> None:
    seen = play(World(stalled=[(5000.0, 600.0)]), DAY)

    assert seen.outages == []
    assert [gap.why for gap in seen.gaps] == ["stalled"]


@pytest.mark.parametrize("by", [-HOUR, 365 * DAY])
def test_a_step_of_the_clock_within_an_outage_changes_nothing_of_it(by: float) -> None:
    seen = play(World({"cloud": [(7800.0, 8000.0)]}, stepped=[(7900.0, by)]), DAY)

    assert_brackets(only(seen.outages), 7800.0, 8000.0)
    assert [note.kind for note in seen.notes] == ["clock-stepped"]
    assert seen.gaps == []


def test_another_layer_that_breaks_during_an_outage_is_an_outage_of_its_own_unless_the_first_explains_it() -> None:
    dns_first = play(World({"dns": [(5000.0, 30_000.0)], "cloud": [(9000.0, 9100.0)]}), DAY).outages
    gateway_first = play(World({"gateway": [(5000.0, 9000.0)], "ntp": [(4990.0, 9001.0)]}), DAY).outages

    assert [(outage.layer, outage.symptoms) for outage in dns_first] == [("dns", ["dns"]), ("cloud", ["cloud"])]
    assert_brackets(dns_first[1], 9000.0, 9100.0)
    assert "ntp" in only(gateway_first).symptoms


def test_a_router_whose_silence_shows_late_is_blamed_for_what_was_silent_before() -> None:
    begin, end = 7800.0, 8000.0
    broken: dict[Layer, list[tuple[float, float]]] = {"internet": [(begin, end)], "gateway": [(begin + 40, end)]}
    outage = only(play(World(broken), DAY).outages)

    assert (outage.layer, outage.problem, outage.symptoms) == ("gateway", "gateway-silent", ["gateway", "dns", "cloud"])
    assert_brackets(outage, begin, end)


def test_a_ladder_comes_at_once_and_one_full_run_after_half_a_minute() -> None:
    seen = play(World({"cloud": [(7800.0, 9000.0)]}), DAY)
    outage = only(seen.outages)

    assert len(seen.ladders) == len(seen.full_runs) == 1
    assert seen.ladders[0] - outage.first_bad < 15
    assert 30 <= seen.full_runs[0] - outage.first_bad <= 45
    assert (outage.lost_behind, [run.is_over for run in outage.runs]) == (2, [False])


def test_a_full_run_that_ends_after_the_outage_says_so() -> None:
    world = World()
    played = play(world, MINUTE)
    engine = played.engine
    bad, good = Answer(good=False, said="silent", problem="gateway-silent"), Answer(good=True)
    for _ in range(3):
        engine.take("gateway", world.at, bad)
    for layer in ("link", "ip", "dns", "cloud"):
        found = engine.take(layer, world.at, good if layer in {"link", "ip"} else bad)
    for _ in range(3):
        found += engine.take("dns", world.at, good)
        found += engine.take("cloud", world.at, good)
    numbers = tuple(outage.number for outage in engine.open)
    engine.full_run_begins()
    engine.take("gateway", world.at, good)
    (outage,) = engine.full_run_ended(numbers, world.at, "compatible", "it will get online")

    assert isinstance(outage, Outage)
    assert outage.layer == "gateway"
    assert outage.runs[0].is_over


@pytest.mark.more
def test_three_days_of_flapping_are_bounded() -> None:
    flaps = [(float(at), at + 60.0) for at in range(1600, int(3 * DAY), 120)]
    seen = play(World({"cloud": flaps}), 3 * DAY)

    assert 2000 <= len(seen.outages) <= len(flaps)
    assert len(seen.full_runs) <= 3 * 24 + 1


def test_what_stays_broken_is_asked_less_often_after_an_hour() -> None:
    seen = play(World({"cloud": [(2000.0, 2000.0 + 5 * HOUR)]}), 5 * HOUR)
    begins = [sample.at for sample in seen.samples if sample.layer == "cloud" and not sample.good]
    late = [at for at in begins if at > 2000 + HOUR + MINUTE]

    assert [later - at for at, later in itertools.pairwise(late)] == pytest.approx([303.0] * (len(late) - 1), abs=4)


def test_stopping_ends_what_is_open_without_an_end() -> None:
    outage = only(play(World({"gateway": [(2000.0, DAY)]}), HOUR).outages)

    assert (outage.ended_by, outage.first_good) == ("stopped", None)


def test_why_a_layer_cannot_be_asked_is_told_once_and_is_no_outage() -> None:
    seen = play(World(unaskable=[("cloud", 2000.0, 2.0 * DAY)]), DAY)

    assert seen.outages == []
    assert [record for record in seen.records if isinstance(record, Unasked)] == [Unasked("cloud", UNASKABLE)]


def test_a_layer_is_asked_again_when_its_answer_says() -> None:
    plan = msgspec.structs.replace(PLAN, holds_lease=True)
    world = World()
    engine = play(world, MINUTE, plan).engine
    engine.take("dhcp", world.at, Answer(good=True, again_in_s=7.0))
    steps = []
    while world.at < 1000.0 + HOUR:
        step = engine.next_step()
        world.wait_until(step.at)
        engine.look(world.moment)
        steps += [step.at] if step.layer == "dhcp" else []
        engine.take(step.layer, step.at, Answer(good=True, again_in_s=1800.0 if step.layer == "dhcp" else None))

    assert steps == pytest.approx([1000.0 + MINUTE + 7.0, 1000.0 + MINUTE + 7.0 + 1800.0], abs=1.0)


def test_a_lease_that_is_not_renewed_is_an_outage_of_its_own_and_explained_by_a_router_that_is_silent() -> None:
    plan = msgspec.structs.replace(PLAN, holds_lease=True)
    alone = only(play(World({"dhcp": [(4000.0, 9000.0)]}), 4 * HOUR, plan).outages)
    behind: dict[Layer, list[tuple[float, float]]] = {"gateway": [(4000.0, 9000.0)], "dhcp": [(4000.0, 9000.0)]}
    routers = only(play(World(behind), 4 * HOUR, plan).outages)
    beside: dict[Layer, list[tuple[float, float]]] = {"dhcp": [(4000.0, 9000.0)], "cloud": [(5000.0, 5200.0)]}
    both = play(World(beside), 4 * HOUR, plan)

    assert (alone.layer, alone.symptoms, alone.runs) == ("dhcp", ["dhcp"], [])
    assert (routers.layer, "dhcp" in routers.symptoms) == ("gateway", True)
    assert sorted(outage.layer for outage in both.outages) == ["cloud", "dhcp"]


def test_the_test_servers_of_others_are_never_on_a_schedule() -> None:
    generic, photon = plan_of(profiles.load("generic")), plan_of(profiles.load("photon"))

    assert (generic.transport, generic.hosts, "cloud" in generic.intervals()) == (None, [], False)
    assert (photon.transport, photon.keep_alive_s) == ("tcp-nonce", 15.0)
    assert plan_of(profiles.load("photon2")).keep_alive_s == profiles.KEEP_ALIVE_S == PLAN.keep_alive_s


@pytest.mark.parametrize(("seconds", "most"), [(None, 5.0), (DAY, 5.0), (5.0, 1.0)])
def test_a_watch_is_put_off_by_a_fifth_of_a_step_and_a_short_one_by_less(seconds: float | None, most: float) -> None:
    assert PLAN.most_jitter_s(seconds) == most
