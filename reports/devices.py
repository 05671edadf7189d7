"""The device profiles for a terminal: the list of known devices, or all facts of one device with their sources."""

import textwrap
from collections.abc import Iterator
from typing import Any

from netpreflight.agent.profiles import Fact, Sheet
from netpreflight.agent.profiles.facts import CheckNeeds
from netpreflight.reports.safe_text import shown

NARROWEST = 40
"""The least columns for which lines are broken; a narrower terminal breaks them again itself."""
WIDEST = 120
"""The most columns for which lines are broken; longer lines are hard to read."""
_TITLES = {
    "": "Address",
    "radio": "Radio",
    "dhcp": "DHCP",
    "dns": "DNS",
    "cloud": "Cloud",
    "internet_test": "Internet Test",
    "startup": "What the log says, stage by stage",
    "led": "What the LED shows, stage by stage",
}
_UNITS = {"_s": "s", "_ms": "ms", "_mhz": "MHz", "path_mtu": "bytes", "bands": "GHz"}
_NAMES = {
    "mac_prefix": "MAC addresses begin with",
    "channels": "2.4 GHz channels",
    "channels_unconfirmed": "further 2.4 GHz channels",
    "channels_by_country": "2.4 GHz channels by country",
    "channels_5": "5 GHz channels",
    "channels_5_by_country": "5 GHz channels by country",
    "width_mhz": "widest channel",
    "phy": "802.11",
    "security_unconfirmed": "further security",
    "pmf_required": "joins a network that requires PMF",
    "enterprise": "802.1X",
    "hidden": "joins a hidden network",
    "refused_in_ssid": "characters not allowed in a network's name",
    "n_only": "joins a network that requires 802.11n",
    "host_name": "host name (option 12)",
    "asks_for": "asks for the options",
    "asks_at_s": "sends a DISCOVER at",
    "give_up_s": "gives up after",
    "missing_router": "without a router (option 3)",
    "missing_resolver": "without a resolver (option 6)",
    "drops_malformed": "drops an OFFER without a server (option 54)",
    "reads_overload": "reads options in file and sname (option 52)",
    "checks_address": "asks whether somebody has its address",
    "shortest_lease_s": "shortest lease that it keeps",
    "resolvers": "resolvers that it keeps",
    "tries": "lookups before it gives up",
    "patience_s": "waits for a resolver",
    "aaaa_first": "asks for AAAA first",
    "known_names": "names of the same cloud, for comparison",
    "fallback_address": "address used if the name does not resolve",
    "cloud.connect_s": "waits for a connection",
    "startup.connect_s": "starts over after",
    "hello_at_s": "sends a ClientHello at",
    "answer_s": "waits for the service",
    "keep_alive_s": "keep-alive every",
    "keep_alive_answer_s": "waits for its answer",
    "connection_id": "DTLS connection id",
    "path_mtu": "largest packet",
    "status_page": "status page of its cloud",
    "runs_after": "runs after a failure of",
    "interface": "index of its interface",
    "failed_line": "log line if it fails",
    "passed_line": "log line if it passes",
    "no_answer_line": "log if the cloud stays silent",
    "handshake_failed_line": "log if the handshake fails, for whatever reason",
    "joining": "until it has joined",
    "joined": "until it has an address",
    "connecting": "until it is connected, and between two tries",
    "handshake": "during the handshake",
    "online": "online",
    "handshake_failed": "one blink if the handshake fails",
    "handshake_failed_ms": "that blink lasts at least",
    "colour": "colour of the LED",
    "blink_ms": "each blink",
}
"""Names of facts in plain words, for those whose names in the profile do not read well."""
_WORDS = {
    ("transport", "coap"): "CoAP over UDP",
    ("transport", "dtls"): "DTLS over UDP",
    ("transport", "tcp-nonce"): "TCP with a nonce from the service",
    ("method", "none"): "no test",
    ("method", "tcp"): "TCP connection to 8.8.8.8, port 53",
    ("method", "ntp"): "NTP",
    ("method", "echo-1"): "echo by the cloud, version 1",
    ("method", "echo-2"): "echo by the cloud, version 2",
    ("runs_after", "connect"): "the socket's connect only",
    ("runs_after", "handshake"): "the connect or the handshake",
    ("hidden", "with-cipher"): "if set up with the cipher",
    ("missing_router", "fails"): "does not get online",
    ("missing_router", "first-host"): "uses the first host of the subnet",
    ("missing_resolver", "waits"): "waits for ever",
    ("missing_resolver", "goes-on"): "uses resolvers of its own",
    ("host_name", ""): "none is sent",
}
_LEVELS = {"required": "required", "warning": "a failure is a warning", "reported": "reported, does not count"}
_LOG_LEVELS = {"TRACE": "level TRACE", "debug build": "a debug build of the firmware"}
_FILLED = {
    "{id}": "<device id>",
    "{major}": "<major version>",
    "{ssid}": "<SSID>",
    "{host}": "<host>",
    "{address}": "<address>",
    "{port}": "<port>",
    "{code}": "<code>",
    "{word}": "<reason>",
}


