"""The store of many runs: a folder of Parquet files, to which rows are added and in which none changes.

Each commit is a part: a folder with a Parquet file for each table that has new rows. `store.json` lists the parts, and
is replaced as a whole: that is the commit. A part that is not listed was never finished, or stands merged in another
one, and the next writer removes it. So a writer that is killed loses what it had not committed, and nothing is there
twice.

    STORE/store.json            {"schema": "netpreflight-store/1", "parts": ["000001-8c1d…", …]}
    STORE/parts/NAME/TABLE.parquet; of the table `raw` in a merged part also raw-000001.parquet and so on
    STORE/lock                  held by the one process that writes
    STORE/temporary/            of that process, and for what does not fit into a reader's memory
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
"""How the folder of one reader begins, in `temporary`."""
_READING_S = 86_400
ROWS, RAW_ROWS = 16_384, 2048
"""So many rows are written and read at a time; of the table `raw`, where each is a whole run, as few as DuckDB can."""
MOST_SMALL, SMALL_BYTES = 32, 16 << 20
"""So many parts of less than so many bytes become one: else each question would open thousands of files."""
_LARGEST_LINE = 32 << 20
"""In bytes, of one row on its way into a table."""


class StoreError(Exception):
    """The store cannot be read or written; the message is one line."""


class _Listed(Struct, frozen=True, kw_only=True):
    """What `store.json` holds."""

    schema: Literal["netpreflight-store/1"] = "netpreflight-store/1"
    parts: list[str] = field(default_factory=list)


class Store:
    """The tables of many runs.

    Args:
        folder: where they are; it is made by the first writer.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def is_there(self) -> bool:
        """Whether something was added to it."""
        return (self.folder / "store.json").is_file()

    def files(self, table: str) -> list[Path]:
        """The Parquet files of a table, the oldest first.

        Raises:
            StoreError: the list of the parts cannot be read.
        """
        return _files(self.folder / "parts", self._listed().parts, table)

    @contextlib.contextmanager
    def writing(self, on_wait: Callable[[], None] = lambda: None, clock: Clock = CLOCK) -> "Iterator[Writer]":
        """Be the one process that writes; `on_wait` is called once, if another one has to end first.

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
        """A writer, once the lock is held: what was never finished is removed first."""
        listed = self._listed().parts
        for name in ("parts", "temporary"):
            make_folder(self.folder / name)
        for left in (self.folder / "parts").iterdir():
            if left.name not in listed:
                shutil.rmtree(left)
        self._clear_temporary()
        return Writer(self, listed)

    def _clear_temporary(self) -> None:
        """Remove what processes have left that were killed; what a reader may still need stays for a day."""
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
        """What `store.json` says; where there is none, nothing was added yet."""
        try:
            return msgspec.json.decode((self.folder / "store.json").read_bytes(), type=_Listed)
        except FileNotFoundError:
            return _Listed()
        except OSError as problem:
            raise StoreError(f"cannot read the store {self.folder}: {problem.strerror or problem}") from problem
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise StoreError(f"{self.folder / 'store.json'} is of a newer version, or damaged: {problem}") from problem


class Writer:
    """Adds rows to a store: they are there for others once they are committed, all of a part together."""

    def __init__(self, store: Store, parts: list[str]) -> None:
        self._store, self._parts = store, parts
        self._lines: dict[str, BinaryIO] = {}
        self._folder = store.folder / "temporary" / "part"
        self.size = 0
        """Of what is not committed, in bytes."""

    def add(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to a table: values by column; times as ISO 8601 without a zone, bytes as base64."""
        self.add_lines(table, b"".join(msgspec.json.encode(row) + b"\n" for row in rows))

    def add_lines(self, table: str, lines: bytes) -> None:
        """Add rows that are encoded as JSON, one a line."""
        if not lines:
            return
        if table not in self._lines:
            make_folder(self._folder)
            self._lines[table] = _opened_for_owner(self._folder / f"{table}.ndjson")
        self._lines[table].write(lines)
        self.size += len(lines)

    def commit(self, engine: "Connection") -> list[Path]:
        """Make a part of what was added since the last commit; returns its files.

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
        """Make one part of the small ones, if they are many; the next writer removes those, which may be read now.

        The files of `raw`, which no question opens, are copied: together they would be too large for one's memory.
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
        """Have the part that is made take its place beside these others: that is the commit. Returns its folder."""
        number = max((int(part.partition("-")[0]) for part in self._parts), default=0) + 1
        part = self._folder.rename(self._store.folder / "parts" / f"{number:06}-{secrets.token_hex(4)}")
        _sync_folder(part.parent)
        self._parts = [*others, part.name]
        listed = msgspec.json.encode(_Listed(parts=self._parts)).decode()
        write(self._store.folder / "store.json", f"{listed}\n", private=True, create=SYSTEM.create_private)
        return part


def _from_lines(table: str, lines: Path) -> str:
    """A SELECT of the rows that stand in a file as lines of JSON."""
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
    """The files of a table in these parts, in their order."""
    names = [f"{table}.parquet", *(["raw-*.parquet"] if table == "raw" else [])]
    return [file for part in parts for name in names for file in sorted((folder / part).glob(name))]


def _to_parquet(engine: "Connection", select: str, made: Path) -> None:
    """Write rows as a Parquet file, and have that on the disk."""
    engine.execute(f"COPY ({select}) TO {quoted(made)} ({parquet_options(made.stem)})")
    made.chmod(0o600)
    _sync(made)


def parquet_options(table: str) -> str:
    """How a table is written as Parquet, in DuckDB's words."""
    return f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {RAW_ROWS if table == 'raw' else ROWS}"


def _copy(file: Path, made: Path) -> None:
    """Copy a file of the store, and have that on the disk."""
    os.close(SYSTEM.create_private(str(made)))
    shutil.copyfile(file, made)
    _sync(made)


def _sync(file: Path) -> None:
    """Have a file on the disk."""
    with file.open("rb+") as written:
        os.fsync(written.fileno())


def _in_json(kind: str) -> str:
    """How a value of a type stands in JSON."""
    return "VARCHAR" if kind == "BLOB" else kind


def quoted(value: object) -> str:
    """A path, or another text, in SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _opened_for_owner(path: Path) -> BinaryIO:
    """A file of the store, open for writing, that nobody but this user may read; it is made if there is none."""
    if not path.exists():
        os.close(SYSTEM.create_private(str(path)))
    return path.open("ab")


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system knows that for folders."""
    with contextlib.suppress(OSError):  # Windows opens no folders
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def default_folder() -> Path:
    """The store of whoever started this, beside the runs that are kept.

    Raises:
        OSError: no home folder is known.
    """
    return place().folder.parent / "fleet"
