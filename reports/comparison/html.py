"""A comparison as one HTML file, on the report's base page: the same facts in the same order as on the terminal."""

from netpreflight.agent.compare import Comparison
from netpreflight.agent.compare.parts import CheckPair
from netpreflight.reports.comparison.words import CHANGES, STANDINGS, details, meaning, story, table_rows
from netpreflight.reports.html.page import Cell, Code, Mark, page

_STANDINGS = {"ruled-out": "pass", "suspect": "fail", "not-settled": "unknown", "not-tried": "skip"}
_CHANGES = {"works-now": "pass", "still-asked": "fail", "asked-otherwise": "fail", "not-known": "unknown"}
_RELATIONS = {"better": "better", "worse": "worse", "now-known": "unknown", "no-longer-known": "unknown"}
_WORST_FIRST = ("incompatible", "undetermined", "compatible-with-warnings", "compatible")


def render(comparison: Comparison) -> str:
    """A comparison as HTML."""
    return page(
        "comparison.html",
        comparison=comparison,
        kind=_kind(comparison),
        rest=comparison.sentence.removeprefix(comparison.headline).strip(),
        story=story(comparison),
        sides=[("A", comparison.a), ("B", comparison.b)],
        caveats=[limit.text for limit in comparison.limits if not limit.checks],
        conclusions=[
            [
                conclusion.subject,
                Mark(_STANDINGS[conclusion.standing], STANDINGS[conclusion.standing]),
                conclusion.because,
            ]
            for conclusion in comparison.conclusions
        ],
        asked=[
            [
                [Code(check) for check in asked.checks],
                Mark(_CHANGES[asked.state], CHANGES[asked.state]),
                asked.line if asked.needed else f"{asked.line} (The device does not need it.)",
                asked.because,
            ]
            for asked in comparison.asked
        ],
        new=[
            [[Code(check) for check in change.checks], change.owner or "", change.line]
            for change in comparison.new_changes
        ],
        checks=[
            [[Code(part) for part in row.ids.split(", ")], Mark(row.pair.a), Mark(row.pair.b), _meaning(row.pair)]
            for row in table_rows(comparison)
        ],
        differences=[[difference.what, difference.a, difference.b] for difference in comparison.differences],
    )


def _kind(comparison: Comparison) -> str:
    """The mark beside the sentence: the verdict after a change, the worse verdict of two networks, or else "same"."""
    if comparison.story == "before-and-after":
        return comparison.b.verdict
    if comparison.story == "two-networks":
        return min(comparison.a.verdict, comparison.b.verdict, key=_WORST_FIRST.index)
    return "same"


def _meaning(pair: CheckPair) -> list[Cell]:
    kind = "warn" if pair.relation == "worse" and pair.b == "warn" else _RELATIONS.get(pair.relation)
    return [Mark(kind, meaning(pair)) if kind else meaning(pair), *details(pair)]
