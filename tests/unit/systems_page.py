"""docs/systems.md: what each check can show on each system, as an ordinary user and with privileges.

It is what `netpreflight doctor` would say (`abilities`) on a laptop of each kind that lacks nothing else.
`.venv/bin/python -m tests.unit.systems_page` writes the page anew, after a change of what decides that.
"""

import textwrap
from collections.abc import Iterator
from pathlib import Path

from netpreflight.agent.judging.abilities import abilities
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.results import Ability, AbilityState
from netpreflight.agent.selection import in_groups
from netpreflight.probes import obstacles
from netpreflight.probes.observations import Laptop, Lease, Package, Privileges, Resolver, Scope, Wifi
from netpreflight.systems import system
from netpreflight.systems.interface import System

PAGE = Path(__file__).parents[2] / "docs" / "systems.md"
_WIDTH = 120
_SYSTEMS = {
    "linux": ("Linux", Wifi(source="nl80211", interface="wlan0", triggered=True, regulatory_country="DE")),
    "win32": ("Windows", Wifi(source="windows", interface="Wi-Fi", triggered=True)),
    "darwin": ("macOS", Wifi(source="macos", interface="en0", triggered=True, regulatory_country="DE")),
}
"""By each platform, its name, and what a survey gives at best."""
_HEAD = """\
# What can be measured on which system

What `netpreflight doctor` says of each check on a laptop that lacks nothing else: its interface is up, it has a lease,
a radio that may be used, and no VPN or proxy; as root on Linux, an interface in monitor mode. On your own laptop, it
goes by what it finds there ([doctor](doctor.md)). Nothing has run on a real Windows or macOS machine yet.

* **yes:** the check can be made.
* **limited:** it can be made, but shows less, or something has to be looked at. The number is that of the step below.
* **no:** what it rests on cannot be measured, so it is `unknown`, or a `warn` that says what it rests on instead.
  `path.egress` passes all the same where the device's port is answered: then nothing on the path drops it.

"""
_BESIDE = """
## Beside the checks

What a run does for others on each system, and how well its answers are guarded.

"""
_STEPS_BESIDE = """
* **Another host with the address:** where nobody is asked, `dhcp.lease` passes without that, and its evidence says so.
  Run netpreflight as root on a Linux laptop in the same network.
* **Forged answers:** where a run cannot watch this laptop's ports, it asks again from random ports if an answer may be
  forged. If that does not settle it, the check is `unknown`, and says to run netpreflight as root on a Linux laptop.
* **A cloud of this subnet:** where that is not noticed, its silence is judged as any other: `cloud.transport` then
  asks for the port to be allowed, or is `unknown`. Run netpreflight on a Linux laptop in the same network.
* **Rights:** where they are not given up, start netpreflight as an ordinary user, unless the table above shows that the
  rights are needed.
* **A lease after a kill:** Ctrl-C and closing the window give it back on every system. Where only a kill leaves it
  behind, it ends with its time; nothing has to be done.
"""
_WORST_FIRST: tuple[AbilityState, ...] = ("no", "limited", "yes")


def laptops() -> Iterator[tuple[str, Laptop]]:
    """A laptop of each kind, and what it is called."""
    for platform, (name, air) in _SYSTEMS.items():
        for is_privileged in (False, True):
            here = system(platform)
            user = here.privileged_user if is_privileged else "user"
            yield f"{name}, {user}", _laptop(here, air, is_privileged=is_privileged)


def _laptop(here: System, air: Wifi, *, is_privileged: bool) -> Laptop:
    """One that lacks nothing that this system gives this user."""
    scope = Scope(
        interface=air.interface,
        state="up",
        addresses=["192.168.77.10/24"],
        gateway="192.168.77.1",
        resolvers=[Resolver(address="192.168.77.1", source="dhcp", interface=air.interface)],
        privileges=Privileges(
            user=here.privileged_user if is_privileged else "ordinary user",
            raw_sockets=is_privileged and here.has_packet_sockets,
        ),
        os=here.name,
    )
    dropping: list[str] | None = [] if is_privileged and here.shows_firewall else None
    is_told = is_privileged or not here.tells_icmp_errors_to_root_only
    tells_time = type(here).is_synchronised is not System.is_synchronised
    return Laptop(
        scope=scope,
        obstacles=obstacles.of(scope, dropping, here.tells_icmp_errors if is_told else ()),
        steps=dict(here.steps),
        wifi=air,
        listening=["mon0"] if is_privileged and "monitor" in here.steps else [],
        lease=Lease(source="its DHCP client", address="192.168.77.10", resolvers=["192.168.77.1"]),
        dropping=dropping,
        synchronised=True if tells_time else None,
        free_bytes=10**9,
        packages=[Package(name="dnspython", least="2.7", version="2.7.0")],
    )


