"""An observation with a canary in every field, built from the types: a field that is added is covered by itself."""

import base64
import datetime as dt
import itertools
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import quote

import msgspec
from msgspec import Struct, UnsetType

from netpreflight.agent.report import Report
from netpreflight.agent.watch.watched import Watch
from netpreflight.probes.observations import Contact, Observations, Reveals

AT = dt.datetime(2026, 11, 2, 3, 14, 15, tzinfo=dt.UTC)


class Filler:
    """Fills types; every text gets a canary of its own that is valid for what the text may reveal.

    Attributes:
        planted: the canaries, by the field that holds each (`Bss.ssid`), each with what it may reveal.
    """

    def __init__(self, *, ran: bool, choice: int) -> None:
        self._ran = ran
        self._choice = choice
        self._numbers = itertools.count(1)
        self.planted: list[tuple[str, Reveals, str]] = []

    def observations(self) -> Observations:
        """Every observation, every field filled."""
        made: Observations = self._struct(Observations)
        return made

    def watch(self) -> Watch:
        """A watch of a day, with two of everything in it."""
        made: Watch = self._struct(Watch)
        return msgspec.structs.replace(made, end=made.begin + dt.timedelta(days=1))

    def footprint(self) -> list[Contact]:
        """One contact."""
        return [self._struct(Contact)]

    def labels(self) -> dict[str, Any]:
        """The fields of a report that say which place it is of, by name."""
        fields = {field.name: field.type for field in msgspec.structs.fields(Report)}
        return {name: self._value(fields[name], f"Report.{name}") for name in ("site", "place")}

    def _struct(self, kind: Any) -> Any:
        values = {
            field.name: self._value(field.type, f"{kind.__name__}.{field.name}")
            for field in msgspec.structs.fields(kind)
        }
        if self._ran and "not_run" in values:
            values["not_run"] = None
        if self._ran and "exchange_denied" in values:
            values["exchange_denied"] = None
        return kind(**values)

    def _value(self, kind: Any, where: str) -> Any:
        what: Reveals = "words"
        origin = get_origin(kind)
        if origin in {Union, UnionType}:
            absent = {type(None), UnsetType}
            return self._value(next(value for value in get_args(kind) if value not in absent), where)
        if origin is Annotated:
            kind, *marks = get_args(kind)
            what = next((mark.extra_json_schema["x-reveals"] for mark in marks if mark.extra_json_schema), what)
        if get_origin(kind) is list:
            inner = get_args(kind)[0]
            return [self._value(inner, where), self._value(inner, where)]
        if get_origin(kind) is Literal:
            return get_args(kind)[self._choice % len(get_args(kind))]
        if get_origin(kind) is dict:
            return {self._value(part, where): self._value(told, where) for part, told in [get_args(kind)]}
        if kind is str:
            return self._canary(where, what)
        if isinstance(kind, type) and issubclass(kind, Struct):
            return self._struct(kind)
        return {int: 3, float: 1.5, bool: bool(self._choice % 2), dt.datetime: AT}[kind]

    def _canary(self, where: str, what: Reveals) -> str:
        number = next(self._numbers)
        if where.endswith((".not_run", ".exchange_denied")) and self._ran:
            return ""
        made = canary(what, number)
        self.planted.append((where, what, made))
        return made


def canary(what: Reveals, n: int) -> str:
    """A text that no other field has, and that a field of this kind can hold."""
    mac, address = f"02:ca:fe:{n >> 8:02x}:{n & 255:02x}:01", f"10.203.{n >> 8}.{n & 255}"
    public = f"45.203.{n >> 8}.{n & 255}"
    return {
        "nothing": f"plain{n}",
        "asked-name": f"asked{n}.example" if n % 2 else address,
        "ssid": f"canary{n}ssid",
        "ssid-hex": f"canary{n}hex".encode().hex(),
        "bssid": mac,
        "server-mac": mac.upper(),
        "client-mac": mac.replace(":", "-"),
        "address": address if n % 2 else public,
        "host": f"canary{n}.example",
        "url": (
            f"https://canaryuser{n}:x@canary{n}.example:8443/canarypath{n}?canaryquery{n}=1#canary{n}",
            f"canaryscheme{n}://canary{n}.example/canarypath{n}",
            f"http://canary{n}.example:canaryport{n}/canarypath{n}",
            f"canaryscheme{n}:canarypath{n}",
        )[n % 4],
        "interface": f"canary{n}if" if n % 2 else f"enx{mac.replace(':', '')}",
        "user": f"canaryuser{n}",
        "raw": f"canary{n}raw".encode().hex(),
        "page": f"<title>canary{n}</title>",
        "said": f"canary{n} said {address}",
        "words": f"word {n} of {public}:53, {address}/24, {mac}, https://canary{n}.example/?canaryquery{n} and "
        f"/home/canary{n}/x, fd00:ca:fe::{n:x}, error: b'canary{n}', {'ca' * 11}{n & 255:02x}, "
        f"Port could not be cast to integer value as 'canary{n} room', no \"canary{n} door\"",
        "log-line": "",
        "label": f"canary{n} room of Alice, {address}",
        "device-line": f"canary{n} line of {address}, {mac}, {'ca' * 11}{n & 255:02x}",
    }[what]


def forms(text: str) -> Iterator[str]:
    """The ways in which a text can be written: each is looked for in lower case."""
    raw = text.encode("utf-8", "surrogatepass")
    yield text.lower()
    yield raw.hex()
    yield raw.hex(" ")
    yield raw.hex(":")
    yield quote(raw).lower()
    yield quote(raw, safe="").lower()
    yield "".join(f"%{byte:02x}" for byte in raw)
    yield "".join(f"\\x{byte:02x}" for byte in raw)
    yield text[::-1].lower()
    yield ".".join(reversed(text.split("."))).lower()
    yield base64.b64encode(raw).decode().rstrip("=")[:-1].lower()
