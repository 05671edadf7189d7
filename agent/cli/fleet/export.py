"""`netpreflight fleet export`: the tables, for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.fleet.store import StoreFolder, existing_store, reading, write_text
from netpreflight.agent.cli.screen import standard_output


def export(
    *,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write each table as a CSV into this folder; a cell that a spreadsheet would take for a formula "
            "begins with an apostrophe.",
        ),
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write each table as a Parquet file into this folder.")
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.prom",
            help="Write the numbers of fleet summary as metrics of Prometheus, for node_exporter's textfile collector.",
        ),
    ] = None,
    store: StoreFolder = None,
) -> int:
    """Write the tables into a folder, for a spreadsheet or another program; only you can read the files."""
    from netpreflight.fleet.exporting import to_csv, to_parquet  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.fleet.store import StoreError  # noqa: PLC0415

    screen = standard_output("say what was written")
    if csv is None and parquet is None and metrics is None:
        raise UsageError("export needs --csv FOLDER, --parquet FOLDER or --metrics FILE.prom")
    opened = existing_store(store)
    for folder, write in ((csv, to_csv), (parquet, to_parquet)):
        if folder is None:
            continue
        try:
            written = write(opened, folder)
        except StoreError as problem:
            raise UsageError(str(problem)) from problem
        except OSError as problem:
            raise UsageError(f"cannot write into {folder}: {problem.strerror or problem}") from problem
        screen.write(f"{len(written)} tables written into {folder}\n")
    if metrics is not None:
        _write_metrics(store, metrics)
        screen.write(f"metrics written to {metrics}\n")
    return 0


def _write_metrics(store: Path | None, file: Path) -> None:
    """Write the metrics of a store as a whole, or leave the file as it was.

    Raises:
        UsageError: the file cannot be written.
    """
    with reading(store) as connection:
        from netpreflight.fleet.answers import summary  # noqa: PLC0415 - as above
        from netpreflight.fleet.metrics import render  # noqa: PLC0415

        text = render(summary(connection))
    write_text(file, text)
