"""What all renderings of a comparison share: words for its fixed values, and its lines without markup."""

from typing import NamedTuple

from netpreflight.agent.compare.parts import ChangeState, CheckPair, Comparison, Side, Standing, Story
from netpreflight.agent.selection import in_groups

STORIES: dict[Story, str] = {
    "two-networks": "Two networks",
    "before-and-after": "One network at two times",
    "same-run": "The same run twice",
    "not-told": "Two runs",
}
STANDINGS: dict[Standing, str] = {
    "ruled-out": "ruled out",
    "suspect": "look here",
    "not-settled": "not settled",
    "not-tried": "not tried",
}
CHANGES: dict[ChangeState, str] = {
    "works-now": "works now",
    "still-asked": "still asked for",
    "asked-otherwise": "asked for in another form",
    "not-known": "not known",
}


def story(comparison: Comparison) -> str:
    """How the two runs are related (two networks, before and after, ...), and what shows it."""
    likely = "" if comparison.sure else ", as far as can be told"
    return f"{STORIES[comparison.story]}{likely}: {'; '.join(comparison.told_by)}."


def side(run: Side) -> list[str]:
    """One of the two runs, in a few lines: its file and time, its network, and its headline."""
    return [
        f"{run.file}, {run.started}{'' if run.complete else ', cut short'}",
        f"{run.network}{f' ({run.hotspot})' if run.hotspot else ''}",
        run.headline,
    ]


def meaning(pair: CheckPair) -> str:
    """What the two results of a check mean, with a note if the device does not need the check."""
    needless = " (this device does not need it)" if pair.level == "reported" and pair.relation != "same" else ""
    return pair.meaning + needless


class Row(NamedTuple):
    """A row of the table of checks: one check, or all those that neither run looked at."""

    pair: CheckPair
    ids: str


def table_rows(comparison: Comparison) -> list[Row]:
    """The rows of the table of checks; the checks that both runs left out share the last row."""
    skipped = [pair for pair in comparison.checks if pair.a == pair.b == "skip"]
    found = [Row(pair, pair.id) for pair in comparison.checks if pair not in skipped]
    return [*found, *([Row(skipped[0], in_groups([pair.id for pair in skipped]))] if skipped else [])]


def details(pair: CheckPair) -> list[str]:
    """What each run saw of a check, and why the two might not be comparable; empty: the runs do not differ."""
    if pair.relation == "not-known" or (
        pair.relation == "same" and (pair.a != "fail" or pair.a_summary == pair.b_summary)
    ):
        return []
    return [f"A: {pair.a_summary}", f"B: {pair.b_summary}", *pair.limits]
