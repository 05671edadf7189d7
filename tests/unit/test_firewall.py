"""The text for each firewall: others' parsers read in it what was meant, nothing more, whatever a saved run says.

Read by a parser: nftables, iptables, ASA, IOS, FortiOS, PAN-OS, SRX, RouterOS, Meraki (fwshift); OPNsense (fwshift too,
its API's fields put into its configuration file); Windows (tree-sitter's PowerShell grammar); the shells' lines of
iptables, OPNsense and pfSense (shlex). nftables and iptables run for real in tests/lab/test_firewall.py. Every
dialect has a golden file; pf, pfSense's easyrule and UniFi have only that, reviewed line by line against the
documents that their modules name.
"""

import functools
import itertools
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import msgspec
import pytest
import tree_sitter
import tree_sitter_powershell
from fwshift.cli import load
from fwshift.model import Action, Policy
from fwshift.report import Report as Reading
from hypothesis import given, settings
from hypothesis import strategies as st

from netpreflight.agent import profiles, report
from netpreflight.agent.report.changes import Change, Rule
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Cloud, Connection
from netpreflight.reports import FORMATS
from netpreflight.reports.firewall import DIALECTS, render
from tests.unit import seen
from tests.unit.command import SAVED, failing, refused
from tests.unit.command import run as cli
from tests.unit.hostile import HOSTILE, TAGS, planted
from tests.unit.partly import first, partly
from tests.unit.rendered import raw, run
from tests.unit.seen import SILENT_ARGON, SILENT_COAP

GOLDEN = Path(__file__).parent / "data" / "firewall"
KNOWS_NAMES = {"fortios": "zones"} | dict.fromkeys(
    ("asa", "panos", "srx", "routeros", "opnsense", "meraki", "pfsense"), "exact"
)
"""The dialects that take a name for a destination."""
FAR_AWAY = ("10.4.0.0/16", "172.16.4.0/22", "192.168.77.0/24")
FILLED_IN = "10.20.30.0/24"
"""What an administrator fills in where the run's source is none."""


class Meant(NamedTuple):
    """One thing that a firewall lets through."""

    protocol: str
    port: int
    source: str
    destination: str


def meant(rules: list[Rule], dialect: str) -> set[Meant]:
    """What rules mean in a dialect."""
    found = set()
    for rule in rules:
        named = rule.host and dialect in KNOWS_NAMES and (KNOWS_NAMES[dialect] == "zones" or rule.host[0] != "*")
        for where in [rule.host or ""] if named else rule.addresses:
            found.add(Meant(rule.protocol, rule.port, rule.source or FILLED_IN, where))
    return found


def filled_in(text: str) -> str:
    """The text once the administrator has put the device's subnet in the place that is marked for it."""
    group = 'config firewall address\nedit "DEVICE-SUBNET"\nset subnet 10.20.30.0 255.255.255.0\nnext\nend\n'
    if '"DEVICE-SUBNET"\n' in text:
        return group + text
    masks = {"/PREFIX": "/24", "DEVICE-MASK": "255.255.255.0", "DEVICE-WILDCARD": "0.0.0.255"}
    for mark, value in masks.items():
        text = text.replace(mark, value)
    return text.replace("DEVICE-SUBNET", FILLED_IN.partition("/")[0])


# --- parsers ----------------------------------------------------------------------------------------------------


def nftables_file(text: str) -> str:
    """The rules in the chain that they are to be put into."""
    body = text.replace("insert rule inet filter forward ", "")
    return f"table inet filter {{\nchain forward {{\ntype filter hook forward priority 0; policy drop;\n{body}}}\n}}\n"


def iptables_file(text: str) -> str:
    """The commands as iptables-save would show them."""
    rules = [line.replace("iptables -I FORWARD", "-A FORWARD") for line in text.splitlines() if "-I FORWARD" in line]
    return "\n".join(
        ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]", *rules, "COMMIT", ""]
    )


