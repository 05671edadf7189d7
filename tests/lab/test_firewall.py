"""The generated firewall rules, in force on the lab's gateway: without them the device is stopped, with them not."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent.report.changes import Change, Rule
from netpreflight.reports.firewall import render
from tests.lab.lab import PUBLIC_RESOLVER, Lab
from tests.lab.namespaces import LabError, Namespace
from tests.lab.servers import LAPTOP_MAC, Dhcp

pytestmark = pytest.mark.lab

Port = tuple[str, int]
OTHERS: tuple[Port, ...] = (("udp", 53), ("udp", 123), ("tcp", 80), ("tcp", 5683), ("udp", 5683), ("udp", 5684))
"""What a run needs beyond the gateway itself, cloud ports of all devices included."""


@dataclass(frozen=True)
class Case:
    """A device, and what of its traffic the gateway does not let out until a rule says so."""

    device: str
    blocked: tuple[Port, ...]
    checks: tuple[str, ...]
    """The failing checks that the changes are for, run by run."""
    lab: dict[str, Any] = field(default_factory=dict)
    profile: str = ""
    """A company's file, based on `device`."""


CASES = {
    "photon": Case("photon", (("tcp", 5683),), ("cloud.transport",)),
    "argon": Case("argon", (("udp", 5684),), ("cloud.transport",)),
    "photon2": Case("photon2", (("udp", 5684),), ("cloud.transport",)),
    "generic": Case("generic", (("udp", 5683),), ("coap.udp-5683",)),
    "generic-ntp": Case("generic", (("udp", 123),), ("ntp.reply",)),
    "photon2-resolver-beyond-the-lan": Case(
        "photon2",
        (("udp", 53), ("udp", 5684)),
        ("dns.resolve", "cloud.transport"),
        lab={"dhcp": Dhcp(resolvers=(PUBLIC_RESOLVER,)), "public_resolver": True},
    ),
    "photon-by-its-mac": Case(
        "photon",
        (("tcp", 5683),),
        ("cloud.transport",),
        profile=f"""
            based_on = "photon"
            title = "Ours"
            mac_prefix = {{ value = "{LAPTOP_MAC.upper()}", source = "this lab" }}
            """,
    ),
}


class Nftables:
    """A gateway with an nftables ruleset that drops what it does not know."""

    dialect = "nftables"

    def __init__(self, gateway: Namespace, allowed: list[Port]) -> None:
        self._gateway = gateway
        rules = "".join(f"{proto} dport {port} accept; " for proto, port in allowed)
        gateway.nft(
            "table inet filter { chain forward { type filter hook forward priority 0; policy drop; "
            f"ct state established,related accept; {rules} }}\n}}"
        )

    def apply(self, text: str, folder: Path) -> None:
        """Load the text with nft -f."""
        file = folder / "rules.nft"
        file.write_text(text)
        self._gateway.command("nft", "-f", str(file))

    def counters(self) -> list[int]:
        """Packets that each of the generated rules has let through."""
        listed = json.loads(self._gateway.command("nft", "-j", "list", "chain", "inet", "filter", "forward"))
        rules = [entry["rule"] for entry in listed["nftables"] if "rule" in entry]
        return [
            part["counter"]["packets"]
            for rule in rules
            if rule.get("comment", "").startswith("netpreflight-")
            for part in rule["expr"]
            if "counter" in part
        ]

    def remove(self) -> None:
        """Take the generated rules out again."""
        listed = json.loads(self._gateway.command("nft", "-j", "list", "chain", "inet", "filter", "forward"))
        for entry in listed["nftables"]:
            if "rule" in entry and entry["rule"].get("comment", "").startswith("netpreflight-"):
                handle = str(entry["rule"]["handle"])
                self._gateway.command("nft", "delete", "rule", "inet", "filter", "forward", "handle", handle)


