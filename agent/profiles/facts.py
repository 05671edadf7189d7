"""What a profile states about a product: facts, each with its source and its certainty."""

import re
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from netpreflight.agent.led import Light
from netpreflight.probes.observations import Security

T = TypeVar("T")

KEEP_ALIVE_S = 25.0
"""The keep-alive of Device OS 2.1 and later, on Wi-Fi (rtl8721x_config.h:44), where a profile states none."""

Importance = Literal["required", "warning", "reported"]
"""What a failed check means for a device: `required`: incompatible; `warning`: a warning; `reported`: nothing."""
Certainty = Literal["confirmed", "inferred", "unconfirmed"]
"""`confirmed`: read in the firmware or stated by its maker; `inferred`: concluded from that; `unconfirmed`: neither."""
Version = Annotated[str, Meta(pattern=r"\A[0-9]{1,3}(\.[0-9]{1,3}){2}\Z", description="a version such as 5.8.2")]
Channels = Annotated[
    str,
    Meta(
        pattern=r"\A([0-9]{1,3}(-[0-9]{1,3})?(,[0-9]{1,3}(-[0-9]{1,3})?)*)?\Z",
        description="channels such as 1-11 or 1-11,13",
    ),
]
Port = Annotated[int, Meta(ge=1, le=65535, description="a port from 1 to 65535")]
Seconds = Annotated[float, Meta(gt=0, le=86400, description="seconds, more than 0")]
Host = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9{}]([A-Za-z0-9_{}.-]{0,251}[A-Za-z0-9{}])?\Z", description="a host name or IPv4 address"
    ),
]
StatusPage = Annotated[
    str,
    Meta(
        pattern=r"\Ahttps://[a-z0-9]([a-z0-9.-]{0,100}[a-z0-9])?/[A-Za-z0-9_./-]{1,100}\Z",
        description="an https:// URL of a host name and a path",
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=400, description="a text of up to 400 characters")]
HostName = Annotated[
    str, Meta(pattern=r"\A[A-Za-z0-9{}-]{0,63}\Z", description="up to 63 of the characters A-Z a-z 0-9 -, or {id}")
]
Cipher = Annotated[
    str,
    Meta(
        pattern=r"\A(WEP-40|WEP-104|TKIP|CCMP|CCMP-256|GCMP-128|GCMP-256)\Z",
        description="a cipher: WEP-40, WEP-104, TKIP, CCMP, CCMP-256, GCMP-128 or GCMP-256",
    ),
]
Option = Annotated[int, Meta(ge=1, le=254, description="a DHCP option from 1 to 254")]
Time = Annotated[float, Meta(ge=0, le=86400, description="seconds from 0 on")]
Times = Annotated[list[Time], Meta(min_length=1, max_length=20, description="1 to 20 times in seconds, from 0 on")]
Milliseconds = Annotated[int, Meta(ge=1, le=5000, description="milliseconds")]
Colour = Literal["red", "orange"]
"""The colour of the blinks that report an error."""
ServerKey = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9+/]{120,124}={0,2}\Z",
        description="the base64 of a SubjectPublicKeyInfo in DER, of a key on P-256",
    ),
]
Day = Annotated[
    str, Meta(pattern=r"\A20[0-9]{2}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])\Z", description="a day such as 2026-11-28")
]
Country = Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z", description="an ISO 3166 code such as US")]