def asa_file(text: str) -> str:
    """The commands in a configuration with two interfaces."""
    return (
        "ASA Version 9.18(1)\ninterface GigabitEthernet0/1\n nameif inside\n security-level 100\n"
        " ip address 192.168.77.1 255.255.255.0\ninterface GigabitEthernet0/0\n nameif outside\n security-level 0\n"
        f" ip address 203.0.113.2 255.255.255.252\n{text}access-group INSIDE-IN in interface inside\n"
    )


def ios_file(text: str) -> str:
    """The commands in a configuration with two zones."""
    return (
        f"version 17.9\nzone security LAN\nzone security WAN\n{text}"
        "zone-pair security OUT source LAN destination WAN\n service-policy type inspect LAN-TO-WAN\n"
        "interface GigabitEthernet1\n ip address 192.168.77.1 255.255.255.0\n zone-member security LAN\n"
        "interface GigabitEthernet2\n ip address 203.0.113.2 255.255.255.252\n zone-member security WAN\n"
    )


def opnsense_file(text: str) -> str:
    """The bodies of the calls, as the configuration file keeps them."""
    bodies = [json.loads(shlex.split(line)[7]) for line in text.splitlines() if line.startswith("curl")]

    def elements(body: dict[str, str]) -> str:
        return "".join(f"<{key}>{escape(value)}</{key}>" for key, value in body.items())

    numbers = itertools.count(1)
    aliases = "".join(
        f'<alias uuid="{next(numbers)}">{elements(body["alias"])}</alias>' for body in bodies if "alias" in body
    )
    rules = "".join(
        f'<rule uuid="{number}"><sequence>{number}</sequence>{elements(body["rule"])}</rule>'
        for body in bodies
        if "rule" in body and (number := next(numbers))
    )
    return (
        '<?xml version="1.0"?><opnsense><version>11.2</version><interfaces>'
        "<lan><enable>1</enable><if>em0</if><descr>LAN</descr><ipaddr>192.168.77.1</ipaddr><subnet>24</subnet></lan>"
        "<wan><enable>1</enable><if>em1</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>30</subnet></wan>"
        '</interfaces><OPNsense><Firewall><Alias version="1.0.1"><aliases>'
        f'{aliases}</aliases></Alias><Filter version="1.0.4"><rules>{rules}</rules></Filter></Firewall></OPNsense>'
        "<filter/></opnsense>"
    )


def as_it_is(text: str) -> str:
    return text


FILES: dict[str, tuple[str, Callable[[str], str]]] = {
    "nftables": ("nftables", nftables_file),
    "iptables": ("iptables", iptables_file),
    "asa": ("asa", asa_file),
    "ios": ("ios", ios_file),
    "fortios": ("fortios", as_it_is),
    "panos": ("panos", as_it_is),
    "srx": ("junos", as_it_is),
    "routeros": ("routeros", as_it_is),
    "opnsense": ("opnsense", opnsense_file),
    "meraki": ("meraki", lambda text: text[text.index("{") :]),
}
"""fwshift's name for a dialect, and how its text becomes the file that fwshift reads."""


def policy_of(text: str, dialect: str) -> Policy:
    """The text of a dialect as fwshift reads it."""
    vendor, file = FILES[dialect]
    return load(file(text).encode(), vendor, Reading())


def read(text: str, dialect: str) -> set[Meant]:
    """What fwshift reads in the text of a dialect: everything that passes by a rule with a service."""
    policy = policy_of(text, dialect)
    found = set()
    for rule in policy.rules:
        if rule.services == ["any"]:
            continue  # the product's own default
        assert (rule.enabled, rule.action) == (True, Action.ALLOW), rule
        assert not [reason for reason in rule.unsupported if "is not in the configuration" not in reason], rule
        for name in rule.services:
            for entry in policy.services[name].entries:
                for source in resolved(policy, rule.sources):
                    for destination in resolved(policy, rule.destinations):
                        found.add(Meant(entry.protocol.value, int(entry.dst_ports), source, destination))
    return found


def resolved(policy: Policy, names: list[str]) -> set[str]:
    """The addresses, networks and host names behind the members of a rule."""
    found: set[str] = set()
    for name in names:
        if name in policy.address_groups:
            found |= resolved(policy, policy.address_groups[name].members)
        else:
            value = policy.addresses[name].value if name in policy.addresses else name
            found.add("any" if value == "0.0.0.0/0" else value.removesuffix("/32"))
    return found


