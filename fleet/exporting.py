"""The tables as files for other programs: CSV and Parquet. Like the store, they are for their owner only."""

from collections.abc import Iterator
from pathlib import Path

from netpreflight.agent.output_files import make_folder, write
from netpreflight.fleet.csv_text import csv_lines
from netpreflight.fleet.engine import Connection, for_reading, for_writing, relation
from netpreflight.fleet.store import Store, parquet_options, quoted
from netpreflight.fleet.tables import TABLES, names
from netpreflight.systems import SYSTEM

_ROWS = 1000
"""How many rows are fetched at a time, so that memory stays flat."""


def to_csv(store: Store, folder: Path) -> list[Path]:
    """Write each table as a CSV file, except `raw`, which no spreadsheet can show; returns the files."""
    make_folder(folder)
    written = []
    with for_reading(store) as connection:
        for table in TABLES:
            if table != "raw":
                file = folder / f"{table}.csv"
                write(file, _lines(connection, table), private=True, create=SYSTEM.create_private)
                written.append(file)
    return written


def _lines(connection: Connection, table: str) -> Iterator[str]:
    """The lines of a table as CSV, fetched piece by piece."""
    found = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - the name of our own table

    def rows() -> Iterator[tuple[object, ...]]:
        while batch := found.fetchmany(_ROWS):
            yield from batch

    return csv_lines(names(table), rows())


def to_parquet(store: Store, folder: Path) -> list[Path]:
    """Write each table as a Parquet file; returns the files."""
    make_folder(folder)
    written = []
    with for_writing(store, folder) as connection:
        for table in TABLES:
            unfinished, file = folder / f".{table}.parquet", folder / f"{table}.parquet"
            if not unfinished.exists():
                unfinished.touch(mode=0o600)
            connection.execute(
                f"COPY ({relation(store, table)}) TO {quoted(unfinished.absolute())} ({parquet_options(table)})"
            )
            unfinished.chmod(0o600)
            written.append(unfinished.replace(file))
    return written
