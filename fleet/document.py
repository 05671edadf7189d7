"""Turns a document into rows of the tables. Pure: bytes in, rows out.

The results of a report are kept as the report states them; `tool` and `rules` say which version and rules they are by.
A page holds no results, so its run is judged here.
"""

import base64
import datetime as dt
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from netpreflight.agent import profiles
from netpreflight.agent.report import Report, Saved, SharedLevel, Tool, decoded, document_in, make
from netpreflight.agent.report.changes import subnet_of
from netpreflight.agent.report.hardware_makers import maker
from netpreflight.agent.report.saved import AlteredReportError
from netpreflight.agent.results import LogAnswer, Status, Verdict
from netpreflight.fleet.logs_and_watches import log_row, take_log, take_watch
from netpreflight.fleet.taken import RefusedError, Rows, Source, Taken, cut, hashed, row, without_zone
from netpreflight.probes.observations import Bss, Dhcp, Observations, Path, strength
from netpreflight.probes.observations import Mapping as NatMapping

_MOST_BSS, _MOST_HOPS = 100, 256
_LARGEST_PACKED = 20 << 20
_PACKING = 6
"""zlib's level: a higher one takes three times as long to save 3 % more."""
_REDUNDANT_GATEWAY = ("00:00:5e:00:01:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:")
"""How virtual MAC addresses begin that many networks share: VRRP (RFC 9568 section 7.3), HSRP and GLBP."""
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.ASCII)
_EMPTY = re.compile(rb'"[a-z0-9_]+":(?:null|false|0|\[\]|\{\}|"")(?:,|(?=\}))|,(?=\})', re.ASCII)
"""A member of a JSON object with an empty value, such as a field that a later version added to an earlier run."""
_SQLITE = b"SQLite format 3\0"
_MOST_NESTED = 3
"""How often empty members are removed: an object may become empty by that, and then the object that contains it."""
# 30.0 and 30 are the same number
_WHOLE_NUMBER = re.compile(rb"(\d)\.0(?=[,\]}])")

# --- the parts of a document that are read; results that a later version adds or leaves out are no error

_Short = Annotated[str, Meta(max_length=65_536)]


class _Check(Struct, frozen=True, kw_only=True):
    """A check in a report, as far as the tables hold it."""

    id: _Short
    status: Status
    level: _Short | None = None
    problem: _Short | None = None
    owner: _Short | None = None
    due_to: _Short | None = None
    summary: _Short | None = None


class _Rule(Struct, frozen=True, kw_only=True):
    """A firewall rule that a change asks for."""

    protocol: Literal["udp", "tcp"]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    host: _Short | None = None
    addresses: list[_Short] = field(default_factory=list)
    idle_s: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None

    @property
    def key(self) -> str:
        """The traffic that the rule allows, in words that are the same at all sites."""
        return f"{self.protocol.upper()} {self.port} to {self.host or ', '.join(self.addresses)}"


class _Change(Struct, frozen=True, kw_only=True):
    """A change that a report asks for."""

    checks: list[_Short]
    problems: list[_Short | None] = field(default_factory=list)
    needed: bool
    where: _Short
    owner: _Short | None = None
    line: _Short
    rules: Annotated[list[_Rule], Meta(max_length=64)] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What has to change, in words that are the same at all sites: firewall rules, or checks and their problems."""
        if self.rules:
            return "; ".join(sorted({rule.key for rule in self.rules}))
        problems = [*self.problems, *([None] * len(self.checks))]
        found = zip(self.checks, problems, strict=False)
        return ", ".join(sorted({f"{check}: {problem}" if problem else check for check, problem in found}))


class _Enough(Struct, frozen=True, kw_only=True):
    """Whether the needed changes are enough, and which checks one of them fixes (`fix`)."""

    answer: _Short
    fix: list[_Short] = field(default_factory=list)


class _Device(Struct, frozen=True, kw_only=True):
    """The verdict for one device and version, from the report's list of devices."""

    name: _Short
    os_version: _Short | None = None
    verdict: Verdict
    online: bool | None = None
    stops_at: _Short | None = None


