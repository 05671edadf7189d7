"""`netpreflight doctor`: with each thing taken away, on each system, and in every form."""

import errno
import importlib.metadata
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from netpreflight.agent.judging import CHECKS, abilities
from netpreflight.agent.results import Ability, Doctor
from netpreflight.probes import laptop as looked_at
from netpreflight.probes import obstacles
from netpreflight.probes.observations import (
    WITH_SUDO,
    Laptop,
    Lease,
    Package,
    Privileges,
    Protocol,
    Proxy,
    Resolver,
    Scope,
    Wifi,
)
from netpreflight.probes.wifi.source import AS_ROOT, CAPTURE_INSTEAD, NOT_ASKED
from netpreflight.reports.documents import render_json
from netpreflight.reports.terminal.doctor import render as as_text
from netpreflight.systems import system
from netpreflight.systems.linux import firewall
from tests.unit.command import refused, run
from tests.unit.partly import partly
from tests.unit.reveals import bare_texts, every_struct
from tests.unit.schema import DOCTOR

ROOT = Path(__file__).parents[2]
NAMES = (
    "network",
    "raw-sockets",
    "dhcp-exchange",
    "wifi-scan",
    "monitor-mode",
    "join",
    "icmp-errors",
    "vpn",
    "proxy",
    "own-resolver",
    "own-firewall",
    "clock",
    "country",
    "python",
    "packages",
    "disk",
)
DHCP = ["dhcp.offer", "dhcp.lease", "dhcp.servers"]
AIR = [check_id for check_id in CHECKS if check_id.startswith("wifi.")]


def scope(**changes: Any) -> Scope:
    about: dict[str, Any] = {
        "interface": "wlan9",
        "state": "up",
        "addresses": ["192.168.77.10/24"],
        "gateway": "192.168.77.1",
        "os": "linux",
        "privileges": Privileges(user="root", raw_sockets=True),
        "resolvers": [Resolver(address="192.168.77.1", source="resolv.conf", interface="wlan9")],
    }
    return Scope(**{**about, **changes})


def told_icmp_errors(here: Scope) -> tuple[Protocol, ...]:
    """What a laptop is told whose version is one that tells all that its system can."""
    this = system(here.os)
    is_told = here.privileges.user == "root" or not this.tells_icmp_errors_to_root_only
    return this.tells_icmp_errors if is_told else ()


def laptop(here: Scope | None = None, **changes: Any) -> Laptop:
    """One that lacks nothing, with these changes; what stands in the way follows from its scope."""
    here = here or scope()
    about: dict[str, Any] = {
        "obstacles": obstacles.of(here, changes.get("dropping", []), told_icmp_errors(here)),
        "steps": dict(system(here.os).steps),
        "wifi": Wifi(source="nl80211", triggered=True, interface="wlan9", regulatory_country="DE"),
        "listening": ["mon0"],
        "dropping": [],
        "synchronised": True,
        "free_bytes": 10**10,
        "python": "3.11.7",
        "packages": [Package(name="scapy", least="2.6", version="2.10.0")],
    }
    return Laptop(scope=here, **{**about, **changes})


def judged(seen: Laptop) -> dict[str, Ability]:
    return {ability.id: ability for ability in abilities.abilities(seen)}


def changed(seen: Laptop) -> dict[str, Ability]:
    """What is not there, or limited."""
    return {name: ability for name, ability in judged(seen).items() if ability.state != "yes"}


def test_a_laptop_that_lacks_nothing() -> None:
    found = judged(laptop())

    assert tuple(found) == NAMES
    assert {ability.state for ability in found.values()} == {"yes"}
    assert {ability.unlock for ability in found.values()} == {None}
    assert found["dhcp-exchange"].checks == DHCP
    assert found["wifi-scan"].checks == AIR
    assert found["icmp-errors"].checks == ["path.egress"]
    assert found["clock"].checks == ["ntp.reply"]
    assert found["country"].checks == ["wifi.channel"]
    assert {"dns.resolve", "cloud.transport", "portal"} <= set(found["network"].checks)
    assert not set(AIR) & set(found["network"].checks)


USER = {"privileges": Privileges(user="ordinary user", raw_sockets=False)}
NO_RADIO = Wifi(limits=["This laptop has no Wi-Fi radio that Linux knows"], unlocked_by=CAPTURE_INSTEAD)
LAST_RESULTS = Wifi(
    source="nl80211", interface="wlan9", regulatory_country="DE", unlocked_by=AS_ROOT,
    limits=["An ordinary user may not scan, and NetworkManager does not run here"],
)  # fmt: skip
VPN = {"vpn": "tun0", "tunnels": ["tun0"]}


