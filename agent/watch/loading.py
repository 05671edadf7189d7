"""Loads a watch for a report, from its store or its JSON document. Neither is trusted: anybody may have written it."""

from pathlib import Path

import msgspec

from netpreflight.agent.watch.tables import StoreError
from netpreflight.agent.watch.watched import Watch
from netpreflight.probes.input_file import open_file

MOST_BYTES = 64_000_000


def load(path: Path) -> Watch:
    """What a watch has seen.

    A JSON document may hold a result and an answer, which are kept; a store never does.

    Raises:
        StoreError: the file is neither a store nor such a document, or is broken, too large, or of a newer version.
    """
    try:
        with open_file(path) as file:
            head = file.read(16)
            if not head.lstrip().startswith(b"{"):
                from netpreflight.agent.watch.reading import read  # noqa: PLC0415 - loads sqlite3

                return read(path)
            text = head + file.read(MOST_BYTES)
    except OSError as problem:
        raise StoreError(f"{path}: {problem.strerror or problem}") from problem
    if len(text) > MOST_BYTES:
        raise StoreError(f"{path} is larger than any watch")
    return document(text, str(path))


def document(text: bytes, name: str) -> Watch:
    """A watch from its JSON document.

    Raises:
        StoreError: the text is not the document of a watch.
    """
    try:
        return msgspec.json.decode(text, type=Watch)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise StoreError(f"{name} is not the document of a watch ({problem})") from problem
