"""Checks of a profile's file, key by key: what is wrong is refused, with a message that says what is allowed."""

import difflib
import ipaddress
import itertools
import re
from collections.abc import Iterable, Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from netpreflight.agent.profiles.facts import CheckNeeds, Day, DeviceOs, Fact, Profile, Text, covers, is_table, order
from netpreflight.agent.profiles.written import KeyPath, Written, dotted, quoted

LONGEST_NAME = 128
"""The most characters of a host name that lwIP resolves, as Device OS configures it."""
_DEVICE_ID = Annotated[
    str, Meta(pattern=r"\A[A-Za-z0-9-]{1,63}\Z", description="1 to 63 of the characters A-Z a-z 0-9 -")
]
HIGHEST_CHANNEL = 177
"""The last channel of the 5 GHz band."""
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}|[{}]")
_HOSTS = {"hosts", "known_names", "fallback_address"}
"""Facts whose values are host names or IPv4 addresses."""
_IN_STARTUP = ("ssid", "host", "address", "port")
_PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    "hosts": ("id", "major"),
    "host_name": ("id",),
    "failed_line": ("code", "word"),
}
"""The placeholders allowed in each fact; the lines of [startup] allow `_IN_STARTUP`, other facts none."""

Ranges = list[dict[str, Any]]


def check_keys(written: Written) -> None:
    """Refuse a key that does not exist, or a value of the wrong type.

    Raises:
        DeviceFileError: naming the first such key.
    """
    plain = {"based_on": Text, "title": _kinds(Profile)["title"], "device_id": _DEVICE_ID, "checked": Day}
    for key, value in written.content.items():
        if key in plain:
            _check_value(written, (key,), value, plain[key])
        elif key == "device_os":
            _check_table(written, (key,), value, _kinds(DeviceOs))
        elif key == "checks":
            _check_needs(written, value)
        elif key in sections():
            kinds = fact_kinds(key)
            for name, fact in _table(written, (key,), value).items():
                if name == "source":
                    _check_value(written, (key, name), fact, Text)
                elif name in kinds:
                    _check_fact(written, (key, name), fact, kinds[name])
                else:
                    _no_such_key(written, (key, name), [*kinds, "source"])
        elif key in top_facts():
            _check_fact(written, (key,), value, top_facts()[key])
        else:
            _no_such_key(written, (key,), [*plain, "device_os", *top_facts(), *sections(), "checks"])


def check_whole(written: Written, whole: dict[str, Any]) -> None:
    """Refuse a file that, together with its `based_on`, lacks a fact, or states none or two for some version.

    Raises:
        DeviceFileError: naming the first such fact.
    """
    versions = whole.get("device_os")
    if versions is not None:
        for key in ("oldest", "newest", "source"):
            if key not in versions:
                written.refuse(("device_os", key), "missing")
        if order(versions["oldest"]) > order(versions["newest"]):
            written.refuse(("device_os", "newest"), f"older than oldest, which is {versions['oldest']}")
    if "title" not in written.content:
        written.refuse(("title",), "missing; each file has its own title")
    for section, kind in sections().items():
        required = {field.name for field in msgspec.structs.fields(kind) if field.required}
        if required and section not in whole:
            needed = [
                name for name, kind in sections().items() if any(f.required for f in msgspec.structs.fields(kind))
            ]
            written.refuse((section,), f"missing; without based_on, a file has [{'], ['.join(needed)}]")
        stated = whole.get(section, {})
        for name in sorted(required - set(stated)):
            written.refuse((section, name), f"missing; expected {allowed(fact_kinds(section)[name])}")
        for name, fact in stated.items():
            _check_versions(written, (section, name), fact, versions, optional=name not in required)
            _check_meaning(written, (section, name), fact, whole)
    for name in top_facts():
        if name in whole:
            _check_versions(written, (name,), whole[name], versions, optional=True)
    for check_id, needs in whole.get("checks", {}).items():
        _check_each(written, ("checks", check_id), needs, versions)


