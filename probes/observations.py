r"""What the probes saw: the types of the report's `observations`, complete enough to be judged again.

Times named `at_s` are seconds since the run started, `*_ms` are durations in milliseconds. Bytes from the wire are
lower-case hexadecimal. Text from the network is kept as it came (undecodable bytes as `\xNN`): the code that shows it
escapes it.

The type of each text says what it may reveal; `reports/sharing/` relies on that. Passwords and keys are never read.
"""

import contextlib
import ipaddress
from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Count = Annotated[int, Meta(ge=0, le=2**48)]
"""A number that a saved report may hold."""
Millis = Annotated[float, Meta(ge=0, le=1e9)]
"""A duration in milliseconds that a saved report may hold."""
Hops = Annotated[int, Meta(ge=0, le=255)]
"""A TTL (RFC 791 section 3.1)."""
UDP_OVERHEAD = 28
"""Bytes of IPv4 and UDP header."""
LONGEST_TEXT = 65_536
"""The most characters of a text that a saved report may hold; no probe keeps as much of what the network says."""
KEPT_BYTES = 1500
"""The most bytes of one reply that are kept as evidence."""
MOST_BSSS = 2_000
"""The most BSSs that a survey keeps."""
MOST_SAVED_BSSS = 20_000
"""The most BSSs that a saved run may hold: before 0.1.0, a survey of a capture kept as many."""

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
SsidHex = Annotated[str, reveals("ssid-hex")]
Bssid = Annotated[str, reveals("bssid")]
ServerMac = Annotated[str, reveals("server-mac")]
"""The MAC address of a router or server."""
ClientMac = Annotated[str, reveals("client-mac")]
"""The MAC address of this laptop, or of a device that a lease is asked for."""
Address = Annotated[str, reveals("address")]
"""An IP address, perhaps with a prefix length or port."""
Host = Annotated[str, reveals("host")]
"""A name that was learned from the network."""
AskedName = Annotated[str, reveals("asked-name")]
"""A host name that this tool chooses itself: from a device's profile, a vendor's, or a random one."""
Url = Annotated[str, reveals("url")]
"""A URL that was learned from the network or is set on this laptop; it may be relative."""
Interface = Annotated[str, reveals("interface")]
"""The name of an interface; some hold its MAC address."""
User = Annotated[str, reveals("user")]
Raw = Annotated[str, reveals("raw")]
"""Bytes as they came, in hexadecimal."""
Page = Annotated[str, reveals("page")]
"""The content of a web page."""
Said = Annotated[str, reveals("said")]
"""A text that a server wrote."""
Words = Annotated[str, reveals("words")]
"""Text of this tool or the operating system, which may quote any of the above."""
LogLine = Annotated[str, reveals("log-line")]
"""A line of a device's log, with the network's name, the cloud's host, and its address and port filled in."""
Label = Annotated[str, reveals("label")]
"""What the user calls the place of a run: names of people and streets may stand in it."""
DeviceLine = Annotated[str, reveals("device-line")]
"""A line of a device's own log, as somebody gave it: any name, address or id may stand in it."""


class Icmp(Struct, frozen=True, kw_only=True):
    """An ICMP error (RFC 792) that quoted one of our datagrams."""

    type: int
    code: int
    source: Address
    """Address of whoever sent the error: the host asked, or something on the way."""
    mtu: Count | None = None
    """With "fragmentation needed": the MTU of the next hop, if the error names it (RFC 1191 section 4)."""
    proved: bool = False
    """Whether it quotes something of our packet that nobody can guess: then its sender, or somebody on the way to it,
    got the packet. False, too, in a report of a version that did not look at that."""

    @property
    def is_too_large(self) -> bool:
        """Whether it is "fragmentation needed": a packet that must not be fragmented was too large (RFC 792)."""
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
"""`error`: it could not be sent. `unread`: an answer may have come that was not read, because too much came or because
reading failed; `detail` says why."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One request and its outcome, or (outcome `ignored`) a datagram that was no answer to it."""

    at_s: float
    address: Address
    port: int
    outcome: AttemptOutcome
    sent: Raw = ""
    reply: Raw = ""
    source: Address | None = None
    """`address:port` that the reply came from, if that is not `address` and `port`."""
    rtt_ms: float | None = None
    icmp: Icmp | None = None
    detail: Words | None = None

    @property
    def tells_nothing(self) -> bool:
        """Whether nothing can be concluded from its having no answer."""
        return self.outcome in {"error", "unread"}

    @property
    def words(self) -> str:
        """When the request was sent, and its outcome."""
        text = f"{self.at_s:.1f} s: {self.outcome}"
        if self.icmp:
            return f"{text}, {self.icmp.meaning} from {self.icmp.source}"
        return f"{text}, {self.detail}" if self.detail else text


TOO_MUCH = "more arrived than this laptop could read"
"""`Attempt.detail` of `unread`, where that is why."""


class Unasked(Struct, frozen=True, kw_only=True):
    """What came, while a server was asked, for ports of this laptop that had asked nothing: a sweep, where it is much.

    Whoever sends in a server's name and does not see our packets has to try many ports. May reveal: how much came,
    and nothing else.

    Attributes:
        ports: how many such ports, in this server's name or as ICMP errors about datagrams to it, seen before a
            firewall of this laptop; None: this process may not look at that.
        closed: how many more datagrams and ICMP errors for closed ports the system has counted, in whoever's name; a
            firewall of this laptop can hide them. None: the system does not count them.
        unlocked_by: the step that would let it look at `ports`, without its full stop; None: it may, or an older
            version made the run.
    """

    ports: Count | None = None
    closed: Count | None = None
    unlocked_by: Words | None = None


class Frame(Struct, frozen=True, kw_only=True):
    """A place in a program that a fault went through."""

    file: Words
    """Within its package: `probes/dns.py` of this tool, `dns/message.py` of a library."""
    line: Count
    function: Words


class Fault(Struct, frozen=True, kw_only=True):
    """An internal error of this tool, for its developers; of the program's values only the message is kept."""

    type: Words
    message: Said
    """May reveal: whatever the program had in hand, which the network or a server said."""
    frames: Annotated[list[Frame], Meta(max_length=64)] = field(default_factory=list)
    """The last one is where it was raised."""


AS_ROOT = "as root (sudo)"
"""In every step that takes root's rights on this laptop, and in no other: the next command is then given with sudo."""
WITH_SUDO = "with sudo"
"""The same on macOS."""
TAKES_ROOT = (AS_ROOT, WITH_SUDO)
ROOT_ON_LINUX = "with root's rights on a Linux laptop in the same network"
"""In every step that takes root's rights, where this laptop's system would not help even with them."""


