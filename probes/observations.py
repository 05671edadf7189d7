r"""What the probes saw: the types of the report's `observations`, complete enough to judge a saved run again.

Times named `at_s` are seconds since the run started, `*_ms` are durations in milliseconds. Bytes from the wire are
lower-case hexadecimal. Text from the network is kept as received (undecodable bytes as `\xNN`): the code that shows
such text escapes it.

The type of each text field says what the text may reveal; `reports/sharing/` relies on these types. Passwords and keys
are never read.
"""

import contextlib
import ipaddress
from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Count = Annotated[int, Meta(ge=0, le=2**48)]
"""A count or another whole number, within the limits of a saved report."""
Millis = Annotated[float, Meta(ge=0, le=1e9)]
"""A duration in milliseconds, within the limits of a saved report."""
Hops = Annotated[int, Meta(ge=0, le=255)]
"""A TTL (RFC 791 section 3.1), which counts hops."""
UDP_OVERHEAD = 28
"""Bytes of IPv4 and UDP header."""
LONGEST_TEXT = 65_536
"""How many characters a text in a saved report may have; no probe keeps a text from the network that is this long."""
KEPT_BYTES = 1500
"""The most bytes of one reply that are kept as evidence."""
MOST_BSSS = 2_000
"""The most BSSs that a survey keeps."""
MOST_SAVED_BSSS = 20_000
"""The most BSSs that a saved run may hold: before 0.1.0, a survey of a capture kept this many."""

Reveals = Literal[
    "nothing", "ssid", "ssid-hex", "bssid", "server-mac", "client-mac", "address", "host", "asked-name", "url",
    "interface", "user", "raw", "page", "said", "words", "log-line", "device-line", "label",
]  # fmt: skip
"""What a text in a report may reveal about the people and the network."""


def reveals(what: Reveals) -> Meta:
    """Mark a text type with what it may reveal; in the JSON Schema this is `x-reveals`."""
    return Meta(max_length=LONGEST_TEXT, extra_json_schema={"x-reveals": what})


Plain = Annotated[str, reveals("nothing")]
"""A word from a fixed list of this tool or of a standard, or a constant of this tool."""
Ssid = Annotated[str, reveals("ssid")]
"""The name of a Wi-Fi network."""
SsidHex = Annotated[str, reveals("ssid-hex")]
"""The bytes of a Wi-Fi network's name, in hexadecimal."""
Bssid = Annotated[str, reveals("bssid")]
ServerMac = Annotated[str, reveals("server-mac")]
"""The MAC address of a router or server."""
ClientMac = Annotated[str, reveals("client-mac")]
"""The MAC address of this laptop, or of the device in whose name a lease is requested."""
Address = Annotated[str, reveals("address")]
"""An IP address, perhaps with a prefix length or port."""
Host = Annotated[str, reveals("host")]
"""A name that was learned from the network."""
AskedName = Annotated[str, reveals("asked-name")]
"""A host name that this tool chose itself: one from a device's profile, a vendor's name, or a random name."""
Url = Annotated[str, reveals("url")]
"""A URL that was learned from the network or is set on this laptop; it may be relative."""
Interface = Annotated[str, reveals("interface")]
"""The name of an interface; some names contain the interface's MAC address."""
User = Annotated[str, reveals("user")]
Raw = Annotated[str, reveals("raw")]
"""Bytes as received, in hexadecimal."""
Page = Annotated[str, reveals("page")]
"""The content of a web page."""
Said = Annotated[str, reveals("said")]
"""A text that a server wrote."""
Words = Annotated[str, reveals("words")]
"""Text of this tool or the operating system, which may quote any of the above."""
LogLine = Annotated[str, reveals("log-line")]
"""A line of a device's log, with the network's name and the cloud's host, address and port filled in."""
Label = Annotated[str, reveals("label")]
"""The user's name for the place of a run; it may contain names of people and streets."""
DeviceLine = Annotated[str, reveals("device-line")]
"""A line of a device's own log, as supplied to this tool: it may contain any name, address or id."""


class Icmp(Struct, frozen=True, kw_only=True):
    """An ICMP error (RFC 792) that quoted one of our datagrams."""

    type: int
    code: int
    source: Address
    """Address of the sender of the error: the host that was asked, or a router or firewall on the way."""
    mtu: Count | None = None
    """With "fragmentation needed": the MTU of the next hop, if the error names it (RFC 1191 section 4)."""
    proved: bool = False
    """Whether the error quotes a part of our packet that nobody can guess: then its sender, or a host on the way to its
    sender, received the packet. Also False in a report of a version that did not check this."""

    @property
    def is_too_large(self) -> bool:
        """Whether the error is "fragmentation needed": a packet with the DF bit set was too large (RFC 792)."""
        return (self.type, self.code) == (3, 4)

    @property
    def meaning(self) -> str:
        """The usual name of this error (RFC 792, RFC 1812 section 5.2.7)."""
        return icmp_meaning(self.type, self.code, self.mtu)


def icmp_meaning(kind: int, code: int, mtu: int | None = None) -> str:
    """The usual name of an ICMP error, see `Icmp`."""
    if (kind, code) == (11, 0):
        return "time exceeded"
    if kind != 3:
        return f"ICMP type {kind} code {code}"
    return {
        0: "network unreachable",
        1: "host unreachable",
        2: "protocol unreachable",
        3: "port unreachable",
        4: "fragmentation needed" + (f", next hop's MTU {mtu}" if mtu else ""),
        9: "network administratively prohibited",
        10: "host administratively prohibited",
        13: "communication administratively prohibited",
    }.get(code, f"destination unreachable, code {code}")


AttemptOutcome = Literal["reply", "timeout", "icmp", "error", "unread", "ignored"]
"""`error`: the request could not be sent. `unread`: an answer may have arrived but was not read, because too much
arrived or reading failed; `detail` says why."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One request and its outcome, or (outcome `ignored`) a datagram that arrived and did not answer the request."""

    at_s: float
    address: Address
    port: int
    outcome: AttemptOutcome
    sent: Raw = ""
    reply: Raw = ""
    source: Address | None = None
    """The `address:port` that the reply came from, if it differs from `address` and `port`."""
    rtt_ms: float | None = None
    icmp: Icmp | None = None
    further_errors: Count | UnsetType = UNSET
    """How many more ICMP errors came for this request, without quoting anything of it that nobody can guess: a router
    or host sends one. Absent: none came."""
    detail: Words | None = None

    @property
    def tells_nothing(self) -> bool:
        """Whether nothing can be concluded from the fact that no answer was read."""
        return self.outcome in {"error", "unread"}

    @property
    def words(self) -> str:
        """When the request was sent, and its outcome."""
        text = f"{self.at_s:.1f} s: {self.outcome}"
        if self.icmp:
            further = f", and {self.further_errors} more errors" if self.further_errors else ""
            return f"{text}, {self.icmp.meaning} from {self.icmp.source}{further}"
        return f"{text}, {self.detail}" if self.detail else text


TOO_MUCH = "more arrived than this laptop could read"
"""`Attempt.detail` if the outcome is `unread` because too much arrived."""


class Unasked(Struct, frozen=True, kw_only=True):
    """Unsolicited traffic while a server was asked: packets for ports of this laptop from which nothing had been sent.

    Many such ports are the sign of a sweep: a host that forges the server's answers and does not see our packets has
    to try many ports. May reveal: how many packets came, and nothing else.

    Attributes:
        ports: how many ports got such packets, either from this server's address or as ICMP errors about datagrams to
            this server; counted before a firewall of this laptop. None: this process may not see such packets.
        closed: how many datagrams and ICMP errors for closed ports the system has counted meanwhile, from any sender;
            a firewall of this laptop can hide them. None: the system does not count them.
        unlocked_by: the step that would let this process count `ports`, without a full stop; None: it may do so
            already, or an older version made the run.
    """

    ports: Count | None = None
    closed: Count | None = None
    unlocked_by: Words | None = None


class Frame(Struct, frozen=True, kw_only=True):
    """One frame of a traceback: a place in a program."""

    file: Words
    """The path within its package: `probes/dns.py` for this tool, `dns/message.py` for a library."""
    line: Count
    function: Words


class Fault(Struct, frozen=True, kw_only=True):
    """An internal error of this tool, for its developers; no values of the program are kept except in the message."""

    type: Words
    message: Said
    """May reveal: any data that the program was handling, such as what the network or a server sent."""
    frames: Annotated[list[Frame], Meta(max_length=64)] = field(default_factory=list)
    """The last frame is where the error was raised."""


AS_ROOT = "as root (sudo)"
"""Stands in every step that needs root on this laptop, and in no other step: the command shown next gets `sudo`."""
WITH_SUDO = "with sudo"
"""The same text on macOS."""
TAKES_ROOT = (AS_ROOT, WITH_SUDO)
"""The texts by which a step that needs root on this laptop is recognised."""
ROOT_ON_LINUX = "with root's rights on a Linux laptop in the same network"
"""Stands in every step that needs root on another laptop, because this laptop's system could not do it even as root."""


class Obstacle(Struct, frozen=True, kw_only=True):
    """Why a probe cannot measure on this laptop.

    Attributes:
        reason: why, in plain words: lower-case at the start, no full stop.
        step: the one step that would remove the obstacle, as a whole sentence; None: no step is known.
    """

    reason: Words
    step: Words | None = None


