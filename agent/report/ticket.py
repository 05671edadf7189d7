"""A report for a ticket that can be judged again: what it keeps of hidden data, and whether that is enough.

`reports/sharing/` has already removed the data that a ticket hides (names of other networks, bytes, pages). This file
adds the properties of this data that judging needs: what is odd about a name and which names look alike, which BSSIDs
are similar, whether bytes are a nonce or a signature. Then the ticket is judged, and compared with the complete run.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from netpreflight.agent.judging.signature import is_well_formed
from netpreflight.agent.judging.wifi.names import folded, marks_in, octets_in, oddities
from netpreflight.agent.judging.wifi.survey import octets_of, survey_of
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report.report import Report, make, run_of
from netpreflight.agent.results import Check
from netpreflight.probes.observations import (
    Bss,
    Cloud,
    CloudEndpoint,
    Connection,
    HiddenName,
    Ladder,
    Observations,
    Path,
    PathProbe,
    ServerFlight,
    TcpConnect,
    Wifi,
)

_NONCE_SIZE = 40


def for_judging(seen: Observations, shown: Observations) -> Observations:
    """The observations that a ticket shows, with the properties of hidden data (in `seen`) that judging needs."""
    bytes_kept = _Bytes()
    return replace(
        shown,
        wifi=None if seen.wifi is None or shown.wifi is None else _air(seen.wifi, shown.wifi),
        cloud=None if seen.cloud is None or shown.cloud is None else bytes_kept.of_cloud(seen.cloud, shown.cloud),
        tcp=None if seen.tcp is None or shown.tcp is None else bytes_kept.of_tcp(seen.tcp, shown.tcp),
        path=None if seen.path is None or shown.path is None else _path(seen.path, shown.path),
    )


def without_classes(shown: Observations) -> Observations:
    """The same observations without the properties of BSSs that `for_judging` added."""
    if shown.wifi is None:
        return shown
    return replace(
        shown, wifi=replace(shown.wifi, bss=[replace(bss, hidden_name=UNSET, radio=UNSET) for bss in shown.wifi.bss])
    )


def is_judged_alike(ticket: Report, complete: Report, profile: Profile) -> bool:
    """Whether a ticket, saved and loaded, has the results of the complete run, for the device and all known ones."""
    try:
        seen = msgspec.json.decode(msgspec.json.encode(ticket.observations), type=Observations)
    except msgspec.MsgspecError:
        return False
    rejudged = make(run_of(replace(ticket, observations=seen)), profile)
    return _results(rejudged) == _results(complete)


def _results(report: Report) -> list[object]:
    """What was judged, without any text; networks in an order that does not depend on their names."""
    networks = [
        (network.verdict, network.signal_dbm, network.channels, _outcomes(network.checks))
        for network in report.networks
    ]
    return [
        report.verdict,
        _outcomes(report.checks),
        [(device.name, device.verdict, device.online, device.stops_at) for device in report.devices],
        [(version.since, version.verdict, version.online) for version in report.versions],
        sorted(networks, key=repr),
    ]


def _outcomes(checks: Iterable[Check]) -> list[tuple[str | None, ...]]:
    """What was judged in each check, without any text."""
    return [(check.id, check.status, check.problem, check.owner, check.due_to) for check in checks]


# --- the air


def _air(seen: Wifi, shown: Wifi) -> Wifi:
    """The survey as the ticket shows it, with what judging needs of hidden names, BSSIDs and elements."""
    pairs = list(zip(survey_of(seen).bss, shown.bss, strict=True))
    kept = {bss.ssid for bss, shared in pairs if bss.ssid and shared.ssid == bss.ssid} | {seen.target}
    names = _Names({name for name in kept if name})
    radios: defaultdict[str, int] = defaultdict(itertools.count(1).__next__)
    return replace(
        shown,
        bss=[
            replace(
                shared,
                nontransmitted=bss.nontransmitted,
                hidden_name=names.of(bss) if bss.ssid and shared.ssid != bss.ssid else UNSET,
                radio=radios[bss.bssid[2:-1]] if bss.bssid else UNSET,
            )
            for bss, shared in pairs
        ],
    )


class _Names:
    """What a ticket keeps of hidden names; `kept` are the names that it shows."""

    def __init__(self, kept: set[str]) -> None:
        self._kept = {key for name in kept for key in folded(name)}
        self._looks: defaultdict[tuple[str, str], str] = defaultdict(map("look-{}".format, itertools.count(1)).__next__)
        """The token for each key of a hidden name: it has a hyphen, which no key of a name has (`folded`)."""
        self._by_name: dict[str, list[str]] = {}
        self._spellings: dict[str, dict[str, int]] = {}

    def of(self, bss: Bss) -> HiddenName:
        """What the ticket keeps of the name of a BSS."""
        name, raw = bss.ssid or "", octets_of(bss.ssid_hex)
        if name not in self._by_name:
            self._by_name[name] = [key[1] if key in self._kept else self._looks[key] for key in folded(name)]
        spellings = self._spellings.setdefault(name, {})
        return HiddenName(
            octets=octets_in(raw, name),
            odd=oddities(raw, name),
            marks=marks_in(name),
            looks=self._by_name[name],
            spelling=None if raw is None else spellings.setdefault(raw.hex(), len(spellings) + 1),
        )


# --- received bytes


class _Bytes:
    """What replaces received bytes in a ticket; the same nonce always gets the same replacement."""

    def __init__(self) -> None:
        self._nonces: dict[str, int] = {}

    def of_cloud(self, seen: Cloud, shown: Cloud) -> Cloud:
        """The cloud's endpoints, with replacements for received bytes."""
        pairs = zip(seen.endpoints, shown.endpoints, strict=True)
        return replace(shown, endpoints=[self._endpoint(endpoint, shared) for endpoint, shared in pairs])

    def of_tcp(self, seen: TcpConnect, shown: TcpConnect) -> TcpConnect:
        """The connection of the Internet Test, with replacements for received bytes."""
        if seen.connection is None or shown.connection is None:
            return shown
        return replace(shown, connection=self._connection(seen.connection, shown.connection))

    def _endpoint(self, seen: CloudEndpoint, shown: CloudEndpoint) -> CloudEndpoint:
        pairs = zip(seen.connections, shown.connections, strict=True)
        return replace(
            shown,
            connections=[self._connection(connection, shared) for connection, shared in pairs],
            flight=None if seen.flight is None or shown.flight is None else _flight(seen.flight, shown.flight),
        )

    def _connection(self, seen: Connection, shown: Connection) -> Connection:
        """A connection with another nonce for a received nonce, and the same number of zeros for any other bytes."""
        if not seen.is_nonce:
            return replace(shown, received="0" * len(seen.received))
        first = self._nonces.setdefault(seen.received, len(self._nonces))
        return replace(shown, received=bytes((first + at) % 256 for at in range(_NONCE_SIZE)).hex())


def _flight(seen: ServerFlight, shown: ServerFlight) -> ServerFlight:
    """The flight: a well-formed signature is kept, to be checked with any key; zeros replace anything else."""
    if is_well_formed(seen.client_random, seen.server_random, seen.key_exchange):
        return replace(
            shown,
            client_random=seen.client_random,
            server_random=seen.server_random,
            key_exchange=seen.key_exchange,
        )
    return replace(shown, client_random="", server_random="", key_exchange="0" * len(seen.key_exchange))


def _path(seen: Path, shown: Path) -> Path:
    """The path, with zeros in place of what ICMP errors quoted."""
    pairs = zip(seen.targets, shown.targets, strict=True)
    return replace(
        shown,
        targets=[
            replace(
                shared,
                device=_ladder(target.device, shared.device),
                controls=list(map(_ladder, target.controls, shared.controls)),
            )
            for target, shared in pairs
        ],
    )


def _ladder(seen: Ladder, shown: Ladder) -> Ladder:
    return replace(shown, probes=list(map(_probe, seen.probes, shown.probes)))


def _probe(seen: PathProbe, shown: PathProbe) -> PathProbe:
    return replace(shown, quoted="0" * len(seen.quoted)) if seen.quoted else shown