class _Log(Struct, frozen=True, kw_only=True):
    answer: LogAnswer


class Told(Struct, frozen=True, kw_only=True):
    """The results in a report, as far as the tables hold them."""

    started: _Short
    tool: Tool
    device: "_JudgedDevice"
    complete: bool = True
    sharing: SharedLevel | None = None
    verdict: Verdict | None = None
    checks: Annotated[list[_Check], Meta(max_length=500)] = field(default_factory=list)
    changes: Annotated[list[_Change], Meta(max_length=200)] = field(default_factory=list)
    enough: _Enough | None = None
    devices: Annotated[list[_Device], Meta(max_length=200)] = field(default_factory=list)
    site: _Short | None = None
    place: _Short | None = None
    log: _Log | None = None


class _JudgedDevice(Struct, frozen=True, kw_only=True):
    """The device that a report was made for."""

    name: _Short
    os_version: _Short | None = None


class _Named(Struct, frozen=True, kw_only=True):
    """Only the schema of a document, which says what it is."""

    schema: _Short


# --- reading


def take(content: bytes, source: Source) -> Taken:
    """The rows of a file's content: a report, a page, a device's log, or a watch.

    Raises:
        RefusedError: the file holds nothing that can be added.
    """
    if content.startswith(_SQLITE):
        raise RefusedError(
            "not-a-run",
            "perhaps the store of a watch: netpreflight watch report STORE -o watch.json makes a document to add",
        )
    try:
        document = document_in(content)
        schema = msgspec.json.decode(document, type=_Named).schema
        if schema == "netpreflight-report/1":
            return _take_report(document, source)
        if schema == "netpreflight-log/1":
            return take_log(document, source)
        if schema == "netpreflight-watch/1":
            return take_watch(document, source)
    except RefusedError:
        raise
    except (ValueError, RecursionError) as problem:  # msgspec's errors are ValueErrors, too
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise RefusedError("not-a-run", cut(reason)) from problem
    if schema.startswith("netpreflight-"):
        raise RefusedError("newer", f"of the schema {cut(schema)[:80]}, which this version does not take in")
    raise RefusedError("not-a-run", "no document of netpreflight")


def _take_report(document: bytes, source: Source) -> Taken:
    """The rows of a report, or of the run in a page."""
    told = msgspec.json.decode(document, type=Told)
    started = _moment(told.started, source)
    saved = None
    if told.sharing != "public":
        try:
            saved = decoded(document)
        except ValueError as problem:
            if told.sharing is None:
                is_altered = isinstance(problem, AlteredReportError)
                raise RefusedError("altered" if is_altered else "not-a-run", cut(problem)) from problem
    if told.verdict is None and saved is not None:
        told = _judged(told, saved)
    parts = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    key = _key(told.started, bytes(parts.get("observations", b"")))
    rows = _rows_of_results(told, key, started, source.received)
    rows["runs"] = [_run_row(told, saved, key, started, source)]
    if saved is not None:
        rows["raw"] = [{"run": key, "document": base64.b64encode(_packed(parts, saved)).decode()}]
        rows["bss"] = list(_bss_rows(saved.observations, told.sharing))
        rows["hops"] = list(_hop_rows(saved.observations.path, told.sharing))
    for table in ("bss", "hops"):
        for each in rows.get(table, ()):
            each["run"] = key
    if told.log is not None:
        site, site_from = rows["runs"][0]["site"], rows["runs"][0]["site_from"]
        rows["logs"] = [log_row(told.log.answer, key, source) | {"run": key, "site": site, "site_from": site_from}]
    return Taken("run", key, rows)


def unpacked_run(document: bytes) -> Saved:
    """The run in a row of the table `raw`.

    Raises:
        ValueError: the document holds no run.
    """
    unpacking = zlib.decompressobj()
    return decoded(unpacking.decompress(document, _LARGEST_PACKED))


