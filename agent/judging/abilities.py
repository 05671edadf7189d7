"""Judging this laptop before a run: what it can and cannot measure, and how to unlock what is missing (`doctor`).

The obstacles, with their reasons and steps, are those that a run uses (`Laptop.obstacles`, `Laptop.wifi`), so `doctor`
and the checks of a run say the same. Which checks need an ability follows from the plan and from the checks' rows.
"""

from collections.abc import Callable, Collection

from netpreflight.agent.judging.registry import CHECKS, Row
from netpreflight.agent.judging.unseen import CONNECT
from netpreflight.agent.plan import PROBES
from netpreflight.agent.results import Ability, AbilityState
from netpreflight.agent.sentences import capitalised
from netpreflight.probes.observations import Laptop, Obstacle, Package, Scope
from netpreflight.probes.quoting import in_quotes

LEAST_BYTES, ENOUGH_BYTES = 1_000_000, 50_000_000
"""Free disk space: any report is smaller than `LEAST_BYTES`; `ENOUGH_BYTES` leaves room for captures and many runs."""
_GRANTED_BY = {
    "nl80211": "the kernel lets this process scan (nl80211)",
    "wpa_supplicant": "wpa_supplicant lets this user scan",
    "networkmanager": "NetworkManager scans for this user",
    "monitor": "the interface in monitor mode is listened to",
    "windows": "Windows has a Wi-Fi adapter",
    "macos": "macOS has a Wi-Fi interface",
}
"""Why a Wi-Fi scan is possible, keyed by `Wifi.source`."""
_TRY_SCAN = "Run netpreflight check --only wifi: it says whether the scan was allowed, and how to allow it."
_GIVE_CAPTURE = "Give a capture (--capture FILE), made beside the access point with any tool."


def abilities(laptop: Laptop) -> list[Ability]:
    """Judge each ability that a run uses: whether this laptop has it, why, and how to unlock it."""
    return [_judged(ability, laptop) for ability in JUDGES]


def _judged(ability: str, laptop: Laptop) -> Ability:
    """Judge one ability. An exception in its judge makes this row "no", and leaves the other rows alone."""
    try:
        return JUDGES[ability](laptop)
    except Exception as fault:  # noqa: BLE001 - the judge of a check is guarded the same way
        why = f"netpreflight failed here: {type(fault).__name__}: {fault}"
        return _row(ability, (), "no", why, "Attach this text to a ticket for its developers.")


def _checks(meets: Callable[[Row], bool]) -> list[str]:
    """The ids of the checks whose rows meet a condition."""
    return [row.id for row in CHECKS.values() if meets(row)]


def _checks_of_probes(*names: str) -> list[str]:
    """The checks that need at least one of these probes."""
    return _checks(lambda row: bool({*names} & {*row.probes}))


def _checks_needing(*needs: str) -> list[str]:
    """The checks with a probe that needs at least one of `needs` from the laptop (its link, its route, …)."""
    return _checks_of_probes(*(probe.name for probe in PROBES if probe.needs in needs))


def _needs_lease(row: Row) -> bool:
    return row.needs_lease


_OVER_UDP = (
    "over UDP port 68: a firewall on this laptop may drop what servers broadcast, and netpreflight does not ask by ARP "
    "whether another host has the address"
)
"""Ends the sentence of `dhcp-exchange` where DHCP does not go over raw sockets."""
_REST_ON_LINUX = (
    "A run needs no change to this laptop. What it cannot see from here, it sees from a Linux laptop in the same "
    "network."
)


def _row(ability: str, checks: Collection[str], state: AbilityState, why: str, unlock: str | None = None) -> Ability:
    return Ability(
        id=ability,
        state=state,
        checks=list(checks),
        why=capitalised(why).rstrip("."),
        unlock=None if state == "yes" else unlock,
    )


def _by_obstacle(ability: str, checks: Collection[str], obstacle: Obstacle | None, why_yes: str) -> Ability:
    """The row of an ability that only an obstacle takes away; `why_yes`: the reason where there is none."""
    if obstacle is None:
        return _row(ability, checks, "yes", why_yes)
    return _row(ability, checks, "no", obstacle.reason, obstacle.step or CONNECT)


def _network(laptop: Laptop) -> Ability:
    scope = laptop.scope
    return _by_obstacle(
        "network",
        _checks_needing("link", "resolvers", "route"),
        laptop.obstacles.get("link") or laptop.obstacles.get("route"),
        f"the interface {scope.interface} is up, with an IPv4 address and a default route",
    )