@pytest.mark.parametrize(
    ("seen", "lacks", "words", "step"),
    [
        (laptop(scope(interface=None)), {"network": "no", "dhcp-exchange": "no", "own-resolver": "no"},
         "no network interface", "Connect this laptop"),
        (laptop(scope(state="down")), {"network": "no", "dhcp-exchange": "no", "own-resolver": "no"},
         "wlan9 is down", "Connect this laptop"),
        (laptop(scope(state="no-carrier")), {"network": "no", "dhcp-exchange": "no", "own-resolver": "no"},
         "wlan9 is not connected", "Connect this laptop"),
        (laptop(scope(addresses=[])), {"network": "no"}, "no IPv4 address on wlan9", "Connect this laptop"),
        (laptop(scope(gateway=None)), {"network": "no"}, "no default route", "Give wlan9 its default route"),
        (laptop(scope(gateway=None, **VPN)), {"network": "no", "vpn": "no"}, "no default route",
         "Disconnect the VPN 'tun0'"),
        (laptop(scope(**VPN)), {"vpn": "limited"}, "A VPN ('tun0') carries this laptop's traffic",
         "Disconnect the VPN 'tun0'"),
        (laptop(scope(is_tunnel=True)), {"vpn": "limited"}, "wlan9 is a tunnel", "--interface"),
        (laptop(scope(proxy=[Proxy(variable="http_proxy", value="http://p.example:3128")])), {"proxy": "limited"},
         "http_proxy=http://p.example:3128", "unset http_proxy"),
        (laptop(scope(**USER), dropping=None, listening=[]),
         {"raw-sockets": "no", "dhcp-exchange": "no", "monitor-mode": "limited", "own-resolver": "limited",
          "own-firewall": "limited", "join": "limited"}, "needs root or CAP_NET_RAW", "as root (sudo)"),
        (laptop(wifi=NO_RADIO, listening=[]),
         {"wifi-scan": "no", "monitor-mode": "no", "join": "no", "country": "limited"},
         "no Wi-Fi radio", CAPTURE_INSTEAD),
        (laptop(wifi=LAST_RESULTS), {"wifi-scan": "limited"}, "NetworkManager does not run here", AS_ROOT),
        (laptop(listening=[]), {"monitor-mode": "limited"}, "no interface is in monitor mode",
         "iw dev wlan9 interface add mon0 type monitor"),
        (laptop(dropping=["inet own, chain arriving"]), {"own-firewall": "limited"}, "inet own, chain arriving",
         "nft list ruleset"),
        (laptop(synchronised=False), {"clock": "limited"}, "not synchronised", "timedatectl set-ntp true"),
        (laptop(clock_behind=True), {"clock": "limited"}, "before this copy", "timedatectl set-ntp true"),
        (laptop(wifi=Wifi(source="nl80211", triggered=True, interface="wlan9", regulatory_country="00")),
         {"country": "limited"}, "no country's rules", "iw reg set"),
        (laptop(packages=[Package(name="dnspython", least="2.7")]), {"packages": "no"}, "ot installed: dnspython",
         "run ./netpreflight"),
        (laptop(packages=[Package(name="scapy", least="2.10", version="2.9.3")]), {"packages": "limited"},
         "scapy 2.9.3 (at least 2.10)", "run ./netpreflight"),
        (laptop(free_bytes=999_999), {"disk": "no"}, "no room for a report", "Free some space"),
        (laptop(free_bytes=1_000_000), {"disk": "limited"}, "1 MB free", "Free some space"),
        (laptop(free_bytes=None), {"disk": "limited"}, "not known", "Free some space"),
        (laptop(free_bytes=1_000_000, kept_in="~/runs"), {"disk": "limited"}, "; runs are kept in ~/runs", "Free some"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)  # fmt: skip
def test_with_one_thing_taken_away(seen: Laptop, lacks: dict[str, str], words: str, step: str) -> None:
    found = changed(seen)

    assert {name: ability.state for name, ability in found.items()} == lacks
    assert any(words.lower() in ability.why.lower() for ability in found.values())
    assert any(step in (ability.unlock or "") for ability in found.values())
    assert all(ability.unlock for ability in found.values()), "each has its step"


def test_the_lease_that_the_laptop_holds_stands_in_for_the_exchange() -> None:
    lease = Lease(source="NetworkManager", address="192.168.77.10", resolvers=["192.168.77.1"])
    found = judged(laptop(scope(**USER), lease=lease))

    assert found["dhcp-exchange"].state == "no"
    assert "NetworkManager" in found["dhcp-exchange"].why
    assert found["own-resolver"].state == "yes"


@pytest.mark.parametrize(("system", "source", "traced"), [("win32", "windows", "limited"), ("darwin", "macos", "no")])
def test_other_systems_say_what_is_not_known_there(system: str, source: str, traced: str) -> None:
    here = scope(os=system, **USER)
    air = Wifi(source=source, interface="Wi-Fi", limits=[NOT_ASKED])
    found = changed(laptop(here, wifi=air, listening=[], dropping=None, synchronised=None))

    assert {name: ability.state for name, ability in found.items()} == {
        "dhcp-exchange": "limited",
        "wifi-scan": "limited",
        "monitor-mode": "limited",
        "join": "no",
        "icmp-errors": traced,
        "own-firewall": "limited",
        "clock": "limited",
        "country": "limited",
    }
    assert "UDP port 68" in found["dhcp-exchange"].why
    steps = {name: ability.unlock for name, ability in found.items()}
    as_root = {"win32": obstacles.ON_LINUX, "darwin": f"Run netpreflight again {WITH_SUDO}."}
    assert steps.pop("icmp-errors") == as_root[system]
    assert "root" not in " ".join(step or "" for step in steps.values())


@pytest.mark.parametrize(
    ("platform", "rights", "step"),
    [
        ("linux", {}, "again, without --skip dhcp: it"),
        ("linux", USER, "again as root (sudo), without --skip dhcp: it"),
        ("win32", USER, "again, without --skip dhcp: it"),
        ("darwin", USER, "again, without --skip dhcp: it"),
        ("freebsd14", USER, "on a Linux laptop"),
    ],
)
def test_where_dhcp_was_left_out_the_step_is_to_ask(platform: str, rights: dict[str, Any], step: str) -> None:
    assert f"Run netpreflight {step}" in (obstacles.to_have_left_out_dhcp(scope(os=platform, **rights)).step or "")


FOREIGN = {
    "linux": ("administrator", "Settings"),
    "win32": ("root", "sudo", "timedatectl", "nft", "iw ", "unset", "./"),
    "darwin": ("administrator", "timedatectl", "nft", "iw ", "unset", "(sudo)"),
}


@pytest.mark.parametrize("platform", FOREIGN)
def test_each_system_is_told_its_own_steps(platform: str) -> None:
    here = scope(os=platform, proxy=[Proxy(variable="http_proxy", value="http://p.example:3128")], **USER)
    air = Wifi(source="nl80211", triggered=True, interface="wlan9", regulatory_country="00")
    missing = [Package(name="dnspython", least="2.7")]
    found = changed(laptop(here, wifi=air, listening=[], dropping=None, synchronised=False, packages=missing))
    steps = " ".join(ability.unlock or "" for ability in found.values())

    assert {"own-firewall", "monitor-mode", "clock", "country", "proxy"} <= set(found)
    assert all(ability.unlock for ability in found.values())
    assert not [word for word in FOREIGN[platform] if word in steps]
    assert "{" not in steps
    for told in ("clock", "proxy"):
        assert system(platform).steps[told].partition(" (")[0].partition("{")[0] in steps


def test_one_fault_of_ours_costs_one_ability(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Laptop) -> Ability:
        raise KeyError("what")

    monkeypatch.setitem(abilities.JUDGES, "vpn", fail)
    found = judged(laptop())

    assert tuple(found) == NAMES
    assert (found["vpn"].state, "KeyError" in found["vpn"].why) == ("no", True)
    assert found["proxy"].state == "yes"


# --- the packages and the firewall


def test_the_packages_are_those_that_the_project_needs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {package.name: package for package in looked_at.packages(looked_at.requirements())}

    assert {"scapy", "dnspython", "pyroute2", "h11"} <= set(found)
    assert not {"comtypes", "pyobjc-framework-CoreWLAN"} & set(found) or sys.platform != "linux"
    assert found["scapy"].least == "2.6"
    assert found["scapy"].version == importlib.metadata.version("scapy")
    monkeypatch.setattr(looked_at, "SYSTEM", system("win32"))
    told = [
        'jeepney>=0.9,<1; sys_platform == "linux"',
        'nowhere-at-all>=1.4; sys_platform == "win32"',
        "x; extra == 'y'",
    ]
    assert list(looked_at.packages(told)) == [Package(name="nowhere-at-all", least="1.4")]


@pytest.mark.skipif(sys.platform != "linux", reason="tables of Linux")
@pytest.mark.parametrize(("tables", "says"), [("nat\nfilter\n", True), ("nat\n", False), (None, False)])
def test_tables_of_the_old_kind_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: str | None, *, says: bool
) -> None:
    monkeypatch.setattr(firewall, "_chains", lambda: iter(()))
    if tables is not None:
        (tmp_path / "names").write_text(tables)

    found = firewall.dropping(tmp_path / "names", tmp_path / "modules")

    assert found == (["iptables, table filter"] if says else [])


@pytest.mark.skipif(sys.platform != "linux", reason="tables of Linux")
@pytest.mark.parametrize(("number", "found"), [(errno.EPERM, None), (errno.EPROTONOSUPPORT, []), (errno.EINVAL, [])])
def test_tables_that_cannot_be_read_are_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, found: list[str] | None
) -> None:
    def refuse(*_: object) -> socket.socket:
        raise OSError(number, "")

    monkeypatch.setattr("socket.socket", refuse)

    assert firewall.dropping(tmp_path / "names", tmp_path / "modules") == found