TOP_LABEL = st.from_regex(r"[a-z]{2,10}", fullmatch=True)
LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
RULES = st.lists(
    st.builds(
        Rule,
        protocol=st.sampled_from(["udp", "tcp"]),
        port=st.integers(1, 65535),
        host=st.none() | st.builds("{}{}.{}".format, st.sampled_from(["", "*."]), LABEL, TOP_LABEL),
        addresses=st.lists(
            st.ip_addresses(v=4, network="198.51.100.0/24").map(str), min_size=1, max_size=4, unique=True
        ),
        source=st.none() | st.sampled_from(FAR_AWAY),
        idle_s=st.none() | st.integers(11, 90_000),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda rule: (rule.protocol, rule.port),
)


def text_of(rules: list[Rule], dialect: str) -> str:
    changes = [
        Change(checks=["cloud.transport"], needed=True, where="firewall", owner=None, line=rule.line, rules=[rule])
        for rule in rules
    ]
    return render(changes, dialect)


@pytest.mark.fuzz
@pytest.mark.parametrize("dialect", FILES)
def test_a_parser_of_others_reads_what_was_meant(dialect: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(RULES)
    def verify(rules: list[Rule]) -> None:
        assert read(filled_in(text_of(rules, dialect)), dialect) == meant(rules, dialect)

    verify()


@settings(max_examples=40, deadline=None)
@given(RULES)
def test_powershell_reads_one_command_for_each_rule(rules: list[Rule]) -> None:
    text = text_of(rules, "windows")
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(text.encode())
    assert not tree.root_node.has_error
    found = []
    for command in nodes(tree.root_node, "command"):
        words = (command.text or b"").decode().split(" -")
        found.append(dict(word.split(" ", 1) for word in words[1:]))
        assert words[0] == "New-NetFirewallRule"

    assert found == [
        {
            "DisplayName": f"'netpreflight-{number}'",
            "Direction": "Outbound",
            "Action": "Allow",
            "Protocol": rule.protocol.upper(),
            "RemoteAddress": ", ".join(f"'{address}'" for address in rule.addresses),
            "RemotePort": str(rule.port),
        }
        for number, rule in enumerate(rules, 1)
    ]


def nodes(top: tree_sitter.Node, kind: str) -> list[tree_sitter.Node]:
    """Every node of a kind."""
    inner = [found for child in top.children for found in nodes(child, kind)]
    return [top, *inner] if top.type == kind else inner


@settings(max_examples=40, deadline=None)
@given(RULES)
def test_easyrule_is_called_once_for_each_destination(rules: list[Rule]) -> None:
    text = filled_in(text_of(rules, "pfsense"))
    aliases = dict(re.findall(r"^# Before this: .*, name (\w+), host (\S+)$", text, re.MULTILINE))
    commands = [shlex.split(line) for line in text.splitlines() if not line.startswith("#")]

    assert [command[:3] for command in commands] == [["easyrule", "pass", "lan"]] * len(commands)
    assert {
        Meant(command[3], int(command[6]), command[4], aliases.get(command[5], command[5])) for command in commands
    } == meant(rules, "pfsense")


# --- golden files -----------------------------------------------------------------------------------------------


GOLDEN_CHANGES = [
    Change(
        checks=["dns.resolve"], needed=True, where="firewall", owner="network administrator", line="",
        rules=[Rule(protocol="udp", port=53, host=None, addresses=["10.9.0.53"], source="192.168.77.0/24")],
    ),
    Change(
        checks=["cloud.transport"], needed=True, where="firewall", owner="network administrator", line="",
        rules=[
            Rule(protocol="udp", port=5684, host="*.v6.udp.particle.io", addresses=["198.51.100.21", "198.51.100.22"],
                 source="192.168.77.0/24", mac="94:94:4A:00:00:01", idle_s=310),
        ],
    ),
    Change(
        checks=["ntp.reply"], needed=False, where="firewall", owner="network administrator", line="",
        rules=[Rule(protocol="udp", port=123, host="pool.ntp.org", addresses=["198.51.100.123"], source=None)],
    ),
    Change(checks=["portal"], needed=True, where="captive portal", owner=None, line="Let it past the portal."),
]  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_text_is_the_one_that_was_reviewed(dialect: str) -> None:
    assert render(GOLDEN_CHANGES, dialect) == (GOLDEN / f"{dialect}.txt").read_text()


def test_every_reviewed_file_is_of_a_dialect() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(DIALECTS)


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"windows", "unifi", "meraki"}))
def test_the_idle_time_is_set_only_where_the_products_own_is_too_short(dialect: str) -> None:
    short, long = (
        render([msgspec.structs.replace(GOLDEN_CHANGES[1], rules=[idle(seconds)])], dialect) for seconds in (29, 3605)
    )
    numbers = re.compile(r"(?<!\d)(?:3605|1:00:05)(?!\d)")

    assert len(numbers.findall("\n".join(commands(long, dialect)))) == 1
    assert not re.search(r"\b29\b", "\n".join(commands(short, dialect)))


