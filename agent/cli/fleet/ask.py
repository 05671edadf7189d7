"""`netpreflight fleet summary`, `changes`, `why`, `regressions`, `site` and `quarantine`: the questions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netpreflight.agent.cli.checked import check_outputs
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.fleet.store import StoreFolder, reading, show_answer, write_text
from netpreflight.agent.cli.options import Json
from netpreflight.agent.cli.screen import standard_output

if TYPE_CHECKING:
    from netpreflight.agent.shown_table import ShownTable
    from netpreflight.fleet.engine import Connection

_ALL_SITES = "netpreflight fleet query 'SELECT DISTINCT site FROM runs'"


def summary(
    *,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.html",
            help="Also write a page with the numbers of all questions; it names no site. May be repeated.",
        ),
    ] = None,
    store: StoreFolder = None,
    as_json: Json = False,
) -> int:
    """Say how many sites work, for each device and version, and what the numbers leave out.

    A site is what its newest complete run says. Runs of no known site, and runs that were shared for everybody, are
    counted and told apart.
    """
    outputs = check_outputs(output, [".html"])
    from netpreflight.fleet import answers  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.reports.fleet import render  # noqa: PLC0415

    _write_pages(store, outputs)
    if not as_json:
        show_answer(store, answers.summary_tables)
        return 0
    screen = standard_output("show the answer")
    with reading(store) as connection:
        screen.buffer.write(render(answers.summary(connection)).encode())
    return 0


def _write_pages(store: Path | None, outputs: list[Path]) -> None:
    """Write the page of a store.

    Raises:
        UsageError: it cannot be written.
    """
    if not outputs:
        return
    with reading(store) as connection:
        from netpreflight.fleet.overview import overview  # noqa: PLC0415 - as above
        from netpreflight.fleet.page import render  # noqa: PLC0415

        page = render(overview(connection))
    for path in outputs:
        write_text(path, page)


def changes(*, store: StoreFolder = None) -> int:
    """Say what has to change, by how many sites need it, and at how many it alone is enough."""
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    show_answer(store, answers.changes)
    return 0


def why(*, store: StoreFolder = None) -> int:
    """Say what fails and what is not known, by how many sites; what is only a consequence is left out."""
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    show_answer(store, answers.why)
    return 0


def regressions(*, store: StoreFolder = None) -> int:
    """Say which sites worked and fail now, and how many broke and work again by month.

    Complete runs of one site and device are compared, from pass to fail and back; what is not known in between counts
    for nothing. Where the two runs were judged by different versions of the rules, that is said.
    """
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    show_answer(store, answers.regressions)
    return 0


def site(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The site, as the other commands name it.")],
    *,
    store: StoreFolder = None,
) -> int:
    """Say what is known of one site: its runs, what has to change, its devices' logs and outages."""
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    def of_site(connection: "Connection") -> "list[ShownTable]":
        """The tables of the site."""
        tables = answers.site(connection, name)
        if not tables:
            raise UsageError(f"no site {name!r} in the tables; {_ALL_SITES} lists them")
        return tables

    show_answer(store, of_site)
    return 0


def quarantine(*, store: StoreFolder = None) -> int:
    """List the files that could not be taken in, and why."""
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    show_answer(store, answers.quarantine)
    return 0
