"""DuckDB, restricted so that it sees only our own rows and the store's Parquet files."""

import contextlib
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from netpreflight.fleet.questions import VIEWS
from netpreflight.fleet.store import READING, Store, StoreError, quoted
from netpreflight.fleet.tables import TABLES

Connection = duckdb.DuckDBPyConnection
READING_MEMORY, WRITING_MEMORY = "96MB", "256MB"
"""The most memory that DuckDB may use for rows; what does not fit goes to a temporary folder in the store. A writer
needs so much only if single documents have many megabytes. The memory of Python and of the allocator comes on top."""
LONGEST_QUERY_S = 60.0
_DISK = "8GB"
_THREADS = 1
"""Each thread holds a row group in memory, and two threads are hardly faster than one."""


class QueryError(ValueError):
    """A query cannot be answered; the message is one line."""


class Answer(NamedTuple):
    """The rows that a query found, below the names of their columns."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def for_writing(store: Store, *folders: Path) -> Connection:
    """A connection that may read and write the store's folder and `folders`, and nothing else."""
    return _connected("writing", WRITING_MEMORY, store, *folders)


def for_reading(store: Store) -> Connection:
    """A connection with a view for each table, and the views that questions share; its limits cannot be changed.

    Raises:
        StoreError: a file of the store is damaged.
    """
    connection = _connected(f"{READING}{secrets.token_hex(4)}", READING_MEMORY, store)
    with damage_told():
        for table in TABLES:
            connection.execute(f"CREATE VIEW {table} AS {relation(store, table)}")
        for name, select in VIEWS.items():
            connection.execute(f"CREATE VIEW {name} AS {select}")
    connection.execute("SET lock_configuration = true")
    return connection


def _connected(name: str, memory: str, store: Store, *folders: Path) -> Connection:
    """A connection with a limit of memory; what does not fit goes to the temporary folder `name` of the store.

    It may access the store's folder and `folders` only.
    """
    allowed = ", ".join(quoted(folder.absolute()) for folder in (store.folder, *folders))
    connection = duckdb.connect(":memory:")
    for setting, value in (
        ("TimeZone", quoted("UTC")),
        ("memory_limit", quoted(memory)),
        ("threads", str(_THREADS)),
        ("temp_directory", quoted(store.folder / "temporary" / name)),
        ("max_temp_directory_size", quoted(_DISK)),
        ("allowed_directories", f"[{allowed}]"),
        ("enable_external_access", "false"),
    ):
        connection.execute(f"SET {setting} = {value}")
    return connection


@contextlib.contextmanager
def damage_told() -> Iterator[None]:
    """Turn an error of DuckDB into a `StoreError`: with our own queries, only the store can be the cause.

    Raises:
        StoreError: a file of the store is damaged, or the disk or the memory is full.
    """
    try:
        yield
    except duckdb.Error as problem:
        raise StoreError(f"the store cannot be used: {' '.join(str(problem).split())}") from problem


def relation(store: Store, table: str) -> str:
    """A SELECT of all rows of a table; columns that a part of an earlier version lacks are null."""
    empty = ", ".join(f"CAST(NULL AS {column.type}) AS {column.name}" for column in TABLES[table])
    select = f"SELECT {empty} WHERE false"
    if files := store.files(table):
        listed = ", ".join(quoted(file) for file in files)
        select += f" UNION ALL BY NAME SELECT * FROM read_parquet([{listed}], union_by_name = true)"  # noqa: S608 - quoted paths
    return select


def ask(connection: Connection, sql: str, given: list[str] | None = None) -> Answer:
    """The answer to one of our own queries, with the query's parameters in `given`.

    Raises:
        StoreError: a file of the store is damaged.
    """
    with damage_told():
        found = connection.execute(sql, given)
        return Answer(_columns(found), found.fetchall())


def _columns(found: Connection) -> list[str]:
    return [column[0] for column in found.description or []]


def ask_for_user(connection: Connection, sql: str, most: int, seconds: float = LONGEST_QUERY_S) -> Answer:
    """The answer to a user's query: one SELECT, within limits of time and memory.

    Raises:
        QueryError: the query is not one SELECT, it fails, or it takes too long.
    """
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise QueryError("give one SELECT: a query reads, and changes nothing")
        with _interrupted_after(connection, seconds):
            found = connection.execute(sql)
            return Answer(_columns(found), found.fetchmany(most))
    except duckdb.InterruptException as problem:
        raise QueryError(f"the query took longer than {seconds:g} s") from problem
    except duckdb.Error as problem:
        raise QueryError(" ".join(str(problem).split())) from problem


@contextlib.contextmanager
def _interrupted_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Interrupt the connection's query if it has not ended after this many seconds."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
