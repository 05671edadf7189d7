"""`netpreflight fleet summary`, `changes`, `why`, `regressions`, `site` and `quarantine`: questions to the tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from netpreflight.agent.cli.checked import check_outputs
from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.fleet.store import StoreFolder, print_answer, reading, show_answer, write_text
from netpreflight.agent.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from netpreflight.agent.shown_table import ShownTable
    from netpreflight.fleet.as_document import Question
    from netpreflight.fleet.engine import Connection

_Found = TypeVar("_Found")
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

    A site counts by its newest complete run. Runs of no known site, and runs that were shared as public, are counted
    separately.
    """
    outputs = check_outputs(output, [".html"])
    from netpreflight.fleet import answers  # noqa: PLC0415 - loaded only where it is needed

    _write_pages(store, outputs)
    if as_json:
        print_answer(store, answers.summary)
    else:
        show_answer(store, answers.summary_tables)
    return 0


def _write_pages(store: Path | None, outputs: list[Path]) -> None:
    """Write the page of a store to each of these files.

    Raises:
        UsageError: a file cannot be written.
    """
    if not outputs:
        return
    with reading(store) as connection:
        from netpreflight.fleet.overview import overview  # noqa: PLC0415 - as above
        from netpreflight.fleet.page import render  # noqa: PLC0415

        page = render(overview(connection))
    for path in outputs:
        write_text(path, page)


def changes(*, store: StoreFolder = None, as_json: Json = False) -> int:
    """Say what has to change, how many sites need each change, and at how many it is enough alone."""
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    return _answer(store, "changes", answers.changes, as_json=as_json)


def why(*, store: StoreFolder = None, as_json: Json = False) -> int:
    """Say what fails and what is not known, and at how many sites; mere consequences are left out."""
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    return _answer(store, "why", answers.why, as_json=as_json)


def regressions(*, store: StoreFolder = None, as_json: Json = False) -> int:
    """Say which sites worked and fail now, and how many broke and work again by month.

    Complete runs of one site and device are compared, from pass to fail and back; unknown results in between do not
    count. If the two runs were judged by different versions of the rules, that is said.
    """
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    return _answer(store, "regressions", answers.regressions, as_json=as_json)


def site(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The site, as the other commands name it.")],
    *,
    store: StoreFolder = None,
    as_json: Json = False,
) -> int:
    """Say what is known about one site: its runs, what has to change, its devices' logs and outages."""
    from netpreflight.fleet import answers, as_document  # noqa: PLC0415 - as above

    def known(found: _Found | None) -> _Found:
        """Return what was found of the site, and refuse a site that the tables do not have."""
        if not found:
            raise UsageError(f"no site {name!r} in the tables; {_ALL_SITES} lists them")
        return found

    if as_json:
        print_answer(store, lambda connection: known(as_document.answer_of_site(connection, name)))
    else:
        show_answer(store, lambda connection: known(answers.site(connection, name)))
    return 0


def quarantine(*, store: StoreFolder = None, as_json: Json = False) -> int:
    """List the files that could not be taken in, and why."""
    from netpreflight.fleet import answers  # noqa: PLC0415 - as above

    return _answer(store, "quarantine", answers.quarantine, as_json=as_json)


def _answer(
    store: Path | None,
    question: "Question",
    tables: "Callable[[Connection], list[ShownTable]]",
    *,
    as_json: bool,
) -> int:
    """Answer a question, as a JSON document or as tables; returns the exit code."""
    from netpreflight.fleet.as_document import answer  # noqa: PLC0415 - as above

    if as_json:
        print_answer(store, lambda connection: answer(connection, question))
    else:
        show_answer(store, tables)
    return 0