# --- the command


def test_the_command_prints_one_document_that_keeps_its_schema() -> None:
    ran = run("doctor", "--json")
    said = json.loads(ran.stdout)

    assert ran.stderr == ""
    assert [ability["id"] for ability in said["abilities"]] == list(NAMES)
    assert ran.returncode == (3 if any(ability["state"] == "no" for ability in said["abilities"]) else 0)
    assert list(Draft202012Validator(json.loads(DOCTOR.read_text())).iter_errors(said)) == []
    assert set(said) == {"schema", "abilities"}
    assert set(said["abilities"][0]) == {"id", "state", "checks", "why", "unlock"}


def test_a_folder_of_runs_whose_name_is_no_text_is_escaped() -> None:
    ran = run("doctor", "--json", XDG_DATA_HOME=os.fsdecode(b"/tmp/np/\xff"))

    assert ran.stderr == ""
    (disk,) = [ability for ability in json.loads(ran.stdout)["abilities"] if ability["id"] == "disk"]
    assert r"runs are kept in /tmp/np/\udcff/netpreflight/runs" in disk["why"]


def test_every_text_says_what_it_may_reveal() -> None:
    texts = {
        f"{kind.__name__}.{field.name}"
        for kind in every_struct(Doctor, set())
        for field in msgspec.structs.fields(kind)
        if bare_texts(field.type)
    }

    assert texts == set()


