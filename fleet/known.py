"""What a store already has: which files were read, and which runs, logs and watches are in it.

DuckDB keeps this, and not Python's memory, because a store may hold millions of files.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from netpreflight.fleet.engine import Connection, relation
from netpreflight.fleet.store import Store, quoted

_AMONG = "IN (SELECT CAST('0x' || unnest(CAST($1 AS VARCHAR[])) AS UHUGEINT))"
_ASKED = "(SELECT unnest(CAST($1 AS VARCHAR[])) AS content, unnest(CAST($2 AS VARCHAR[])) AS path) AS asked"
_NUMBERS = (
    "CAST('0x' || content AS UHUGEINT) AS content, md5_number(path) AS path, CAST('0x' || key AS UHUGEINT) AS key"
)
"""The columns of a file that was read, as numbers, which take a third of the memory of the texts."""
_REFUSED = "SELECT content, path, kind, tool"


class Refusal(NamedTuple):
    """Why a file was quarantined, and by which version."""

    kind: str
    tool: str


class KnownFiles(NamedTuple):
    """What is known about some files. A content is the hash of a file's bytes."""

    keys: dict[str, str]
    """By content: the key of the run, log or watch in it, at whatever path the file was."""
    settled: set[tuple[str, str]]
    """(Content, path) of the files that were read before, so that nothing is left to do."""
    refused: dict[tuple[str, str], Refusal]
    """By (content, path): the files that were quarantined, and not read since."""


class Known:
    """The files and runs that were added before.

    Args:
        engine: a connection that reads the store.
        store: the store.
    """

    def __init__(self, engine: Connection, store: Store) -> None:
        self._engine = engine
        self._since: set[str] = set()
        files = relation(store, "files")
        engine.execute(f"CREATE TEMP TABLE known AS SELECT {_NUMBERS} FROM ({files}) WHERE key IS NOT NULL")  # noqa: S608 - our own text
        engine.execute(f"CREATE TEMP TABLE refused AS {_REFUSED} FROM ({files}) WHERE key IS NULL")

    def files(self, contents: Sequence[str], paths: Sequence[str]) -> KnownFiles:
        """What is known about files: `contents` are their hashes, `paths` their paths, in the same order."""
        asked = [list(contents), list(paths)]
        keys = self._engine.execute(
            f"SELECT content, any_value(key) FROM known WHERE content {_AMONG} GROUP BY content",  # noqa: S608 - our own text
            asked[:1],
        ).fetchall()
        settled = self._engine.execute(
            f"SELECT asked.content, asked.path FROM {_ASKED} JOIN known "  # noqa: S608 - our own text
            "ON known.content = CAST('0x' || asked.content AS UHUGEINT) AND known.path = md5_number(asked.path)",
            asked,
        ).fetchall()
        refused = self._engine.execute(
            f"{_REFUSED} FROM refused WHERE (content, path) IN (SELECT (asked.content, asked.path) FROM {_ASKED})",  # noqa: S608 - our own text
            asked,
        ).fetchall()
        done = set(settled)
        return KnownFiles(
            {_text(content): _text(key) for content, key in keys},
            done,
            {
                (content, path): Refusal(kind, tool)
                for content, path, kind, tool in refused  # in the order in which they were added: the last one counts
                if (content, path) not in done
            },
        )

    def new_keys(self, keys: Collection[str]) -> set[str]:
        """The keys of runs, logs and watches that the store does not have yet; from now on they count as known."""
        found = self._engine.execute(f"SELECT DISTINCT key FROM known WHERE key {_AMONG}", [list(keys)]).fetchall()  # noqa: S608 - our own text
        new = set(keys) - {_text(key) for (key,) in found} - self._since
        self._since |= new
        return new

    def committed(self, files: Iterable[Path]) -> None:
        """Add the files listed in these Parquet files, which were just committed, to what is known."""
        for file in files:
            if file.stem == "files":
                read = f"FROM read_parquet({quoted(file)})"
                self._engine.execute(f"INSERT INTO known SELECT {_NUMBERS} {read} WHERE key IS NOT NULL")
                self._engine.execute(f"INSERT INTO refused {_REFUSED} {read} WHERE key IS NULL")
        self._since.clear()


def _text(number: int) -> str:
    """A hash, given as a number, as the text that the tables hold."""
    return f"{number:032x}"