def render_list(sheets: list[Sheet], width: int) -> str:
    """The known devices, a few lines each."""
    widest = max(len(sheet.profile.name) for sheet in sheets) + 2
    lines: list[str] = []
    for sheet in sheets:
        profile = sheet.profile
        bands, transport, hosts = profile.radio.bands, profile.cloud.transport, sheet.facts["cloud"]["hosts"][-1]
        text = (
            f"{profile.title}; {_versions(sheet)}; {_value('bands', bands.value)}; "
            f"{_value('transport', transport.value)}, port {profile.cloud.port.value}: {_value('hosts', hosts.value)}"
        )
        lines += _wrapped(text, width, f"{profile.name:{widest}}", " " * widest)
    more = (
        "netpreflight devices NAME shows all facts of one device, and where each comes from. For a company's own "
        "device, give its FILE.toml instead of NAME."
    )
    return "\n".join([*lines, "", *_wrapped(more, width)]) + "\n"


def render_sheet(sheet: Sheet, width: int) -> str:
    """Every fact of one device, with its source and its certainty."""
    profile = sheet.profile
    lines = _wrapped(f"{profile.title} ({profile.name}), {_versions(sheet)}", width)
    if profile.device_os is not None:
        lines += _wrapped(profile.device_os.source, width, "    ")
    if profile.checked is not None:
        lines += _wrapped(f"Last compared with its sources on {profile.checked}.", width, "    ")
    for section in sorted(sheet.facts, key=bool):
        if any(sheet.facts[section].values()):
            lines += ["", _TITLES.get(section, section)]
            lines += _facts(section, sheet.facts[section], width)
    if any(sheet.checks.values()):
        lines += ["", "Checks that are not always required"]
    for check_id, needs in sheet.checks.items():
        for need in needs:
            lines += _wrapped(f"{check_id}{_range(need)}: {_LEVELS[need.level]}", width, "  ")
            lines += [*_wrapped(need.why, width, "      "), *_wrapped(need.source, width, "      ")]
    return "\n".join(lines) + "\n"


def _facts(section: str, stated: dict[str, list[Fact[Any]]], width: int) -> Iterator[str]:
    """The lines of one section: each fact with its value, certainty, source and note."""
    for name, facts in stated.items():
        words = _NAMES.get(f"{section}.{name}") or _NAMES.get(name) or name.replace("_", " ")
        for fact in facts:
            yield from _wrapped(f"{words}{_range(fact)}: {_value(name, fact.value)}", width, "  ")
            yield from _wrapped(f"{fact.certainty}: {fact.source}", width, "      ")
            if fact.log_level:
                yield from _wrapped(f"Not in a default log; it takes {_LOG_LEVELS[fact.log_level]}.", width, "      ")
            if fact.note:
                yield from _wrapped(fact.note, width, "      ")


def _versions(sheet: Sheet) -> str:
    """The Device OS versions that a profile covers, in words."""
    profile = sheet.profile
    if profile.device_os is None:
        return "no Device OS version"
    if sheet.one_version:
        newer = f" (the newest known; {profile.asked_os} is newer)" if profile.asked_os else ""
        return f"Device OS {profile.os_version}{newer}"
    return f"Device OS {profile.device_os.oldest} to {profile.device_os.newest}"


def _range(stated: Fact[Any] | CheckNeeds) -> str:
    """The Device OS versions for which a fact holds, to be put after its name; empty if it holds for all."""
    if stated.since is None:
        return f", before {stated.before}" if stated.before else ""
    return f", {stated.since} to before {stated.before}" if stated.before else f", from {stated.since} on"


def _value(name: str, value: Any) -> str:
    """A fact's value in plain words, with its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key} {element}" for key, element in value.items())
    if isinstance(value, list):
        words = ", ".join(_value("", element) for element in value) or "none"
    elif isinstance(value, str):
        words = _WORDS.get((name, value)) or value or "none"
    else:
        words = f"{value:g}"
    for placeholder, meaning in _FILLED.items():
        words = words.replace(placeholder, meaning)
    unit = _UNITS.get(name) or next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")
    return f"{words} {unit}".rstrip()


def _wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Break a text into lines for a terminal, made safe to show.

    The first line begins with `first`, the later ones with `rest`; None: with `first` and four spaces more.
    """
    return textwrap.wrap(
        " ".join(map(shown, text.split(" "))),
        max(NARROWEST, min(width, WIDEST)),
        initial_indent=first,
        subsequent_indent=f"{first}    " if rest is None else rest,
        break_on_hyphens=False,
    )
