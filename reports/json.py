"""The report as JSON, in the contract's shape."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from netpreflight.agent.report import Report
from netpreflight.probes.observations import Observations, Wifi
from netpreflight.reports.safe_text import json_shown

_LARGE = Report, Observations, Wifi
"""The types that are written field by field; their lists are written item by item, and everything else as a whole."""
_ITEMS = 10
"""How many items of a list are written as one part."""


def render(report: Report, _dialects: Sequence[str] = (), _contact: str = "", /) -> str:
    """The report as one JSON document, ending in a newline.

    The products and the contact are not used: JSON has the changes as values, not as text for a product or a person.
    """
    return "".join(parts(report))


def parts(report: Report) -> Iterator[str]:
    """The same document in parts; written as a whole, the run of a crowded place would be in memory several times."""
    for part in _parts(report, "\n"):
        yield json_shown(part)
    yield "\n"


def _parts(value: Any, line_break: str) -> Iterator[str]:
    """The JSON of a value in parts; `line_break` is a newline with the indentation of the value."""
    inner = f"{line_break} "
    if isinstance(value, _LARGE):
        opening = "{"
        for name in value.__struct_fields__:
            if (item := getattr(value, name)) is not UNSET:
                yield f'{opening}{inner}"{name}": '
                yield from _parts(item, inner)
                opening = ","
        yield f"{line_break}}}"
    elif isinstance(value, list) and value:
        opening = "["
        for at in range(0, len(value), _ITEMS):
            items = _formatted(value[at : at + _ITEMS], line_break).removesuffix(f"{line_break}]")
            yield f"{opening}{items[1:]}"
            opening = ","
        yield f"{line_break}]"
    else:
        yield _formatted(value, line_break)


def _formatted(value: object, line_break: str) -> str:
    """A value as JSON, indented; replacing its line breaks changes no text, because JSON escapes those within texts."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode().replace("\n", line_break)
