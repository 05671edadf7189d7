"""Finds and replaces all texts in a report's structs, according to what each may reveal (`observations.Reveals`)."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct

from netpreflight.probes.observations import Connection, HttpWitness, Reveals

AnyStruct = TypeVar("AnyStruct", bound=Struct)
Texts = Mapping[Reveals, list[str]]
"""Texts grouped by what they may reveal: each text once, in the order in which they appear."""
Show = Mapping[Reveals, Callable[[str], str]]
"""For each kind of text, the function that returns what is shown of it."""


def texts(*parts: Struct | list[Any]) -> Texts:
    """Every text in some parts of a report."""
    found: dict[Reveals, dict[str, None]] = {}
    for part in parts:
        for what, text in _texts_in(part, "words"):
            found.setdefault(what, {})[text] = None
    return {what: list(held) for what, held in found.items()}


def replaced(value: AnyStruct, show: Show) -> AnyStruct:
    """A copy of a struct in which every text is replaced by what is shown of it."""
    changes: dict[str, Any] = {}
    for name, what in _fields_with_text(type(value)):
        before = getattr(value, name)
        if before and what != "nothing":
            after = _replaced(before, what, show)
            if after is not before:
                changes[name] = after
    changes |= _right_as_before(value)
    return msgspec.structs.replace(value, **changes) if changes else value


def _replaced(value: Any, what: Reveals, show: Show) -> Any:
    """A value with all its texts replaced by what is shown of them; `what`: the kind of text that it may reveal."""
    if isinstance(value, str):
        return show[what](value)
    if isinstance(value, Struct):
        return replaced(value, show)
    if isinstance(value, list):
        return [_replaced(item, what, show) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item, what, show) for key, item in value.items()}
    return value


def _right_as_before(value: Struct) -> dict[str, str]:
    """Fields to set so that an answer that was correct still counts as correct after its received bytes are hidden."""
    if isinstance(value, HttpWitness) and value.right:
        return {"body": value.expected_body}
    if isinstance(value, Connection) and value.is_nonce:
        is_stand_in = value.received == stand_in(int(value.received[:2], 16))
        # The stand-in is made from the time, so that it differs from connection to connection as a nonce does.
        return {"received": value.received if is_stand_in else stand_in(round(value.at_s * 10_000))}
    return {}


def stand_in(first: int) -> str:
    """Bytes that replace the 40 bytes of a nonce, in hexadecimal; `first` is the first of them."""
    return bytes((first + at) % 256 for at in range(40)).hex()


def _texts_in(value: Any, what: Reveals) -> Iterator[tuple[Reveals, str]]:
    """Every text in a value, each with what it may reveal; a text that no type marks may reveal `what`."""
    if isinstance(value, str):
        yield what, value
    elif isinstance(value, Struct):
        for name, revealed in _fields_with_text(type(value)):
            held = getattr(value, name)
            if isinstance(held, str):
                yield revealed, held
            elif held:
                yield from _texts_in(held, revealed)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item, what)


@cache
def _fields_with_text(kind: type[Struct]) -> tuple[tuple[str, Reveals], ...]:
    """The fields of a type that may hold text, each with what the text may reveal."""
    found: list[tuple[str, Reveals]] = []
    for field in msgspec.structs.fields(kind):
        what = _revealed(field.type)
        if what is not None:
            found.append((field.name, what))
    return tuple(found)


def _revealed(kind: Any) -> Reveals | None:
    """What the texts of a type may reveal; None: it has no text, or only fixed words of this tool."""
    if get_origin(kind) is Annotated:
        inner, *marks = get_args(kind)
        told = next(
            (mark.extra_json_schema["x-reveals"] for mark in marks if getattr(mark, "extra_json_schema", None)), None
        )
        return told or _revealed(inner)
    if get_origin(kind) is Literal or kind in {int, float, bool, type(None)}:
        return None
    inner = [what for argument in get_args(kind) if (what := _revealed(argument)) is not None]
    return inner[0] if inner else "words"
