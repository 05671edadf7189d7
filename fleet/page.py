"""The HTML page of a store of many runs; it extends the report's base page."""

from typing import NamedTuple

from netpreflight.agent.sentences import counted
from netpreflight.fleet.answers import change_in_words
from netpreflight.fleet.overview import LEAST_SITES, MakerShare, Month, Overview, OwnerCauses
from netpreflight.reports.html.page import Cell, Code, Mark, page

_STYLE = """
.owners {
  display: grid; grid-template-columns: minmax(7rem, 11rem) minmax(0, 1fr); gap: .35rem .75rem; align-items: center;
  margin: 1rem 0;
}
.owners p { margin: 0; font-size: .9375rem; }
.owners svg, .months { width: 100%; display: block; }
.owners rect { stroke: var(--page); stroke-width: 2; }
.owners text, .months text { font-size: 14px; fill: var(--ink); }
.owners .shade-1 { fill: var(--fail-soft); } .owners .shade-2 { fill: var(--warn-soft); }
.owners .shade-3 { fill: var(--unknown-soft); }
.months .broke { fill: var(--fail); } .months .again { fill: var(--pass); }
.months path { stroke: var(--quiet); fill: none; }
@media (max-width: 42rem) {
  .owners { grid-template-columns: minmax(0, 1fr); }
  .owners text { display: none; }
  .months text { font-size: 30px; }
  .months g:not(:nth-child(4n+1)) text { display: none; }
}
"""
_WIDTH = 900.0
"""The width of a drawing, in its own units."""
_LETTER, _WIDEST_LETTER = 9.0, 15.0
"""The usual and the greatest width of a letter."""
_BAR_HEIGHT = 60.0


class Part(NamedTuple):
    """A part of an owner's bar."""

    x: float
    width: float
    check: str
    sites: int
    shade: int
    """1 to 3; neighbouring parts have different shades."""
    name: str
    """The check's id, shortened to fit; empty: there is no room for it."""


class Bar(NamedTuple):
    """The bar of one owner: the failing checks that this owner can change."""

    owner: str
    sites: int
    parts: list[Part]


class MonthBar(NamedTuple):
    """The two bars of a month, with their heights `up` and `down`."""

    x: float
    width: float
    name: str
    broke: int
    works_again: int
    up: float
    down: float


def render(overview: Overview) -> str:
    """Render a store's page."""
    told = overview.summary
    return page(
        "fleet.html",
        style=_STYLE,
        headline=f"{counted(told.sites, 'site')}, {counted(told.runs, 'run')}",
        left_out=_left_out(overview),
        verdicts=[
            [
                f"{row.device} {row.os_version or ''}".rstrip(),
                Mark("incompatible", str(row.incompatible)),
                Mark("undetermined", str(row.undetermined)),
                Mark("compatible-with-warnings", str(row.compatible_with_warnings)),
                Mark("compatible", str(row.compatible)),
            ]
            for row in told.verdicts
        ],
        changes=[
            [change_in_words(change.change), change.where, change.owner, change.sites, change.alone_enough]
            for change in overview.changes
        ],
        owners=_bars(overview.owners),
        causes=[
            [owner.owner, [Code(f"{check}: {sites}") for check, sites in owner.causes]] for owner in overview.owners
        ],
        months=_months(overview.months),
        month_rows=[
            [f"{month.month:%Y-%m}", month.broke, month.works_again, month.other_rules] for month in overview.months
        ],
        makers=[_maker(maker) for maker in overview.makers],
        least_sites=LEAST_SITES,
        width=_WIDTH,
        middle=_BAR_HEIGHT + 10,
        height=2 * _BAR_HEIGHT + 36,
    )


def _left_out(overview: Overview) -> list[str]:
    """The sentences on what the counts leave out."""
    told = overview.summary
    counts = (
        (told.without_site, f"{counted(told.without_site, 'run')} of no known site: not in these tables."),
        (told.not_judged_again, f"{counted(told.not_judged_again, 'run')} shared without what judging needs."),
        (told.cut_short, f"{counted(told.cut_short, 'run')} cut short: not in these tables."),
        (told.duplicates, f"{counted(told.duplicates, 'file')} held what another file held."),
        (told.quarantined, f"{counted(told.quarantined, 'file')} in quarantine."),
    )
    return [sentence for count, sentence in counts if count]


def _bars(owners: list[OwnerCauses]) -> list[Bar]:
    """A bar for each owner; the longest bar has the full width."""
    most = max((owner.sites for owner in owners), default=1)
    bars = []
    for owner in owners:
        x, parts = 0.0, []
        for number, (check, sites) in enumerate(owner.causes):
            width = sites / most * _WIDTH
            parts.append(Part(round(x, 1), round(width, 1), check, sites, number % 3 + 1, _fitting(check, width)))
            x += width
        bars.append(Bar(owner.owner, owner.sites, parts))
    return bars


def _fitting(text: str, width: float) -> str:
    """A text, shortened to this width; empty if fewer than three letters fit."""
    if len(text) * _LETTER <= width:
        return text
    most = int(width / _WIDEST_LETTER) - 1
    return f"{text[:most]}…" if most >= 3 else ""


def _months(months: list[Month]) -> list[MonthBar]:
    """Two bars for each month: upwards the sites that broke, downwards those that work again."""
    most = max((max(month.broke, month.works_again) for month in months), default=0) or 1
    step = _WIDTH / max(len(months), 6)
    return [
        MonthBar(
            x=round(number * step + step * 0.15, 1),
            width=round(step * 0.7, 1),
            name=f"{month.month:%Y-%m}" if len(months) <= 12 or number % 2 == 0 else "",
            broke=month.broke,
            works_again=month.works_again,
            up=round(month.broke / most * _BAR_HEIGHT, 1),
            down=round(month.works_again / most * _BAR_HEIGHT, 1),
        )
        for number, month in enumerate(months)
    ]


def _maker(maker: MakerShare) -> list[Cell]:
    """The row of a maker."""
    return [
        maker.maker, maker.sites, maker.failing, f"{maker.failing / maker.sites:.0%}",
        f"{maker.at_least:.0%} to {maker.at_most:.0%}",
    ]  # fmt: skip