def _judged(told: Told, saved: Saved) -> Told:
    """The results of a run that was saved without results (a page), for the device that it was made for."""
    if saved.device.name not in profiles.names():
        return told
    profile = profiles.load(saved.device.name, saved.device.os_version)
    made: Report = make(saved.run, profile)
    results = msgspec.convert(msgspec.to_builtins(made), type=Told)
    return msgspec.structs.replace(results, site=told.site, place=told.place)


def _moment(text: str, source: Source) -> dt.datetime:
    """When a run was started, in UTC without a zone."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as problem:
        raise RefusedError("bad-time", f"started at {cut(text)[:40]!r}, which is no time") from problem
    return without_zone(found, source)


def _key(started: str, observations: bytes) -> str:
    """The key of a run: does not depend on the document's form, the order of its fields, or empty fields."""
    observed = msgspec.json.encode(msgspec.json.decode(observations) if observations else None, order="sorted")
    text = _WHOLE_NUMBER.sub(rb"\1", observed)
    for _ in range(_MOST_NESTED):
        text = _EMPTY.sub(b"", text)
    return hashed(started.encode("utf-8", "replace") + b"\n" + text)


_DERIVED = frozenset(Report.__struct_fields__) - frozenset(Saved.__struct_fields__)
"""The fields of a report that judging derives from the run, and can derive again."""


def _packed(parts: Mapping[str, msgspec.Raw], saved: Saved) -> bytes:
    """A document without its results, compressed; unknown fields stay in it for a version that knows them."""
    kept: dict[str, Any] = {name: value for name, value in parts.items() if name not in _DERIVED}
    return zlib.compress(msgspec.json.encode({**kept, "checks": saved.checks}), _PACKING)


# --- rows


def _run_row(told: Told, saved: Saved | None, key: str, started: dt.datetime, source: Source) -> dict[str, Any]:
    """The row of a run in `runs`."""
    seen = saved.observations if saved is not None else Observations()
    is_complete = told.sharing is None
    scope, wifi = seen.scope, seen.wifi
    mac = (scope.gateway_mac or "").lower() if is_complete else ""
    gateway = mac if _MAC.fullmatch(mac) else None
    site, site_from = _site(told, gateway, source)
    subnet = subnet_of(seen) if is_complete else None
    resolvers = seen.dhcp.resolvers() if seen.dhcp is not None and is_complete else []
    return row(
        run=key,
        site=site,
        site_from=site_from,
        place=told.place or source.place,
        started=started.isoformat(),
        received=source.received.isoformat(),
        sharing=told.sharing or "complete",
        judgeable=saved is not None,
        complete=told.complete,
        schema="netpreflight-report/1",
        tool=told.tool.version,
        rules=told.tool.rules,
        device=told.device.name,
        os=told.device.os_version,
        verdict=told.verdict,
        medium=scope.medium,
        ssid=(wifi.target if wifi is not None else None) or scope.ssid if is_complete else None,
        bssid=scope.bssid if is_complete else None,
        gateway_mac=gateway,
        oui=gateway[:8] if gateway and not int(gateway[:2], 16) & 2 else None,
        maker=_maker(gateway) if gateway else None,
        subnet=str(subnet) if subnet else None,
        resolver=resolvers[0] if resolvers else None,
        lease_s=_lease_s(seen.dhcp),
        nat_idle_s=_nat_idle_s(seen.mapping),
        enough=told.enough.answer if told.enough is not None else None,
        file=source.file,
    )


def _site(told: Told, gateway: str | None, source: Source) -> tuple[str | None, str]:
    """The site of a run, and the source of that (`site_from`). A public run has no site."""
    if told.sharing == "public":
        return None, "unknown"
    if told.site:
        return told.site, "label"
    if source.site:
        return source.site, source.site_from
    if gateway and not gateway.startswith(_REDUNDANT_GATEWAY):
        return f"gateway {gateway}", "gateway"
    return None, "unknown"


@lru_cache(10_000)
def _maker(mac: str) -> str | None:
    """The maker of a network interface; None for a locally administered address (IEEE 802-2014, 8.4)."""
    return None if int(mac[:2], 16) & 2 else maker(mac)


