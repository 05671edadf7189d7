"""Reports and comparisons to open: usual ones, hostile ones, and those with names as wide and long as they can be."""

from collections.abc import Callable

from msgspec.structs import replace

from netpreflight.agent import profiles, report
from netpreflight.agent.compare import Comparison, compare
from netpreflight.agent.report import Report
from netpreflight.probes.observations import Cloud, Icmp, Path, PathTarget, Wifi
from tests.unit import four, seen
from tests.unit.four import air, made, run_of, silent
from tests.unit.hostile import planted
from tests.unit.seen import ARGON_ADDRESS, ARGON_NAME, COAP_ADDRESSES, GATEWAY
from tests.unit.seen_ladders import ladder
from tests.unit.two_runs import blocked, compared, given_as, later, phone, site

WIDE = ("W" * 32, "\u01c4" * 16, "\u7121\u7dda\u5b50\u6a5f" * 2 + "\u7121\u7dda", "\U0001f4f6" * 8, "\u2014" * 10)
"""SSIDs of up to 32 bytes: Latin, a double letter, Han, emoji, dashes. (Without a font, each is a box as wide.)"""
NAME = "W" * 64
HOST = ".".join(["w" * 61] * 4) + ".local"


def wide_air() -> Wifi:
    """Our access point and its neighbours, with the widest names."""
    ours, *others = (
        seen.bss(1 + 3 * number, ssid=name, bssid=f"02:00:00:00:01:{number:02x}", signal_dbm=-50.0 - number)
        for number, name in enumerate(WIDE)
    )
    return air(ours, *others, target=WIDE[0])


def lost(host: str, *rungs: str | None, way: tuple[str, ...]) -> Path:
    """The device's port gets as far as `rungs`; other ports pass the whole way."""
    far = [*way, f"!{ARGON_ADDRESS} RST"]
    target = PathTarget(
        host=host,
        address=ARGON_ADDRESS,
        device=ladder("udp 5684", *rungs, *[None] * (len(far) - len(rungs))),
        controls=[ladder("udp 53", *way, Icmp(type=3, code=3, source=ARGON_ADDRESS)), ladder("tcp 443", *far)],
    )
    return Path(started_s=11.0, duration_s=3.6, targets=[target])


def lost_at_once() -> Report:
    """UDP 5684 passes the gateway and no provider's router: three steps before the Internet."""
    return made(
        run_of(
            cloud=Cloud(endpoints=[seen.photon(seen.NONCE), seen.argon(*silent(ARGON_ADDRESS, 5684))]),
            path=lost(ARGON_NAME, GATEWAY, way=(GATEWAY, "100.64.0.1", "203.0.113.5")),
        ),
        "photon2",
    )


def far_away() -> Report:
    """As many stations as are drawn, and the widest names at each."""
    way = (GATEWAY, *(f"10.20.{number}.1" for number in range(6)), "203.0.113.1", "203.0.113.5")
    found = made(
        run_of(
            wifi=wide_air(),
            cloud=Cloud(endpoints=[seen.argon(*silent(ARGON_ADDRESS, 5684))]),
            path=lost(ARGON_NAME, *way[:3], way=way),
        ),
        "photon2",
    )
    route = [
        replace(station, detail=[*station.detail, *(WIDE[0], HOST, NAME)], title=station.title)
        for station in found.route
    ]
    return replace(found, route=route)


def everything_fails() -> Report:
    """Nothing works, for the device that needs every check, and it has a name of 64 characters."""
    dhcp = seen.dhcp(*(seen.message(server=server, address=None, routers=[]) for server in (GATEWAY, "192.168.1.1")))
    run = run_of(
        wifi=wide_air(),
        dhcp=dhcp,
        dns=seen.dns(default="SERVFAIL"),
        ntp=seen.ntp(),
        portal=seen.portal({"status": 302, "location": f"http://{HOST}/{NAME}", "body": NAME}),
        coap=seen.coap(silent(COAP_ADDRESSES[0], 5683)),
        cloud=Cloud(endpoints=[seen.photon(), seen.argon(*silent(ARGON_ADDRESS, 5684))]),
    )
    generic = profiles.load("generic")
    return report.make(run, replace(generic, title=NAME))


def long_names() -> Report:
    """A name of 64 wide characters in every field that a network or a saved report could have filled."""
    run = planted(run_of(wifi=wide_air(), dhcp=seen.lease(domain=HOST)), NAME, own=False)
    return made(run, "photon2")


REPORTS: dict[str, Callable[[], Report]] = {
    **four.FOUR,
    "hostile": four.hostile,
    "crowded": lambda: four.crowded(10_000),
    "lost-at-once": lost_at_once,
    "far-away": far_away,
    "everything-fails": everything_fails,
    "long-names": long_names,
}


def hostile_comparison() -> Comparison:
    """A comparison of a run with hostile text in every field, by a file that is named like it."""
    a = planted(site(cloud=blocked()), four.HOSTILE, own=True)
    given = replace(given_as("A", a), file=four.HOSTILE)
    return compare(given, given_as("B", phone()), profiles.load("argon"))


def two_long_names() -> Comparison:
    """Two networks with the widest names, from files with the longest names, of which one stops everything."""
    a = site(wifi=wide_air(), dns=seen.dns(default="SERVFAIL"), ntp=seen.ntp(), coap=seen.SILENT_COAP)
    a.scope.ssid = WIDE[0]
    b = phone(wifi=seen.wifi(seen.bss(ssid=WIDE[1]), target=WIDE[1]))
    b.scope.ssid = WIDE[1]
    argon = replace(profiles.load("argon"), title=NAME)
    first, second = given_as("A", a), given_as("B", b)
    return compare(replace(first, file=f"{NAME}.json"), replace(second, file=f"{HOST}.json"), argon)


COMPARISONS: dict[str, Callable[[], Comparison]] = {
    "hotspot": lambda: compared(site(cloud=blocked()), phone(), second=later(10)),
    "before-and-after": lambda: compared(site(cloud=blocked()), site({"os": "win32"}, dhcp=None), second=later(10)),
    "hostile": hostile_comparison,
    "long-names": two_long_names,
}