def _raw_sockets(laptop: Laptop) -> Ability:
    checks, obstacle = _checks(_needs_lease), laptop.obstacles.get("exchange")
    if obstacle is None and not laptop.scope.privileges.raw_sockets:
        return _row("raw-sockets", checks, "yes", "none are needed for DHCP on this system: it goes over UDP port 68")
    if obstacle is None:
        return _row("raw-sockets", checks, "yes", "this process may open raw sockets")
    why = f"this process may open no raw sockets: {obstacle.reason}"
    return _row("raw-sockets", checks, "no", why, obstacle.step or CONNECT)


def _exchange(laptop: Laptop) -> Ability:
    obstacle = laptop.obstacles.get("link") or laptop.obstacles.get("exchange")
    row = _by_obstacle(
        "dhcp-exchange",
        _checks(_needs_lease),
        obstacle,
        "a lease is asked for as an unknown device, and given back",
    )
    if obstacle is None and not laptop.scope.privileges.raw_sockets:
        return _row(row.id, row.checks, "limited", f"{row.why}, {_OVER_UDP}", _REST_ON_LINUX)
    if obstacle is None or laptop.lease is None:
        return row
    return _row(
        row.id,
        row.checks,
        row.state,
        f"{row.why}; the lease that {laptop.lease.source} holds is read instead, which does not show what an unknown "
        "device is given",
        row.unlock,
    )


def _wifi_scan(laptop: Laptop) -> Ability:
    air, checks = laptop.wifi, _checks_of_probes("wifi")
    limits = ". ".join(air.limits)
    if air.source is None:
        return _row("wifi-scan", checks, "no", limits or "nothing on this laptop can look at the air", air.unlocked_by)
    if not air.triggered:
        return _row("wifi-scan", checks, "limited", limits, air.unlocked_by or _TRY_SCAN)
    if air.unlocked_by:
        return _row("wifi-scan", checks, "limited", limits, air.unlocked_by)
    granted = _GRANTED_BY.get(air.source, air.source)
    return _row("wifi-scan", checks, "yes", ". ".join([granted, *air.limits]))


def _monitor_mode(laptop: Laptop) -> Ability:
    air, checks = laptop.wifi, _checks_of_probes("wifi")
    state_without: AbilityState = "limited" if air.source else "no"
    step = laptop.steps.get("monitor")
    if laptop.listening:
        why = f"the interface {laptop.listening[0]} is in monitor mode"
        if (obstacle := laptop.obstacles.get("listen")) is None:
            return _row("monitor-mode", checks, "yes", why)
        return _row("monitor-mode", checks, state_without, f"{why}; {obstacle.reason}", obstacle.step)
    if step is None:
        why = "netpreflight cannot use monitor mode on this system; a capture made by another program shows the same"
        return _row("monitor-mode", checks, state_without, why, _GIVE_CAPTURE)
    if air.interface is None:
        why, step = "there is no radio that could be put in monitor mode", air.unlocked_by or _TRY_SCAN
    else:
        why = "no interface is in monitor mode, so netpreflight scans, and does not capture frames"
        step = step.replace("{interface}", air.interface)
    return _row("monitor-mode", checks, state_without, why, step)


def _join(laptop: Laptop) -> Ability:
    air, checks, obstacle = laptop.wifi, _checks_of_probes("join"), laptop.obstacles.get("station")
    if never := laptop.obstacles.get("join"):
        return _row("join", checks, "no", never.reason, never.step)
    if air.source is None:
        return _row("join", checks, "no", "no radio of this laptop can be used", air.unlocked_by or _TRY_SCAN)
    if obstacle is not None:
        why = f"{obstacle.reason}; where NetworkManager runs, it can join with the device's MAC address only"
        return _row("join", checks, "limited", why, obstacle.step or CONNECT)
    why = "with --as device, a separate station joins over this laptop's radio; the laptop is off its Wi-Fi meanwhile"
    return _row("join", checks, "yes", why)


def _icmp_errors(laptop: Laptop) -> Ability:
    checks = _checks(lambda row: row.locates)
    of_tcp, of_udp, unnamed = (laptop.obstacles.get(f"trace-{what}") for what in ("tcp", "udp", "udp-senders"))
    if of_tcp is None and of_udp is not None:
        why = f"for devices that reach the cloud over TCP, a run sees where packets are lost; {of_udp.reason}"
        return _row("icmp-errors", checks, "limited", why, of_udp.step)
    if of_tcp is None and unnamed is not None:
        return _row("icmp-errors", checks, "limited", unnamed.reason, unnamed.step)
    return _by_obstacle("icmp-errors", checks, of_tcp, "this system tells which router dropped a packet")