def allowed(kind: Any) -> str:
    """The values that a type allows, in words."""
    if get_origin(kind) is Annotated:
        base, meta = get_args(kind)[:2]
        return meta.description or allowed(base)
    if get_origin(kind) is Literal:
        values = [quoted(value) for value in get_args(kind)]
        return values[0] if len(values) == 1 else f"one of {', '.join(values)}"
    if get_origin(kind) is list:
        return f"a list, each {allowed(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        key, value = get_args(kind)
        return f"a table from {allowed(key)} to {allowed(value)}"
    return {bool: "true or false", str: "a text", int: "a whole number", float: "a number"}[kind]


@cache
def sections() -> dict[str, type[Struct]]:
    """The sections of facts by name, each with its class."""
    kinds = get_type_hints(Profile)
    return {
        name: kind
        for name, kind in kinds.items()
        if isinstance(kind, type) and issubclass(kind, Struct) and not issubclass(kind, Profile)
    }


@cache
def fact_kinds(section: str) -> dict[str, Any]:
    """The type of each fact's value in a section, by the fact's name."""
    return {name: get_args(kind)[0] for name, kind in _kinds(sections()[section]).items()}


@cache
def top_facts() -> dict[str, Any]:
    """The type of each fact outside the sections, by the fact's name."""
    return {name: get_args(kind)[0] for name, kind in _kinds(Profile).items() if get_origin(kind) is Fact}


@cache
def _kinds(struct: type[Struct]) -> dict[str, Any]:
    """The type of each field of a class, without its None if it is optional."""
    hints = get_type_hints(struct, include_extras=True)
    return {name: _without_none(kind) for name, kind in hints.items()}


def _without_none(kind: Any) -> Any:
    """A type without its None."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    return next(value for value in get_args(kind) if value is not type(None))


def _no_such_key(written: Written, path: KeyPath, known: Iterable[str]) -> NoReturn:
    """Refuse a key that does not exist; the message has the known keys, and the most similar of them."""
    known = list(known)
    near = difflib.get_close_matches(str(path[-1])[:100], known, n=1)
    where = f"[{dotted(path[:-1])}]" if len(path) > 1 else "a profile"
    meant = f"; did you mean {near[0]}?" if near else ""
    written.refuse(path, f"no such key{meant}; {where} has: {', '.join(known)}")


def _table(written: Written, path: KeyPath, value: Any) -> dict[str, Any]:
    """The value, which is refused if it is not a table."""
    if not isinstance(value, dict):
        written.refuse(path, f"expected a table, got {quoted(value)}")
    return value


def _check_table(written: Written, path: KeyPath, value: Any, kinds: dict[str, Any]) -> None:
    """Check that a value is a table with known keys only (`kinds`), each with a value of the right type."""
    for key, entry in _table(written, path, value).items():
        if key not in kinds:
            _no_such_key(written, (*path, key), kinds)
        _check_value(written, (*path, key), entry, kinds[key])


def _check_needs(written: Written, value: Any) -> None:
    """Check the tables of the checks that are not `required`."""
    from netpreflight.agent.judging.registry import CHECKS  # noqa: PLC0415 - judging knows profiles itself

    known = [row.id for row in CHECKS.values() if row.stage is not None]
    kinds = _kinds(CheckNeeds)
    for check_id, needs in _table(written, ("checks",), value).items():
        if check_id not in known:
            _no_such_key(written, ("checks", check_id), known)
        for place, need in _each_table(("checks", check_id), needs):
            _check_table(written, place, need, kinds)
            for key in ("level", "why"):
                if key not in need:
                    written.refuse((*place, key), f"missing; expected {allowed(kinds[key])}")


def _check_fact(written: Written, path: KeyPath, fact: Any, kind: Any) -> None:
    """Check one fact: a bare value, a table with a `value`, or a list of such tables."""
    if not is_table(fact):
        if isinstance(fact, dict) and get_origin(kind) is not dict:
            written.refuse(path, f"expected {allowed(kind)}, got a table without value")
        _check_value(written, path, fact, kind)
        return
    unused = {"name"} if str(path[-1]).endswith("_line") else {"name", "log_level"}
    kinds = {key: expected for key, expected in _kinds(Fact).items() if key not in unused} | {"value": kind}
    for place, entry in _each_table(path, fact):
        _check_table(written, place, entry, kinds)
        if "value" not in entry:
            written.refuse((*place, "value"), f"missing; expected {allowed(kind)}")


def _each_table(path: KeyPath, tables: Any) -> Iterator[tuple[KeyPath, Any]]:
    """A table, or each table of a list, with its key path."""
    if isinstance(tables, list):
        yield from (((*path, i), table) for i, table in enumerate(tables))
    else:
        yield path, tables


def _tables(stated: Any) -> Ranges:
    """The tables of a fact as a list."""
    return stated if isinstance(stated, list) else [stated]


def _check_value(written: Written, path: KeyPath, value: Any, kind: Any) -> None:
    """Refuse a value that is not of a type; the message says what the type allows."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        written.refuse(path, f"expected {allowed(kind)}, got {_culprit(value, kind)}")