@pytest.mark.parametrize("seen", [laptop(), laptop(wifi=NO_RADIO, listening=[])], ids=["all", "no radio"])
def test_the_exit_code_and_the_last_line_agree(seen: Laptop) -> None:
    doctor = Doctor(schema="netpreflight-doctor/1", abilities=abilities.abilities(seen))
    text = as_text(doctor)

    assert doctor.can_all is (seen.wifi is not NO_RADIO)
    assert ("Every check can be made" in text) is doctor.can_all
    assert ("Missing: wifi-scan, monitor-mode" in text) is not doctor.can_all
    assert all(name in text for name in NAMES)
    assert json.loads(render_json(doctor))["schema"] == "netpreflight-doctor/1"


def test_what_the_system_says_cannot_steer_the_terminal() -> None:
    here = scope(proxy=[Proxy(variable="http_proxy", value="http://\x1b[2Jevil")])
    text = as_text(Doctor(schema="netpreflight-doctor/1", abilities=abilities.abilities(laptop(here))))

    assert "\x1b" not in text


def test_a_narrow_terminal_loses_nothing() -> None:
    ran = run("doctor", COLUMNS="40")

    assert max(len(line.rstrip()) for line in ran.stdout.splitlines()) <= 40
    assert all(name in ran.stdout for name in NAMES)


def test_wrong_usage_is_one_line() -> None:
    refused("doctor", "--deep", says=("--deep",))
    refused("doctor", "eth0")


def test_the_page_explains_every_ability() -> None:
    page = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    told = re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)))

    assert tuple(told) == NAMES


@pytest.mark.more
@pytest.mark.parametrize(
    "package",
    partly(
        {"netifaces", "typer", "jeepney"},
        ["netifaces", "typer", "scapy", "dns", "ntplib", "h11", "pyroute2", "jeepney", "rich"],
    ),
)
def test_a_package_that_is_missing_makes_no_traceback(package: str) -> None:
    without = f"import sys; sys.modules[{package!r}] = None; sys.argv[1:] = ['doctor', '--json']; "
    ran = subprocess.run(
        [sys.executable, "-c", f"{without}from netpreflight.agent.start import main; main()"],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )

    assert "Traceback" not in ran.stderr
    if ran.returncode == 2:
        assert ran.stderr.startswith(f"netpreflight: the package {package}")
        assert ran.stderr.count("\n") == 1
    else:
        assert (ran.returncode, ran.stderr) in {(0, ""), (3, "")}
        assert json.loads(ran.stdout)["schema"] == "netpreflight-doctor/1"