def idle(seconds: int) -> Rule:
    return msgspec.structs.replace(GOLDEN_CHANGES[1].rules[0], idle_s=seconds)


def commands(text: str, dialect: str) -> list[str]:
    """The lines after the head."""
    head = f"{DIALECTS[dialect].comment} "
    lines = text.splitlines()
    neutral = next(number for number, line in enumerate(lines) if line.startswith(f"{head}1: "))
    return lines[neutral + 1 :]


# --- hostile runs -----------------------------------------------------------------------------------------------


BLOCKED = {
    "cloud": Cloud(
        endpoints=[SILENT_ARGON.endpoints[1], seen.photon(Connection(at_s=0.0, error="timeout"))],
    ),
    "coap": SILENT_COAP,
    "ntp": seen.ntp(),
}
_HARMLESS = re.compile(r"[ -~\n]*")


@pytest.mark.parametrize(
    "text", first(4, ["x\nset security", "'; reboot #", '"\nreboot', "$(reboot)", TAGS, *HOSTILE.values()])
)
def test_a_hostile_run_adds_nothing_to_any_text(text: str) -> None:
    hostile = planted(run(**BLOCKED), text, own=False)

    for device in profiles.load_all():
        made = report.make(hostile, device)
        for dialect in DIALECTS:
            printed = render(made.changes, dialect)
            assert raw(printed) == []
            assert _HARMLESS.fullmatch(printed)
            assert text not in printed


@given(st.text(min_size=1), st.sampled_from(["photon", "argon", "generic"]), st.data())
@settings(max_examples=60, deadline=None)
def test_one_hostile_value_leaves_the_rest_as_it_was(text: str, device: str, data: st.DataObject) -> None:
    observed = seen.healthy(**BLOCKED)
    assert observed.dns is not None
    assert observed.cloud is not None
    assert observed.coap is not None
    where = data.draw(st.sampled_from(["lookup", "address", "mask", "host", "scope", "server"]))
    if where == "lookup":
        changed = [
            msgspec.structs.replace(lookup, addresses=[*lookup.addresses, text]) for lookup in observed.dns.lookups
        ]
        observed.dns.lookups = changed
    elif where == "address":
        observed.cloud.endpoints = [
            msgspec.structs.replace(endpoint, address=text) for endpoint in observed.cloud.endpoints
        ]
    elif where == "mask":
        observed.dhcp = seen.lease(mask=text)
    elif where == "host":
        observed.coap.servers = [msgspec.structs.replace(server, host=text) for server in observed.coap.servers]
    elif where == "scope":
        observed.scope.addresses = [text]
    else:
        observed.dhcp = seen.lease(server=text, resolvers=[text])
    saved = msgspec.structs.replace(run(), observations=observed, selection=Selection())
    wanted = report.make(saved, profiles.load(device)).changes

    expected = [rule for change in wanted for rule in change.rules]
    for dialect in FILES:
        printed = render(wanted, dialect)
        assert _HARMLESS.fullmatch(printed)
        assert not expected or read(filled_in(printed), dialect) == meant(expected, dialect)


