"""`netpreflight fleet query`: a question in the user's own SQL."""

from typing import Annotated

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.fleet.store import StoreFolder, reading
from netpreflight.agent.cli.options import Json
from netpreflight.agent.cli.screen import standard_output

LONGEST_S = 3600


def query(
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="One SELECT, in DuckDB's SQL; docs/fleet.md has the tables.")
    ],
    *,
    most: Annotated[int, typer.Option("--rows", metavar="N", min=1, help="At most this many rows.")] = 1000,
    seconds: Annotated[
        float, typer.Option(metavar="N", min=0.1, max=LONGEST_S, help="At most this many seconds.")
    ] = 60.0,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, and nothing else, on standard output.")] = False,
    as_json: Json = False,
    store: StoreFolder = None,
) -> int:
    """Ask the tables in SQL. It reads the tables and nothing else: no file, no network, and it changes nothing."""
    from netpreflight.fleet.answers import table_of  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.fleet.as_document import answer_to_query  # noqa: PLC0415
    from netpreflight.fleet.csv_text import csv_lines  # noqa: PLC0415
    from netpreflight.reports.documents import render_json  # noqa: PLC0415
    from netpreflight.reports.terminal.tables import show  # noqa: PLC0415

    if csv and as_json:
        raise UsageError("give either --csv or --json")
    screen = standard_output("show the answer")
    with reading(store) as connection:
        from netpreflight.fleet.engine import QueryError, ask_for_user  # noqa: PLC0415 - as above

        try:
            answer = ask_for_user(connection, sql, most + 1, seconds)
        except QueryError as problem:
            raise UsageError(str(problem)) from problem
    is_cut = len(answer.rows) > most
    shown = answer._replace(rows=answer.rows[:most])
    if csv:
        screen.writelines(csv_lines(shown.columns, shown.rows))
    elif as_json:
        screen.buffer.write(render_json(answer_to_query(shown, is_cut=is_cut)).encode())
    else:
        notes = [f"The first {most} rows; --rows N shows more, and netpreflight fleet export all."] if is_cut else []
        show([table_of(shown, notes)], screen)
    return 0