def _culprit(value: Any, kind: Any) -> str:
    """The part of a value that has the wrong type, shortened for an error message."""
    base = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    inner = get_args(base)
    if isinstance(value, list) and get_origin(base) is list:
        wrong = next((element for element in value if not _fits(element, inner[0])), None)
        return f"{len(value)} of them" if wrong is None else f"{quoted(wrong)} in it"
    if isinstance(value, dict) and get_origin(base) is dict:
        return next(
            quoted(part)
            for pair in value.items()
            for part, kind in zip(pair, inner, strict=True)
            if not _fits(part, kind)
        )
    return quoted(value)


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a type."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _check_versions(
    written: Written, path: KeyPath, stated: Any, versions: dict[str, str] | None, *, optional: bool
) -> None:
    """Check that each version has exactly one table, or at most one if the fact is optional."""
    tables = _check_each(written, path, stated, versions)
    if versions is None or optional:
        return
    oldest, newest = versions["oldest"], versions["newest"]
    bound: str | None = oldest
    for table in tables:
        since = table.get("since", oldest)
        if bound is None or order(since) > order(bound):
            written.refuse(path, f"nothing is stated for Device OS {bound} to before {since}")
        bound = table.get("before")
    if bound is not None and order(bound) <= order(newest):
        written.refuse(path, f"nothing is stated for Device OS {bound} to {newest}")


def _check_each(written: Written, path: KeyPath, stated: Any, versions: dict[str, str] | None) -> Ranges:
    """Check the versions of each table, and that no two overlap; return the device's own tables, oldest first."""
    for place, entry in _each_table(path, stated):
        since, before = entry.get("since"), entry.get("before")
        if versions is None:
            if since or before or len(_tables(stated)) > 1:
                written.refuse(place, "tables for different versions need a [device_os] section")
            continue
        if since and before and order(since) >= order(before):
            written.refuse(place, f"since {since} is not older than before {before}")
        if _is_own(written, path):
            for word, version in (("since", since), ("before", before)):
                if version and not order(versions["oldest"]) <= order(version) <= order(versions["newest"]):
                    written.refuse(
                        (*place, word),
                        f"{version} is outside of device_os, {versions['oldest']} to {versions['newest']}",
                    )
    if versions is None:
        return _tables(stated)
    first, last = order(versions["oldest"]), order(versions["newest"])
    within = [
        table
        for table in _tables(stated)
        if order(table.get("since", versions["oldest"])) <= last
        and ("before" not in table or order(table["before"]) > first)
    ]
    within.sort(key=lambda entry: order(entry["since"]) if "since" in entry else ())
    for earlier, following in itertools.pairwise(within):
        begin = following.get("since", versions["oldest"])
        if covers(earlier, begin):
            ends = [end for end in (earlier.get("before"), following.get("before")) if end is not None]
            end = f"before {min(ends, key=order)}" if ends else versions["newest"]
            written.refuse(path, f"more than one table is for Device OS {begin} to {end}")
    return within