# --- a stranger's run ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["asa", "fortios", "meraki"])
def test_what_is_told_of_names_is_told_only_where_there_is_one(dialect: str) -> None:
    rule = idle(60)
    named = msgspec.structs.replace(rule, host="cloud.example.com")
    unnamed = msgspec.structs.replace(rule, host=None)

    assert DIALECTS[dialect].name_note in text_of([named], dialect)
    assert DIALECTS[dialect].name_note not in text_of([unnamed], dialect)


@functools.cache
def strangers(mask: str, *, to: str | None = None) -> list[Change]:
    """The changes of a run by somebody else: his lease, and perhaps his word for the cloud's address."""
    observed = seen.healthy(**BLOCKED, dhcp=seen.lease(address="10.1.2.3", mask=mask))
    observed.scope.addresses = []
    assert observed.cloud is not None
    if to is not None:
        observed.cloud.endpoints = [
            msgspec.structs.replace(endpoint, address=to) if endpoint.transport == "tcp-nonce" else endpoint
            for endpoint in observed.cloud.endpoints
        ]
    saved = msgspec.structs.replace(run(), observations=observed, selection=Selection())
    return report.make(saved, profiles.load("photon")).changes


@pytest.mark.parametrize("mask", partly({"255.254.0.0"}, ["255.0.0.0", "255.254.0.0", "192.0.0.0", "255.255.255.255"]))
@pytest.mark.parametrize("dialect", sorted({*DIALECTS} - {"windows"}))
def test_a_source_that_is_too_wide_or_unknown_has_to_be_filled_in(dialect: str, mask: str) -> None:
    made = strangers(mask)
    text = render(made, dialect)
    lines = [line for line in commands(text, dialect) if not line.startswith(DIALECTS[dialect].comment)]

    assert [rule.source for change in made for rule in change.rules] == [None, None]
    assert not re.search(r"\b10\.", text)
    assert not re.search(r"\b(any4?|all|Any)\b", "\n".join(sources(lines, dialect)))
    assert [line for line in lines if "DEVICE-SUBNET" in line]
    assert "FILL IN: DEVICE-SUBNET" in text
    if dialect in FILES:
        assert {found.source for found in read(filled_in(text), dialect)} == {FILLED_IN}
        for rule in policy_of(text, dialect).rules:
            assert rule.unsupported or rule.services == ["any"] or not {*rule.sources} & {"any", "0.0.0.0/0"}


