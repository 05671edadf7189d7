"""What each text may reveal: the types that say it, and what each level of sharing hides."""

from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Struct

from netpreflight.agent.report import SharedLevel
from netpreflight.probes.observations import Reveals

NOT_HIDDEN: set[Reveals] = {"nothing", "asked-name", "log-line"}
SECRET: dict[SharedLevel, set[Reveals]] = {
    "public": set(get_args(Reveals)) - NOT_HIDDEN,
    "ticket": {"client-mac", "user", "raw", "page"},
}
"""What no text of these kinds may show at a level, whatever field it stands in."""


def every_struct(kind: Any, found: set[type[Struct]]) -> set[type[Struct]]:
    if isinstance(kind, type) and issubclass(kind, Struct):
        if kind not in found:
            found.add(kind)
            for field in msgspec.structs.fields(kind):
                every_struct(field.type, found)
    else:
        for field in get_args(kind):
            every_struct(field, found)
    return found


def bare_texts(kind: Any) -> bool:
    """Whether a type has a text that does not say what it may reveal."""
    if get_origin(kind) is Annotated:
        inner, *marks = get_args(kind)
        return (inner is str and not any(mark.extra_json_schema for mark in marks)) or (
            inner is not str and bare_texts(inner)
        )
    return kind is str or any(bare_texts(value) for value in get_args(kind) if not isinstance(value, str))