class Observation(Struct, kw_only=True):
    """What all probes' observations share.

    Attributes:
        started_s: when the probe began, in seconds since the run started.
        duration_s: how long the probe took, without the time it waited for its inputs.
        not_run: why there is no measurement; None if there is one.
        fault: the internal error of this tool that prevented the measurement or a part of it; absent if there was none.
        unlocked_by: the step that would make the measurement possible, if one is known.
    """

    started_s: float = 0.0
    duration_s: float = 0.0
    not_run: Words | None = None
    fault: Fault | UnsetType = UNSET
    unlocked_by: Words | None = None


# --- scope ------------------------------------------------------------------------------------------------------


ResolverSource = Literal["dhcp", "resolv.conf", "systemd-resolved", "settings", "vpn"]
"""`settings`: set by hand, on a system that keeps such resolvers apart from those given by DHCP (Windows)."""


class Resolver(Struct, frozen=True, kw_only=True):
    """A DNS resolver that this laptop knows, and where it was learned."""

    address: Address
    source: ResolverSource
    interface: Interface | None = None


class Proxy(Struct, frozen=True, kw_only=True):
    """A proxy that is set for programs on this laptop; credentials in its URL are never kept."""

    variable: Plain
    value: Url


KeptRight = Literal[
    "root's user id",
    "root's group",
    "root's groups",
    "reading all files",
    "new privileges",
    "what its children may gain",
]
"""A right of root that a run could not give up."""


class Privileges(Struct, frozen=True, kw_only=True):
    """What this process may do."""

    user: User = ""
    """Who started the run: `root`, `administrator` (Windows) or `ordinary user`."""
    raw_sockets: bool = False
    given_up: bool | None = None
    """Whether root's rights were given up before anything was read from the network; None: root did not start the run,
    or an earlier version made it."""
    kept: list[KeptRight] = field(default_factory=list)
    """The rights of root that could not be given up. May reveal: that the run was in a container."""


class Scope(Observation, kw_only=True):
    """What a run's results apply to: the interface measured, and what a device does not have (VPN, proxy)."""

    interface: Interface | None = None
    state: Literal["up", "no-carrier", "down", "missing"] = "missing"
    is_tunnel: bool = False
    mac: ClientMac | None = None
    mtu: int | None = None
    addresses: list[Address] = field(default_factory=list)
    """IPv4 addresses with prefix length."""
    ipv6_addresses: list[Address] = field(default_factory=list)
    gateway: Address | None = None
    """The next hop of this interface's IPv4 default route."""
    gateway_mac: ServerMac | None = None
    """The gateway's hardware address, from this laptop's ARP table at the end of the run (Linux)."""
    medium: Literal["wired", "wifi"] | None = None
    """None: unknown, or neither of the two."""
    ssid: Ssid | None = None
    """The Wi-Fi network that was measured: the laptop's own, or the one that the run joined as the device."""
    bssid: Bssid | None = None
    resolvers: list[Resolver] = field(default_factory=list)
    tunnels: list[Interface] = field(default_factory=list)
    """Tunnel interfaces that are up."""
    vpn: Interface | None = None
    """The tunnel through which this laptop's default route leads, if any."""
    proxy: list[Proxy] = field(default_factory=list)
    privileges: Privileges = field(default_factory=Privileges)
    os: Plain = ""
    interfaces: list[Interface] = field(default_factory=list)

    @property
    def address(self) -> str | None:
        """The interface's first IPv4 address, without its prefix length."""
        return self.addresses[0].partition("/")[0] if self.addresses else None

    def own_resolvers(self) -> list[str]:
        """The addresses of the resolvers that this laptop reaches through the interface, each once."""
        own = (resolver.address for resolver in self.resolvers if resolver.interface == self.interface)
        return list(dict.fromkeys(own))

    def is_on_link(self, address: str) -> bool:
        """Whether an address is in a subnet of this interface, so that no router is on the way to it."""
        try:
            return any(ipaddress.IPv4Address(address) in network for network in ipv4_networks(self.addresses))
        except ValueError:
            return False


def ipv4_networks(addresses: Iterable[str]) -> list[ipaddress.IPv4Network]:
    """The networks that the IPv4 addresses among `addresses` belong to (`192.168.1.0/24` for `192.168.1.7/24`).

    Texts without a prefix length, and texts that are not an address (possible in a saved run), are left out.
    """
    found = []
    for address in addresses:
        with contextlib.suppress(ValueError):
            if "/" in address:
                found.append(ipaddress.IPv4Interface(address).network)
    return found


# --- Wi-Fi ------------------------------------------------------------------------------------------------------

Security = Literal["open", "wep", "wpa-psk", "wpa2-psk", "wpa3-sae", "wpa-eap", "wpa2-eap", "wpa3-eap", "owe"]


Band = Literal["2.4", "5", "6"]
LONGEST_SSID = 32
"""In octets (IEEE 802.11-2020, 9.4.2.2)."""


def band_of(frequency_mhz: int | None) -> Band | None:
    """The band in GHz of a frequency in MHz, or None where 802.11 has no 20 MHz channel there."""
    if frequency_mhz is None:
        return None
    if 2412 <= frequency_mhz <= 2484:
        return "2.4"
    if 4910 <= frequency_mhz < 5925:
        return "5"
    return "6" if 5925 <= frequency_mhz <= 7125 else None


def frequency_of(channel: int, band: Band) -> int | None:
    """The centre frequency in MHz of a 20 MHz channel, or None where the band has no such channel."""
    if band == "2.4":
        return 2484 if channel == 14 else 2407 + 5 * channel if 1 <= channel <= 13 else None
    if band == "5":
        if 182 <= channel <= 196:
            return 4000 + 5 * channel
        return 5000 + 5 * channel if 7 <= channel <= 181 else None
    return 5935 if channel == 2 else 5950 + 5 * channel if 1 <= channel <= 233 else None


def strength(signal_dbm: float | None) -> float:
    """A signal in dBm, for sorting: an unknown signal sorts below any other."""
    return -1000.0 if signal_dbm is None else signal_dbm


class HtOperation(Struct, frozen=True, kw_only=True):
    """The HT Operation element (IEEE 802.11-2020, 9.4.2.56)."""

    primary_channel: int
    secondary_offset: int
    """0: none, 1: above, 3: below the primary channel."""
    any_width: bool
    """STA Channel Width: True for "any supported width", False for 20 MHz only."""
    basic_mcs: Plain = ""
    """Basic HT-MCS Set, hexadecimal."""


class Suites(Struct, frozen=True, kw_only=True):
    """An RSN (9.4.2.24) or WPA element: the cipher and key management suites that a station has to use to join."""

    version: int
    group_cipher: Plain | None = None
    """`CCMP`, `TKIP`, `WEP-40`, `WEP-104`, `GCMP-256`, ..., or `OUI:type` for a cipher without a name in this
    list."""
    pairwise_ciphers: list[Plain] = field(default_factory=list)
    akms: list[Plain] = field(default_factory=list)
    """`PSK`, `PSK-SHA256`, `FT-PSK`, `SAE`, `FT-SAE`, `SAE-EXT`, `FT-SAE-EXT`, `EAP`, `EAP-SHA256`, `FT-EAP`,
    `EAP-SUITE-B-192`, `OWE`, `FILS-...`, or `OUI:type`."""
    pmf_capable: bool = False
    pmf_required: bool = False


class BssLoad(Struct, frozen=True, kw_only=True):
    """The BSS Load element (9.4.2.27)."""

    stations: int
    utilisation: float
    """The share of the time, 0 to 1, during which the access point sensed the channel as busy."""


class Neighbor(Struct, frozen=True, kw_only=True):
    """An access point that a Reduced Neighbor Report (9.4.2.170) names."""

    operating_class: int
    channel: int
    bssid: Bssid | None = None
    short_ssid: Raw | None = None
    same_ssid: bool | None = None


Oddity = Literal[
    "too long", "not UTF-8", "blank at an end", "control characters", "direction of text", "not ASCII", "commas",
    "quotes", "backslashes",
]  # fmt: skip
"""What makes a network's name easy to mistype or to confuse with another name."""


class HiddenName(Struct, frozen=True, kw_only=True):
    """The properties of a network's name that judging needs, in a report for a ticket, which does not show the name.

    May reveal: how long the name is, which odd characters are in it, and that it looks like a name that is shown.

    Attributes:
        octets: the length of the name in bytes; if its bytes are not known, the length of its text.
        odd: what is odd about the name.
        marks: the ASCII characters in the name that are neither letters nor digits, each once; `odd` covers the rest.
        looks: two keys, equal for names that look alike; each is a token, or the key of a name that is shown.
        spelling: a number, equal for names with the same bytes; None: the name's bytes are not known.
    """

    octets: Count
    odd: list[Oddity] = field(default_factory=list)
    marks: Plain = ""
    looks: Annotated[list[Ssid], Meta(max_length=2)] = field(default_factory=list)
    spelling: Count | None = None