@pytest.mark.parametrize("dialect", sorted({*DIALECTS} - {"windows"}))
def test_a_source_of_the_size_of_a_site_is_written(dialect: str) -> None:
    text = render(strangers("255.255.0.0"), dialect)

    assert re.search(r"10\.1\.0\.0(/16|[ ,]255\.255\.0\.0|[ ,]0\.0\.255\.255)", "\n".join(commands(text, dialect)))
    assert "DEVICE-SUBNET" not in text


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "to",
    partly(
        {"10.9.9.9", seen.PHOTON_ADDRESS},
        ["10.9.9.9", "192.168.1.1", "172.16.0.9", "100.64.3.3", seen.PHOTON_ADDRESS],
    ),
)
def test_a_public_name_has_no_private_destination(dialect: str, to: str) -> None:
    text = render(strangers("255.255.255.0", to=to), dialect)

    assert (to in text) == (to == seen.PHOTON_ADDRESS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_address_is_said_to_be_not_verified(dialect: str) -> None:
    made = strangers("255.255.255.0")
    text = render(made, dialect)

    comment = DIALECTS[dialect].comment
    told = [line for line in text.splitlines() if line.startswith(comment) and "not verified" in line]
    for rule in (rule for change in made for rule in change.rules):
        assert [line for line in told if all(value in line for value in (*rule.addresses, rule.source or ""))]
    assert len(told) == sum(len(change.rules) for change in made) > 0


@pytest.mark.parametrize("dialect", KNOWS_NAMES)
def test_a_product_that_takes_names_gets_the_name_and_no_address(dialect: str) -> None:
    rules = [rule for change in strangers("255.255.255.0") for rule in change.rules if rule.host]
    assert {rule.host for rule in rules} == {"device.spark.io", "pool.ntp.org"}
    lines = "\n".join([*DIALECTS[dialect].lines(rules)])

    for rule in rules:
        assert str(rule.host) in lines
        assert not [address for address in rule.addresses if address in lines]


def sources(lines: list[str], dialect: str) -> list[str]:
    """The lines that say where the traffic comes from, each up to what follows."""
    if dialect == "fortios":
        return [line for line in lines if "srcaddr" in line]
    if dialect == "meraki":
        return [line for line in lines if "srcCidr" in line]
    if dialect == "unifi":
        return [line.partition(";")[0] for line in lines if line.startswith("Source:")]
    if dialect == "opnsense":
        return re.findall(r'"source_net": "[^"]*"', "\n".join(lines))
    if dialect == "panos":
        return re.findall(r"source \S+", "\n".join(lines))
    if dialect == "ios":
        return [line for line in lines if line.startswith(" permit")]
    return [line for line in lines if not line.startswith(DIALECTS[dialect].comment)]


# --- the command ------------------------------------------------------------------------------------------------


@functools.cache
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_command_prints_the_text_for_a_saved_run(tmp_path: Path, dialect: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(failing())
    ran = cli("rules", str(file), "--for", dialect, "--device", "photon")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "5683" in ran.stdout
    assert "device.spark.io" in ran.stdout
    loaded, _ = report.load(file)
    assert ran.stdout == render(report.make(loaded, profiles.load("photon")).changes, dialect)


def test_nothing_blocked_is_said_and_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(SAVED)
    ran = cli("rules", str(file), "--for", "asa")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "! Nothing was found that has to be changed, unless a page ever asked to sign in: there is no rule to add.\n"
    )


def test_an_unknown_dialect_is_refused_with_the_list(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(SAVED)

    refused("rules", str(file), "--for", "checkpoint\x1b[31m", says=("checkpoint", *DIALECTS))
    refused("rules", str(file), says=("--for",))
    refused("rules", str(tmp_path / "missing.json"), "--for", "pf", says=("missing.json",))
    refused("rules", str(file), "--for", "pf", "--device", "fridge", says=("fridge", "photon"))


def test_the_help_names_every_dialect() -> None:
    helped = " ".join(cli("rules", "--help").stdout.split())

    assert all(re.search(rf"\b{dialect}\b", helped) for dialect in DIALECTS)


def test_the_report_tells_the_change_and_where_to_get_the_text() -> None:
    made: Any = report.make(msgspec.structs.replace(run(**BLOCKED), selection=Selection()), profiles.load("photon"))

    text = " ".join(FORMATS[".txt"](made).split())
    assert made.changes[0].rules[0].line in text
    assert made.enough.sentence in text
    assert "(not needed to get online)" in text
    assert json.loads(FORMATS[".json"](made))["changes"][0]["rules"][0]["port"] == 5683
    healthy = FORMATS[".txt"](
        report.make(msgspec.structs.replace(run(), selection=Selection()), profiles.load("photon"))
    )
    assert "The change" not in healthy


@pytest.mark.more
@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_a_report_holds_the_texts_that_were_asked_for_line_by_line(tmp_path: Path, dialect: str) -> None:
    file, written = tmp_path / "run.json", tmp_path / "run.txt"
    file.write_text(failing())

    ran = cli("report", str(file), "--device", "photon", "--for", dialect, "--for", dialect, "-o", str(written))

    text = cli("rules", str(file), "--device", "photon", "--for", dialect).stdout
    assert text.count("\n") > 2
    assert ran.stdout.count(text) == 1, "once, and no line of it broken"
    assert written.read_text().count(text) == 1
    assert "As text for one product" not in ran.stdout


def test_an_unknown_product_is_refused_before_the_run(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(SAVED)

    refused("report", str(file), "--for", "checkpoint", says=("checkpoint", *DIALECTS))
    refused("check", "--for", "checkpoint", says=("checkpoint", *DIALECTS))