def _lease_s(dhcp: Dhcp | None) -> int | None:
    """How long the granted lease lasts, in seconds; None: no lease, or not known."""
    return dhcp.granted.lease_s if dhcp is not None and dhcp.granted is not None else None


def _nat_idle_s(mapping: NatMapping | None) -> float | None:
    """For how many seconds a NAT was seen to keep a silent conversation; None: not measured, or it was forgotten."""
    kept = mapping is not None and mapping.cookie and mapping.after_answer == "accepted"
    return mapping.idle_s if kept and mapping is not None else None


def _rows_of_results(told: Told, key: str, started: dt.datetime, received: dt.datetime) -> Rows:
    """The rows of a run's results: checks and changes for the device it was judged for, verdicts for all devices."""
    failing = ",".join(
        f"{check.id}:{check.owner or ''}"
        for check in told.checks
        if (check.status, check.level) == ("fail", "required")
    )
    verdicts: dict[tuple[str, str | None], dict[str, Any]] = {}
    for device in told.devices:
        verdicts[device.name, device.os_version] = {
            "verdict": device.verdict, "online": device.online, "stops_at": device.stops_at,
        }  # fmt: skip
    own = told.device.name, told.device.os_version
    if told.verdict is not None:
        verdicts[own] = {**verdicts.get(own, {}), "verdict": told.verdict, "failing": failing}
    judged = min(started, received).isoformat()  # so that judging again is later, whatever the laptop's clock said
    return {
        "checks": [
            row(run=key, **{name: getattr(check, name) for name in _Check.__struct_fields__}) for check in told.checks
        ],
        "verdicts": [
            row(run=key, device=name, os=version, rules=told.tool.rules, judged=judged, **verdict)
            for (name, version), verdict in verdicts.items()
        ],
        "changes": [_change_row(change, key, told.enough) for change in told.changes],
    }


def _change_row(change: _Change, key: str, enough: _Enough | None) -> dict[str, Any]:
    """The row of a change; of several firewall rules, the first fills the columns of a rule."""
    rule = change.rules[0] if change.rules else None
    return row(
        run=key,
        key=change.key,
        place=change.where,
        owner=change.owner,
        needed=change.needed,
        protocol=rule.protocol if rule else None,
        port=rule.port if rule else None,
        host=rule.host if rule else None,
        idle_s=rule.idle_s if rule else None,
        alone_enough=enough is not None and enough.answer == "alone" and not set(enough.fix).isdisjoint(change.checks),
        line=change.line,
    )


def _bss_rows(seen: Observations, sharing: SharedLevel | None) -> Iterator[dict[str, Any]]:
    """The rows of the BSSs that were heard, the strongest first.

    For a shared run they are without names and BSSIDs: its tokens mean something within that run only.
    """
    heard: Iterable[Bss] = seen.wifi.bss if seen.wifi is not None else ()
    for bss in sorted(heard, key=lambda bss: -strength(bss.signal_dbm))[:_MOST_BSS]:
        yield row(
            ssid=bss.ssid if sharing is None else None,
            bssid=bss.bssid if sharing is None else None,
            frequency_mhz=_small(bss.frequency_mhz),
            channel=_small(bss.channel),
            width_mhz=_small(bss.width_mhz),
            signal_dbm=bss.signal_dbm,
            security=",".join(bss.security) if bss.security else None,
        )


def _hop_rows(path: Path | None, sharing: SharedLevel | None) -> Iterator[dict[str, Any]]:
    """The rows of the routers that sent an ICMP error for a packet to the device's port."""
    found = [
        row(
            protocol=target.device.protocol,
            port=_small(target.device.port),
            ttl=_small(probe.ttl),
            router=probe.source if sharing is None else None,
        )
        for target in (path.targets if path is not None else ())
        for probe in target.device.probes
        if probe.source is not None
    ]
    return iter(found[:_MOST_HOPS])


def _small(number: int | None) -> int | None:
    """A number, if it fits into a column of 32 bits; else None: no channel or hop is as large as that."""
    return number if number is not None and abs(number) < 2**31 else None
