"""The checks: their ids, stages and results."""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from netpreflight.agent.profiles.facts import Fact, Level
from netpreflight.probes.observations import Address, Fault, Hops, Plain

Status = Literal["pass", "warn", "fail", "unknown", "skip"]
BEST_FIRST: tuple[Status, ...] = ("pass", "warn", "unknown", "fail")
"""Of several ways, any one of which will do, the first of these counts."""
Stage = Literal["scan", "ip", "internet", "cloud"]
Owner = Literal["device owner", "network administrator", "internet provider", "nobody"]
Verdict = Literal["compatible", "compatible-with-warnings", "incompatible", "undetermined"]

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


class Named(Struct, frozen=True, kw_only=True):
    """Somebody whom a finding names: a server, or a router on the path."""

    address: Address
    hop: Hops | None = None
    """How many hops away from this laptop it is; None: not known, or it is no router."""


class Finding(Struct, frozen=True, kw_only=True):
    """What judging makes of one check."""

    status: Status
    summary: str
    problem: Plain | None = None
    """The cause, from the closed list of its check; None where the status is `pass` or `skip`."""
    named: Named | None = None
    """Who is named as the place of the problem; None: nobody."""
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
    fault: Fault | UnsetType = UNSET
    """The error of this tool's own because of which the check could not be judged; not there: there was none."""

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
