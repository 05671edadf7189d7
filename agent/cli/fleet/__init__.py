"""`netpreflight fleet`: many sites' runs, gathered in tables and queried. The commands are in this folder's files."""

import typer

from netpreflight.agent.cli.fleet import add, ask, export, query, rejudge
from netpreflight.agent.cli.fleet.store import needing_extra

COMMANDS = (
    add.add,
    ask.summary,
    ask.changes,
    ask.why,
    ask.regressions,
    ask.site,
    ask.quarantine,
    rejudge.rejudge,
    query.query,
    export.export,
)
"""The commands in the order of `--help`."""
app = typer.Typer(
    name="fleet",
    rich_markup_mode=None,
    help="Gather many sites' saved runs, and ask them: which sites fail, why, which change helps most, what got worse, "
    "what another version of Device OS would change. It needs DuckDB: pip install 'netpreflight[fleet]'.",
)
for command in COMMANDS:
    app.command()(needing_extra(command))
