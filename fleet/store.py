"""The store of many runs: a folder of Parquet files, to which rows are added, and in which no row ever changes.

Each commit adds a part: a folder with a Parquet file for each table that has new rows. `store.json` lists the parts.
Replacing that file as a whole is the commit. A part that is not listed was never finished, or has been merged into
another part; the next writer removes it. So a writer that is killed loses only what it had not committed, and no row is
in the store twice.

    STORE/store.json            {"schema": "netpreflight-store/1", "parts": ["000001-8c1d…", …]}
    STORE/parts/NAME/TABLE.parquet; of the table `raw` in a merged part also raw-000001.parquet and so on
    STORE/lock                  held by the one process that writes
    STORE/temporary/            unfinished files of that process, and what does not fit into a reader's memory
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import msgspec
from msgspec import Struct, field

from netpreflight.agent.kept_runs import place
from netpreflight.agent.output_files import make_folder, write
from netpreflight.fleet.tables import TABLES
from netpreflight.probes.net.clock import CLOCK, Clock
from netpreflight.systems import SYSTEM

if TYPE_CHECKING:
    from netpreflight.fleet.engine import Connection

WAIT_S = 0.1
"""How long to wait before the lock is tried again."""
READING = "reading-"
"""How the name of a reader's folder in `temporary` begins."""
_READING_S = 86_400
ROWS, RAW_ROWS = 16_384, 2048
"""How many rows are in a row group, which is written and read at once; for `raw`, whose rows are whole runs, DuckDB's
minimum."""
MOST_SMALL, SMALL_BYTES = 32, 16 << 20
"""As soon as there are this many parts of less than this many bytes, they are merged, because otherwise each question
would open thousands of files."""
_LARGEST_LINE = 32 << 20
"""The most bytes of one row as a line of JSON."""


class StoreError(Exception):
    """The store cannot be read or written; the message is one line."""


class _Listed(Struct, frozen=True, kw_only=True):
    """What `store.json` holds."""

    schema: Literal["netpreflight-store/1"] = "netpreflight-store/1"
    parts: list[str] = field(default_factory=list)


class Store:
    """The tables of many runs.

    Args:
        folder: the store's folder; the first writer creates it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def is_there(self) -> bool:
        """Whether the store exists: something was added to it."""
        return (self.folder / "store.json").is_file()

    def files(self, table: str) -> list[Path]:
        """The Parquet files of a table, the oldest first.

        Raises:
            StoreError: the list of the parts cannot be read.
        """
        return _files(self.folder / "parts", self._listed().parts, table)

    @contextlib.contextmanager
    def writing(self, on_wait: Callable[[], None] = lambda: None, clock: Clock = CLOCK) -> "Iterator[Writer]":
        """Become the only process that writes; `on_wait` is called once if another process has to finish first.

        Raises:
            StoreError: the folder cannot be written.
        """
        try:
            make_folder(self.folder)
            with _opened_for_owner(self.folder / "lock") as lock:
                if not SYSTEM.lock_file(lock.fileno()):
                    on_wait()
                    while not SYSTEM.lock_file(lock.fileno()):
                        clock.hold_up(WAIT_S)
                yield self._writer()
        except OSError as problem:
            raise StoreError(f"cannot write the store {self.folder}: {problem.strerror or problem}") from problem

    def _writer(self) -> "Writer":
        """A writer, once the lock is held. Parts that are not listed are removed first."""
        listed = self._listed().parts
        for name in ("parts", "temporary"):
            make_folder(self.folder / name)
        for left in (self.folder / "parts").iterdir():
            if left.name not in listed:
                shutil.rmtree(left)
        self._clear_temporary()
        return Writer(self, listed)

    def _clear_temporary(self) -> None:
        """Remove the temporary files of killed processes; a reader's folder stays for a day, in case it is in use."""
        lock = self.folder / "lock"
        lock.touch()
        for left in (self.folder / "temporary").iterdir():
            if left.name.startswith(READING) and left.stat().st_mtime > lock.stat().st_mtime - _READING_S:
                continue
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()

    def _listed(self) -> _Listed:
        """What `store.json` says; an empty list if the file does not exist, because nothing was added yet."""
        try:
            return msgspec.json.decode((self.folder / "store.json").read_bytes(), type=_Listed)
        except FileNotFoundError:
            return _Listed()
        except OSError as problem:
            raise StoreError(f"cannot read the store {self.folder}: {problem.strerror or problem}") from problem
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise StoreError(f"{self.folder / 'store.json'} is of a newer version, or damaged: {problem}") from problem