class Obstacle(Struct, frozen=True, kw_only=True):
    """Why a probe cannot measure on this laptop.

    Attributes:
        reason: why, in plain words: lower-case at the start, no full stop.
        step: the one step that would change that, as a whole sentence; None if it is not known.
    """

    reason: Words
    step: Words | None = None


class Observation(Struct, kw_only=True):
    """What all probes' observations share.

    Attributes:
        started_s: when the probe began, in seconds since the run started.
        duration_s: how long it took, without the time it waited for its inputs.
        not_run: why there is no measurement; None if there is one.
        fault: the internal error of this tool that is the reason, or that cost a part of the measurement; absent if
            there was none.
        unlocked_by: the step that would make the measurement possible, if that is known.
    """

    started_s: float = 0.0
    duration_s: float = 0.0
    not_run: Words | None = None
    fault: Fault | UnsetType = UNSET
    unlocked_by: Words | None = None


# --- scope ------------------------------------------------------------------------------------------------------


ResolverSource = Literal["dhcp", "resolv.conf", "systemd-resolved", "settings", "vpn"]
"""`settings`: set by hand, where a system keeps that apart from what DHCP said (Windows)."""


class Resolver(Struct, frozen=True, kw_only=True):
    """A DNS resolver that this laptop knows, and where it was learned."""

    address: Address
    source: ResolverSource
    interface: Interface | None = None


class Proxy(Struct, frozen=True, kw_only=True):
    """A proxy that is set for programs on this laptop; credentials in it are never kept."""

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
"""A right of root's that a run could not give up."""


class Privileges(Struct, frozen=True, kw_only=True):
    """What this process may do."""

    user: User = ""
    """`root`, `administrator` (Windows) or `ordinary user`: who started the run."""
    raw_sockets: bool = False
    given_up: bool | None = None
    """Whether root's rights were given up before anything was read from the network; None: root did not start the run,
    or an earlier version made it."""
    kept: list[KeptRight] = field(default_factory=list)
    """What could not be given up. May reveal: that the run was in a container."""


class Scope(Observation, kw_only=True):
    """What a run speaks for: the interface measured, and what this laptop has and a device has not (VPN, proxy)."""

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
    """The gateway's hardware address, by this laptop's ARP table at the end of the run (Linux)."""
    medium: Literal["wired", "wifi"] | None = None
    """None: not known, or neither."""
    ssid: Ssid | None = None
    """The network that was measured: this laptop's, or the one that the device joined."""
    bssid: Bssid | None = None
    resolvers: list[Resolver] = field(default_factory=list)
    tunnels: list[Interface] = field(default_factory=list)
    """Tunnel interfaces that are up."""
    vpn: Interface | None = None
    """The tunnel that takes this laptop's default traffic, if one does."""
    proxy: list[Proxy] = field(default_factory=list)
    privileges: Privileges = field(default_factory=Privileges)
    os: Plain = ""
    interfaces: list[Interface] = field(default_factory=list)

    @property
    def address(self) -> str | None:
        """The interface's first IPv4 address, without its prefix length."""
        return self.addresses[0].partition("/")[0] if self.addresses else None

    def own_resolvers(self) -> list[str]:
        """The addresses of this laptop's own resolvers that it reaches through the interface, each once."""
        own = (resolver.address for resolver in self.resolvers if resolver.interface == self.interface)
        return list(dict.fromkeys(own))

    def is_on_link(self, address: str) -> bool:
        """Whether an address is of a subnet of this interface, so that no router is on the way to it."""
        try:
            return any(ipaddress.IPv4Address(address) in network for network in ipv4_networks(self.addresses))
        except ValueError:
            return False


def ipv4_networks(addresses: Iterable[str]) -> list[ipaddress.IPv4Network]:
    """The networks of the IPv4 addresses among these, such as `192.168.1.7/24`.

    What has no prefix length, or is no address, as in a saved run of somebody else, is of no known network.
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
"""Octets (IEEE 802.11-2020, 9.4.2.2)."""


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
    """An RSN (9.4.2.24) or WPA element: what a station has to use to join."""

    version: int
    group_cipher: Plain | None = None
    """`CCMP`, `TKIP`, `WEP-40`, `WEP-104`, `GCMP-256`, ..., or `OUI:type` for one that has no name here."""
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
    """Share of the time in which the access point sensed the channel busy, 0 to 1."""


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
"""What makes a network's name easy to mistype, or to mistake for another one."""


class HiddenName(Struct, frozen=True, kw_only=True):
    """What judging looks at in a network's name, in a report for a ticket that does not show the name.

    May reveal: how long the name is, which odd characters are in it, and that it looks like a name that is shown.

    Attributes:
        octets: how many bytes it has, or as text, if its bytes are not known.
        odd: what is odd about it.
        marks: the characters of ASCII in it that are neither letters nor digits, each once; of the others, `odd` tells.
        looks: what is the same for names that look alike: two keys, each a token, or that of a name that is shown.
        spelling: the same number for the same bytes; None: its bytes are not known.
    """

    octets: Count
    odd: list[Oddity] = field(default_factory=list)
    marks: Plain = ""
    looks: Annotated[list[Ssid], Meta(max_length=2)] = field(default_factory=list)
    spelling: Count | None = None