class Bss(Struct, frozen=True, kw_only=True):
    r"""One BSS as heard on the air. A field that the source cannot see is None (an empty list, if `complete` is False).

    Attributes:
        bssid: lower-case, colons.
        ssid: the name, undecodable bytes as `\xNN`; empty: the name is hidden; None: the source withholds names.
        ssid_hex: the bytes of the name.
        frequency_mhz: centre frequency of the primary 20 MHz channel.
        channel: primary channel, after contradictions are resolved.
        width_mhz: width in use: 20, 40, 80, 160, 320; 40 only if HT Operation has a secondary channel and "any width".
        signal_dbm: None if not known; never a guess.
        age_s: how old this scan result was, in seconds, when it was read.
        complete: whether all elements were seen, so that an absent element means that the BSS does not send it.
        contradictions: elements that contradict each other, with the rule that decided between them.
    """

    bssid: Bssid | None
    ssid: Ssid | None
    ssid_hex: SsidHex | None
    frequency_mhz: int | None
    channel: int | None
    width_mhz: int | None = None
    signal_dbm: float | None = None
    age_s: float | None = None
    security: list[Security] | None = None
    pmf: Literal["none", "capable", "required"] | None = None
    beacon_interval_tu: int | None = None
    rates_mbps: list[float] = field(default_factory=list)
    basic_rates_mbps: list[float] = field(default_factory=list)
    membership: list[Plain] = field(default_factory=list)
    """BSS membership selectors (9.4.2.3): `ht`, `vht`, `he`, `sae-h2e`, or the number."""
    privacy: bool | None = None
    short_preamble: bool | None = None
    short_slot: bool | None = None
    ht: HtOperation | None = None
    ht_capable_40: bool | None = None
    """HT Capabilities: Supported Channel Width Set; None: no HT Capabilities element."""
    vht_width_mhz: int | None = None
    he: bool = False
    eht: bool = False
    rsn: Suites | None = None
    wpa: Suites | None = None
    wps: bool = False
    country: Plain | None = None
    load: BssLoad | None = None
    neighbors: list[Neighbor] = field(default_factory=list)
    bss_transition: bool | None = None
    """Extended Capabilities bit 19 (802.11v BSS transition management)."""
    radio_measurement: bool | None = None
    """An RM Enabled Capabilities element is present (802.11k)."""
    fast_transition: bool | None = None
    """A Mobility Domain element is present (802.11r)."""
    answers_probes: bool | None = None
    """A probe response of this BSS was heard; None: the source cannot tell."""
    dtim_period: int | None = None
    hidden: bool | None = None
    """Whether the beacons hide the name, even if a probe response gave it; None: not known, for example because no
    beacon was heard."""
    nontransmitted: bool = False
    """Whether this BSS sends no beacon, but another BSS announces it in a Multiple BSSID element (IEEE 802.11-2020,
    9.4.2.45)."""
    associated: bool = False
    """Whether the laptop's system marks this BSS as the one that the laptop is joined to. Set only if the system
    withholds BSSIDs; otherwise see `Wifi.associated_bssid`."""
    complete: bool = True
    contradictions: list[Words] = field(default_factory=list)
    elements: Raw = ""
    """The raw information elements, hexadecimal, if the source gives them."""
    hidden_name: HiddenName | UnsetType = UNSET
    """Only in a report for a ticket: the properties that judging needs of a name that the report does not show."""
    radio: Count | UnsetType = UNSET
    """Only in a report for a ticket: a number, equal for BSSIDs that differ only in their first octet and their last
    four bits."""

    @property
    def band(self) -> Band | None:
        """The band of this BSS; None: not known."""
        return band_of(self.frequency_mhz)


class Wifi(Observation, kw_only=True):
    """What is on the air.

    Attributes:
        source: `nl80211`, `networkmanager`, `wpa_supplicant`, `windows`, `macos`, `capture`, `monitor`; None: no source
            gave results.
        target: the network that the run is about, by name as in `Bss.ssid`; None: the run is not about a single one.
        target_from: where the target comes from: the user named it (`option`), the user picked it from the networks
            that were heard (`picked`: the survey sent no probe request with its name), or the laptop is joined to it
            (`association`).
        triggered: whether a scan was made for this run; False: these are the results of an earlier scan.
        frequencies_mhz: the frequencies on which this source listened for this run; empty: the source does not say.
        limits: what this source cannot see, and why better sources failed: sentences without a full stop.
        left_out: why networks that were heard may be missing from `bss`; None: none is missing.
        names_withheld: whether there were results, but all of them without a name.
        interface: the radio's interface, which need not be the interface under test.
        associated_bssid: the BSS that this laptop is joined to through `interface`.
    """

    source: Plain | None = None
    target: Ssid | None = None
    target_from: Literal["option", "picked", "association"] | None = None
    triggered: bool = False
    frequencies_mhz: list[int] = field(default_factory=list)
    interface: Interface | None = None
    associated_ssid: Ssid | None = None
    associated_bssid: Bssid | None = None
    associated_frequency_mhz: int | None = None
    regulatory_country: Plain | None = None
    limits: list[Words] = field(default_factory=list)
    left_out: Words | None = None
    names_withheld: bool = False
    bss: Annotated[list[Bss], Meta(max_length=MOST_SAVED_BSSS)] = field(default_factory=list)
    scan_s: float | None = None

    def aim(self, ssid: str | None) -> None:
        """Set the target: `ssid`, the network that the user named, or else the one that this laptop is joined to."""
        self.target = ssid or self.associated_ssid
        self.target_from = "option" if ssid else "association" if self.associated_ssid else None


# --- DHCP -------------------------------------------------------------------------------------------------------

Identity = Literal["device", "laptop", "named"]
"""In whose name a DHCP message is sent. `device`: an unknown device. `laptop`: this laptop. `named`: the unknown device
with a host name, a vendor class and a client identifier (options 12, 60 and 61), as computers send them."""
DhcpRequestType = Literal["DISCOVER", "REQUEST", "INFORM"]
DhcpReplyType = Literal["OFFER", "ACK", "NAK"]
LeaseTransport = Literal["raw", "udp"]
"""`raw`: whole Ethernet frames. `udp`: UDP port 68; a firewall of this laptop may drop servers' broadcasts to that
port."""


class DhcpMessage(Struct, frozen=True, kw_only=True):
    """An OFFER, ACK or NAK that a server sent (RFC 2131), decoded."""

    at_s: float
    type: DhcpReplyType
    identity: Identity
    """In whose name the message was sent that this one answers."""
    asked: DhcpRequestType
    """The type of the message that this one answers."""
    server: Address
    """Server identifier (option 54), or the sender's address if the option is missing."""
    server_named: bool | None = None
    """Whether there is an option 54; None: an older version did not record it."""
    server_mac: ServerMac | None = None
    address: Address | None = None
    mask: Plain | None = None
    routers: list[Address] = field(default_factory=list)
    resolvers: list[Address] = field(default_factory=list)
    lease_s: Count | None = None
    captive_portal: Url | None = None
    """Option 114 (RFC 8910)."""
    domain: Host | None = None
    ipv6_only_s: Count | None = None
    """Option 108 (RFC 8925), V6ONLY_WAIT in seconds: the network prefers clients that do without IPv4 for this time."""
    message: Said | None = None
    """Option 56: a message from the server."""
    overloaded: Annotated[list[Count], Meta(max_length=256)] = field(default_factory=list)
    """The numbers of the options found in the fields `file` and `sname` (option 52, RFC 2132 section 9.3)."""
    wrong_length: Annotated[list[Count], Meta(max_length=256)] = field(default_factory=list)
    """The numbers of the options that are too short, too long or cut off."""
    broadcast: bool = False
    host_name: bool | None = None
    """Whether the REQUEST that this message answers had a host name (option 12); None: it answers no REQUEST, or an
    older version did not record it."""
    relayed: bool = False
    """Whether this message answers one that was sent as a relay sends it (RFC 1542 section 4): it comes by unicast to
    port 67 of this laptop. Reveals nothing."""
    xid: int = 0
    """Transaction id: after a NAK a device starts a new one, and ignores answers to the old one."""
    raw: Raw = ""

    @property
    def well_formed(self) -> bool:
        """Whether the message has option 54 (or this was not recorded), and no option has a wrong length."""
        return self.server_named is not False and not self.wrong_length


class DhcpSend(Struct, frozen=True, kw_only=True):
    """A DHCP message that was sent."""

    at_s: float
    type: DhcpRequestType | Literal["RELEASE"]
    identity: Identity
    relayed: bool = False
    """Whether it was sent as a relay sends it, by unicast to a server (RFC 1542 section 4); reveals nothing."""


class Lease(Struct, frozen=True, kw_only=True):
    """A lease that this laptop holds, as its DHCP client recorded it."""

    source: Plain
    """The DHCP client that recorded it: NetworkManager, systemd-networkd, dhclient, dhcpcd."""
    server: Address | None = None
    address: Address | None = None
    mask: Plain | None = None
    routers: list[Address] = field(default_factory=list)
    resolvers: list[Address] = field(default_factory=list)
    captive_portal: Url | None = None


class AddressCheck(Struct, frozen=True, kw_only=True):
    """Whether another host uses the offered address: one ARP request, sent before the REQUEST (RFC 5227)."""

    at_s: float
    address: Address
    holders: Annotated[list[ClientMac], Meta(max_length=16)] = field(default_factory=list)
    """The MAC addresses of hosts that use the address; empty: no host answered, which proves nothing."""


