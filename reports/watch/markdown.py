"""A watch as Markdown, for a ticket or a forum: the same facts in the same order as on the terminal."""

from collections.abc import Iterable, Iterator

from netpreflight.agent.watch.watched import Watch
from netpreflight.reports.markdown.text import listed, strong, table, text
from netpreflight.reports.watch import words


def render(watch: Watch) -> str:
    """A watch as Markdown."""
    return "\n".join(_lines(watch)).rstrip() + "\n"


def _lines(watch: Watch) -> Iterator[str]:
    yield from (strong(watch.answer), "", text(words.about(watch)), "")
    yield from _table("Who has to change what", ("Who", "What"), words.asked_for(watch))
    outages = words.lines(watch)
    if outages:
        yield from (f"### Outages ({words.zone(watch)})", "")
        rows = [(str(line.number), line.when, line.lasted, line.layer, line.broke) for line in outages]
        yield from table(("", "When", "How long", "Layer", "What broke"), rows)
        for line in outages:
            yield f"- {text(f'Outage {line.number}')}"
            yield from listed(line.details, depth=1)
        yield from ("", *listed(filter(None, [words.left_out(watch)])), "")
    yield from _list("When they cluster", words.cluster_lines(watch))
    yield from _table("Not observed: neither good nor bad", ("When", "How long"), words.gaps(watch))
    yield from _table("What else was noticed", ("When", "What"), words.notes(watch))
    yield from _list("What this watch could not see", words.limits(watch))
    yield from _table("What was sent, and what came back", ("To", "How much"), words.traffic(watch))


def _table(heading: str, headings: tuple[str, str], rows: list[tuple[str, str]]) -> Iterator[str]:
    if rows:
        yield from (f"### {heading}", "", *table(headings, rows))


def _list(heading: str, lines: Iterable[str]) -> Iterator[str]:
    if held := list(lines):
        yield from (f"### {heading}", "", *listed(held), "")