class Bss(Struct, frozen=True, kw_only=True):
    r"""One BSS as heard on the air. What the source cannot see is None (or an empty list, if `complete` is False).

    Attributes:
        bssid: lower-case, colons.
        ssid: text, undecodable bytes as `\xNN`; empty: the name is hidden; None: the source withholds names.
        ssid_hex: the bytes of the name.
        frequency_mhz: centre frequency of the primary 20 MHz channel.
        channel: primary channel, after contradictions are resolved.
        width_mhz: width in use: 20, 40, 80, 160, 320; 40 only if HT Operation has a secondary channel and "any width".
        signal_dbm: None if not known; never a guess.
        age_s: how old this result was when it was read.
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
    """Its beacons hide the name, even if a probe response gave it; None: not known, for example without a beacon."""
    nontransmitted: bool = False
    """It sends no beacon: another BSS announces it in a Multiple BSSID element (IEEE 802.11-2020, 9.4.2.45)."""
    associated: bool = False
    """This laptop reports that it is joined to this BSS; set only if no BSSID shows which BSS that is."""
    complete: bool = True
    contradictions: list[Words] = field(default_factory=list)
    elements: Raw = ""
    """The raw information elements, hexadecimal, if the source gives them."""
    hidden_name: HiddenName | UnsetType = UNSET
    """In a report for a ticket: what judging needs of a name that is not shown there."""
    radio: Count | UnsetType = UNSET
    """In a report for a ticket: the same number for BSSIDs that are alike in all but their first octet and last four
    bits."""

    @property
    def band(self) -> Band | None:
        """The band of this BSS; None: not known."""
        return band_of(self.frequency_mhz)


class Wifi(Observation, kw_only=True):
    """What is on the air.

    Attributes:
        source: `nl80211`, `networkmanager`, `wpa_supplicant`, `windows`, `macos`, `capture`, `monitor`; None: none.
        target: the network that the run is about, by name as in `Bss.ssid`; None: no single one.
        target_from: whether the user named it (`option`), picked it from the list of those that were heard (`picked`:
            the survey did not ask for it by name), or the laptop is on it.
        triggered: whether a scan was made for this run; False: these are the results of an earlier scan.
        frequencies_mhz: the frequencies on which this source listened for this run; empty: it does not say.
        limits: what this source cannot see, and why better sources failed: sentences without a full stop.
        left_out: why networks that were heard may be missing from `bss`; None: none is missing.
        names_withheld: whether there were results, but all of them without a name.
        interface: the radio's interface, which need not be the interface under test.
        associated_bssid: the BSS that this laptop is joined to by that interface.
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
        """Set the target: the network that the user named, or else the one that this laptop is on."""
        self.target = ssid or self.associated_ssid
        self.target_from = "option" if ssid else "association" if self.associated_ssid else None


# --- DHCP -------------------------------------------------------------------------------------------------------

Identity = Literal["device", "laptop", "named"]
"""Who asks: an unknown device; this laptop; the unknown device with a host name, a vendor class and a client identifier
(options 12, 60 and 61), as computers send them."""
DhcpRequestType = Literal["DISCOVER", "REQUEST", "INFORM"]
DhcpReplyType = Literal["OFFER", "ACK", "NAK"]
LeaseTransport = Literal["raw", "udp"]
"""`raw`: whole Ethernet frames. `udp`: UDP port 68, on which a firewall of this laptop may drop what servers
broadcast."""


class DhcpMessage(Struct, frozen=True, kw_only=True):
    """An OFFER, ACK or NAK that a server sent (RFC 2131), decoded."""

    at_s: float
    type: DhcpReplyType
    identity: Identity
    """Whom it answers."""
    asked: DhcpRequestType
    server: Address
    """Server identifier (option 54), or the sender's address if that is missing."""
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
    """Option 108 (RFC 8925): the network prefers clients without IPv4, and lets them ask again after that time."""
    message: Said | None = None
    """Option 56: a message from the server."""
    overloaded: Annotated[list[Count], Meta(max_length=256)] = field(default_factory=list)
    """The numbers of the options that stand in the fields `file` and `sname` (option 52, RFC 2132 section 9.3)."""
    wrong_length: Annotated[list[Count], Meta(max_length=256)] = field(default_factory=list)
    """The numbers of the options that are too short, too long or cut off."""
    broadcast: bool = False
    host_name: bool | None = None
    """Whether the REQUEST that it answers had a host name (option 12); None: no REQUEST, or not recorded."""
    relayed: bool = False
    """Whether it answers what was sent as a relay sends it (RFC 1542 section 4): by unicast, to port 67 here. Reveals
    nothing."""
    xid: int = 0
    """Transaction id: after a NAK a device starts a new one, and ignores answers to the old one."""
    raw: Raw = ""

    @property
    def well_formed(self) -> bool:
        """Whether it names its server, and no option has a wrong length."""
        return self.server_named is not False and not self.wrong_length


class DhcpSend(Struct, frozen=True, kw_only=True):
    """A DHCP message that was sent."""

    at_s: float
    type: DhcpRequestType | Literal["RELEASE"]
    identity: Identity
    relayed: bool = False
    """As in `DhcpMessage`; reveals nothing."""


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
    """Whether another host has the offered address: one ARP request before the REQUEST (RFC 5227)."""

    at_s: float
    address: Address
    holders: Annotated[list[ClientMac], Meta(max_length=16)] = field(default_factory=list)
    """The MAC addresses of hosts that use it; empty: no host answered, which proves nothing."""


class Dhcp(Observation, kw_only=True):
    """DHCP as an unknown device sees it; without the privilege to measure that, what the laptop was given."""

    exchange_denied: Words | None = None
    """Why no DISCOVER was sent, or None if one was."""
    transport: LeaseTransport | None = None
    """How the exchange was made; None: there was none, or an older version made it (`raw`). Reveals nothing: `Scope.os`
    tells it."""
    client_mac: ClientMac | None = None
    """Hardware address (chaddr) of the unknown device."""
    sent: list[DhcpSend] = field(default_factory=list)
    received: list[DhcpMessage] = field(default_factory=list)
    malformed: int = 0
    """Datagrams from port 67 that were not DHCP."""
    unread: bool = False
    """Whether more replies came than could be read, so that one that is missing here may have come; reveals nothing."""
    cut_short: bool = False
    """Whether the run was ended before all servers had their time to answer; reveals nothing."""
    granted: DhcpMessage | None = None
    address_check: AddressCheck | None = None
    """For the address that was requested last; None: there was none, or an older version did not check."""
    released: bool = False
    laptop_lease: Lease | None = None

    def offers(self) -> list[DhcpMessage]:
        """OFFERs to the unknown device, in the order in which they came."""
        return [m for m in self.received if m.type == "OFFER" and m.identity == "device"]

    def resolvers(self) -> list[str]:
        """The resolvers that DHCP hands out.

        From the lease granted, else the first offer; if no DISCOVER was sent, from the answer to the INFORM, else from
        the laptop's lease.
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
"""`another-id`: a device's name as `device`, with an id made up for this run."""