def beside(here: System, laptop: Laptop) -> dict[str, str]:
    """What a run does on a laptop beside the checks: what is in each row of the second table."""
    transport, kind = obstacles.lease_transport(laptop.scope), type(here)
    is_privileged = laptop.scope.privileges.user == here.privileged_user
    gives_up = kind.may_give_up_privileges is not System.may_give_up_privileges
    no_lease = "no lease is asked for"
    watched = "counts what comes to closed ports" if kind.closed_ports is not System.closed_ports else "no"
    if laptop.scope.privileges.raw_sockets:
        watched = "watches each port"
    has_helper = "yes" if is_privileged and gives_up else "no"
    is_by_mode = kind.create_private is System.create_private
    return {
        "asks by ARP whether another host has the address that is offered": {"raw": "yes", "udp": "no"}.get(
            transport or "", no_lease
        ),
        "notices who sends to ports of this laptop that asked nothing": watched,
        "notices that nobody answers ARP for a cloud of its own subnet": "no"
        if kind.arp_answers is System.arp_answers
        else "yes",
        "gives its rights up before it reads from the network": has_helper if is_privileged else "has none",
        "gives a lease back after it was killed": has_helper if transport else no_lease,
        "tells the laptop's sleep from an outage (watch)": "no" if kind.uptime is System.uptime else "yes",
        "keeps others from reading a complete report": "by its mode (0600)"
        if is_by_mode
        else "by an access control list",
    }


def generated() -> str:
    """The page, as Markdown."""
    columns = {name: abilities(laptop) for name, laptop in laptops()}
    steps: dict[str, int] = {}
    rows: dict[tuple[str, ...], list[str]] = {}
    for check_id in CHECKS:
        cells = tuple(_cell([row for row in found if check_id in row.checks], steps) for found in columns.values())
        rows.setdefault(cells, []).append(check_id)
    table = [["checks", *columns], ["---"] * (1 + len(columns))]
    table += [[", ".join(f"`{name}`" for name in in_groups(ids).split(", ")), *cells] for cells, ids in rows.items()]
    lines = [f"| {' | '.join(row)} |" for row in table]
    for step, number in steps.items():
        indent = " " * len(f"{number}. ")
        text = f"{number}. {step}".replace(">", r"\>")  # at the start of a line it would begin a quotation
        lines += ["", *textwrap.wrap(text, _WIDTH, subsequent_indent=indent, break_on_hyphens=False)]
    return _HEAD + "\n".join(lines) + "\n" + _BESIDE + _table_beside() + _STEPS_BESIDE


def _table_beside() -> str:
    """The second table."""
    found = {name: beside(system(laptop.scope.os), laptop) for name, laptop in laptops()}
    table = [["a run", *found], ["---"] * (1 + len(found))]
    table += [[what, *(each[what] for each in found.values())] for what in next(iter(found.values()))]
    return "".join(f"| {' | '.join(row)} |\n" for row in table)


def _cell(found: list[Ability], steps: dict[str, int]) -> str:
    """What a check can show, by the abilities that it rests on; the steps of the worst are numbered in `steps`."""
    state = next(state for state in _WORST_FIRST if any(row.state == state for row in found))
    if state == "yes":
        return state
    needed: dict[str | None, str] = {}
    for row in found:
        if row.state == state:
            needed.setdefault(row.unlock, f"`{row.id}`: {row.why}. {row.unlock}")
    numbers = [steps.setdefault(step, len(steps) + 1) for step in needed.values()]
    return f"{state} {', '.join(map(str, sorted(numbers)))}"


if __name__ == "__main__":
    PAGE.write_text(generated(), encoding="utf-8")
