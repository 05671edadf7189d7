"""Two watches side by side: whether outages came more often in the second than chance alone explains.

As for clusters, what is counted is observed calendar hours in which an outage began, so that one bad hour does not
count as a hundred outages; and the test is Fisher's exact one.
"""

from collections import Counter

from netpreflight.agent.watch.clusters import chances, hours
from netpreflight.agent.watch.durations import in_words
from netpreflight.agent.watch.told import BROKE, lasted, result
from netpreflight.agent.watch.watched import (
    Outage,
    OutageProblem,
    ProblemPair,
    Watch,
    WatchComparison,
    WatchSide,
)

_LEVEL = 0.05
_NEEDLESS = {"ntp"}
"""Layers that a device does not need while it is connected: their outages do not count."""


def compare(a: Watch, b: Watch, files: tuple[str, str] = ("A", "B")) -> WatchComparison:
    """Compare two watches, such as one before and one after a change.

    Args:
        a: the first watch.
        b: the second watch.
        files: the names of the files that the watches are from.
    """
    (watched_a, struck_a), (watched_b, struck_b) = (hours(watch, _that_count(watch)) for watch in (a, b))
    is_known = "not-observed" not in {result(a), result(b)}
    worse = _worse(watched_a, struck_a, watched_b, struck_b) if is_known else None
    return WatchComparison(
        sentence=f"{_SENTENCES[worse, struck_a > 0]} In A an outage began in {_hours_of(struck_a, watched_a)}, "
        f"in B in {_hours_of(struck_b, watched_b)}.",
        worse=worse,
        a=_side(a, files[0]),
        b=_side(b, files[1]),
        problems=_problems(a, b),
    )


_NOT_KNOWN = (
    "Not known: the two differ by no more than chance alone explains, or too little was observed. "
    "A longer watch may show it."
)
_SENTENCES = {
    (True, False): "B is worse: it has outages, and A has none.",
    (True, True): "B is worse: outages came more often than chance alone explains.",
    (False, False): "Neither has an outage that the device would notice.",
    (False, True): "B is better: outages came less often than chance alone explains.",
    (None, False): _NOT_KNOWN,
    (None, True): _NOT_KNOWN,
}


def _worse(watched_a: int, struck_a: int, watched_b: int, struck_b: int) -> bool | None:
    """Whether outages came more often in B than in A; None: not known, because chance alone explains the difference.

    Args:
        watched_a: how many hours of A were observed.
        struck_a: in how many of these an outage began.
        watched_b: the same of B.
        struck_b: the same of B.
    """
    if not (watched_a and watched_b):
        return None
    watched, struck = watched_a + watched_b, struck_a + struck_b
    if not struck:
        return False
    if chances(watched, struck, watched_b)[struck_b] <= _LEVEL:
        return True
    return False if chances(watched, struck, watched_a)[struck_a] <= _LEVEL else None


def _that_count(watch: Watch) -> list[Outage]:
    """The outages that a device notices while it is connected."""
    return [outage for outage in watch.outages if outage.layer not in _NEEDLESS]


def _hours_of(struck: int, watched: int) -> str:
    return f"{struck} of {watched} hours"


def _side(watch: Watch, file: str) -> WatchSide:
    return WatchSide(
        file=file,
        device_label=watch.device_label,
        begin=watch.begin,
        end=watch.end,
        observed_s=watch.observed_s,
        outages=len(watch.outages),
        answer=watch.answer,
    )


def _problems(a: Watch, b: Watch) -> list[ProblemPair]:
    """Each problem that at least one of the watches has seen, the most frequent first."""
    counts = Counter(outage.problem for watch in (a, b) for outage in watch.outages)
    return [
        ProblemPair(problem=problem, broke=BROKE[problem], a=_how_often(a, problem), b=_how_often(b, problem))
        for problem, _ in counts.most_common()
    ]


def _how_often(watch: Watch, problem: OutageProblem) -> str:
    """How often a watch has seen a problem, and for how long in all."""
    held = [outage for outage in watch.outages if outage.problem == problem]
    if not held:
        return f"never in {in_words(watch.observed_s)}"
    return f"{len(held)} in {in_words(watch.observed_s)}, {lasted(*held)} in all"