class Lookup(Struct, frozen=True, kw_only=True):
    """One name asked of one resolver, with every attempt."""

    name: AskedName
    type: Literal["A", "AAAA"] = "A"
    """The record type asked for (RFC 1035, RFC 3596)."""
    kind: NameKind
    resolver: Address
    attempts: list[Attempt]
    rcode: Plain | None = None
    """RFC 1035 / 2136 mnemonic, or None if there was no valid answer."""
    addresses: Annotated[list[Address], Meta(max_length=64)] = field(default_factory=list)
    ttl_s: Count | None = None
    truncated: bool = False
    elapsed_ms: float = 0.0
    unasked: Unasked | None = None
    """Only where an ICMP error came; None there: in a report of a version that did not look at that."""

    @property
    def ends(self) -> bool:
        """Whether a device asks no further resolver after this: there is an address, or a valid answer without one.

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


class LinkNeighbor(Struct, frozen=True, kw_only=True):
    """A host of this link, and whether it answers ARP (RFC 826).

    May reveal: an address of this network.
    """

    address: Address
    answers_arp: bool


class Dns(Observation, kw_only=True):
    """Lookups over plain IPv4 UDP, each resolver asked for each name."""

    resolvers: list[Address] = field(default_factory=list)
    """The resolvers asked, in the order in which DHCP gave them."""
    assumed: bool = False
    """Whether these are the laptop's own resolvers, because the ones that DHCP hands out are not known."""
    lookups: Annotated[list[Lookup], Meta(max_length=1024)] = field(default_factory=list)
    neighbors: Annotated[list[LinkNeighbor], Meta(max_length=MOST_NEIGHBORS)] = field(default_factory=list)
    """Of the resolvers, those of this link that answered nothing, where this laptop's ARP table tells; Linux."""

    def of(self, name: str) -> list[Lookup]:
        """The lookups of a name's IPv4 address, in the order of the resolvers."""
        return [lookup for lookup in self.lookups if (lookup.name, lookup.type) == (name, "A")]

    def aaaa(self, name: str) -> list[Lookup]:
        """The lookups of a name's IPv6 address, in the order of the resolvers; empty if it was not asked for."""
        return [lookup for lookup in self.lookups if (lookup.name, lookup.type) == (name, "AAAA")]

    def with_other_ids(self, name: str) -> list[str]:
        """This name and, if it begins with a device id, the names that were looked up with other device ids."""
        zone = name.partition(".")[2]
        others = (lookup.name for lookup in self.lookups if lookup.kind == "another-id")
        return list(dict.fromkeys([name, *(other for other in others if other.partition(".")[2] == zone)]))

    def as_device(self, name: str) -> Lookup | None:
        """The lookup whose address a device uses, if it gets one whatever its id is."""
        used = [self.as_that_device(other) for other in self.with_other_ids(name)]
        return used[0] if all(used) else None

    def as_that_device(self, name: str) -> Lookup | None:
        """The lookup whose address the device of this very name uses, if it gets one."""
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
    """How far the server's clock is ahead of this laptop's; None: not known."""
    without_time: bool = False
    """Whether the transmit timestamp is zero: the server does not know the time (RFC 5905 section 6)."""

    @property
    def flaw(self) -> str | None:
        """Why Device OS 2.0 to 5.5 rejects the reply (simple_ntp_client.cpp:355-368); None: it accepts it."""
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
    """The device's NTP exchange: one address, requests until a good reply or the schedule's end."""

    server: AskedName = ""
    address: Address | None = None
    attempts: list[NtpAttempt] = field(default_factory=list)
    unasked: Unasked | None = None
    """None: in a report of a version that did not look at that."""
    new_ports: list[Attempt] = field(default_factory=list)
    """A request from each of three more ports, chosen at random: only where a good reply came and this process could
    not see a sweep (one after the other, up to the first without a prompt reply), or where an ICMP error came that
    proves nothing."""
    repeated: Count = 0
    """Datagrams in the server's name that came to those ports, or to the first one, beyond one for each request."""
    random_ports: Count = 0
    """From so many random ports the attempts after the first reply that a device refuses were sent, each port up to its
    own reply, where this process could not see a sweep."""

    @property
    def good(self) -> NtpReply | None:
        """The first reply that a device accepts; None if there was none."""
        return next((a.decoded for a in self.attempts if a.decoded and not a.decoded.flaw), None)


# --- captive portal ---------------------------------------------------------------------------------------------


class HttpWitness(Struct, frozen=True, kw_only=True):
    """A vendor's well-known URL, asked over plain HTTP without following a redirect."""

    url: Plain
    expected_status: int
    expected_body: Plain
    """Text that the right answer contains; empty: the right answer has no body."""
    address: Address | None = None
    status: int | None = None
    location: Url | None = None
    body: Page = ""
    error: Words | None = None

    @property
    def right(self) -> bool:
        """Whether the vendor itself answered."""
        if self.status != self.expected_status:
            return False
        return self.expected_body in self.body if self.expected_body else not self.body


class TlsWitness(Struct, frozen=True, kw_only=True):
    """A TLS handshake with a vendor's host, checked against this laptop's trust store."""

    host: AskedName
    address: Address | None = None
    verified: bool = False
    mismatch: Words | None = None
    """Why the certificate was rejected, in OpenSSL's words; None if none was rejected."""
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
    """Whether the answer has a session of this client: seconds-remaining, bytes-remaining or can-extend-session."""
    tls_verified: bool | None = None
    error: Words | None = None


class Portal(Observation, kw_only=True):
    """What each witness for a captive portal showed."""

    http: list[HttpWitness] = field(default_factory=list)
    tls: list[TlsWitness] = field(default_factory=list)
    api: PortalApi | None = None


# --- CoAP and cloud ---------------------------------------------------------------------------------------------


class Control(Struct, frozen=True, kw_only=True):
    """An exchange with the same host on another port, to tell a blocked port from a dead host."""

    port: int
    protocol: Literal["dtls", "http"]
    answered: bool
    """Whether a valid answer in that protocol came back."""
    detail: Said = ""
    unasked: Unasked | None = None
    """Of DTLS; None: in a report of a version that did not look at that."""
    new_ports: list[Attempt] = field(default_factory=list)
    """A ClientHello from each of three more ports, chosen at random: only where this process could not see a sweep."""
    foreign: bool = False
    """Whether the answer may come from another host: it is a redirect elsewhere, or an error as proxies send it."""


class CoapServer(Struct, frozen=True, kw_only=True):
    """A CoAP ping (RFC 7252 section 4.3) to one server."""

    host: AskedName
    port: int
    address: Address | None = None
    attempts: list[Attempt] = field(default_factory=list)
    reply: Plain | None = None
    """The valid reply in words, such as `Reset`, never empty; None if there was none."""
    unasked: Unasked | None = None
    """None: in a report of a version that did not look at that."""
    new_ports: list[Attempt] = field(default_factory=list)
    """A ping from each of three more ports, chosen at random: only where an ICMP error came that proves nothing."""
    controls: list[Control] = field(default_factory=list)
    cut_short: bool = False
    """Whether the ping was ended early, because another server had answered."""

    @property
    def has_answered(self) -> bool:
        """Whether it answered the ping."""
        return bool(self.reply)