def _is_own(written: Written, path: KeyPath) -> bool:
    """Whether the file itself states a fact, so that the fact is not taken over from `based_on`."""
    first, *rest = path
    return first in written.content and all(key in written.content[first] for key in rest)


def _check_meaning(written: Written, path: KeyPath, stated: Any, whole: dict[str, Any]) -> None:
    """Refuse values of the right type that make no sense: names, addresses, channels, times and placeholders."""
    name = str(path[-1])
    fills = _IN_STARTUP if path[0] == "startup" else _PLACEHOLDERS.get(name, ())
    for place, table in _each_table(path, stated):
        value = table["value"]
        if name.endswith("_at_s") and value != sorted(value):
            written.refuse(place, "expected each time after the one before it")
        texts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        for text in texts:
            fault = None
            if name in _HOSTS or name.endswith(("_line", "host_name")):
                fault = _wrong_placeholder(text, fills, whole)
            if fault is None and name.endswith("_line") and text.startswith("@"):
                fault = "expected the name of a line of agent/profiles/log_lines.py after @"
            if fault is None and name in _HOSTS:
                fault = _wrong_host(_filled(text, whole))
            if fault is None and name.startswith("channels"):
                fault = _wrong_channels(text)
            if name == "server_key":
                fault = _wrong_key(text)
            if fault is not None:
                written.refuse(place, f"{fault}, got {quoted(text)}")


def _wrong_placeholder(text: str, fills: tuple[str, ...], whole: dict[str, Any]) -> str | None:
    """What is wrong with the placeholders in a text, such as `{id}`; None: nothing."""
    for found in _PLACEHOLDER.finditer(text):
        if found[1] not in fills:
            known = f"only {' and '.join(f'{{{fill}}}' for fill in fills)}" if fills else "nothing in braces"
            return f"expected {known}"
        needs = {"id": "device_id", "major": "device_os"}.get(found[1])
        if needs is not None and needs not in whole:
            return f"{found[0]} needs {needs}"
    return None


def _filled(host: str, whole: dict[str, Any]) -> str:
    """A host with the device id and the newest major version put in."""
    newest = whole.get("device_os", {"newest": ""})["newest"]
    return host.replace("{id}", whole.get("device_id", "")).replace("{major}", newest.partition(".")[0])


def _wrong_host(host: str) -> str | None:
    """What is wrong with a host name or address; None: nothing."""
    labels = host.split(".")
    if labels[-1].isdigit():
        try:
            address = ipaddress.IPv4Address(host)
        except ValueError:
            return "expected an IPv4 address of four numbers from 0 to 255"
        if address in _THIS_NETWORK or address.is_loopback or address.is_multicast or address.is_reserved:
            return "expected an address of one host that a device can reach"
        return None
    if len(host) > LONGEST_NAME:
        return f"expected a host name of up to {LONGEST_NAME} characters, which is lwIP's limit"
    if not all(map(_LABEL.fullmatch, labels)):
        return "expected labels of 1 to 63 of the characters A-Z a-z 0-9 _ -, with no - first or last"
    return None


def _wrong_channels(channels: str) -> str | None:
    """What is wrong with a list of channels; None: nothing."""
    for stretch in filter(None, channels.split(",")):
        first, _, last = stretch.partition("-")
        if not 1 <= int(first) <= int(last or first) <= HIGHEST_CHANNEL:
            return f"expected channels from 1 to {HIGHEST_CHANNEL}, the lower one first"
    return None


def _wrong_key(text: str) -> str | None:
    """What is wrong with a server's public key; None: nothing."""
    from netpreflight.agent.judging.signature import public_key  # noqa: PLC0415 - judging knows profiles itself

    try:
        public_key(text)
    except ValueError as problem:
        return f"expected {problem}"
    return None