class Dhcp(Observation, kw_only=True):
    """DHCP as an unknown device sees it; without the privilege to measure this, what the laptop itself was given."""

    exchange_denied: Words | None = None
    """Why no DISCOVER was sent, or None if one was."""
    transport: LeaseTransport | None = None
    """How the exchange was made; None: there was no exchange, or an older version made it (over `raw`). Reveals nothing
    beyond `Scope.os`."""
    client_mac: ClientMac | None = None
    """Hardware address (chaddr) of the unknown device."""
    sent: list[DhcpSend] = field(default_factory=list)
    received: list[DhcpMessage] = field(default_factory=list)
    malformed: int = 0
    """Datagrams from port 67 that were not DHCP."""
    unread: bool = False
    """Whether more replies came than could be read, so that `received` may lack some; reveals nothing."""
    cut_short: bool = False
    """Whether the run was ended before all servers had had time to answer; reveals nothing."""
    granted: DhcpMessage | None = None
    """The ACK that granted the unknown device a lease; None: no lease was granted."""
    address_check: AddressCheck | None = None
    """The check of the address that was requested last; None: none was checked, or an older version made the run."""
    released: bool = False
    """Whether a RELEASE was sent for the lease."""
    laptop_lease: Lease | None = None

    def offers(self) -> list[DhcpMessage]:
        """OFFERs to the unknown device, in the order in which they came."""
        return [m for m in self.received if m.type == "OFFER" and m.identity == "device"]

    def resolvers(self) -> list[str]:
        """The resolvers that DHCP hands out.

        They are taken from the lease granted, or else from the first OFFER. If no DISCOVER was sent, they are taken
        from the answer to the INFORM, or else from the laptop's lease.
        """
        if self.exchange_denied is None:
            offers = self.offers()
            best = self.granted or (offers[0] if offers else None)
            return best.resolvers if best else []
        return self.informed_resolvers() or (self.laptop_lease.resolvers if self.laptop_lease else [])

    def informed_resolvers(self) -> list[str]:
        """The resolvers of the first answer to the laptop's INFORM that names any."""
        answers = (m for m in self.received if m.asked == "INFORM" and m.identity == "laptop")
        return next((message.resolvers for message in answers if message.resolvers), [])

    def portal_apis(self) -> list[str]:
        """The URLs of option 114 (RFC 8910) that servers sent."""
        return [message.captive_portal for message in self.received if message.captive_portal]


# --- DNS --------------------------------------------------------------------------------------------------------

NameKind = Literal["device", "another-id", "vendor", "random"]
"""`another-id`: like `device`, a host name for a device's cloud, but with a device id made up for this run."""


class Lookup(Struct, frozen=True, kw_only=True):
    """The lookup of one name at one resolver, with every attempt."""

    name: AskedName
    type: Literal["A", "AAAA"] = "A"
    """The record type asked for (RFC 1035, RFC 3596)."""
    kind: NameKind
    resolver: Address
    attempts: list[Attempt]
    rcode: Plain | None = None
    """The answer's RCODE by its mnemonic (RFC 1035, RFC 2136); None: there was no valid answer."""
    addresses: Annotated[list[Address], Meta(max_length=64)] = field(default_factory=list)
    ttl_s: Count | None = None
    truncated: bool = False
    elapsed_ms: float = 0.0
    unasked: Unasked | None = None
    """Recorded only if an ICMP error came. None although one came: the report is of a version that did not record
    this."""

    @property
    def ends(self) -> bool:
        """Whether a device asks no further resolver after this lookup: its answer has an address, or is NOERROR.

        lwIP asks the next server only after an error code or silence (dns.c, dns_recv()).
        """
        return bool(self.addresses) or self.rcode == "NOERROR"

    @property
    def failure(self) -> str | None:
        """Why a device gets no address from this lookup, in a few words; None if it gets one."""
        if self.addresses:
            return None
        if self.rcode is None:
            icmp = next((a.icmp for a in self.attempts if a.icmp), None)
            if icmp:
                return f"no answer; {icmp.source} said {icmp.meaning}"
            ignored = next((a for a in self.attempts if a.outcome == "ignored"), None)
            if ignored:
                return f"no valid answer ({ignored.detail})"
            error = next((a for a in self.attempts if a.outcome == "error"), None)
            return f"could not be asked ({error.detail})" if error else "no answer"
        if self.truncated:
            return "truncated answer without an address"
        return self.rcode if self.rcode != "NOERROR" else f"no {self.type} record"


MOST_NEIGHBORS = 16
"""The most hosts of this link whose ARP answers are kept in one observation."""


class LinkNeighbor(Struct, frozen=True, kw_only=True):
    """A host on this link (in the same subnet), and whether it answers ARP (RFC 826).

    May reveal: an address of this network.
    """

    address: Address
    answers_arp: bool


class Dns(Observation, kw_only=True):
    """Lookups over plain UDP and IPv4: each resolver is asked for each name."""

    resolvers: list[Address] = field(default_factory=list)
    """The resolvers asked, in the order in which DHCP gave them."""
    assumed: bool = False
    """Whether these are the laptop's own resolvers, because the ones that DHCP hands out are not known."""
    lookups: Annotated[list[Lookup], Meta(max_length=1024)] = field(default_factory=list)
    neighbors: Annotated[list[LinkNeighbor], Meta(max_length=MOST_NEIGHBORS)] = field(default_factory=list)
    """The resolvers on this link that gave no valid answer, as far as this laptop's ARP table shows whether they answer
    ARP (Linux)."""

    def of(self, name: str) -> list[Lookup]:
        """The lookups of a name's IPv4 address, in the order of the resolvers."""
        return [lookup for lookup in self.lookups if (lookup.name, lookup.type) == (name, "A")]

    def aaaa(self, name: str) -> list[Lookup]:
        """The lookups of a name's IPv6 address, in the order of the resolvers; empty: it was not looked up."""
        return [lookup for lookup in self.lookups if (lookup.name, lookup.type) == (name, "AAAA")]

    def with_other_ids(self, name: str) -> list[str]:
        """This name and, if it begins with a device id, the names that were looked up with other device ids."""
        zone = name.partition(".")[2]
        others = (lookup.name for lookup in self.lookups if lookup.kind == "another-id")
        return list(dict.fromkeys([name, *(other for other in others if other.partition(".")[2] == zone)]))

    def as_device(self, name: str) -> Lookup | None:
        """The lookup of this name whose address a device uses; None: a device gets none, at least with another id."""
        used = [self.as_that_device(other) for other in self.with_other_ids(name)]
        return used[0] if all(used) else None

    def as_that_device(self, name: str) -> Lookup | None:
        """The lookup of exactly this name whose address a device uses; None: the device gets no address."""
        last = next((lookup for lookup in self.of(name) if lookup.ends), None)
        return last if last and last.addresses else None


# --- NTP --------------------------------------------------------------------------------------------------------


class NtpReply(Struct, frozen=True, kw_only=True):
    """The fields of an NTP reply that a device checks (RFC 5905 section 7.3), and the clock's offset."""

    length: int
    mode: int | None = None
    stratum: int | None = None
    reference: Words | None = None
    """Reference identifier; for stratum 0 the kiss code (RFC 5905 section 7.4)."""
    offset_s: float | None = None
    """How far the server's clock is ahead of this laptop's, in seconds; None: not known."""
    without_time: bool = False
    """Whether the transmit timestamp is zero: the server does not know the time (RFC 5905 section 6)."""

    @property
    def flaw(self) -> str | None:
        """Why Device OS 2.0 to 5.5 rejects the reply (simple_ntp_client.cpp:355-368); None: Device OS accepts it."""
        if self.length < 48:
            return f"short reply of {self.length} bytes"
        if self.mode != 4:
            return f"reply with mode {self.mode} instead of 4"
        if self.stratum == 0:
            return f"kiss-of-death {self.reference or ''}".rstrip()
        return None


class NtpAttempt(Attempt, frozen=True, kw_only=True):
    """An attempt whose reply, if one came, is decoded."""

    decoded: NtpReply | None = None


class Ntp(Observation, kw_only=True):
    """The device's NTP exchange with one address: requests until a good reply comes or the schedule ends."""

    server: AskedName = ""
    address: Address | None = None
    attempts: list[NtpAttempt] = field(default_factory=list)
    unasked: Unasked | None = None
    """None: the report is of a version that did not record it."""
    new_ports: list[Attempt] = field(default_factory=list)
    """A request from each of three more ports, chosen at random. They are sent only in two cases: a good reply came and
    this process cannot see a sweep (then one after the other, until one gets no prompt reply), or an ICMP error came
    that quotes nothing unguessable."""
    repeated: Count = 0
    """How many datagrams from the server's address came to the ports of `new_ports`, or to the first port, in excess of
    one for each request."""
    random_ports: Count = 0
    """How many random ports were used after a reply that a device rejects, if this process cannot see a sweep: after
    each such reply, the next attempts are sent from a new random port."""

    @property
    def good(self) -> NtpReply | None:
        """The first reply that a device accepts; None if there was none."""
        return next((a.decoded for a in self.attempts if a.decoded and not a.decoded.flaw), None)


# --- captive portal ---------------------------------------------------------------------------------------------


class HttpWitness(Struct, frozen=True, kw_only=True):
    """A request for a vendor's well-known URL, over plain HTTP and without following a redirect."""

    url: Plain
    expected_status: int
    expected_body: Plain
    """A text that the vendor's own answer contains; empty: the vendor's own answer has no body."""
    address: Address | None = None
    status: int | None = None
    location: Url | None = None
    body: Page = ""
    error: Words | None = None

    @property
    def right(self) -> bool:
        """Whether the answer is the vendor's own, as expected."""
        if self.status != self.expected_status:
            return False
        return self.expected_body in self.body if self.expected_body else not self.body


class TlsWitness(Struct, frozen=True, kw_only=True):
    """A TLS handshake with a vendor's host, checked against this laptop's trust store."""

    host: AskedName
    address: Address | None = None
    verified: bool = False
    mismatch: Words | None = None
    """Why the certificate was rejected, in OpenSSL's words; None: no certificate was rejected."""
    error: Words | None = None


UNRESTRICTED = "urn:ietf:params:capport:unrestricted"
"""What DHCP option 114 holds if there is no captive portal (RFC 8910 section 2)."""


