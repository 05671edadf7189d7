"""A comparison as Markdown, for a ticket or a forum: the same facts in the same order as on the terminal."""

from netpreflight.agent.compare import Comparison
from netpreflight.reports.comparison.words import CHANGES, STANDINGS, details, meaning, side, story
from netpreflight.reports.markdown.text import listed, strong, table, text


def render(comparison: Comparison) -> str:
    """A comparison as Markdown."""
    lines = [strong(comparison.sentence), ""]
    for letter, one in (("A", comparison.a), ("B", comparison.b)):
        first, *rest = side(one)
        lines += [f"- **{letter}**: {text(first)}", *listed([*rest, f"verdict: {one.verdict}"], depth=1)]
    lines += ["", text(story(comparison)), ""]
    if caveats := [one.text for one in comparison.limits if not one.checks]:
        lines += ["### Before you compare", "", *listed(caveats)]
    if comparison.conclusions:
        lines += ["### What that rules out", ""]
        rows = [(one.subject, STANDINGS[one.standing], one.because) for one in comparison.conclusions]
        lines += table(("What", "", "Because"), rows)
    if comparison.asked:
        lines += ["### The changes that A asked for", ""]
        lines += table(
            ("Check", "In B", "The change", "Because"),
            [(", ".join(one.checks), CHANGES[one.state], one.line, one.because) for one in comparison.asked],
        )
    if comparison.new_changes:
        lines += ["### New in B", ""]
        lines += listed(f"{', '.join(one.checks)} ({one.owner}): {one.line}" for one in comparison.new_changes)
    lines += ["### The checks", ""]
    lines += table(
        ("Check", "A", "B", "What it means"), [(one.id, one.a, one.b, meaning(one)) for one in comparison.checks]
    )
    for pair in comparison.checks:
        if found := details(pair):
            lines += [f"- {text(pair.id)}", *listed(found, depth=1)]
    if comparison.differences:
        lines += ["", "### What else differs", ""]
        lines += table(("", "A", "B"), [(one.what, one.a, one.b) for one in comparison.differences])
    return "\n".join(lines).rstrip() + "\n"
