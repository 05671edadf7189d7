"""Networks with a fault, and how Windows' run of one is held against Linux'."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.lab.lab import PUBLIC_RESOLVER, SECOND_RESOLVER, CheckRun, Lab
from tests.lab.servers import GATEWAY, Dhcp
from tests.windows.wine import Wine

MOST_RETRIES = 4
CLOUD_PORTS = {"argon": ("udp", 5684), "photon": ("tcp", 5683)}


@dataclass(frozen=True)
class Fault:
    """A network with a fault, or with something that must not be taken for one.

    Attributes:
        shows: what a check says of it, for every device; empty: nothing but what a healthy network has.
        lab: how the lab is built.
        breaks: what is broken once it stands, for a device.
        differs: what Windows says otherwise than Linux, and why.
        differs_for: the same for one device.
    """

    shows: Mapping[str, str]
    lab: Mapping[str, Any] = field(default_factory=dict)
    breaks: Callable[[Lab, str], object] = lambda lab, device: None
    differs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    differs_for: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)


NOT_TRACED = {"path.egress": ("unknown not-looked", "Wine has not the options by which Windows tells it")}
NOT_REFUSED = {
    "cloud.transport": (
        "fail no-answer",
        "Windows has WSAECONNRESET for a UDP socket that was refused, but Wine has not",
    )
}
_FIREWALL = "over UDP port 68, a firewall of the laptop, whose address is set by hand, may have dropped the offers"
NOT_HEARD = {
    "verdict": ("undetermined", _FIREWALL),
    "dhcp.offer": ("unknown offer-unheard", _FIREWALL),
    "dhcp.lease": ("unknown no-offer", _FIREWALL),
}
FAULTS = {
    "cloud-port-dropped": Fault(
        {"cloud.transport": "fail"},
        breaks=lambda lab, device: lab.gateway.drop(*CLOUD_PORTS[device]),
        differs=NOT_TRACED,
    ),
    "cloud-port-refused": Fault(
        {"cloud.transport": "fail"},
        breaks=lambda lab, device: lab.gateway.reject(*CLOUD_PORTS[device], answer="icmp port-unreachable"),
        differs=NOT_TRACED,
        differs_for={"argon": NOT_REFUSED},
    ),
    "dns-dead": Fault(
        {"dns.resolve": "fail"}, breaks=lambda lab, device: lab.gateway.drop("udp", 53, hooks=("input",))
    ),
    "portal": Fault({"portal": "fail"}, breaks=lambda lab, device: lab.portal()),
    "no-dhcp": Fault({"dhcp.offer": "unknown"}, lab={"dhcp": None}, differs=NOT_HEARD),
    "two-dhcp-servers": Fault(
        {"dhcp.servers": "fail"},
        lab={
            "second_dns": "real",
            "dhcp": Dhcp(resolvers=(GATEWAY,)),
            "second_dhcp": (GATEWAY, SECOND_RESOLVER),
        },
    ),
    "vpn": Fault(
        {"cloud.transport": "pass"},
        breaks=lambda lab, device: lab.vpn("metric"),
    ),
    "own-resolver": Fault(
        {"dns.resolve": "fail"},
        lab={"dns": "silent", "public_resolver": True},
        breaks=lambda lab, device: lab.laptop.use_resolvers(PUBLIC_RESOLVER),
    ),
}


def statuses(run: CheckRun) -> dict[str, str]:
    return {check["id"]: check["status"] for check in run.report["checks"]}


def said(run: CheckRun) -> dict[str, str]:
    """The verdict, and each check's status and problem."""
    checks = {check["id"]: f"{check['status']} {check['problem'] or ''}".strip() for check in run.report["checks"]}
    return {"verdict": run.report["verdict"], **checks}


def is_late(run: CheckRun) -> bool:
    """Whether an answer to a new port came too late to prove that nobody sends in the server's name.

    Where no counter shows a sweep, each port has PROMPT_S for that; a busy machine makes any server late.
    """
    return any(check["problem"] == "unproved" for check in run.report["checks"])


def check_on(wine: Wine, device: str) -> CheckRun:
    """Windows' run, made again while the machine is too busy for it."""
    run = wine.check("--device", device)
    for _ in range(MOST_RETRIES):
        if not is_late(run):
            break
        run = wine.check("--device", device)
    return run


def assert_same(windows: CheckRun, linux: CheckRun, differs: Mapping[str, tuple[str, str]]) -> None:
    """Windows says what Linux says, except `differs`."""
    assert "Traceback" not in windows.stderr
    assert windows.report["scope"]["os"] == "win32"
    assert linux.report["scope"]["os"] == "linux"
    found, expected = said(windows), said(linux)
    different = {what: (text, expected[what]) for what, text in found.items() if text != expected[what]}
    assert {what: text for what, (text, _) in different.items()} == {
        what: text for what, (text, _) in differs.items()
    }, f"Windows and Linux: {different}\n{windows.stderr}"