class PortalApi(Struct, frozen=True, kw_only=True):
    """The Captive Portal API (RFC 8908) at the URL that DHCP option 114 gave (RFC 8910)."""

    url: Url
    status: int | None = None
    captive: bool | None = None
    portal_url: Url | None = None
    session: bool = False
    """Whether the answer describes a session of this client: it has seconds-remaining, bytes-remaining or
    can-extend-session."""
    tls_verified: bool | None = None
    error: Words | None = None


class Portal(Observation, kw_only=True):
    """What each witness (a URL or host that was asked to detect a captive portal) answered."""

    http: list[HttpWitness] = field(default_factory=list)
    tls: list[TlsWitness] = field(default_factory=list)
    api: PortalApi | None = None


# --- CoAP and cloud ---------------------------------------------------------------------------------------------


class Control(Struct, frozen=True, kw_only=True):
    """An exchange with the same host on another port, to distinguish a blocked port from a dead host."""

    port: int
    protocol: Literal["dtls", "http"]
    answered: bool
    """Whether a valid answer in that protocol came back."""
    detail: Said = ""
    unasked: Unasked | None = None
    """Recorded for `dtls` only; None there: the report is of a version that did not record it."""
    new_ports: list[Attempt] = field(default_factory=list)
    """A ClientHello from each of three more ports, chosen at random. They are sent only if the server answered and this
    process cannot see a sweep."""
    foreign: bool = False
    """Whether the answer may come from another host: it redirects to another host, or is a server error (5xx) such as
    proxies send."""


class CoapServer(Struct, frozen=True, kw_only=True):
    """A CoAP ping (RFC 7252 section 4.3) to one server."""

    host: AskedName
    port: int
    address: Address | None = None
    attempts: list[Attempt] = field(default_factory=list)
    reply: Plain | None = None
    """The valid reply in words, such as `Reset`, never empty; None: no valid reply came."""
    unasked: Unasked | None = None
    """None: the report is of a version that did not record it."""
    new_ports: list[Attempt] = field(default_factory=list)
    """A ping from each of three more ports, chosen at random. They are sent only if no valid reply came, but an ICMP
    error that quotes nothing unguessable."""
    controls: list[Control] = field(default_factory=list)
    cut_short: bool = False
    """Whether the ping was ended early, because another server had answered."""

    @property
    def has_answered(self) -> bool:
        """Whether the server answered the ping."""
        return bool(self.reply)


class Coap(Observation, kw_only=True):
    """CoAP pings over UDP."""

    servers: list[CoapServer] = field(default_factory=list)
    neighbors: Annotated[list[LinkNeighbor], Meta(max_length=MOST_NEIGHBORS)] = field(default_factory=list)
    """The servers on this link that did not answer, as far as the system found out during the exchanges whether they
    answer ARP (Linux)."""


class Connection(Struct, frozen=True, kw_only=True):
    """A TCP connection on which nothing was sent, and the bytes that were received on it."""

    at_s: float
    connect_ms: float | None = None
    """How long it took to establish the connection; None: it was not established."""
    received: Raw = ""
    error: Words | None = None
    """How it ended: `timeout`, `refused`, `reset`, `closed`, or the system's error message; None after a nonce."""
    waited_s: float = 0.0

    @property
    def is_nonce(self) -> bool:
        """Whether exactly 40 bytes were received that look random; a line of text of that length is a banner.

        40 random bytes have fewer than 20 different values once in 10**18 times.
        """
        try:
            received = bytes.fromhex(self.received)
        except ValueError:
            return False
        banner = b"\n" in received and all(32 <= byte < 127 or byte in b"\r\n\t" for byte in received)
        return self.error is None and len(received) == 40 and len(set(received)) >= 20 and not banner


class LargeHello(Struct, frozen=True, kw_only=True):
    """A ClientHello that was padded and sent with the DF bit set, and its outcome, in runs with rules 1 to 3.

    Later versions do not send it: no device sends one, and the vendor's published server does not survive one.
    """

    size: Count
    """Bytes of the IP packet."""
    attempts: list[Attempt] = field(default_factory=list)
    record: Plain | None = None
    """The name of the DTLS record that answered the ClientHello."""

    @property
    def mtu(self) -> int | None:
        """The smallest MTU that an ICMP error named; None if none did."""
        return min((attempt.icmp.mtu for attempt in self.attempts if attempt.icmp and attempt.icmp.mtu), default=None)


class ServerFlight(Struct, frozen=True, kw_only=True):
    """A DTLS server's answer to the ClientHello that it has to accept: the one with its cookie, if it gave a cookie.

    The signature in the ServerKeyExchange covers `client_random`, `server_random`, and the parameters in `key_exchange`
    (RFC 8422 section 5.4): numbers that were made up for this run; the signature says nothing about who asked. May
    reveal: bytes as received, like all `Raw`; so a report for a ticket keeps these three fields only if they hold
    nothing else.

    Attributes:
        attempts: the ClientHellos with the cookie; empty: the server asked for no cookie.
        answer: `ServerHello`: enough of the server's flight arrived. `Alert 40` and the like: the server sent an alert.
            `HelloVerifyRequest`: the server asked for a cookie once more. `flood`: more arrived than any server sends.
            None: nothing arrived, or too little of a flight.
        messages: the names of the handshake messages of the flight that arrived completely.
        key_exchange: the body of the ServerKeyExchange: the parameters, the algorithm, and the signature.
        same_port: if the ClientHello with the cookie led to no answer: the ClientHello without a cookie, again from the
            same port.
        new_port: in the same case: a ClientHello without a cookie from another port of this laptop, at the same time.
    """

    attempts: list[Attempt] = field(default_factory=list)
    answer: Plain | None = None
    messages: list[Plain] = field(default_factory=list)
    client_random: Raw = ""
    server_random: Raw = ""
    key_exchange: Raw = ""
    same_port: list[Attempt] = field(default_factory=list)
    new_port: list[Attempt] = field(default_factory=list)


class CloudEndpoint(Struct, frozen=True, kw_only=True):
    """What a device's own cloud endpoint did.

    For `tcp-nonce`: `connections`. For `dtls`: `attempts`, `record` (the name of the first DTLS record that came back)
    and `flight` (the rest of the handshake).
    """

    transport: Literal["tcp-nonce", "dtls"]
    host: AskedName
    port: int
    address: Address | None = None
    connections: list[Connection] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    record: Plain | None = None
    flight: ServerFlight | None = None
    """None although there is a `record`: the report is of a version that stopped after the first record."""
    unasked: Unasked | None = None
    """None: the report is of a version that did not record it."""
    new_ports: list[Attempt] = field(default_factory=list)
    """A ClientHello from each of three more ports, chosen at random. They are sent only in two cases: the answer has no
    signature that proves that its sender saw our ClientHello, and this process cannot see a sweep; or an ICMP error
    came that quotes nothing unguessable."""
    repeated: Count = 0
    """How many datagrams came a second time to one of the ports of `new_ports`, or to the first port, while the answers
    to `new_ports` were awaited."""
    large: LargeHello | None = None
    """The outcome of a large ClientHello to this address, in a report of a version that sent one."""
    waited_s: float = 0.0
    given_s: float = 0.0
    """How long the probe would have waited for the endpoint; 0 in a report of a version that did not record it."""

    @property
    def nonce(self) -> bool:
        """Whether the service sent a nonce first, as the device's own cloud does, and a new one on each connection."""
        said = [connection.received for connection in self.connections if connection.is_nonce]
        return bool(said) and len(set(said)) == len(said)

    @property
    def has_answered(self) -> bool:
        """Whether the endpoint answered in the device's own protocol."""
        return self.record is not None or self.nonce


class Cloud(Observation, kw_only=True):
    """Exchanges with the cloud endpoints of the known devices."""

    endpoints: list[CloudEndpoint] = field(default_factory=list)
    neighbors: Annotated[list[LinkNeighbor], Meta(max_length=MOST_NEIGHBORS)] = field(default_factory=list)
    """The endpoints on this link that did not answer, as in `Coap.neighbors`."""


# --- NAT mapping ------------------------------------------------------------------------------------------------


class Arrival(Struct, frozen=True, kw_only=True):
    """A datagram that arrived during the silence."""

    at_s: float
    size: Count
    """Bytes of its payload."""
    what: Words | None = None
    """The name of the DTLS record in the datagram; None: it holds no record that the server could send."""


MappingAnswer = Literal["accepted", "new-cookie", "answered", "silence"]
"""`accepted`: the DTLS server accepted the cookie (it answered with a ServerHello or an Alert). `new-cookie`: the
server sent another cookie. `answered`: the server answered a request without a cookie."""