class Iptables:
    """A gateway with iptables, whose FORWARD chain drops what it does not know."""

    dialect = "iptables"

    def __init__(self, gateway: Namespace, allowed: list[Port]) -> None:
        self._gateway = gateway
        rules = "".join(f"-A FORWARD -p {proto} --dport {port} -j ACCEPT\n" for proto, port in allowed)
        text = (
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
            f"-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n{rules}COMMIT\n"
        )
        gateway.command("sh", "-c", 'printf %s "$0" | iptables-restore', text)

    def apply(self, text: str, folder: Path) -> None:
        """Run the text as a shell's commands."""
        file = folder / "rules.sh"
        file.write_text(text)
        self._gateway.command("sh", "-eu", str(file))

    def counters(self) -> list[int]:
        """Packets that each of the generated rules has let through."""
        saved = self._gateway.command("iptables-save", "-c").splitlines()
        return [int(line[1:].partition(":")[0]) for line in saved if "--comment netpreflight-" in line]

    def remove(self) -> None:
        """Take the generated rules out again."""
        for line in self._gateway.command("iptables", "-S", "FORWARD").splitlines():
            if "--comment netpreflight-" in line:
                self._gateway.command("iptables", *line.replace("-A FORWARD", "-D FORWARD", 1).split())


@pytest.mark.parametrize("kind", [Nftables, Iptables])
@pytest.mark.parametrize("name", CASES)
def test_the_rules_open_what_is_blocked_and_nothing_without_them(
    name: str, kind: Callable[[Namespace, list[Port]], Nftables | Iptables], tmp_path: Path
) -> None:
    case = CASES[name]
    device = case.device
    if case.profile:
        device = str(tmp_path / "ours.toml")
        Path(device).write_text(case.profile)
    with Lab(**case.lab) as lab:
        wall = kind(lab.gateway.where, [entry for entry in OTHERS if entry not in case.blocked])
        for check in case.checks:
            run = tmp_path / f"{check}.json"
            red = lab.check("--device", device, "-o", str(run))
            assert red.exit_code == 1, red.stderr
            assert asks_for(red.report, check)
            wall.apply(rules(run, wall.dialect, device), tmp_path)

        green = lab.check("--device", device, "-o", str(tmp_path / "green.json"))
        assert green.report["verdict"] == "compatible", green.stderr
        assert green.exit_code == 0
        assert green.report["changes"] == []
        assert len(wall.counters()) == len(case.checks)
        assert all(wall.counters())
        assert "there is no rule to add" in rules(tmp_path / "green.json", wall.dialect, device)

        wall.remove()
        # A query from a port that an earlier one had would be let through: it belongs to an established conversation.
        lab.gateway.where.command("conntrack", "--flush")
        again = lab.check("--device", device)
        assert again.exit_code == 1
        assert asks_for(again.report, case.checks[0])


@pytest.mark.parametrize("kind", [Nftables, Iptables])
def test_a_source_that_is_not_filled_in_is_refused(kind: type[Nftables | Iptables], tmp_path: Path) -> None:
    rule = Rule(protocol="udp", port=5684, host=None, addresses=["198.51.100.21"], source=None)
    change = Change(checks=["cloud.transport"], needed=True, where="firewall", owner=None, line="", rules=[rule])
    text = render([change], kind.dialect)
    gateway = Namespace(f"np{os.getpid()}-0-fill")
    try:
        wall = kind(gateway, [])
        with pytest.raises(LabError, match=r"DEVICE-SUBNET|PREFIX"):
            wall.apply(text, tmp_path)
        assert wall.counters() == []

        wall.apply(text.replace("DEVICE-SUBNET/PREFIX", "10.20.30.0/24"), tmp_path)
        assert wall.counters() == [0]
    finally:
        gateway.delete()


def asks_for(report: dict[str, Any], check: str) -> bool:
    """Whether a needed change with a rule is for this check."""
    return any(check in change["checks"] and change["needed"] and change["rules"] for change in report["changes"])


def rules(run: Path, dialect: str, device: str) -> str:
    """What `netpreflight rules` prints for a saved run."""
    tool = str(Path(sys.executable).with_name("netpreflight"))
    done = subprocess.run(
        [tool, "rules", str(run), "--for", dialect, "--device", device], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
