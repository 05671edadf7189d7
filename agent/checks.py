"""The checks: their ids, stages and results, and which of them a user chose."""

from typing import Any, Literal

from msgspec import Struct, field

from agent.profiles.facts import Fact, Level

Status = Literal["pass", "warn", "fail", "unknown", "skip"]
BEST_FIRST: tuple[Status, ...] = ("pass", "warn", "unknown", "fail")
"""Of several ways, any one of which will do, the first of these counts."""
Stage = Literal["scan", "ip", "internet", "cloud"]
Owner = Literal["device owner", "network administrator", "internet provider", "nobody"]

STAGES: dict[str, Stage] = {
    "wifi.band": "scan",
    "wifi.shared-ssid": "scan",
    "wifi.channel-width": "scan",
    "wifi.channel": "scan",
    "wifi.security": "scan",
    "wifi.mode": "scan",
    "wifi.ssid": "scan",
    "wifi.signal": "scan",
    "dhcp.offer": "ip",
    "dhcp.lease": "ip",
    "dhcp.servers": "ip",
    "dns.resolve": "internet",
    "dns.integrity": "internet",
    "ntp.reply": "internet",
    "portal": "internet",
    "coap.udp-5683": "cloud",
    "cloud.transport": "cloud",
    "path.egress": "cloud",
}
"""Every check id of the contract, in the report's order, with the stage of a device's start that it belongs to."""


class UnknownCheckError(ValueError):
    """A check id or group that does not exist, or that this version does not measure."""


class Flow(Struct, frozen=True, kw_only=True):
    """An exchange that a device begins: what a firewall has to let out, and its answers in."""

    protocol: Literal["udp", "tcp"]
    port: int
    address: str
    """Where it was tried."""
    host: str | None = None
    """The name that led there; None: it was no name."""

    @property
    def words(self) -> str:
        """Protocol and port, such as `UDP 5684`."""
        return f"{self.protocol.upper()} {self.port}"


class Finding(Struct, frozen=True, kw_only=True):
    """What judging makes of one check."""

    status: Status
    summary: str
    reason: str | None = None
    """Why: always given for `fail` and `unknown`."""
    remedy: str | None = None
    """What to do, or the one step that would settle an `unknown`."""
    owner: Owner | None = None
    due_to: str | None = None
    """The check of which this is a consequence: settling that one comes first."""
    evidence: list[str] = field(default_factory=list)
    rests_on: list[Fact[Any]] = field(default_factory=list)
    """The facts of the device that it rests on."""
    to_allow: list[Flow] = field(default_factory=list)
    """The exchanges that have to be let through, where nothing came back from them or somebody refused them."""

    @property
    def standing(self) -> Status:
        """The status that it has in the report: what rests on an unconfirmed fact neither passes nor fails."""
        if self.status in {"pass", "fail"} and any(one.certainty == "unconfirmed" for one in self.rests_on):
            return "warn" if self.status == "pass" else "unknown"
        return self.status


class Check(Finding, frozen=True, kw_only=True):
    """A finding with its place in the report."""

    id: str
    stage: Stage
    level: Level
    """What a failure means for the device judged."""

    @property
    def in_doubt(self) -> bool:
        """Whether it is a warning for want of a confirmed fact of the device: then the device may get no further."""
        return self.status == "warn" and any(one.certainty == "unconfirmed" for one in self.rests_on)


class Selection(Struct, frozen=True, kw_only=True):
    """The checks that the user asked for, as ids; None: all."""

    only: list[str] | None = None
    skip: list[str] = field(default_factory=list)

    def includes(self, check_id: str) -> bool:
        """Whether a check is to be judged."""
        return check_id not in self.skip and (self.only is None or check_id in self.only)


def select(only: str | None, skip: str | None, measured: list[str]) -> Selection:
    """A selection from two comma-separated lists of check ids and groups.

    Raises:
        UnknownCheckError: a name is not in the contract, or `only` names nothing that is `measured`.
    """
    chosen = None
    if only is not None:
        chosen = [one for one in _expand(only) if one in measured]
        if not chosen:
            raise UnknownCheckError(f"{only!r} is not measured by this version; it measures: {', '.join(measured)}")
    return Selection(only=chosen, skip=_expand(skip) if skip is not None else [])


def in_groups(ids: list[str]) -> str:
    """Check ids as a list for people, whole groups by their name."""
    chosen, words = set(ids), []
    for check_id in ids:
        group = [one for one in STAGES if one.partition(".")[0] == check_id.partition(".")[0]]
        words.append(check_id.partition(".")[0] if len(group) > 1 and chosen.issuperset(group) else check_id)
    return ", ".join(dict.fromkeys(words))


def _expand(names: str) -> list[str]:
    found: list[str] = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        ids = [one for one in STAGES if one == name or one.partition(".")[0] == name]
        if not ids:
            groups = dict.fromkeys(one.partition(".")[0] for one in STAGES)
            raise UnknownCheckError(f"no check {name!r}; known: {', '.join(STAGES)}; groups: {', '.join(groups)}")
        found += ids
    return found