class Fact(Struct, Generic[T], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fact about a product, for the Device OS versions from `since` on and before `before`."""

    value: T
    source: Text
    name: str = ""
    """Its section and key, such as `radio.channels`; filled in from its place in the file."""
    certainty: Certainty = "confirmed"
    note: Annotated[str, Meta(max_length=400, description="a text of up to 400 characters")] = ""
    """What a reader should know about the fact, as a sentence."""
    log_level: Literal["TRACE", "debug build"] | None = None
    """The kind of log that has this line; None: a default log has it (INFO and above)."""
    since: Version | None = None
    before: Version | None = None


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a profile."""


class DeviceOs(_Section, frozen=True, kw_only=True):
    """The Device OS versions that a profile covers; the newest is judged if no version is given."""

    oldest: Version
    newest: Version
    source: Text


class RadioFacts(_Section, frozen=True, kw_only=True):
    """What a device's radio can join."""

    bands: Fact[list[Literal["2.4", "5"]]]
    channels: Fact[Channels]
    """2.4 GHz channels that the device uses as delivered."""
    channels_unconfirmed: Fact[Channels] | None = None
    """Further 2.4 GHz channels that the device may use, which is not confirmed."""
    channels_by_country: Fact[dict[Country, Channels]] | None = None
    """2.4 GHz channels once the device's country is set, by ISO 3166 code."""
    channels_5: Fact[Channels] | None = None
    """5 GHz channels that the device uses as delivered."""
    channels_5_by_country: Fact[dict[Country, Channels]] | None = None
    width_mhz: Fact[Literal[20, 40]]
    """The widest channel that the device uses, in MHz."""
    phy: Fact[list[Literal["b", "g", "a", "n"]]]
    security: Fact[list[Security]]
    """Security families whose basic AKM the device has: PSK, SAE, EAP, OWE; not their FT or SHA-256/384 variants."""
    security_unconfirmed: Fact[list[Security]] | None = None
    """Further security families, whose support is experimental or not confirmed."""
    ciphers: Fact[list[Cipher]]
    """Pairwise and group ciphers."""
    pmf_required: Fact[Literal["yes", "no"]]
    """Whether the device joins a BSS that requires protected management frames."""
    enterprise: Fact[Text] | None = None
    """The limits of the device's 802.1X, as a sentence: a network with 802.1X is then a warning; None: no limits."""
    hidden: Fact[Literal["yes", "no", "with-cipher"]]
    """Whether the device joins a network that hides its name; `with-cipher`: only if its cipher was given at setup."""
    refused_in_ssid: Fact[Annotated[str, Meta(max_length=32, description="up to 32 characters")]] | None = None
    """Characters that keep the device from joining if the network's name has any of them."""
    n_only: Fact[Literal["yes", "no"]]
    """Whether the device joins a BSS that admits 802.11n only."""


JoinCause = Literal["wrong-passphrase", "mac-refused", "full", "steered", "akm-predicted", "ignored", "not-found"]
"""A problem of `join.auth` or `join.key` for which it is known what devices log."""


class JoinFacts(_Section, frozen=True, kw_only=True):
    """What a device logs if it does not join."""

    logged: Fact[dict[JoinCause, Text]] | None = None
    """Keyed by the cause: the line, or the part of the line that shows the cause."""


class DhcpFacts(_Section, frozen=True, kw_only=True):
    """What a device asks DHCP for, and how it handles a lease that lacks an option."""

    host_name: Fact[HostName]
    """Option 12 of its REQUEST; empty: it sends none. `{id}` stands for the device id."""
    asks_for: Fact[list[Option]]
    """Option 55 of its DISCOVER: the options that it asks for."""
    asks_at_s: Fact[Times]
    """When it sends its DISCOVERs, in seconds from the first; the last interval is repeated."""
    give_up_s: Fact[Seconds] | None = None
    """After how many seconds without a lease it gives up; None: never."""
    missing_router: Fact[Literal["fails", "first-host"]]
    """What it does with a lease without option 3: it fails, or uses the first host of the subnet as its router."""
    missing_resolver: Fact[Literal["waits", "goes-on"]]
    """What it does with a lease without option 6: it waits for ever, or goes on with resolvers of its own."""
    drops_malformed: Fact[Literal["yes", "no"]] | None = None
    """Whether it drops an OFFER that does not name its server (option 54) or has an option of a wrong length."""
    reads_overload: Fact[Literal["yes", "no"]] | None = None
    """Whether it reads the options that stand in the fields `file` and `sname` (option 52)."""
    checks_address: Fact[Literal["yes", "no"]] | None = None
    """Whether it asks by ARP whether somebody has an address before it uses it."""
    shortest_lease_s: Fact[Seconds] | None = None
    """The shortest lease that the device keeps, in seconds. A shorter lease, or one without a lease time (no option
    51), ends before the device renews it, and the device loses its address."""


class DnsFacts(_Section, frozen=True, kw_only=True):
    """How a device looks up names."""

    resolvers: Fact[Annotated[int, Meta(ge=1, le=4, description="1 to 4")]]
    """How many resolvers of a lease it keeps."""
    tries: Fact[Annotated[int, Meta(ge=1, le=10, description="1 to 10")]]
    """How often it looks up the cloud's name before it gives up."""
    patience_s: Fact[Seconds]
    """How many seconds it waits for one resolver, for one record type."""
    aaaa_first: Fact[bool]
    """Whether it asks for AAAA before it asks for A."""


class CloudFacts(_Section, frozen=True, kw_only=True):
    """A device's cloud endpoint."""

    transport: Fact[Literal["coap", "tcp-nonce", "dtls"]]
    port: Fact[Port]
    hosts: Fact[
        Annotated[list[Host], Meta(min_length=1, max_length=8, description="1 to 8 host names or IPv4 addresses")]
    ]
    """Host names or IPv4 addresses, of which the device needs only one; `{id}` stands for the device id, `{major}` for
    the Device OS major version."""
    known_names: Fact[list[Host]] | None = None
    """Names of the same cloud that are known to exist, for comparison. Given where it is not confirmed that the cloud
    has names for a device id that belongs to no device."""
    fallback_address: Fact[Host] | None = None
    """The address that the device tries if the name does not resolve."""
    connect_s: Fact[Seconds] | None = None
    """How many seconds the device waits for a TCP connection."""
    hello_at_s: Fact[Times] | None = None
    """When the device sends its ClientHellos, in seconds from the first."""
    answer_s: Fact[Seconds]
    """How many seconds the device waits for the service: for the nonce, or for the whole DTLS handshake."""
    keep_alive_s: Fact[Seconds] | None = None
    """After how many seconds without other traffic the device sends a keep-alive."""
    keep_alive_answer_s: Fact[Seconds] | None = None
    """How many seconds the device waits for the answer to a keep-alive before it gives up the connection."""
    connection_id: Fact[bool] | None = None
    """Whether the session survives a change of the address or port that the service sees (DTLS connection id)."""
    status_page: Fact[StatusPage] | None = None
    """The URL of the JSON summary of the vendor's status page (Statuspage)."""
    server_key: Fact[ServerKey] | None = None
    """The public key that the device carries, with which its DTLS server must sign; None: not known."""
    path_mtu: Fact[Annotated[int, Meta(ge=576, le=9000, description="576 to 9000")]] | None = None
    """The size in bytes of the largest IP packet that must get through unfragmented."""


class InternetTestFacts(_Section, frozen=True, kw_only=True):
    """The Internet Test, which a device runs to explain why its cloud connection failed."""

    method: Fact[Literal["none", "tcp", "ntp", "echo-1", "echo-2"]]
    runs_after: Fact[Literal["connect", "handshake"]]
    """The failure after which the test runs: only of the socket's connect, or of the handshake too."""
    interface: Fact[Annotated[int, Meta(ge=0, le=255, description="0 to 255")]] | None = None
    """The index of the Wi-Fi interface, which the cloud echo carries."""
    failed_line: Fact[Text]
    """What the device logs if the test fails; `{code}` and `{word}` stand for the error."""
    passed_line: Fact[Text]
    colour: Fact[Colour]
    """The colour of the blinks that follow."""
    blink_ms: Fact[Milliseconds]
    """How many milliseconds each blink is on, and then off."""


class StartupFacts(_Section, frozen=True, kw_only=True):
    """The log lines of a start, stage by stage, as the firmware prints them; `@` names a line of `log_lines.py`.

    `{ssid}`, `{host}`, `{address}` and `{port}` are filled in; `<code>`, `<n>` and `<name>` stand for values
    that only the device knows. The log may have more text before and after what is stated.
    """

    scan_line: Fact[Text] | None = None
    link_line: Fact[Text] | None = None
    ip_line: Fact[Text] | None = None
    dns_line: Fact[Text] | None = None
    cloud_line: Fact[Text] | None = None
    """What the device logs when the socket to the cloud is connected; over UDP nothing has been sent by then."""
    scan_failed_line: Fact[Text] | None = None
    """What the device logs if it does not join; the following lines are for the other stages."""
    ip_failed_line: Fact[Text] | None = None
    dns_failed_line: Fact[Text] | None = None
    connect_failed_line: Fact[Text] | None = None
    """What the device logs if the socket to the cloud cannot be connected."""
    no_answer_line: Fact[Text] | None = None
    """What the device logs if the socket is connected and the cloud sends nothing that the device accepts as an
    answer."""
    handshake_failed_line: Fact[Text] | None = None
    """What the device logs after every handshake that fails, whatever the reason."""
    connect_s: Fact[Seconds] | None = None
    """How many seconds the device tries to get from the scan to an address before it starts again."""


class LedFacts(_Section, frozen=True, kw_only=True):
    """What the status LED shows, stage by stage."""

    joining: Fact[Light] | None = None
    """The signal until the device has joined the network."""
    joined: Fact[Light] | None = None
    """The signal until it has an address, a router and a resolver."""
    connecting: Fact[Light] | None = None
    """The signal while it looks up the cloud's name and connects, and between two attempts."""
    handshake: Fact[Light] | None = None
    """The signal during the handshake with the cloud; None: the device has no handshake, or no signal for it."""
    online: Fact[Light] | None = None
    handshake_failed: Fact[Colour] | None = None
    """The colour of the single blink after a handshake that failed."""
    handshake_failed_ms: Fact[Milliseconds] | None = None
    """How many milliseconds that blink is on, at least."""


class CheckNeeds(_Section, frozen=True, kw_only=True):
    """The level of a check for a device, where that is not `required`."""

    level: Importance
    why: Text
    source: Text
    since: Version | None = None
    before: Version | None = None


class Profile(_Section, frozen=True, kw_only=True):
    """What one product needs with one Device OS version."""

    name: str
    origin: str
    """The name of a known device, or the path of a company's own file, as given to load the profile."""
    title: Annotated[str, Meta(min_length=1, max_length=60, description="a name of up to 60 characters")]
    os_version: str | None = None
    asked_os: str | None = None
    """The Device OS version that was asked for, if it is newer than the newest known, which is used in its place."""
    device_os: DeviceOs | None = None
    checked: Day | None = None
    """The day on which the facts were last held against their sources; None: not stated."""
    mac_prefix: (
        Fact[
            Annotated[
                str,
                Meta(pattern=r"\A[0-9A-F]{2}(:[0-9A-F]{2}){2,5}\Z", description="three to six bytes such as 94:94:4A"),
            ]
        ]
        | None
    ) = None
    radio: RadioFacts
    join: JoinFacts = JoinFacts()
    dhcp: DhcpFacts
    dns: DnsFacts
    cloud: CloudFacts
    internet_test: InternetTestFacts
    startup: StartupFacts = StartupFacts()
    led: LedFacts = LedFacts()
    checks: dict[str, CheckNeeds] = {}

    def level(self, check_id: str) -> Importance:
        """What a failure of a check means for this device."""
        if check_id in self.checks:
            return self.checks[check_id].level
        from netpreflight.agent.judging.registry import CHECKS  # noqa: PLC0415 - judging knows profiles itself

        row = CHECKS[check_id]
        if row.stage is None or row.of_cloud not in {None, (self.cloud.transport.value, self.cloud.port.value)}:
            return "reported"  # not about the network, or the device's cloud uses another port
        return "required"

    @property
    def label(self) -> str:
        """The title and the Device OS version, in words."""
        return f"{self.title}, Device OS {self.os_version}" if self.os_version else self.title


def is_version(text: str) -> bool:
    """Whether a text is a version of three numbers, such as 5.8.2."""
    return re.fullmatch(r"\d{1,3}(\.\d{1,3}){2}", text, re.ASCII) is not None


def order(version: str) -> tuple[int, ...]:
    """The numbers of a version, as a key to compare or sort versions."""
    return tuple(int(part) for part in version.split("."))


def is_table(fact: Any) -> bool:
    """Whether a fact is a table with a `value`, or a list of such tables; False: it is the bare value."""
    return (
        "value" in fact
        if isinstance(fact, dict)
        else isinstance(fact, list) and any(isinstance(element, dict) for element in fact)
    )


def covers(fact: dict[str, Any], version: str) -> bool:
    """Whether a fact, as written in its file, applies to a version."""
    since, before = fact.get("since"), fact.get("before")
    return (since is None or order(since) <= order(version)) and (before is None or order(version) < order(before))
