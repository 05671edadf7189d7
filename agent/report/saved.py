"""Saved reports: loaded to be judged again, from JSON or from a page."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct

from netpreflight.agent.report.in_page import is_page, packed, unpacked
from netpreflight.agent.report.report import Device, Report, Run, Tool, run_of
from netpreflight.agent.results import Status
from netpreflight.probes.input_file import read_at_most
from netpreflight.probes.observations import MOST_SAVED_BSSS, Observations

LARGEST_FILE = 16 << 20
"""In bytes; a run in a crowded place takes a few hundred kilobytes."""
MOST_VALUES = 1_500_000
"""How many values a file may have, as each takes memory: 2,000 access points with 64 neighbours each have about a
million."""


_GIVE_JSON = "give the complete JSON of the run (-o run.json, without --redact and --share)"


class AlteredReportError(ValueError):
    """The report was made for sharing, and the level of sharing has been removed from it."""


class SavedReportError(ValueError):
    """A file is not a saved report that this version can judge; the message is one line."""


class SavedCheck(Struct, frozen=True, kw_only=True):
    """The result of one check in a saved report, by the rules with which it was judged then."""

    id: str
    status: Status


class Saved(Run, frozen=True, kw_only=True):
    """The parts of a saved report that are loaded: the measurements, and how they were judged then."""

    schema: Literal["netpreflight-report/1"]
    tool: Tool
    device: Device
    checks: list[SavedCheck]

    @property
    def run(self) -> Run:
        """The measurements alone."""
        return run_of(self)


class _Survey(Struct):
    """The BSSs of a survey, counted and not decoded."""

    bss: Annotated[list[msgspec.Raw], Meta(max_length=MOST_SAVED_BSSS)] = []


class _Surveyed(Struct):
    """The survey of a run's observations."""

    wifi: _Survey | None = None


class _Measured(Struct):
    """The part of a file that can take the most memory; decoded first, so that too long a list is refused early."""

    observations: _Surveyed | None = None


def load(path: Path) -> tuple[Run, Device]:
    """Load a saved report: its run, and the device that it was judged for.

    Raises:
        SavedReportError: as `load_saved`.
    """
    saved = load_saved(path)
    return saved.run, saved.device


def load_saved(path: Path) -> Saved:
    """Load a saved report.

    Raises:
        SavedReportError: the file cannot be read, is too large, is not a report of this schema, has no run in it, or
            is shared at a level at which it cannot be judged again.
    """
    try:
        content = read_at_most(path, LARGEST_FILE + 1)
    except OSError as problem:
        raise SavedReportError(f"{path}: {problem.strerror or problem}") from problem
    try:
        return decoded(document_in(content))
    except ValueError as problem:
        raise SavedReportError(f"{path}: {problem}") from problem


def document_in(content: bytes) -> bytes:
    """The JSON in a file: all of it, or what a page holds.

    Raises:
        ValueError: the file is too large, or a page without a whole document in it; the message says which.
    """
    if len(content) > LARGEST_FILE:
        raise ValueError(f"larger than {LARGEST_FILE >> 20} MiB, the limit for a saved report")
    if not is_page(content):
        return content
    try:
        return unpacked(content, LARGEST_FILE)
    except ValueError as problem:
        raise ValueError(f"{problem}; {_GIVE_JSON}") from problem


def decoded(document: bytes) -> Saved:
    """The saved report in a document.

    Raises:
        ValueError: the document is no report of this schema, holds too much, or cannot be judged again; the message
            says which.
    """
    if document.count(b",") > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} values, the limit for a saved report")
    try:
        msgspec.json.decode(document, type=_Measured)
        saved = msgspec.json.decode(document, type=Saved)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise ValueError(f"not a saved report of schema netpreflight-report/1: {reason}") from problem
    if (why := _why_not_judgeable(saved)) is not None:
        level = "" if saved.sharing is UNSET else f" (--share {saved.sharing})"
        error = AlteredReportError if saved.sharing is UNSET else ValueError
        raise error(f"made for sharing{level}, {why}, so it cannot be judged again; {_GIVE_JSON}")
    return saved