class Writer:
    """Adds rows to a store: other processes see them once they are committed, all rows of a part together."""

    def __init__(self, store: Store, parts: list[str]) -> None:
        self._store, self._parts = store, parts
        self._lines: dict[str, BinaryIO] = {}
        self._folder = store.folder / "temporary" / "part"
        self.size = 0
        """How many bytes of rows are not committed yet."""

    def add(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to a table: each has values by column, times as ISO 8601 without a zone, bytes as base64."""
        self.add_lines(table, b"".join(msgspec.json.encode(row) + b"\n" for row in rows))

    def add_lines(self, table: str, lines: bytes) -> None:
        """Add rows that are encoded as JSON, one row on each line."""
        if not lines:
            return
        if table not in self._lines:
            make_folder(self._folder)
            self._lines[table] = _opened_for_owner(self._folder / f"{table}.ndjson")
        self._lines[table].write(lines)
        self.size += len(lines)

    def commit(self, engine: "Connection") -> list[Path]:
        """Make a part of the rows that were added since the last commit; returns the part's files.

        Args:
            engine: a connection that may read and write the store's folder (`engine.for_writing`).
        """
        if not self._lines:
            return []
        for table, lines in self._lines.items():
            lines.close()
            _to_parquet(engine, _from_lines(table, Path(lines.name)), self._folder / f"{table}.parquet")
            Path(lines.name).unlink()
        self._lines, self.size = {}, 0
        return sorted(self._list(self._parts).iterdir())

    def merge(self, engine: "Connection") -> None:
        """Merge the small parts into one, if there are MOST_SMALL or more of them.

        The next writer removes the small parts, because somebody may be reading them now. The files of `raw`, which no
        question opens, are copied one by one: together they would be too large for DuckDB's memory.
        """
        parts = self._store.folder / "parts"
        small = {
            part for part in self._parts if sum(file.stat().st_size for file in (parts / part).iterdir()) < SMALL_BYTES
        }
        if len(small) < MOST_SMALL:
            return
        make_folder(self._folder)
        for table in TABLES:
            files = _files(parts, [part for part in self._parts if part in small], table)
            if table == "raw":
                for number, file in enumerate(files, 1):
                    _copy(file, self._folder / f"raw-{number:06}.parquet")
            elif files:
                listed = ", ".join(quoted(file) for file in files)
                select = f"SELECT * FROM read_parquet([{listed}], union_by_name = true)"  # noqa: S608 - quoted paths
                _to_parquet(engine, select, self._folder / f"{table}.parquet")
        self._list([part for part in self._parts if part not in small])

    def _list(self, others: list[str]) -> Path:
        """Commit: move the new part into `parts`, and list it together with `others`; returns the part's folder."""
        number = max((int(part.partition("-")[0]) for part in self._parts), default=0) + 1
        part = self._folder.rename(self._store.folder / "parts" / f"{number:06}-{secrets.token_hex(4)}")
        _sync_folder(part.parent)
        self._parts = [*others, part.name]
        listed = msgspec.json.encode(_Listed(parts=self._parts)).decode()
        write(self._store.folder / "store.json", f"{listed}\n", private=True, create=SYSTEM.create_private)
        return part


def _from_lines(table: str, lines: Path) -> str:
    """A SELECT of the rows in a file of JSON lines."""
    columns = TABLES[table]
    kinds = ", ".join(f"{column.name}: {quoted(_in_json(column.type))}" for column in columns)
    chosen = ", ".join(
        f"from_base64({column.name}) AS {column.name}" if column.type == "BLOB" else column.name for column in columns
    )
    return (
        f"SELECT {chosen} FROM read_json({quoted(lines)}, format = 'newline_delimited', columns = {{{kinds}}}, "  # noqa: S608 - names of our own tables, and a quoted path
        f"maximum_object_size = {_LARGEST_LINE})"
    )


def _files(folder: Path, parts: Iterable[str], table: str) -> list[Path]:
    """The files of a table in these parts, in the order of the parts."""
    names = [f"{table}.parquet", *(["raw-*.parquet"] if table == "raw" else [])]
    return [file for part in parts for name in names for file in sorted((folder / part).glob(name))]


def _to_parquet(engine: "Connection", select: str, made: Path) -> None:
    """Write rows as a Parquet file, and sync it to the disk."""
    engine.execute(f"COPY ({select}) TO {quoted(made)} ({parquet_options(made.stem)})")
    made.chmod(0o600)
    _sync(made)


def parquet_options(table: str) -> str:
    """DuckDB's options for writing a table as Parquet."""
    return f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {RAW_ROWS if table == 'raw' else ROWS}"


def _copy(file: Path, made: Path) -> None:
    """Copy a file of the store, and sync the copy to the disk."""
    os.close(SYSTEM.create_private(str(made)))
    shutil.copyfile(file, made)
    _sync(made)


def _sync(file: Path) -> None:
    """Sync a file to the disk."""
    with file.open("rb+") as written:
        os.fsync(written.fileno())


def _in_json(kind: str) -> str:
    """The type as which DuckDB reads a value from JSON: bytes are base64 text there."""
    return "VARCHAR" if kind == "BLOB" else kind


def quoted(value: object) -> str:
    """A path or another text as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def _opened_for_owner(path: Path) -> BinaryIO:
    """Open a file of the store for appending; if it does not exist, create it readable by this user only."""
    if not path.exists():
        os.close(SYSTEM.create_private(str(path)))
    return path.open("ab")


def _sync_folder(folder: Path) -> None:
    """Sync a folder's entries to the disk, if the system can do that for folders."""
    with contextlib.suppress(OSError):  # Windows opens no folders
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def default_folder() -> Path:
    """The folder of the user's own store, beside the folder of the kept runs.

    Raises:
        OSError: no home folder is known.
    """
    return place().folder.parent / "fleet"