class Mapping(Observation, kw_only=True):
    """Whether a UDP conversation survives a silence, or a NAT on the way drops the mapping of the conversation.

    With `cookie`, the server gave a cookie that is valid only for the address and port from which it saw this laptop
    (RFC 6347 section 4.2.1). If it accepts the cookie after the silence (`after_answer` is `accepted`), it still sees
    the same address and port. If it sends a `new-cookie`, it sees another address or port, or has changed its secret.
    A NAT that dropped the mapping and then happened to choose the same port again looks like a NAT that has kept it.

    Without `cookie`, one request was sent before the silence and one after it. This shows less: the second request may
    have made a new mapping, which lets its answer in, too.
    """

    transport: Literal["dtls", "coap"] | None = None
    """None: no server answered, so there was no conversation."""
    host: AskedName = ""
    port: int = 0
    address: Address | None = None
    cookie: bool = False
    """Whether the server gave a cookie, see above."""
    hold_s: float = 0.0
    """How long the silence was planned to last."""
    silent_s: float = 0.0
    """How long this laptop sent nothing: from the last datagram before the silence to the first one after it."""
    before: list[Attempt] = field(default_factory=list)
    before_answer: MappingAnswer | None = None
    """The last answer before the silence; unless it is `accepted` or `answered`, the measurement ended with it."""
    after: list[Attempt] = field(default_factory=list)
    after_answer: MappingAnswer | None = None
    """The answer after the silence; None: the server was not asked again, for example because too many datagrams
    arrived during the silence."""
    control: list[Attempt] = field(default_factory=list)
    """A second conversation, on another socket, which went on during the silence of the first; only with `cookie`."""
    control_answer: MappingAnswer | None = None
    """The last answer in `control`. If it is `accepted` while `after_answer` is `new-cookie`, the server did not change
    its secret."""
    arrived: list[Arrival] = field(default_factory=list)
    """Datagrams that arrived during the silence: each shows that the NAT still had the mapping at that time."""
    idle_s: float = 0.0
    """The longest part of the silence without a datagram in either direction: each one can refresh the mapping."""
    largest: Count = 0
    """Bytes of the largest DTLS datagram from the server that arrived whole; 0: none, or not recorded."""


# --- path -------------------------------------------------------------------------------------------------------

ProbeOutcome = Literal["time-exceeded", "unreachable", "answered", "timeout", "error"]
PathPayload = Literal["coap", "dtls", "ntp", "dns", "syn"]


