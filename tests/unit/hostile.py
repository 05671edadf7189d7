"""Hostile texts, and a way to put one into every field that the network can fill."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

HOSTILE = {
    "C0": "a\x00\x07\x08\r\n\t\x0b\x7fb",
    "C1": "a\x80\x85\x9b31mb",
    "CSI": "\x1b[31;1mred\x1b[2J",
    "OSC": "\x1b]0;title\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "bidi": "a\u202e\u2066gnp.exe\u2069\u202c\u061c",
    "zero-width": "pool\u200b.ntp\u200d\ufeff\u2060\u00ad.org",
    "unseen": "a\u3164\u2800\ufe0f\U000e0100\u034f\u115f\u00a0\u3000b",
    "stacked": "Z" + "\u0300\u0301\u0302\u0303\u0304\u0305" * 8 + "algo",
    "separators": "a\u2028b\u2029c",
    "markup": "[red]x[/red] [link=http://evil.example]y[/link] [/] :boom: <b>",
    "long": "A" * 10_000,
}
SLOW = {
    "quotes": "'" * 20_000,
    "colons": ":" + "a:" * 10_000 + "g",
    "digits": "1." * 10_000,
    "bytes": "b'" * 10_000,
    "hex": "0a" * 10_000,
    "words": "portal " * 3_000,
    "urls": "http://" * 3_000,
    "homes": "/home/" * 4_000,
    "endless": "A" * 110_000,
}
_BASED = 'based_on = "photon2"\ntitle = "Our product"\n'
HOSTILE_FILES = {
    "arrays": _BASED + "x = " + "[\n" * 20_000,
    "closed arrays": _BASED + "x = " + "[\n" * 20_000 + "]\n" * 20_000,
    "dotted": _BASED + "\n".join(f"{'a.' * 480}k{i} = 1" for i in range(60)),
    "tables": _BASED + "\n".join(f"[[a.b{i}]]" for i in range(5_000)),
    "statements": _BASED + "".join(f"a{i}=1\n" for i in range(7_000)),
    "list": _BASED + "x = [" + "1,\n" * 20_000 + "]",
    "number": _BASED + f"x = 0x{'f' * 900}",
    "text": _BASED + 'x = """' + "\n" * 60_000 + '"""',
    "quotes": _BASED + "x = '''" + "''\n" * 20_000 + "'''",
}
"""Company files that would keep a careless reader busy."""
TAGS = "\U000e0041\U000e007f\u0600\U0001d173"
"""More format characters, beyond and inside the basic plane."""
_OUR_OWN = {"type", "status", "result", "verdict", "method", "colour", "when", "id", "stage", "level", "owner",
"schema",
            "title", "os_version", "asked_os", "name"}  # fmt: skip
"""Fields of a report that this project writes itself."""
_CLOSED_LISTS = {"security"}
"""Lists of words that this project chooses among."""


def bare(kind: Any) -> set[Any]:
    """The members of a union (or the one type), without what `Annotated` adds."""
    members = get_args(kind) if get_origin(kind) in {Union, UnionType} else [kind]
    return {get_args(member)[0] if get_origin(member) is Annotated else member for member in members}


def planted(value: Any, text: str, *, own: bool) -> Any:
    """The same, with `text` in every field that is any string (where `own`: but not in those of the project itself)."""
    if isinstance(value, msgspec.Struct):
        changes = {}
        hints = {field.name: field.type for field in msgspec.structs.fields(value)}
        for name, inner in ((field, getattr(value, field)) for field in value.__struct_fields__):
            free = str in bare(hints[name])
            if free and not isinstance(inner, (list, dict)) and not (own and name in _OUR_OWN):
                changes[name] = text
            elif not isinstance(inner, (str, int, float, type(None))) and name not in _CLOSED_LISTS:
                changes[name] = planted(inner, text, own=own)
        return msgspec.structs.replace(value, **changes)
    if isinstance(value, list):
        return [text if isinstance(element, str) else planted(element, text, own=own) for element in value]
    return value
