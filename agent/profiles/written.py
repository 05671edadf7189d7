"""A profile's file as written: read with limits on its size, and with the line of each key."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from netpreflight.probes.input_file import read_at_most

LARGEST_FILE = 64 << 10
"""In bytes; the largest file in this folder has about 10 KiB."""
LONGEST_LINE = 1000
"""In characters. It limits the time that tomllib takes for a dotted key, which grows with the square of its parts."""
LONGEST_SHOWN = 40
"""The most characters of a key or a value that an error message shows."""
_PLACE = re.compile(r" \(at line (\d+), column \d+\)\Z")
_END = " (at end of document)"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STATEMENT_PART = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|'
    r"'''.*?'{3,5}|"
    r'"(?:\\.|[^"\\\n])*"|'
    r"'[^'\n]*'|#[^\n]*|[\[\]{}\n]",
    re.DOTALL,
)
"""What decides where a TOML statement ends: whole strings and comments, brackets, and line ends."""

KeyPath = tuple[str | int, ...]
"""The keys from the top of a file down to a value; a number counts the tables of an array."""


class UnknownDeviceError(ValueError):
    """There is no such profile, or it does not cover the Device OS version; the message is one line."""


class DeviceFileError(UnknownDeviceError):
    """A file is not a valid profile; the message names the file, the line, the key, and what is allowed."""


class Written:
    """A parsed profile file: its content, and the line of each key."""

    def __init__(self, label: str, text: str) -> None:
        """Parse a file's text; `label` names the file in messages.

        Raises:
            DeviceFileError: the text is not TOML.
        """
        self.label = label
        self._text = text.replace("\r\n", "\n")
        lines = self._text.split("\n")
        self._last = max((i for i, line in enumerate(lines, 1) if line.strip()), default=1)
        if too_long := next((i for i, line in enumerate(lines, 1) if len(line) > LONGEST_LINE), None):
            raise self._error(too_long, f"this line has more than {LONGEST_LINE} characters")
        try:
            self.content: dict[str, Any] = tomllib.loads(self._text)
        except RecursionError as problem:
            raise DeviceFileError(f"{label}: lists or tables are nested too deeply") from problem
        except ValueError as problem:  # TOML's, or Python's about a number of thousands of digits
            says = str(problem)
            place = _PLACE.search(says)
            line = int(place[1]) if place else self._last if says.endswith(_END) else None
            says = says[: place.start()] if place else says.removesuffix(_END)
            at = f": {quoted(lines[line - 1].strip())}" if line else ""
            raise self._error(line, f"not TOML: {says}{at}") from problem

    def refuse(self, path: KeyPath, says: str) -> NoReturn:
        """Refuse the value of a key, or a missing key; for a missing key, give the line of its table or the last line.

        Raises:
            DeviceFileError: always.
        """
        near = path
        while near and near not in self._places:
            near = near[:-1]
        raise self._error(self._places.get(near, self._last), f"{dotted(path)}: {says}")

    def _error(self, line: int | None, says: str) -> DeviceFileError:
        return DeviceFileError(f"{self.label}, line {line}: {says}" if line else f"{self.label}: {says}")

    @cached_property
    def _places(self) -> dict[KeyPath, int]:
        """The line on which each key first stands; for a value of several lines, its first line."""
        found: dict[KeyPath, int] = {}
        arrays: Counter[KeyPath] = Counter()
        header: KeyPath = ()
        for line, statement in _statements(self._text):
            stated = tomllib.loads(statement)
            if statement.lstrip().startswith("["):
                header = ()
                while stated:
                    key, inner = next(iter(stated.items()))
                    header = (*header, key)
                    found.setdefault(header, line)
                    if isinstance(inner, list):
                        arrays[header] += 1
                        header = (*header, arrays[header] - 1)
                        found[header] = line
                        break
                    stated = inner
                continue
            rest: list[tuple[KeyPath, Any]] = [(header, stated)]
            while rest:
                path, value = rest.pop()
                if path != header:
                    found.setdefault(path, line)
                if isinstance(value, dict):
                    rest += [((*path, key), inner) for key, inner in value.items()]
                elif isinstance(value, list):
                    rest += [((*path, i), inner) for i, inner in enumerate(value) if isinstance(inner, dict)]
        return found


def read_file(path: Path) -> Written:
    """Read a company's own profile file.

    Raises:
        DeviceFileError: the file cannot be read, is too large, or is not TOML in UTF-8.
    """
    try:
        content = read_at_most(path, LARGEST_FILE + 1)
    except OSError as problem:
        raise DeviceFileError(f"{path}: {problem.strerror or problem}") from problem
    if len(content) > LARGEST_FILE:
        raise DeviceFileError(f"{path.name}: larger than {LARGEST_FILE >> 10} KiB, the limit for a profile")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise DeviceFileError(f"{path.name}, line {line}: not UTF-8") from problem
    return Written(path.name, text)


def dotted(path: KeyPath) -> str:
    """A key as TOML writes it, without the number of a table in an array."""
    keys = [key for key in path if isinstance(key, str)]
    return ".".join(key if _BARE_KEY.fullmatch(key) and len(key) <= LONGEST_SHOWN else quoted(key) for key in keys)


def quoted(value: Any) -> str:
    """A value of a file, shortened for an error message."""
    if isinstance(value, str):
        return json.dumps(value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…", ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    try:
        return str(value)[:LONGEST_SHOWN]
    except ValueError:  # a hexadecimal number of thousands of digits
        return "a number"


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Every statement of a TOML document, with the number of its first line."""
    depth, begin, line = 0, 0, 1
    for token in _STATEMENT_PART.finditer(f"{text}\n"):
        depth += (token[0] in {"[", "{"}) - (token[0] in {"]", "}"})
        if token[0] == "\n" and depth == 0:
            statement = text[begin : token.end()]
            yield line, statement
            line += statement.count("\n")
            begin = token.end()