class PathProbe(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One packet with the TTL `ttl`, and its outcome; a report leaves out fields without a value.

    Attributes:
        outcome: `answered`: a UDP or TCP answer from the destination's address. `unreachable`: an ICMP error other than
            Time Exceeded, from the destination or any other address.
        source: the sender of the answer or error; None although an error came: the system does not name its sender.
        quoted: the first bytes of the packet that the ICMP error quotes, from the UDP or TCP header on; for UDP without
            a raw socket, from the payload on.
        detail: the answer, or the system's error, in words.
    """

    ttl: Hops
    at_s: float
    outcome: ProbeOutcome
    icmp: Icmp | None = None
    source: Address | None = None
    rtt_ms: float | None = None
    quoted: Raw = ""
    detail: Words | None = None


class Ladder(Struct, frozen=True, kw_only=True):
    """Packets to one port with rising TTL; a TTL without an answer is tried several times.

    Attributes:
        payload: what the packets carry: a CoAP ping, a DTLS ClientHello, an NTP request, a DNS query, or nothing (a
            SYN).
        known_by: what answered on this port earlier in the run; None: nothing did.
        one_flow: whether the first try of each TTL has the same source port, so that routers that balance load by flow
            send all these packets along the same path; each further try has another source port.
        no_raw: why no raw sockets were used: the system's error message; None: raw sockets were used.
        strays: how many datagrams came from this port that answer none of these packets.
    """

    protocol: Literal["udp", "tcp"]
    port: int
    payload: PathPayload
    known_by: Words | None = None
    one_flow: bool = True
    no_raw: Words | None = None
    probes: Annotated[list[PathProbe], Meta(max_length=256)] = field(default_factory=list)
    strays: Count = 0

    @property
    def name(self) -> str:
        """Protocol and port."""
        return f"{self.protocol.upper()} {self.port}"


class WholePackets(Struct, frozen=True, kw_only=True):
    """Large datagrams with the DF bit set, whose TTL ends at a router before the server.

    "Time exceeded" shows that a datagram reached that router whole; "fragmentation needed" comes from the router whose
    next link has too small an MTU.
    """

    size: Count
    """Bytes of the IP packet."""
    probes: Annotated[list[PathProbe], Meta(max_length=64)] = field(default_factory=list)
    """Empty: no router before the server is known, so no datagram was sent."""


class PathTarget(Struct, frozen=True, kw_only=True):
    """The ladder to the cloud port at one address, and ladders to other ports of that address as controls.

    The cloud port is the port that the device uses to reach its cloud.
    """

    host: AskedName
    address: Address
    device: Ladder
    controls: Annotated[list[Ladder], Meta(max_length=8)] = field(default_factory=list)
    cut_short: bool = False
    """Whether the measurement ended early, at the limit of packets."""
    whole: WholePackets | None = None
    """Whether large datagrams leave this network unfragmented; None: not measured."""
    unasked: Unasked | None = None
    """None: the report is of a version that did not record it."""


class Path(Observation, kw_only=True):
    """How far packets to the cloud port get, judged by the routers that answer with Time Exceeded."""

    targets: Annotated[list[PathTarget], Meta(max_length=64)] = field(default_factory=list)
    """Empty: the cloud port answered, so the path to it was not measured. If the path was measured although the port
    answered, there are no controls, because nothing has to be compared."""


# --- Internet Test ----------------------------------------------------------------------------------------------


class EchoPacket(Struct, frozen=True, kw_only=True):
    """One packet of a reachability echo, and its outcome."""

    at_s: float
    sequence: Count
    size: Count
    """Bytes of the UDP payload."""
    sent: Raw = ""
    error: Words | None = None
    """The system's error message, if the packet could not be sent."""
    echo_ms: Millis | None = None
    """How long an echo that a device accepts took; None: no such echo came."""
    reply: Raw = ""
    """The answer to this packet, whether a device accepts the answer or not."""
    flaw: Words | None = None
    """Why a device does not accept the answer."""
    icmp: Icmp | None = None


class EchoTest(Struct, frozen=True, kw_only=True):
    """The reachability echo of one interface with one server."""

    form: Literal[1, 2]
    """1: as in Device OS 5.6 to 5.8 and 6.0 to 6.1; 2: as in Device OS 5.9 and 6.2."""
    host: AskedName
    port: int
    interface: int
    """The device's own index of the tested interface, which the packets carry."""
    address: Address | None = None
    packets: Annotated[list[EchoPacket], Meta(max_length=64)] = field(default_factory=list)
    ignored: list[Attempt] = field(default_factory=list)
    """Datagrams that did not come from the server."""
    stopped_early: bool = False
    """Whether sending stopped because an echo had arrived; a device continues to the end of its test time."""
    waited_s: float = 0.0

    @property
    def answered(self) -> bool:
        """Whether an echo arrived that a device accepts."""
        return any(packet.echo_ms is not None for packet in self.packets)


class Echo(Observation, kw_only=True):
    """Reachability echoes, as the Internet Test of Device OS 5.6 and later makes them."""

    tests: list[EchoTest] = field(default_factory=list)


class TcpConnect(Observation, kw_only=True):
    """A TCP connection on which nothing is sent or read: the Internet Test of Device OS up to 1.5."""

    address: Address = ""
    port: int = 0
    connection: Connection | None = None


class VendorStatus(Observation, kw_only=True):
    """What the vendor's status page says; the page is fetched only if the device's own cloud does not answer.

    This reveals nothing about this network: the words are the vendor's, about its own services.
    """

    host: AskedName | None = None
    """The host of the status page; None: the page was not fetched."""
    address: Address | None = None
    indicator: Words | None = None
    """How severe the outage is: `none`, `minor`, `major`, `critical` or another word of the page. None: not known, and
    `error` says why."""
    description: Words | None = None
    """The page's summary in a few words, such as `All Systems Operational`."""
    updated: Plain | None = None
    """When the page was last updated, in UTC."""
    incidents: list[Words] = field(default_factory=list)
    """The names of the page's incidents that are not resolved yet, five at most."""
    error: Words | None = None


# --- as the device ----------------------------------------------------------------------------------------------

JoinWay = Literal["cable", "radio", "networkmanager", "windows", "macos"]
"""How a run takes the device's place. `cable`: a second interface on the laptop's Ethernet port. `radio`: the laptop's
radio, in a network namespace of the run. `networkmanager`: a connection that NetworkManager makes. `windows`, `macos`:
a connection that the system makes as the laptop itself."""
AS_ITSELF: frozenset[JoinWay] = frozenset({"windows", "macos"})
"""The values of `JoinWay` with which the laptop joins with its own abilities and its own MAC address."""


RESTORED_WITHIN_S = 30.0
"""How long a laptop may take, after a run as the device, until it is back on its network."""


class LaptopExchange(Struct, frozen=True, kw_only=True):
    """Whether a server answers the laptop's own address, for comparison with what it answers the device.

    Attributes:
        what: what was asked: a `resolver`; an `ntp` server; the web `page` of a vendor; a server by `coap`, `dtls` or
            the Photon's own protocol (`nonce`).
        host: the name of the server; for a resolver, None.
        answered: whether a valid answer came; for a page, whether the vendor's own page came unchanged.
    """

    what: Literal["resolver", "ntp", "page", "coap", "dtls", "nonce"]
    host: AskedName | None = None
    address: Address | None = None
    port: int = 0
    answered: bool = False


class AsDevice(Observation, kw_only=True):
    """How this run took the device's place, and what the laptop saw from its own address.

    Absent: the run did not take the device's place. If present, the other observations (`scope`, `dhcp`, `dns` and so
    on) were made from the device's own address.

    Attributes:
        way: how the run took the device's place.
        mac: the device's MAC address in this run. If `--mac` gave it, it may be the address of a real device.
        mac_from: where `mac` comes from: made up for this network (`made`), made up with the prefix that the user gave
            (`prefix`), or given by the user (`given`).
        laptop_addresses: the laptop's own IPv4 addresses on the interface, with prefix length.
        laptop_gateway: the next hop of the laptop's default route.
        laptop_ssid: the Wi-Fi network that the laptop itself was on; None: it was on none, or on a cable; absent: the
            report is of an earlier version. `Scope.ssid` is the network that the device joined.
        laptop: what answered the laptop's own address.
        neighbours: hosts in the device's subnet, other than its router, and whether they answer its ARP requests.
        router: the laptop's router, and whether it answers ARP requests from the device's MAC address; asked only on a
            cable, if DHCP gave the device no lease. None: not asked.
        restored_s: after how many seconds the laptop was seen to be in its earlier state; None: it was not within the
            deadline.
        left: what had not returned to its earlier state, in words.
        kept: what the system keeps of the run's connection (NetworkManager's lease file).
    """

    way: JoinWay | None = None
    mac: ServerMac | None = None
    mac_from: Literal["made", "prefix", "given"] = "made"
    laptop_addresses: list[Address] = field(default_factory=list)
    laptop_gateway: Address | None = None
    laptop_ssid: Ssid | UnsetType | None = UNSET
    laptop: Annotated[list[LaptopExchange], Meta(max_length=256)] = field(default_factory=list)
    neighbours: Annotated[list[LinkNeighbor], Meta(max_length=MOST_NEIGHBORS)] = field(default_factory=list)
    router: LinkNeighbor | None = None
    restored_s: float | None = None
    left: list[Words] = field(default_factory=list)
    kept: list[Words] = field(default_factory=list)


# --- join -------------------------------------------------------------------------------------------------------

JoinEnd = Literal[
    "joined", "auth-refused", "assoc-refused", "no-answer", "key-refused", "key-unfinished", "passed-over", "not-found",
    "not-told", "not-made",
]  # fmt: skip
"""How an attempt to join ended.

`auth-refused`, `assoc-refused`: the access point's answer to an authentication or association request has a status code
other than 0. `no-answer`: an authentication or association request got no answer. `key-refused`: the four-way handshake
did not complete, and the supplicant blames the passphrase. `key-unfinished`: the four-way handshake did not complete,
for another reason. `passed-over`: the supplicant found the network but did not ask to join it. `not-found`: no scan
found the network. `not-told`: unknown, because the time ran out, or the program that manages the radio did not report
it. `not-made`: this laptop could not make the attempt.
"""
KeyForm = Literal["allowed", "not-ascii", "not-allowed", "none"]
"""The form of the passphrase. `allowed`: 8 to 63 ASCII characters from 32 to 126, or 64 hexadecimal digits (IEEE
802.11-2020, J.4.1 and 12.7.1). `not-ascii`: 8 to 63 bytes, some of them outside ASCII 32 to 126. `not-allowed`: any
other text. `none`: no passphrase was given, or none is needed."""
PassedOver = Literal["pmf", "akm", "cipher", "rates", "other"]
"""Why a supplicant does not ask to join a BSS. `pmf`: the BSS requires protected management frames. `akm`, `cipher`: it
offers no key management suite, or no cipher, that the station has. `rates`: it has basic rates that the station lacks.
`other`: any other reason."""
LinkState = Literal["there", "gone", "not-looked", "no-supplicant", "unheard"]
"""The state of the link at the end of a run. `no-supplicant`: the program that had joined and kept the link had ended
before. `unheard`: no loss of the link was seen, but not all of the kernel's messages about it were read."""
MOST_ATTEMPTS = 16
"""The most attempts, and the most losses of a link, that are kept."""
MOST_SAID = 24
"""The most lines of the supplicant's output that are kept for one attempt."""
MOST_HEARD = 64
"""The most frequencies that are kept of one scan; 2.4 and 5 GHz together have fewer channels."""


class JoinAbilities(Struct, frozen=True, kw_only=True):
    """What the station that joins can do: the limits of the device's radio, which it imitates.

    May reveal: which kind of device a run was made for.

    Attributes:
        frequencies_mhz: the only frequencies on which the station scans and sends; ascending.
        ht: whether the station has 802.11n; it never has 40 MHz or a newer PHY.
        security: the kinds of security with which the station can join a network.
        ciphers: the pairwise and group ciphers that the station supports.
        pmf: whether the station supports protected management frames.
    """

    frequencies_mhz: Annotated[list[Count], Meta(max_length=64)] = field(default_factory=list)
    ht: bool = True
    security: list[Security] = field(default_factory=list)
    ciphers: list[Plain] = field(default_factory=list)
    pmf: bool = False


class JoinAttempt(Struct, frozen=True, kw_only=True):
    """One attempt to join.

    Attributes:
        mac: the MAC address of the station.
        bssid: the BSS that was asked or joined; None: no BSS was asked.
        status: the status code of the answer that refused the join (IEEE 802.11-2020, table 9-50).
        reason: the reason code of the deauthentication or disassociation that ended the attempt (table 9-49).
        by_laptop: whether this laptop, and not the access point, sent that deauthentication or disassociation.
        passed_over: why the supplicant did not ask to join: the supplicant's own prediction, not an answer of the
            access point.
        heard_mhz: if the network was not found: the frequencies on which the same scan heard any BSS; absent: not
            looked at, or the report is of an earlier version.
        said: what the supplicant, or the program that manages the radio, said about the attempt, in its own words.
    """

    at_s: float
    duration_s: float = 0.0
    mac: ClientMac
    ended: JoinEnd
    bssid: Bssid | None = None
    frequency_mhz: Count | None = None
    status: Count | None = None
    reason: Count | None = None
    by_laptop: bool = False
    passed_over: PassedOver | None = None
    heard_mhz: Annotated[list[Count], Meta(max_length=MOST_HEARD)] | UnsetType = UNSET
    said: Annotated[list[Said], Meta(max_length=MOST_SAID)] = field(default_factory=list)

    @property
    def was_asked(self) -> bool:
        """Whether an access point was asked to join; if not, the attempt is no evidence for or against a refusal."""
        return self.was_answered or self.ended == "no-answer"

    @property
    def was_answered(self) -> bool:
        """Whether the access point answered."""
        return self.ended in {"joined", "auth-refused", "assoc-refused", "key-refused", "key-unfinished"}


class LinkLoss(Struct, frozen=True, kw_only=True):
    """The loss of a link that had been established.

    Attributes:
        reason: the reason code (IEEE 802.11-2020, table 9-49); None: no reason code was reported.
        by_laptop: whether this laptop ended the link, for example because it heard no more beacons.
        asked_to_move: whether the access point had asked the station to move to another BSS (802.11v).
        said: what the supplicant said about the loss, in its own words.
    """

    at_s: float
    bssid: Bssid | None = None
    reason: Count | None = None
    by_laptop: bool = False
    asked_to_move: bool = False
    said: Said | None = None


class Join(Observation, kw_only=True):
    """A real join of a Wi-Fi network, as a device makes it. Absent: the run did not join.

    Neither the passphrase nor its length is recorded.

    Attributes:
        way: how the station was to be made; None: in no way.
        ssid: the name of the network, as in `Bss.ssid`.
        abilities: what the station could do.
        key_form: the form of the passphrase that was given.
        attempts: all attempts; if any attempt joined, it is the last one.
        lost: each loss of the link after the join.
        link: whether the link was there at the end of the run.
        end_bssid: the BSS that the station was on at the end of the run.
        watched_s: how long the link was watched, in seconds.
        scanned_5ghz_s: when NetworkManager first scanned on 5 GHz with the MAC address of a device that has no 5 GHz;
            None: no such scan was seen; absent: nobody looked for one, as in a report of an earlier version.
        unheard_s: since when such a scan may have been missed, because the kernel sent more messages than could be read
            in time; None: all messages were read; absent: nobody looked for such a scan, or the report is of an earlier
            version.
        restored_s: after how many seconds the laptop was seen on its network again, if the system itself joined
            (`windows`, `macos`); None: it was not seen there again, no join was made, or the system did not join itself
            (then see `AsDevice.restored_s`).
        left: what had not returned to its earlier state, in words, if the system itself joined.
    """

    way: JoinWay | None = None
    ssid: Ssid | None = None
    abilities: JoinAbilities = field(default_factory=JoinAbilities)
    key_form: KeyForm = "none"
    attempts: Annotated[list[JoinAttempt], Meta(max_length=MOST_ATTEMPTS)] = field(default_factory=list)
    lost: Annotated[list[LinkLoss], Meta(max_length=MOST_ATTEMPTS)] = field(default_factory=list)
    link: LinkState = "not-looked"
    end_bssid: Bssid | None = None
    watched_s: float = 0.0
    scanned_5ghz_s: float | UnsetType | None = UNSET
    unheard_s: float | UnsetType | None = UNSET
    restored_s: float | None = None
    left: Annotated[list[Words], Meta(max_length=16)] = field(default_factory=list)

    @property
    def joined(self) -> JoinAttempt | None:
        """The attempt that joined; None: none did."""
        return next((attempt for attempt in self.attempts if attempt.ended == "joined"), None)


# --- the log of a device ----------------------------------------------------------------------------------------

LogLevel = Literal["TRACE", "INFO", "WARN", "ERROR", "PANIC"]


CUT = "[cut]"
"""The text that replaces a secret, and the rest of the line after the secret, in a line of a device's log."""


class LogRecord(Struct, frozen=True, kw_only=True):
    """A line of a device's log whose kind is known.

    Attributes:
        line: the number of the line in the log, from 1 on.
        kind: the name of the kind of line (`agent/profiles/log_lines.py`).
        text: the line, without secrets and without any prefix that other tools added. May reveal names of networks,
            addresses, host names, the device's id.
        at_ms: milliseconds since the device started.
        is_whole: whether the line is complete; False: it was cut, and only its beginning is kept.
        has_head: whether the line is a record of the firmware's log, with a level; False: it has no level, so an
            application or a tool may have printed it.
        name: the name of a network in the line.
        bssid: the BSSID of the access point in the line, in lower case.
        code: an error or reason code, as printed.
        was: the state that is left; `now`: the state that follows.
        said: any other value in the line: a model, a version, a kind of security, a battery's voltage.
    """

    line: Count
    kind: Plain
    text: DeviceLine
    at_ms: Count | None = None
    category: Plain | None = None
    level: LogLevel | None = None
    is_whole: bool = True
    has_head: bool = True
    name: Ssid | None = None
    bssid: Bssid | None = None
    host: Host | None = None
    address: Address | None = None
    port: Count | None = None
    code: Plain | None = None
    was: Plain | None = None
    now: Plain | None = None
    signal_dbm: int | None = None
    channel: Count | None = None
    said: Plain | None = None


class LogHole(Struct, frozen=True, kw_only=True):
    """A place in a log at which lines may be missing. May reveal: times of the device, and nothing else.

    Attributes:
        line: the number of the line before which lines may be missing.
        what: why: the time went back (`restart`), nothing was printed for half a minute or more (`silence`), or the
            serial monitor lost the device (`reconnect`).
        from_ms: the last time before this place, in milliseconds since the device started; `to_ms`: the first after
            it.
    """

    line: Count
    what: Literal["restart", "silence", "reconnect"]
    from_ms: Count | None = None
    to_ms: Count | None = None


class DeviceLog(Struct, kw_only=True):
    """What a device's own log says, as far as its lines are recognised.

    The log is text from outside: it may be from another day, another place or another device.

    Attributes:
        records: the recognised lines, 2,000 at most; `more_records` counts those that were left out in the middle.
        levels: the lowest level seen in each category: a line below that level was not printed, rather than lost.
        formats: how the lines are written: `Device OS`, `before 0.6.0`, `JSON`, `modem`, `particle-cli`.
        lines: how many lines the log has; `heads` is how many records of the firmware, recognised or not, and
            `other_lines` how many other lines that were not recognised.
        torn: how many records run into each other, or are incomplete JSON.
        doubled: how many records were printed twice.
        undecodable: how many bytes could not be decoded as text.
        too_long: how many lines were cut because they were too long.
        unread: how many bytes were not read, because the log was too large.
        holes: places where lines may be missing, 100 at most.
        first_ms: the first time in the log, in milliseconds since the device started; `last_ms`: the last.
        live: whether the log was read from the device itself, in this run; False: it comes from a file, of any date.
    """

    records: list[LogRecord] = field(default_factory=list)
    more_records: Count = 0
    levels: dict[Plain, LogLevel] = field(default_factory=dict)
    formats: list[Plain] = field(default_factory=list)
    encoding: Plain = "utf-8"
    bytes: Count = 0
    lines: Count = 0
    heads: Count = 0
    other_lines: Count = 0
    torn: Count = 0
    doubled: Count = 0
    undecodable: Count = 0
    too_long: Count = 0
    unread: Count = 0
    holes: list[LogHole] = field(default_factory=list)
    more_holes: Count = 0
    first_ms: Count | None = None
    last_ms: Count | None = None
    live: bool = False


class Observations(Struct, kw_only=True):
    """One key per probe; None if the probe did not finish or was not requested."""

    scope: Scope = field(default_factory=Scope)
    wifi: Wifi | None = None
    dhcp: Dhcp | None = None
    dns: Dns | None = None
    ntp: Ntp | None = None
    portal: Portal | None = None
    coap: Coap | None = None
    cloud: Cloud | None = None
    tcp: TcpConnect | None = None
    echo: Echo | None = None
    mapping: Mapping | None = None
    path: Path | None = None
    vendor_status: VendorStatus | None = None
    as_device: AsDevice | UnsetType = UNSET
    join: Join | UnsetType = UNSET
    log: DeviceLog | None = None
    """The log of a device that the user supplied: text from outside, not a measurement of this run."""


Protocol = Literal["udp", "tcp", "arp", "802.11"]


class Contact(Struct, frozen=True, kw_only=True):
    """A host and port that was contacted; `bytes` count from the IP header on. ARP has no port: 0.

    `802.11`: a BSS that the station of a run joined or tried to join. `address` is its BSSID, and `packets` counts the
    authentication and association requests of all attempts, as listed in `Join.attempts`: without retransmissions by
    the kernel, and without the four-way handshake. There is no port, and bytes are not counted: both are 0.
    """

    protocol: Protocol
    host: Host | None
    address: Address
    port: int
    packets: Count
    bytes: Count
    purpose: Plain
    shapes: list[Plain] = field(default_factory=list)
    """The names of the payloads sent there (`probes/net/payload_shapes.py`); empty in runs of older versions."""
    as_device: bool | UnsetType = UNSET
    """Whether the packets were sent from the device's MAC address (False: from this laptop's own). Absent: the run did
    not take the device's place."""

    @property
    def words(self) -> str:
        """Protocol, address and port, such as `UDP 192.0.2.1:53`."""
        return f"{self.protocol.upper()} {self.address}{f':{self.port}' if self.port else ''}"


EventKind = Literal[
    "begin", "end", "sent", "heard", "icmp", "open", "opened", "closed", "failed", "asked", "no-more"
]  # fmt: skip


class Event(Struct, frozen=True, kw_only=True):
    """Something that was sent, received or called during a run, for `--debug`; it is in no report.

    Attributes:
        what: a probe's `begin` or `end`; a packet `sent` or `heard`; an ICMP error (`icmp`); a TCP connection that is
            being opened (`open`), is established (`opened`), was `closed`, or `failed`; a call to a part of the
            operating system (`asked`); the end of the trace, because there were too many events (`no-more`).
        purpose: the probe, the purpose of a packet, or the part of the operating system.
        size: bytes of the payload; for raw sockets, of the whole packet or (DHCP) frame.
        sent: bytes sent on a TCP connection.
        heard: bytes received on a TCP connection.
        method: the name of the call to the operating system, without its arguments.
        outcome: how the call ended, in words of this tool, without the content of its answer.
        payload: the bytes themselves.
    """

    at_s: float
    what: EventKind
    purpose: Plain
    protocol: Protocol | None = None
    shape: Plain | None = None
    host: Host | None = None
    address: Address | None = None
    port: int | None = None
    ttl: Hops | None = None
    size: Count | None = None
    sent: Count | None = None
    heard: Count | None = None
    icmp: Icmp | None = None
    method: Plain | None = None
    outcome: Plain | None = None
    detail: Words | None = None
    payload: Raw = ""


WaitedFor = Literal[
    "scan", "informed", "offer", "lease", "other-servers", "udp", "tcp", "asked-again", "silence", "path"
]  # fmt: skip


class Waiting(Struct, frozen=True, kw_only=True):
    """Something that a run waits for, to show progress; it is in no report.

    Attributes:
        what: the end of a Wi-Fi `scan`; an answer to an INFORM (`informed`), an OFFER, a `lease`, or more servers'
            OFFERs (`other-servers`); an answer by `udp` or `tcp`; answers that confirm a server's first answer
            (`asked-again`); the end of a `silence` that tests a NAT; routers' answers on the `path`.
        since: when the waiting began, on the monotonic clock.
        until: when the waiting ends at the latest, on the same clock.
        port: the server's port; for `path`, the cloud port.
    """

    what: WaitedFor
    since: float
    until: float
    port: int | None = None


# --- this laptop, for `netpreflight doctor` ---------------------------------------------------------------------


class Package(Struct, frozen=True, kw_only=True):
    """A Python package that netpreflight needs."""

    name: Plain
    least: Plain
    """The oldest version of the package that netpreflight works with."""
    version: Plain | None = None
    """The installed version; None: the package is not installed."""


class Laptop(Struct, kw_only=True):
    """What is known of this laptop before anything is sent. It is not part of a saved run.

    Attributes:
        scope: the scope with which a run on this laptop would begin.
        obstacles: what this laptop cannot do, and why, keyed by: `link` and `route` (which probes need); the DHCP
            `exchange`; tracing the path of a protocol (`trace-tcp`, `trace-udp`), and naming the routers on the path
            (`trace-udp-senders`); a `join` as a device, and making a separate `station` for that join; listening on an
            interface in monitor mode (`listen`); reading the rules of the laptop's own `firewall`. No key: no
            obstacle.
        steps: the steps that a person takes on this system, as in `System.steps`.
        wifi: the survey as far as it goes without a scan; `triggered` says that a scan could be made.
        listening: the interfaces in monitor mode.
        lease: the lease that this laptop holds, as its own DHCP client recorded it.
        dropping: the rules (table and chain) by which this laptop's own firewall may drop incoming packets; None: they
            cannot be read.
        synchronised: whether the system says that its clock is synchronised; None: the system does not say.
        clock_behind: whether the clock shows a time before this copy of netpreflight was made.
        free_bytes: free space on the disk of the current folder; None: not known.
        kept_in: the folder in which runs are kept; None: not known.
        python: the version of Python.
        packages: the Python packages that netpreflight needs.
    """

    scope: Scope
    obstacles: dict[Plain, Obstacle] = field(default_factory=dict)
    steps: dict[Plain, Words] = field(default_factory=dict)
    wifi: Wifi = field(default_factory=Wifi)
    listening: list[Interface] = field(default_factory=list)
    lease: Lease | None = None
    dropping: list[Words] | None = None
    synchronised: bool | None = None
    clock_behind: bool = False
    free_bytes: Count | None = None
    kept_in: Words | None = None
    python: Plain = ""
    packages: list[Package] = field(default_factory=list)