def for_page(report: Report) -> str | None:
    """The run of a report, packed for its HTML page, at the report's level of sharing.

    None: at that level it cannot be judged again, or it is too large. Of the judgement, only the statuses of the checks
    are kept.
    """
    if report.sharing is not UNSET and report.judgeable is not True:
        return None
    checks = [SavedCheck(id=check.id, status=check.status) for check in report.checks]
    fields = {name: getattr(report, name) for name in Saved.__struct_fields__}
    return packed(msgspec.json.encode(Saved(**{**fields, "checks": checks})))


_SHARED_ADDRESS = re.compile(r"[a-z][a-z0-9]*-\d+", re.ASCII)
"""A token that replaces an address in a shared report (`reports/sharing/tokens.py`); no real address looks like it."""


def _has_tokens(saved: Saved) -> bool:
    """Whether a run without a level of sharing has parts that only shared reports have: it is not complete."""
    scope, wifi = saved.observations.scope, saved.observations.wifi
    bsss = wifi.bss if wifi is not None else []
    addresses = [
        scope.mac,
        scope.gateway,
        scope.gateway_mac,
        scope.bssid,
        *scope.addresses,
        *(bss.bssid for bss in bsss),
    ]
    return (
        saved.judgeable is not UNSET
        or any(bss.hidden_name is not UNSET or bss.radio is not UNSET for bss in bsss)
        or any(address and _SHARED_ADDRESS.fullmatch(address.partition("/")[0]) for address in addresses)
    )


def _why_not_judgeable(saved: Saved) -> str | None:
    """Why a shared report cannot be judged again, to complete "made for sharing, … so it cannot"; None: it can."""
    if saved.sharing is UNSET:
        return "and its level of sharing was removed" if _has_tokens(saved) else None
    if saved.sharing == "ticket" and saved.judgeable is True:
        return None
    if saved.sharing == "public":
        return "without names and addresses"
    if saved.judgeable is False:
        return "without data that the result of this run depends on"
    return "by an earlier version, which left out data that judging needs"


def as_saved(seen: Observations) -> Observations:
    """The observations as they are after saving and loading (-50 becomes -50.0), so that both make the same report."""
    try:
        return msgspec.json.decode(msgspec.json.encode(seen), type=Observations)
    except msgspec.ValidationError:  # it holds more than a saved run may hold
        within = _cut_to_type(seen, msgspec.inspect.type_info(Observations))
        return msgspec.json.decode(msgspec.json.encode(within), type=Observations)


def _cut_to_type(value: Any, kind: msgspec.inspect.Type) -> Any:
    """A value, cut to what its type allows: lists and texts to their length, numbers to their range."""
    info = msgspec.inspect
    if value is UNSET:
        return value
    if isinstance(kind, info.Metadata):
        return _cut_to_type(value, kind.type)
    if isinstance(kind, info.UnionType):
        fitting = (each for each in kind.types if _is_of(value, each))
        return _cut_to_type(value, next(fitting, info.AnyType()))
    if isinstance(kind, info.StructType):
        return msgspec.structs.replace(
            value, **{field.name: _cut_to_type(getattr(value, field.name), field.type) for field in kind.fields}
        )
    if isinstance(kind, info.ListType):
        return [_cut_to_type(item, kind.item_type) for item in value[: kind.max_length]]
    if isinstance(kind, info.StrType):
        return value[: kind.max_length]
    if isinstance(kind, info.IntType | info.FloatType):
        low, high = kind.ge, kind.le
        value = value if low is None else max(value, low)
        return value if high is None else min(value, high)
    return value


def _is_of(value: Any, kind: msgspec.inspect.Type) -> bool:
    """Whether a value is of a type of a union."""
    info = msgspec.inspect
    if isinstance(kind, info.Metadata):
        return _is_of(value, kind.type)
    if isinstance(kind, info.StructType):
        return isinstance(value, kind.cls)
    kinds: dict[type[msgspec.inspect.Type], type] = {
        info.ListType: list, info.StrType: str, info.IntType: int, info.FloatType: float, info.BoolType: bool
    }  # fmt: skip
    return type(kind) in kinds and type(value) is kinds[type(kind)]