class Coap(Observation, kw_only=True):
    """CoAP pings over UDP."""

    servers: list[CoapServer] = field(default_factory=list)
    neighbors: Annotated[list[LinkNeighbor], Meta(max_length=MOST_NEIGHBORS)] = field(default_factory=list)
    """Of the servers, those of this link that answered nothing, where the system found out meanwhile whether they
    answer ARP; Linux."""


class Connection(Struct, frozen=True, kw_only=True):
    """A TCP connection on which nothing was sent, and what was received."""

    at_s: float
    connect_ms: float | None = None
    """None if it was not established."""
    received: Raw = ""
    error: Words | None = None
    """How it ended: `timeout`, `refused`, `reset`, `closed`, or the system's error message; None after a nonce."""
    waited_s: float = 0.0

    @property
    def is_nonce(self) -> bool:
        """Whether exactly 40 bytes were received that can be random; a line of text of that length is a banner.

        Of 40 random bytes fewer than 20 are different once in 10**18 times.
        """
        try:
            received = bytes.fromhex(self.received)
        except ValueError:
            return False
        banner = b"\n" in received and all(32 <= byte < 127 or byte in b"\r\n\t" for byte in received)
        return self.error is None and len(received) == 40 and len(set(received)) >= 20 and not banner


class LargeHello(Struct, frozen=True, kw_only=True):
    """A padded ClientHello with the DF bit set, and its outcome, in runs of versions with rules 1 to 3.

    It is no longer sent: no device sends one, and the vendor's published server does not survive it.
    """

    size: Count
    """Bytes of the IP packet."""
    attempts: list[Attempt] = field(default_factory=list)
    record: Plain | None = None
    """The name of the DTLS record that answered it."""

    @property
    def mtu(self) -> int | None:
        """The smallest MTU that an ICMP error named; None if none did."""
        return min((attempt.icmp.mtu for attempt in self.attempts if attempt.icmp and attempt.icmp.mtu), default=None)


class ServerFlight(Struct, frozen=True, kw_only=True):
    """What a DTLS server said to the ClientHello that it has to take: the one with its cookie, where it gave one.

    What its ServerKeyExchange signs is `client_random`, `server_random`, and the parameters in `key_exchange` (RFC 8422
    section 5.4): numbers that were made up for this run, and a signature that says nothing of who asked. May reveal:
    bytes as they came, as all `Raw` may; so a report for a ticket keeps these three only where they are just that.

    Attributes:
        attempts: the ClientHellos with the cookie; none where the server asked for no cookie.
        answer: `ServerHello`: a flight that came whole. `Alert 40` and the like: an alert. `HelloVerifyRequest`: it
            asked for a cookie once more. `flood`: more than any server sends. None: silence, or a part of a flight.
        messages: what came whole of its flight, by name.
        key_exchange: the body of its ServerKeyExchange: the parameters, the algorithm, and the signature.
        same_port: after that silence: the plain ClientHello again, in the same conversation.
        new_port: beside it: one from another port of this laptop, which begins another conversation.
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

    For `tcp-nonce`: the connections. For `dtls`: the attempts, `record`, the name of the record that came back, and
    `flight`, what came of the handshake after it.
    """

    transport: Literal["tcp-nonce", "dtls"]
    host: AskedName
    port: int
    address: Address | None = None
    connections: list[Connection] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    record: Plain | None = None
    flight: ServerFlight | None = None
    """None beside a `record`: in a report of a version that ended with the first record."""
    unasked: Unasked | None = None
    """None: in a report of a version that did not look at that."""
    new_ports: list[Attempt] = field(default_factory=list)
    """A ClientHello from each of three more ports, chosen at random: only where what answered proved by no signature
    that it saw our ClientHello, and this process could not see a sweep; or an ICMP error came that proves nothing."""
    repeated: Count = 0
    """Datagrams that came twice to one of those ports, or to the first one, while they were waited for."""
    large: LargeHello | None = None
    """The outcome of a large ClientHello to this address, in a report of a version that sent one."""
    waited_s: float = 0.0
    given_s: float = 0.0
    """How long the probe would have waited for the endpoint; 0 in a report of a version that did not record it."""

    @property
    def nonce(self) -> bool:
        """Whether the service spoke first, as the device's own does, and never said the same twice."""
        said = [connection.received for connection in self.connections if connection.is_nonce]
        return bool(said) and len(set(said)) == len(said)

    @property
    def has_answered(self) -> bool:
        """Whether it answered in the device's own protocol."""
        return self.record is not None or self.nonce


class Cloud(Observation, kw_only=True):
    """Exchanges with the cloud endpoints of the known devices."""

    endpoints: list[CloudEndpoint] = field(default_factory=list)
    neighbors: Annotated[list[LinkNeighbor], Meta(max_length=MOST_NEIGHBORS)] = field(default_factory=list)
    """Of the endpoints, those of this link that answered nothing, as in `Coap.neighbors`."""


# --- NAT mapping ------------------------------------------------------------------------------------------------


class Arrival(Struct, frozen=True, kw_only=True):
    """A datagram that arrived during the silence."""

    at_s: float
    size: Count
    """Bytes of its payload."""
    what: Words | None = None
    """Its DTLS record, by name; None if it is no record that the server could send."""


MappingAnswer = Literal["accepted", "new-cookie", "answered", "silence"]
"""`accepted`: a DTLS server accepted the cookie (with a ServerHello or an Alert). `new-cookie`: it sent another one.
`answered`: it answered a request without a cookie."""


class Mapping(Observation, kw_only=True):
    """Whether a UDP conversation survives a silence, or a NAT on the way forgets its mapping.

    With `cookie`, the server gave a cookie that is valid only for the address and port from which it saw this laptop
    (RFC 6347 section 4.2.1). If it accepts the cookie after the silence (`after_answer` is `accepted`), it still sees
    the same address and port. If it sends a `new-cookie`, it sees another address or port, or has changed its secret.
    A NAT that forgot the mapping and then happened to choose the same port again looks like one that has kept it.

    Without `cookie`, one request was sent before the silence and one after it. This shows less: a new mapping would
    have let the second answer in, too.
    """

    transport: Literal["dtls", "coap"] | None = None
    """None: no server answered, so there was no conversation."""
    host: AskedName = ""
    port: int = 0
    address: Address | None = None
    cookie: bool = False
    hold_s: float = 0.0
    """How long the silence was planned to last."""
    silent_s: float = 0.0
    """How long this laptop sent nothing: from the last datagram before the silence to the first one after it."""
    before: list[Attempt] = field(default_factory=list)
    before_answer: MappingAnswer | None = None
    """The last answer before the silence; unless it is `accepted` or `answered`, the measurement ended there."""
    after: list[Attempt] = field(default_factory=list)
    after_answer: MappingAnswer | None = None
    """None: not asked, or too many datagrams arrived during the silence."""
    control: list[Attempt] = field(default_factory=list)
    """A second conversation, on a socket of its own, which went on during the silence; only with `cookie`."""
    control_answer: MappingAnswer | None = None
    """Its last answer. If `accepted` while `after_answer` is `new-cookie`, the server did not change its secret."""
    arrived: list[Arrival] = field(default_factory=list)
    """Datagrams that arrived during the silence: each shows that the NAT still had the mapping at that time."""
    idle_s: float = 0.0
    """The longest part of the silence without a datagram in either direction: one that arrives can refresh a NAT."""
    largest: Count = 0
    """Bytes of the largest DTLS datagram from the server that arrived whole; 0: none, or not recorded."""


