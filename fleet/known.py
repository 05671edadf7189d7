"""What a store has already: of each file whether it was read, and of each run whether it is there.

It is kept by DuckDB, and not in Python's memory: a store may hold millions of files.
"""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from netpreflight.fleet.engine import Connection, relation
from netpreflight.fleet.store import Store, quoted

_AMONG = "IN (SELECT unnest(CAST($1 AS VARCHAR[])))"


class Refusal(NamedTuple):
    """Why a file was quarantined, and by which version."""

    kind: str
    tool: str


class KnownFiles(NamedTuple):
    """What is known of some files."""

    keys: dict[str, str]
    """The key of the run, log or watch in a content, wherever that was."""
    settled: set[tuple[str, str]]
    """Contents and paths that are accounted for."""
    refused: dict[tuple[str, str], Refusal]
    """Contents and paths that were quarantined, and not read since."""


class Known:
    """The files and runs that were added before.

    Args:
        engine: a connection that reads the store.
        store: the store.
    """

    def __init__(self, engine: Connection, store: Store) -> None:
        self._engine = engine
        self._since: set[str] = set()
        engine.execute(
            f"CREATE TEMP TABLE known AS SELECT content, path, key, kind, tool FROM ({relation(store, 'files')})"  # noqa: S608 - our own text
        )

    def files(self, contents: Collection[str], paths: Collection[str]) -> KnownFiles:
        """What is known of files with these contents, at these paths."""
        keys = self._engine.execute(
            f"SELECT content, any_value(key) FROM known WHERE content {_AMONG} AND key IS NOT NULL GROUP BY content",  # noqa: S608 - our own text
            [list(contents)],
        ).fetchall()
        rows = self._engine.execute(
            f"SELECT content, path, key, kind, tool FROM known WHERE content {_AMONG} "  # noqa: S608 - our own text
            "AND path IN (SELECT unnest(CAST($2 AS VARCHAR[])))",
            [list(contents), list(paths)],
        ).fetchall()
        settled = {(content, path) for content, path, key, _, _ in rows if key is not None}
        refused = {
            (content, path): Refusal(kind, tool)
            for content, path, _, kind, tool in rows  # in the order in which they were added: the last counts
            if (content, path) not in settled
        }
        return KnownFiles(dict(keys), settled, refused)

    def new_keys(self, keys: Collection[str]) -> set[str]:
        """Which of these runs, logs and watches are not there yet; from now on they are."""
        found = self._engine.execute(f"SELECT DISTINCT key FROM known WHERE key {_AMONG}", [list(keys)]).fetchall()  # noqa: S608 - our own text
        new = set(keys) - {key for (key,) in found} - self._since
        self._since |= new
        return new

    def committed(self, files: Iterable[Path]) -> None:
        """Take up what was just committed: these Parquet files."""
        for file in files:
            if file.stem == "files":
                self._engine.execute(
                    f"INSERT INTO known SELECT content, path, key, kind, tool FROM read_parquet({quoted(file)})"  # noqa: S608 - a quoted path
                )
        self._since.clear()
