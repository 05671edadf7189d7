"""What the commands of `netpreflight fleet` share: the store, and the extra that they need."""

import contextlib
import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from netpreflight.agent.cli.exits import UsageError
from netpreflight.agent.cli.screen import standard_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import msgspec

    from netpreflight.agent.shown_table import ShownTable
    from netpreflight.fleet.engine import Connection
    from netpreflight.fleet.store import Store

_Given = ParamSpec("_Given")
StoreFolder = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="DIR", help="The folder of the tables; without this option, one in the user's own folder."
    ),
]


def needing_extra(command: "Callable[_Given, int]") -> "Callable[_Given, int]":
    """A command that ends with wrong usage if the extra `fleet` is not installed; its `--help` works in any case."""

    @functools.wraps(command)
    def run(*words: _Given.args, **options: _Given.kwargs) -> int:
        from importlib.util import find_spec  # noqa: PLC0415 - loaded only where it is needed

        if find_spec("duckdb") is None:
            is_one_file = getattr(sys, "frozen", False)
            raise UsageError(
                "fleet needs DuckDB, which this one file does not have: install netpreflight with Python, by pip "
                "install 'netpreflight[fleet]'"
                if is_one_file
                else "fleet needs DuckDB and sqlglot: pip install 'netpreflight[fleet]'"
            )
        return command(*words, **options)

    return run


def open_store(folder: Path | None) -> "Store":
    """The store in this folder, or the user's own.

    Raises:
        UsageError: no home folder is known.
    """
    from netpreflight.fleet.store import Store, default_folder  # noqa: PLC0415 - as above

    try:
        return Store(folder or default_folder())
    except OSError as problem:
        raise UsageError(f"no folder for the tables is known ({problem.strerror}): give --store DIR") from problem


def existing_store(folder: Path | None) -> "Store":
    """The store in this folder, or the user's own, which has to exist.

    Raises:
        UsageError: there is no store yet, or no home folder is known.
    """
    store = open_store(folder)
    if not store.is_there:
        raise UsageError(f"{store.folder} is no store yet: netpreflight fleet add FOLDER makes one")
    return store


@contextlib.contextmanager
def reading(folder: Path | None) -> "Iterator[Connection]":
    """A connection that reads a store.

    Raises:
        UsageError: the store cannot be read.
    """
    store = existing_store(folder)
    from netpreflight.fleet.engine import for_reading  # noqa: PLC0415 - as above
    from netpreflight.fleet.store import StoreError  # noqa: PLC0415

    try:
        with for_reading(store) as connection:
            yield connection
    except StoreError as problem:
        raise UsageError(str(problem)) from problem


def print_answer(folder: Path | None, question: "Callable[[Connection], msgspec.Struct]") -> None:
    """Ask a question of a store, and print the document that answers it."""
    from netpreflight.reports.documents import render_json  # noqa: PLC0415 - as above

    screen = standard_output("show the answer")
    with reading(folder) as connection:
        document = question(connection)
    screen.buffer.write(render_json(document).encode())


def show_answer(folder: Path | None, question: "Callable[[Connection], list[ShownTable]]") -> None:
    """Ask a question of a store, and show the tables that answer it."""
    from netpreflight.agent.called import called  # noqa: PLC0415 - as above
    from netpreflight.reports.terminal.tables import show  # noqa: PLC0415

    screen = standard_output("show the answer")
    with reading(folder) as connection:
        tables = question(connection)
    show(tables, screen, called(os.environ))


def write_text(file: Path, text: str) -> None:
    """Write a file as a whole, or leave it as it was.

    Raises:
        UsageError: the file cannot be written.
    """
    from netpreflight.agent.output_files import write  # noqa: PLC0415 - as above

    try:
        write(file, text)
    except OSError as problem:
        raise UsageError(f"cannot write {file}: {problem.strerror or problem}") from problem
