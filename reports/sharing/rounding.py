"""Rounds measured values, in numbers and in sentences, so that nobody can see that two public reports are of one place.

Exact times, round trips and signal strengths identify a place as well as its name does, and so does the order in which
its access points were heard.
"""

import math
import re
from typing import Any

import msgspec
from msgspec import Struct

from netpreflight.agent.led import LedSignal
from netpreflight.agent.profiles import Fact
from netpreflight.agent.report import Report
from netpreflight.agent.results import Check
from netpreflight.probes.observations import AddressCheck, Bss, Connection, Scope, VendorStatus, Wifi, strength
from netpreflight.reports.sharing.walk import AnyStruct, stand_in

TIME_S, TIME_MS, SIGNAL_DB, SHARE, TTL_S = 0.01, 10, 5, 0.05, 60
_CONSTANT = (LedSignal, Fact)
"""The types whose numbers are the same on every network, so that they are not rounded."""
_SIGNAL = re.compile(r"(?<![\d.-])(?<!least )(?<!Below )(?<!only )(-?\d+(?:\.\d+)?) dBm(?! is the usual)")
"""A measured signal in a sentence, but not a limit that a check states there."""
_ROUND_TRIP = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?) ms\b")
_OFFSET = re.compile(r"(?<=clock off by )(\d+\.\d+)(?= s\b)")
_MEAN = re.compile(r"(?<=avg rtt: )(?!0\b)\d+|(?<=score=)(?!4294967295\b)\d+")
"""The average round trip of echoes in a device's log, and the score, which is computed from the same round trips."""
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}):\d{2}:\d{2}(?:\.\d+)?(?=Z)")
_BSS = re.compile(r"bss-\d+ ")
_NUMBER = re.compile(r"-(\d+)$")


def in_words(text: str) -> str:
    """A sentence with its measured values rounded."""
    text = _SIGNAL.sub(lambda found: f"{_to(float(found[1]), SIGNAL_DB):.0f} dBm", text)
    text = _ROUND_TRIP.sub(lambda found: f"{_to(float(found[1]), TIME_MS):.0f} ms", text)
    text = _OFFSET.sub(lambda found: f"{float(found[1]):.0f}", text)
    text = _MEAN.sub("<n>", text)
    return _INSTANT.sub(r"\1:00:00", text)


class Rounding:
    """Rounds the numbers in structs.

    DHCP transaction ids become numbers from 1 on, because the original ones are in the log of the DHCP server.
    """

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}
        self._nonces = 0

    def of(self, value: AnyStruct) -> AnyStruct:
        """A copy with measured numbers rounded, and BSSs sorted by what is shown of them, not in the order heard."""
        changes: dict[str, Any] = {}
        for name in value.__struct_fields__:
            before = getattr(value, name)
            after = self._field(name, before)
            if after is not before:
                changes[name] = after
        if isinstance(value, Wifi):
            changes["bss"] = sorted(changes.get("bss", value.bss), key=_visible)
        elif isinstance(value, Bss):
            changes["neighbors"] = sorted(value.neighbors, key=lambda near: (near.operating_class, near.channel))
        elif isinstance(value, Connection) and value.is_nonce:
            self._nonces += 1
            changes["received"] = stand_in(self._nonces)
        elif isinstance(value, VendorStatus) and value.updated:
            changes["updated"] = in_words(value.updated)
        return msgspec.structs.replace(value, **changes) if changes else value

    def _field(self, name: str, value: Any) -> Any:
        """The value of a field, rounded according to the unit that the field's name ends with."""
        if isinstance(value, Struct):
            return value if isinstance(value, _CONSTANT) else self.of(value)
        if isinstance(value, list):
            return [self._field(name, item) for item in value]
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if name == "xid" and isinstance(value, int):
            return self._ids.setdefault(value, len(self._ids) + 1) if value else value
        if name.endswith("_dbm"):
            return _to(value, SIGNAL_DB)
        if name.endswith("_ms"):
            return _to(value, TIME_MS)
        if name == "offset_s":
            return float(round(value))
        if name == "utilisation":
            return _to(value, SHARE)
        if name == "ttl_s":
            return int(_to(value, TTL_S))
        return _to(value, TIME_S) if name.endswith("_s") and isinstance(value, float) else value


def by_token(value: AnyStruct) -> AnyStruct:
    """A report whose names are replaced by tokens, with unordered lists sorted by these tokens."""
    if isinstance(value, Report):
        verdicts = list(dict.fromkeys(network.verdict for network in value.networks))
        networks = sorted(
            value.networks,
            key=lambda network: (
                verdicts.index(network.verdict),
                -strength(network.signal_dbm),
                _number(network.ssid),
            ),
        )
        return msgspec.structs.replace(
            value,
            scope=by_token(value.scope),
            observations=by_token(value.observations),
            checks=[_evidence_by_token(check) for check in value.checks],
            networks=[
                msgspec.structs.replace(network, checks=[_evidence_by_token(check) for check in network.checks])
                for network in networks
            ],
        )
    changes: dict[str, Any] = {
        name: by_token(getattr(value, name))
        for name in value.__struct_fields__
        if isinstance(getattr(value, name), Struct)
    }
    if isinstance(value, Wifi):
        heard = [
            msgspec.structs.replace(bss, neighbors=sorted(bss.neighbors, key=lambda near: _number(near.bssid)))
            for bss in value.bss
        ]
        changes["bss"] = sorted(heard, key=lambda bss: (_number(bss.ssid), _number(bss.bssid)))
    elif isinstance(value, Scope):
        changes |= {"interfaces": sorted(value.interfaces), "tunnels": sorted(value.tunnels)}
    elif isinstance(value, AddressCheck):
        changes["holders"] = sorted(value.holders, key=_number)
    return msgspec.structs.replace(value, **changes) if changes else value


def _to(value: float, step: float) -> float:
    """A value rounded to a multiple of a step; 0 if it is too large to round, which only happens in a forged run."""
    steps = value / step
    return round(round(steps) * step, 2) if math.isfinite(steps) else 0.0


def _visible(bss: Bss) -> tuple[int, float, bytes]:
    """The sort key of a BSS, made only of what a public report shows of the BSS anyway."""
    shown = msgspec.structs.replace(
        bss,
        bssid=None,
        ssid=None,
        ssid_hex=None,
        elements="",
        contradictions=[],
        neighbors=[msgspec.structs.replace(near, bssid=None, short_ssid=None) for near in bss.neighbors],
    )
    return bss.frequency_mhz or 0, -strength(bss.signal_dbm), msgspec.json.encode(shown)


def _number(token: str | None) -> int:
    """The number at the end of a token; 0: it has none."""
    found = _NUMBER.search(token or "")
    return int(found[1]) if found else 0


def _evidence_by_token(check: Check) -> Check:
    """A check whose lines of evidence about BSSs are sorted by the BSSs' tokens; all other lines keep their places."""
    places = [place for place, line in enumerate(check.evidence) if _BSS.match(line)]
    evidence = list(check.evidence)
    lines = sorted((evidence[place] for place in places), key=lambda line: _number(line.partition(" ")[0]))
    for place, line in zip(places, lines, strict=True):
        evidence[place] = line
    return msgspec.structs.replace(check, evidence=evidence) if places else check