# --- path -------------------------------------------------------------------------------------------------------

ProbeOutcome = Literal["time-exceeded", "unreachable", "answered", "timeout", "error"]
PathPayload = Literal["coap", "dtls", "ntp", "dns", "syn"]


class PathProbe(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One packet with this TTL, and its outcome; a report leaves out fields without a value.

    Attributes:
        outcome: `answered`: a UDP or TCP answer from the destination's address; an ICMP error from there is
            `unreachable`, like one from any other address.
        source: the sender of the answer or error; None of an error that has come: the system does not tell it.
        quoted: the first bytes that an ICMP error quoted of the packet, from the UDP or TCP header on; of UDP without a
            raw socket, from the payload on.
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
    """Probes of one port with rising TTL; a TTL that stays silent is tried several times.

    Attributes:
        payload: what they carry: a CoAP ping, a DTLS ClientHello, an NTP request, a DNS query, or nothing (a SYN).
        known_by: what answered on this port earlier in the run, if anything did.
        one_flow: whether the first try of each TTL has the same source port, so that routers that balance load by flow
            send them all the same way; further tries have a port each.
        no_raw: why no raw sockets were used: the system's error message.
        strays: how many datagrams came from this port that answer none of these probes.
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

    "Time exceeded" shows that one got to that router whole; "fragmentation needed" comes from the router whose next
    link is too narrow.
    """

    size: Count
    """Bytes of the IP packet."""
    probes: Annotated[list[PathProbe], Meta(max_length=64)] = field(default_factory=list)
    """Empty: no router before the server is known, so none was sent."""


class PathTarget(Struct, frozen=True, kw_only=True):
    """The device's port at one address, beside controls: other ports of the same address."""

    host: AskedName
    address: Address
    device: Ladder
    controls: Annotated[list[Ladder], Meta(max_length=8)] = field(default_factory=list)
    cut_short: bool = False
    """Whether the measurement ended early, at the limit of packets."""
    whole: WholePackets | None = None
    """Whether large datagrams get out whole; None: not measured."""
    unasked: Unasked | None = None
    """None: in a report of a version that did not look at that."""


class Path(Observation, kw_only=True):
    """How far packets to the device's port get, by the routers that report their TTL as exceeded."""

    targets: Annotated[list[PathTarget], Meta(max_length=64)] = field(default_factory=list)
    """Empty: the device's port answered, so its path was not measured. If its path was measured although it answered,
    there are no controls, because nothing has to be compared."""


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
    """How long the echo took, if a device accepts it; None if there was none."""
    reply: Raw = ""
    """The answer to it, whether a device accepts it or not."""
    flaw: Words | None = None
    """Why a device does not accept the answer."""
    icmp: Icmp | None = None


class EchoTest(Struct, frozen=True, kw_only=True):
    """The reachability echo of one interface with one server."""

    form: Literal[1, 2]
    """1: Device OS 5.6 to 5.8 and 6.0 to 6.1; 2: 5.9 and 6.2."""
    host: AskedName
    port: int
    interface: int
    """The device's index of the interface, which the packets carry."""
    address: Address | None = None
    packets: Annotated[list[EchoPacket], Meta(max_length=64)] = field(default_factory=list)
    ignored: list[Attempt] = field(default_factory=list)
    """Datagrams that did not come from the server."""
    stopped_early: bool = False
    """Whether sending stopped because an echo had arrived; a device continues until its time is over."""
    waited_s: float = 0.0

    @property
    def answered(self) -> bool:
        """Whether an echo arrived that a device accepts."""
        return any(packet.echo_ms is not None for packet in self.packets)


class Echo(Observation, kw_only=True):
    """Reachability echoes, as the Internet Test of Device OS 5.6 and later makes them."""

    tests: list[EchoTest] = field(default_factory=list)


class TcpConnect(Observation, kw_only=True):
    """A TCP connection on which nothing is sent or read: the Internet Test up to Device OS 1.5."""

    address: Address = ""
    port: int = 0
    connection: Connection | None = None


class VendorStatus(Observation, kw_only=True):
    """What the vendor's status page says; it is asked only where the device's own cloud does not answer.

    It reveals nothing about this network: the words are the vendor's, of its own services.
    """

    host: AskedName | None = None
    """Of the page; None: it was not asked."""
    address: Address | None = None
    indicator: Words | None = None
    """How bad it is: `none`, `minor`, `major`, `critical` or another word. None: not known, and `error` says why."""
    description: Words | None = None
    """The same in a few words, such as `All Systems Operational`."""
    updated: Plain | None = None
    """Since when the page says so, in UTC."""
    incidents: list[Words] = field(default_factory=list)
    """The names of those that are not resolved, five at most."""
    error: Words | None = None


# --- as the device ----------------------------------------------------------------------------------------------

JoinWay = Literal["cable", "radio", "networkmanager", "windows", "macos"]
"""How a run is the device: a second interface on the laptop's port; the laptop's radio, in a namespace of the run; a
connection that NetworkManager makes; a connection that Windows or macOS makes, as itself."""
AS_ITSELF: frozenset[JoinWay] = frozenset({"windows", "macos"})
"""The ways in which the station that joins has the laptop's own abilities, and no MAC address that a run chooses."""


RESTORED_WITHIN_S = 30.0
"""The longest that a laptop may take until it is on its network as before."""


class LaptopExchange(Struct, frozen=True, kw_only=True):
    """Whether something answers this laptop from its own address, to be held against what it answers the device.

    Attributes:
        what: a `resolver`; an `ntp` server; the web `page` of a vendor, unchanged; a server by `coap`, `dtls` or the
            Photon's own protocol (`nonce`).
        host: the name asked; for a resolver, None.
        answered: whether an answer came that shows that nothing stands in the way; for a page, that it is the right
            one.
    """

    what: Literal["resolver", "ntp", "page", "coap", "dtls", "nonce"]
    host: AskedName | None = None
    address: Address | None = None
    port: int = 0
    answered: bool = False


class AsDevice(Observation, kw_only=True):
    """That this run was the device, and what the laptop saw from its own address. Absent: the run was not the device.

    With it, the other observations (`scope`, `dhcp`, `dns` and so on) are those of the device's own address.

    Attributes:
        way: how.
        mac: the device's MAC address in this run. A registered device may have it, if `--mac` named it.
        mac_from: made up for this network, made up with the prefix given, or the address given.
        laptop_addresses: the laptop's own IPv4 addresses on the interface, with prefix length.
        laptop_gateway: the next hop of its default route.
        laptop_ssid: the Wi-Fi network that the laptop itself was on; None: none, or by cable; absent: a report of an
            earlier version. `Scope.ssid` is the one that the device joined.
        laptop: what answers this laptop.
        neighbours: hosts of the device's own network, beside its router, and whether they answer its ARP requests.
        router: the laptop's router, and whether it answers ARP requests from the device's MAC address; asked by cable,
            where DHCP gave the device nothing. None: not asked.
        restored_s: after how many seconds the laptop was seen to be as before; None: it was not, within the deadline.
        left: what was not as before, in words.
        kept: what the system keeps of it (NetworkManager's lease file).
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
that is not 0. `no-answer`: there was no answer to one. `key-refused`: the four-way handshake did not complete, and the
supplicant takes the passphrase for the reason. `key-unfinished`: it did not complete for another reason. `passed-over`:
the supplicant found the network and did not ask to join it. `not-found`: no scan found it. `not-told`: the time was
over, or whoever manages the radio did not say. `not-made`: this laptop could not make the attempt.
"""
KeyForm = Literal["allowed", "not-ascii", "not-allowed", "none"]
"""`allowed`: 8 to 63 characters of ASCII from 32 to 126, or 64 hexadecimal digits (IEEE 802.11-2020, J.4.1 and 12.7.1);
`not-ascii`: 8 to 63 bytes, not all of them such characters; `not-allowed`: neither; `none`: none was given, or none is
needed."""
PassedOver = Literal["pmf", "akm", "cipher", "rates", "other"]
"""Why a supplicant does not ask a BSS to join it: it requires protected management frames, offers no key management or
cipher that the station has, or has basic rates that the station lacks; or something else."""
LinkState = Literal["there", "gone", "not-looked", "no-supplicant", "unheard"]
"""Of a link at the end of a run. `no-supplicant`: what had joined and kept it ended before; `unheard`: it was not seen
to be lost, but not all was read that the kernel told of it."""
MOST_ATTEMPTS = 16
"""The most attempts, and the most losses of a link, that are kept."""
MOST_SAID = 24
"""The most lines of a supplicant that are kept of one attempt."""
MOST_HEARD = 64
"""Frequencies of one scan; 2.4 and 5 GHz have fewer channels."""


class JoinAbilities(Struct, frozen=True, kw_only=True):
    """What the station that joins can do: the limits of the radio that it stands for.

    May reveal: which kind of device a run was made for.

    Attributes:
        frequencies_mhz: the only frequencies on which it scans and sends; ascending.
        ht: whether it has 802.11n; it never has 40 MHz or a newer PHY.
        security: the families that it can join with.
        ciphers: pairwise and group ciphers that it has.
        pmf: whether it has protected management frames.
    """

    frequencies_mhz: Annotated[list[Count], Meta(max_length=64)] = field(default_factory=list)
    ht: bool = True
    security: list[Security] = field(default_factory=list)
    ciphers: list[Plain] = field(default_factory=list)
    pmf: bool = False


class JoinAttempt(Struct, frozen=True, kw_only=True):
    """One attempt to join.

    Attributes:
        mac: the address of the station.
        bssid: the BSS that was asked, or joined; None: none was.
        status: the status code of the answer that refused it (IEEE 802.11-2020, table 9-50).
        reason: the reason code of the deauthentication or disassociation that ended it (table 9-49).
        by_laptop: whether this laptop sent that frame, and not the access point.
        passed_over: why the supplicant did not ask: its own prediction, and not the access point's word.
        heard_mhz: where the network was not found: the frequencies on which the same scan heard any BSS; absent: not
            asked, or the report is of an earlier version.
        said: what the supplicant, or who manages the radio, said of it, in its own words.
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
        """Whether an access point was asked; if not, the attempt makes a refusal no surer, and no less sure."""
        return self.was_answered or self.ended == "no-answer"

    @property
    def was_answered(self) -> bool:
        """Whether the access point answered."""
        return self.ended in {"joined", "auth-refused", "assoc-refused", "key-refused", "key-unfinished"}


class LinkLoss(Struct, frozen=True, kw_only=True):
    """The end of a link that had been there.

    Attributes:
        reason: the reason code (IEEE 802.11-2020, table 9-49); None: none was told.
        by_laptop: whether this laptop ended it, for example because it heard no more beacons.
        asked_to_move: whether the access point had asked the station to move to another BSS (802.11v).
    """

    at_s: float
    bssid: Bssid | None = None
    reason: Count | None = None
    by_laptop: bool = False
    asked_to_move: bool = False
    said: Said | None = None


class Join(Observation, kw_only=True):
    """A real join of a Wi-Fi network, as a device makes it. Absent: the run did not join.

    The passphrase is no part of it, and neither is its length.

    Attributes:
        way: by what the station was made; None: it was not made.
        ssid: the network, by name as in `Bss.ssid`.
        abilities: what the station could do.
        key_form: what kind of text the passphrase given is.
        attempts: all of them; the last one joined, if any did.
        lost: each loss of the link after the join.
        link: whether the link was there at the end of the run.
        end_bssid: the BSS that the station was on then.
        watched_s: how long the link was watched, in seconds.
        scanned_5ghz_s: when NetworkManager first scanned on 5 GHz with the MAC address of a device that has no 5 GHz;
            None: no such scan was seen; absent: it was not looked at, as in a report of an earlier version.
        unheard_s: since when such a scan may have been made that was not seen, because the kernel had more to tell than
            was read in time; None: all was read; absent: it was not looked at, or the report is of an earlier version.
        restored_s: after how many seconds the laptop was seen on its network again; None: it was not, or another way
            (`AsDevice.restored_s`) or no join was made.
        left: what was not as before, in words, where the system itself joined.
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
"""What stands in a line of a device's log in the place of a secret, and of whatever follows it."""


class LogRecord(Struct, frozen=True, kw_only=True):
    """A line of a device's log whose kind is known.

    Attributes:
        line: its number in the log, from 1 on.
        kind: what it says, by name (`agent/profiles/log_lines.py`).
        text: the line, without what other tools put before it and without secrets. May reveal names of networks,
            addresses, host names, the device's id.
        at_ms: milliseconds since the device started.
        is_whole: whether the whole line is there; False: it was cut, and nothing but its beginning counts.
        has_head: whether it is a record of the firmware's log; False: it has no level, so that anybody may have
            printed it.
        name: of a network.
        bssid: of the access point that is heard, in lower case.
        code: a number that says why, as it is printed.
        was: a state that is left; `now`: the state that follows.
        said: what the line says else: a model, a version, a security, a battery's voltage.
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
    """A place in a log at which something may be missing. May reveal: times of the device, and nothing else.

    Attributes:
        line: the number of the line before which it is.
        what: the time went back (`restart`), nothing was printed for half a minute or more (`silence`), or the monitor
            lost the device (`reconnect`).
        from_ms: the last time before it, in milliseconds since the device started; `to_ms`: the first after it.
    """

    line: Count
    what: Literal["restart", "silence", "reconnect"]
    from_ms: Count | None = None
    to_ms: Count | None = None


class DeviceLog(Struct, kw_only=True):
    """What a device's own log says, as far as its lines are known.

    The log is text from outside: it may be of another day, another place or another device.

    Attributes:
        records: the lines that are known, 2,000 at most; `more_records` counts what was left out in the middle.
        levels: the lowest level seen in each category: what a level hides is not missing.
        formats: how the lines are written: `Device OS`, `before 0.6.0`, `JSON`, `modem`, `particle-cli`.
        lines: how many lines it has; `heads` is how many records of the firmware, `other_lines` how many lines of
            another kind.
        torn: records that run into each other, or are no whole JSON.
        doubled: records that were printed twice.
        undecodable: bytes that are no text.
        unread: bytes that were not looked at, because there were too many.
        holes: places where something may be missing, 100 at most.
        first_ms: the first time in it, in milliseconds since the device started; `last_ms`: the last.
        live: whether it was read from the device itself, in this run; False: from a file, of whatever day.
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
    """One key per probe; None if the probe did not finish, or was not asked for."""

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
    """The log of a device, which somebody gave: text from outside, and no measurement of this run."""


Protocol = Literal["udp", "tcp", "arp", "802.11"]


class Contact(Struct, frozen=True, kw_only=True):
    """A host and port that was contacted; `bytes` count from the IP header on. ARP has no port: 0.

    `802.11`: a BSS that the station of a run joined, or tried to. `address` is its BSSID, and `packets` are the
    authentication and association requests of all attempts, as `Join.attempts` tells them: without what the kernel
    repeats, and without the four-way handshake. They have no port, and their bytes are not counted: 0.
    """

    protocol: Protocol
    host: Host | None
    address: Address
    port: int
    packets: Count
    bytes: Count
    purpose: Plain
    shapes: list[Plain] = field(default_factory=list)
    """What was sent there, by name (`probes/net/payload_shapes.py`); empty in runs of versions without this field."""
    as_device: bool | UnsetType = UNSET
    """Whether it was sent from the device's MAC address, or from this laptop's own. Absent: the run was not the device.
    """

    @property
    def words(self) -> str:
        """Protocol, address and port, such as `UDP 192.0.2.1:53`."""
        return f"{self.protocol.upper()} {self.address}{f':{self.port}' if self.port else ''}"


EventKind = Literal[
    "begin", "end", "sent", "heard", "icmp", "open", "opened", "closed", "failed", "asked", "no-more"
]  # fmt: skip


class Event(Struct, frozen=True, kw_only=True):
    """Something that was sent, heard or asked during a run, for `--debug`; it is in no report.

    Attributes:
        what: a probe's `begin` or `end`; a packet `sent` or `heard`; an ICMP error (`icmp`); a TCP connection that is
            being opened (`open`), is established (`opened`), was `closed`, or `failed`; a call to a part of this system
            (`asked`); the end of the trace, because there were too many events (`no-more`).
        purpose: the probe, the purpose of a packet, or the part of the system.
        size: bytes of the payload; for raw sockets, of the whole packet or (DHCP) frame.
        sent: bytes sent on a TCP connection.
        heard: bytes received on it.
        method: the call to a part of the system, without its arguments.
        outcome: how the call ended, in words of this tool: nothing of the answer itself.
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
    """Something that a run waits for, for whoever looks on; it is in no report.

    Attributes:
        what: the end of a Wi-Fi `scan`; an answer to an INFORM (`informed`), an OFFER, a `lease`, or more servers'
            OFFERs (`other-servers`); an answer by `udp` or `tcp`; that a server's answer is confirmed (`asked-again`);
            the end of a `silence` that tests a NAT; routers' answers on the `path`.
        since: when the waiting began, on the monotonic clock.
        until: when it ends at the latest, on that clock.
        port: of the server; for `path`, the device's.
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
    """The oldest version that it works with."""
    version: Plain | None = None
    """None: it is not installed."""


class Laptop(Struct, kw_only=True):
    """What is known of this laptop before anything is sent. It is not part of a saved run.

    Attributes:
        scope: as a run begins with.
        obstacles: what stands in the way, by what a probe needs (`link`, `route`), of DHCP's `exchange`, of tracing the
            path of a protocol (`trace-tcp`, `trace-udp`) and naming its routers (`trace-udp-senders`), of a `join` as a
            device and of a `station` of the run's own for it, of listening to an interface in monitor mode (`listen`),
            and of reading the rules of its own `firewall`; no key where nothing does.
        steps: what a person does on this system, as `System.steps`.
        wifi: the survey as far as it goes without a scan; `triggered` says that a scan could be made.
        listening: the interfaces in monitor mode.
        lease: the lease that this laptop holds, as its own DHCP client recorded it.
        dropping: the rules for what arrives (table and chain) by which this laptop's own firewall may drop something;
            None: they cannot be read.
        synchronised: whether the system says that its clock is synchronised; None: it does not say.
        clock_behind: whether the clock shows a time before this copy of netpreflight was written.
        free_bytes: of the disk of the current folder; None: not known.
        kept_in: the folder in which runs are kept; None: not known.
        python: the version of Python.
        packages: those that netpreflight needs.
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
