"""A comparison as Markdown, for a ticket or a forum: the same facts in the same order as on the terminal."""

from netpreflight.agent.compare import Comparison
from netpreflight.reports.comparison.words import CHANGES, STANDINGS, details, meaning, side, story, table_rows
from netpreflight.reports.markdown.text import listed, strong, table, text


def render(comparison: Comparison) -> str:
    """A comparison as Markdown."""
    lines = [strong(comparison.sentence), ""]
    for letter, run in (("A", comparison.a), ("B", comparison.b)):
        first, *rest = side(run)
        lines += [f"- **{letter}**: {text(first)}", *listed([*rest, f"verdict: {run.verdict}"], depth=1)]
    lines += ["", text(story(comparison)), ""]
    if caveats := [limit.text for limit in comparison.limits if not limit.checks]:
        lines += ["### Before you compare", "", *listed(caveats)]
    if comparison.conclusions:
        lines += ["### What that rules out", ""]
        rows = [
            (conclusion.subject, STANDINGS[conclusion.standing], conclusion.because)
            for conclusion in comparison.conclusions
        ]
        lines += table(("What", "", "Because"), rows)
    if comparison.asked:
        lines += ["### The changes that A asked for", ""]
        lines += table(
            ("Check", "In B", "The change", "Because"),
            [(", ".join(asked.checks), CHANGES[asked.state], asked.line, asked.because) for asked in comparison.asked],
        )
    if comparison.new_changes:
        lines += ["### New in B", ""]
        lines += listed(
            f"{', '.join(change.checks)} ({change.owner}): {change.line}" for change in comparison.new_changes
        )
    lines += ["### The checks", ""]
    lines += table(
        ("Check", "A", "B", "What it means"),
        [(row.ids, row.pair.a, row.pair.b, meaning(row.pair)) for row in table_rows(comparison)],
    )
    for pair in comparison.checks:
        if found := details(pair):
            lines += [f"- {text(pair.id)}", *listed(found, depth=1)]
    if comparison.differences:
        lines += ["", "### What else differs", ""]
        lines += table(
            ("", "A", "B"), [(difference.what, difference.a, difference.b) for difference in comparison.differences]
        )
    return "\n".join(lines).rstrip() + "\n"