def _vpn(laptop: Laptop) -> Ability:
    scope, checks = laptop.scope, _checks_needing("resolvers", "route")
    note = on_vpn(scope)
    if scope.is_tunnel:
        why = f"the interface {scope.interface} is a tunnel: this is not what a device on the LAN sees"
        return _row("vpn", checks, "limited", why, "Disconnect it, or name another interface (--interface IF).")
    if scope.vpn is None:
        return _row("vpn", checks, "yes", note or "no VPN carries this laptop's traffic")
    step = f"Disconnect the VPN {in_quotes(scope.vpn)}, and run netpreflight again."
    return _row("vpn", checks, "no" if scope.gateway is None else "limited", note or "", step)


def _proxy(laptop: Laptop) -> Ability:
    scope, checks = laptop.scope, _checks_needing("route")
    note = on_proxy(scope)
    if note is None:
        return _row("proxy", checks, "yes", "no proxy is set")
    names = " ".join(proxy.variable for proxy in scope.proxy)
    step = laptop.steps.get("proxy", "Nothing has to change for a run.").replace("{names}", names)
    return _row("proxy", checks, "limited", note, step)


def _own_resolver(laptop: Laptop) -> Ability:
    scope, checks = laptop.scope, _checks_of_probes("dns")
    own_resolvers = ", ".join(dict.fromkeys(resolver.address for resolver in scope.resolvers)) or "none"
    exchange = laptop.obstacles.get("exchange")
    if link := laptop.obstacles.get("link"):
        return _row("own-resolver", checks, "no", link.reason, link.step or CONNECT)
    if exchange is None:
        why = f"the resolvers that DHCP hands out are asked, and not this laptop's own ({own_resolvers})"
        return _row("own-resolver", checks, "yes", why)
    if laptop.lease is not None and laptop.lease.resolvers:
        why = f"the resolvers of the lease that {laptop.lease.source} holds are asked"
        return _row("own-resolver", checks, "yes", f"{why}, and not this laptop's own ({own_resolvers})")
    asked_instead = ", ".join(scope.own_resolvers())
    in_their_place = (
        f"this laptop's own are asked ({asked_instead})" if asked_instead else "there is none to ask in their place"
    )
    unknown = f"the resolvers that DHCP hands out are not known ({exchange.reason})"
    why = f"{unknown}; where no DHCP server names a resolver, {in_their_place}"
    return _row("own-resolver", checks, "limited", why, exchange.step or CONNECT)


def _own_firewall(laptop: Laptop) -> Ability:
    checks, dropping = _checks(lambda row: row.needs_lease or row.locates), laptop.dropping
    reads_before = laptop.scope.privileges.raw_sockets
    of_offers = (
        "an OFFER by broadcast is read before this laptop's firewall can drop it"
        if reads_before
        else "an answer by broadcast may be dropped by a firewall of this laptop"
    )
    look_at_settings = "Look at this laptop's own firewall in its settings."
    if obstacle := laptop.obstacles.get("firewall"):
        return _row(
            "own-firewall", checks, "limited", f"{obstacle.reason}; {of_offers}", obstacle.step or look_at_settings
        )
    if not dropping:
        return _row("own-firewall", checks, "yes", "no rule of this laptop drops what arrives")
    of_icmp = "ICMP errors are not" if reads_before else "so may ICMP errors"
    why = f"this laptop's own firewall may drop what arrives ({', '.join(dropping)}); {of_offers}, and {of_icmp}"
    return _row("own-firewall", checks, "limited", why, laptop.steps.get("firewall", look_at_settings))


def _clock(laptop: Laptop) -> Ability:
    checks, set_clock = _checks_of_probes("ntp"), laptop.steps.get("clock", "Set the clock.")
    if laptop.clock_behind:
        why = "the clock shows a time before this copy of netpreflight was written"
        return _row("clock", checks, "limited", why, set_clock)
    if laptop.synchronised is None:
        why = "this system does not say whether its clock is synchronised"
        return _row("clock", checks, "limited", why, "Compare the clock with another one.")
    if not laptop.synchronised:
        return _row("clock", checks, "limited", "the system says that its clock is not synchronised", set_clock)
    return _row("clock", checks, "yes", "the system says that its clock is synchronised")


