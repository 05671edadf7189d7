"""The site of a file whose run does not name one: by a manifest, or by the file's name.

A manifest is a CSV file with the columns `file`, `site` and perhaps `place`; `file` is a name, or a pattern with `*`.
"""

import csv
import fnmatch
import re
from pathlib import Path
from typing import NamedTuple

LARGEST_MANIFEST = 64 << 20
"""In bytes: enough for a million sites."""


class Named(NamedTuple):
    """A site, and the source of its name (`site_from` in the table `runs`)."""

    site: str
    site_from: str
    place: str | None = None


class Sites:
    """The sites of files.

    Args:
        manifest: rows of (file, site, place); exact names come before patterns, and of several the first counts.
        pattern: a pattern of file names with `{site}`, perhaps `{place}`, and `*` for anything else; None: no pattern.

    Raises:
        ValueError: the pattern has no `{site}`; the message says so.
    """

    def __init__(self, manifest: list[tuple[str, str, str | None]] | None = None, pattern: str | None = None) -> None:
        self._exact: dict[str, Named] = {}
        self._patterns: list[tuple[re.Pattern[str], Named]] = []
        for file, site, place in manifest or []:
            named = Named(site, "manifest", place)
            if "*" in file:
                self._patterns.append((re.compile(fnmatch.translate(file)), named))
            else:
                self._exact.setdefault(file, named)
        self._name = None if pattern is None else _compiled(pattern)

    def of(self, file: Path) -> Named | None:
        """The site of a file, by its name; None: not known."""
        if found := self._exact.get(file.name):
            return found
        if found := next((named for pattern, named in self._patterns if pattern.fullmatch(file.name)), None):
            return found
        match = self._name.fullmatch(file.name) if self._name is not None else None
        if match is None:
            return None
        return Named(match["site"], "file-name", match.groupdict().get("place"))


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of names as a regular expression."""
    parts = re.split(r"(\{site\}|\{place\}|\*)", pattern)
    if parts.count("{site}") != 1 or parts.count("{place}") > 1 or re.search(r"[{}]", "".join(parts[::2])):
        raise ValueError(f"{pattern!r} has to have {{site}} once, and may have {{place}} and *: {{site}}-*.json")
    words = {"{site}": "(?P<site>.+?)", "{place}": "(?P<place>.+?)", "*": ".*"}
    return re.compile("".join(words.get(part) or re.escape(part) for part in parts), re.DOTALL)


def read_manifest(path: Path) -> list[tuple[str, str, str | None]]:
    """The rows of a manifest: file, site and place.

    Raises:
        ValueError: the file is too large, or no CSV with these columns; the message is one line.
        OSError: the file cannot be read.
    """
    with path.open("rb") as opened:
        content = opened.read(LARGEST_MANIFEST + 1)
    if len(content) > LARGEST_MANIFEST:
        raise ValueError(f"{path}: larger than {LARGEST_MANIFEST >> 20} MiB")
    try:
        rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise ValueError(f"{path}: no CSV in UTF-8: {problem}") from problem
    if not all(row.get("file") and row.get("site") for row in rows):
        raise ValueError(f"{path}: each row needs a file and a site, columns that the first line names")
    return [(row["file"], row["site"], row.get("place") or None) for row in rows]