def _python(laptop: Laptop) -> Ability:
    return _row("python", CHECKS, "yes", f"Python {laptop.python}")


def _packages(laptop: Laptop) -> Ability:
    missing = [package.name for package in laptop.packages if package.version is None]
    old = [package for package in laptop.packages if _is_older(package)]
    step = laptop.steps.get(
        "packages", "Set up again: delete the folder .venv of the checkout, and run ./netpreflight."
    )
    if missing:
        return _row("packages", CHECKS, "no", f"not installed: {', '.join(missing)}", step)
    if old:
        too_old = ", ".join(f"{package.name} {package.version} (at least {package.least})" for package in old)
        return _row("packages", CHECKS, "limited", f"too old: {too_old}", step)
    if not laptop.packages:
        return _row("packages", CHECKS, "limited", "which packages this copy needs is not known", step)
    versions = ", ".join(f"{package.name} {package.version}" for package in laptop.packages)
    return _row("packages", CHECKS, "yes", f"installed: {versions}")


def _is_older(package: Package) -> bool:
    """Whether a package is older than the oldest version that will do."""
    return package.version is not None and _numbers(package.version) < _numbers(package.least)


def _numbers(version: str) -> list[int]:
    """The numbers at the beginning of a version, up to the first part that is not a number."""
    found = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        found.append(int(part))
    return found


def _disk(laptop: Laptop) -> Ability:
    free = laptop.free_bytes
    step = "Free some space, or change to another folder: -o FILE can be in any folder."
    if free is None:
        return _row("disk", (), "limited", "how much space the current folder has is not known", step)
    megabytes = f"{free // 1_000_000} MB"
    if free < LEAST_BYTES:
        return _row("disk", (), "no", f"the current folder has no room for a report ({megabytes} free)", step)
    kept = f"; runs are kept in {laptop.kept_in}" if laptop.kept_in else ""
    return _row("disk", (), "yes" if free >= ENOUGH_BYTES else "limited", f"{megabytes} free{kept}", step)


def _country(laptop: Laptop) -> Ability:
    air, checks = laptop.wifi, _checks(lambda row: "country-not-set" in row.problems)
    country = air.regulatory_country
    if country is not None and country.isalpha():
        return _row("country", checks, "yes", f"the radio keeps to the rules of {country}")
    step = laptop.steps.get("country")
    if air.source is None or step is None:
        why = "no radio says which country's rules it keeps to"
        return _row("country", checks, "limited", why, air.unlocked_by or (_GIVE_CAPTURE if air.source else _TRY_SCAN))
    why = "the radio keeps to no country's rules, so it may be unable to listen on every channel of a device"
    return _row("country", checks, "limited", why, step)


JUDGES: dict[str, Callable[[Laptop], Ability]] = {
    "network": _network,
    "raw-sockets": _raw_sockets,
    "dhcp-exchange": _exchange,
    "wifi-scan": _wifi_scan,
    "monitor-mode": _monitor_mode,
    "join": _join,
    "icmp-errors": _icmp_errors,
    "vpn": _vpn,
    "proxy": _proxy,
    "own-resolver": _own_resolver,
    "own-firewall": _own_firewall,
    "clock": _clock,
    "country": _country,
    "python": _python,
    "packages": _packages,
    "disk": _disk,
}
"""The judge of each ability, keyed by the ability's id, in the order in which the rows are shown."""


def on_vpn(scope: Scope) -> str | None:
    """What a VPN or tunnel means for a run; None: there is none."""
    vpn = in_quotes(scope.vpn or "")
    if scope.vpn and scope.gateway is None:
        return (
            f"A VPN ({vpn}) has taken the default route from {scope.interface}, so nothing beyond the LAN can "
            "be measured. Disconnect the VPN, and run netpreflight again."
        )
    if scope.vpn:
        return f"A VPN ({vpn}) carries this laptop's traffic; netpreflight measures {scope.interface} without it."
    if scope.tunnels and scope.interface not in scope.tunnels:
        tunnels = ", ".join(map(in_quotes, scope.tunnels))
        return f"A tunnel is up ({tunnels}); netpreflight measures {scope.interface} without it."
    return None


def on_proxy(scope: Scope) -> str | None:
    """What a proxy means for a run; None: there is none."""
    if not scope.proxy:
        return None
    proxies = ", ".join(f"{proxy.variable}={proxy.value}" for proxy in scope.proxy)
    return f"This laptop uses a proxy ({proxies}); nothing is sent through it, and a device could not use it."
