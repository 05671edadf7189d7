"""The checks: one row each, with everything that the program needs to know about a check.

A new check is a new row, its judge and its page (docs/adding.md). A judge may name another check as the cause
(`due_to`); everything else that depends on a check's id is a column here.
"""

from collections.abc import Callable
from typing import Literal

from msgspec import UNSET, Struct

from netpreflight.agent.judging import cloud, coap, device_itself, dhcp, dns, join, ntp, path, portal, servers, wifi
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Check, Finding, Stage, StartStage, StationKind, Where
from netpreflight.agent.selection import OPTIONAL, Selection
from netpreflight.probes.observations import Observations

COMMON_PROBLEMS = (
    "not-looked",  # the check's probe did not run, or the run was cut short
    "not-sent",  # this laptop's own system refused to send
    "not-read",  # an answer may have come, but was not read
    "other-run",  # a saved run did not ask what this device needs
    "other-network",  # measured on another Wi-Fi network than the one judged
    "no-resolver",  # no resolver of this network was asked
    "no-address",  # the server's name has no address here
    "not-joined",  # the station that stands for the device had no link
    "only-laptop",  # in a run as the device: the server answers this laptop's own address, but not the device
    "unconfirmed",  # would pass, but rests on an unconfirmed fact about the device
    "internal-error",  # netpreflight itself failed
)
"""Problems that any check may have."""


def _in_every_run(_seen: Observations) -> bool:
    return True


def _in_runs_that_join(seen: Observations) -> bool:
    return seen.join is not UNSET


class Row(Struct, frozen=True, kw_only=True):
    """One check.

    Attributes:
        id: the check's name in reports, files and options; the part before the dot is its group, for `--only` and
            `--skip`.
        stage: the stage of a device's start; None: the check is not about the network, and never counts for the
            verdict.
        of_device: what part of the device itself the check judges, by the device's own log; None: the check is about
            the network.
        judge: turns the observations of a run into the finding for one device.
        problems: every cause that the judge can name, beside `COMMON_PROBLEMS`; the check's page explains each.
        probes: the probes that the check needs; it is judged once they have ended.
        also: more probes whose observations the check uses, if they run.
        beside: probes that are started together with the check's own, but that the check does not wait for.
        exists: whether a run can have this check; runs that cannot do not list it.

        plain: what a failure means, for somebody who does not know the technical terms.
        owner: who can usually fix a failure; a finding may name somebody else.
        where: what has to be changed, if not a firewall.
        station: the station in the drawing of the way to the cloud at which the check is drawn; None: it is not drawn.
        drawn: the label in that drawing; checks with the same label are drawn as one step. `{port}` stands for the port
            of the device's cloud.

        starts: the stage of the device's start that the check decides; None: none.
        stops: whether a failure always stops the device at that stage; False: it may or may not.
        logged: whether the device logs a line of its own when this failure stops it.
        first: whether this failure is reported before others, because it may be the cause of all of them; a missing
            address still comes before it.
        spoils: the stages whose failures this one can cause; what was measured in them may differ once it is fixed.
        spoils_not: problems of this check that cause no such failures, because the network still lets this laptop pass.
        may_stop: problems whose warning means that the device is stopped, unless a fact about the device is wrong.
        settles: checks that pass once this one does.
        locates: whether the check says where on the path the device's port is lost.
        asked: the internet servers that the check relies on, which may themselves be down; None: it relies on none.
        of_cloud: the transport and port that a device's cloud must use for the check to count; None: it always counts.
        says_open: the cloud transports whose port the check shows to be open or not.
        needs_lease: whether the check asks for a lease as an unknown device, which needs root.
        tries_passphrase: whether the check shows if a passphrase is that of the network.
        whole_survey: whether the check needs a survey of all bands, even for a device that has 2.4 GHz only.
        as_reference: what a failure here says about a network that is used as the reference; None: nothing.
    """

    id: str
    stage: Stage | None
    of_device: Literal["passphrase", "device"] | None = None
    judge: Callable[[DeviceView], Finding]
    problems: tuple[str, ...]
    probes: tuple[str, ...]
    also: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    exists: Callable[[Observations], bool] = _in_every_run

    plain: str
    owner: Owner
    where: Where = "network"
    station: StationKind | None = None
    drawn: str = ""

    starts: StartStage | None = None
    stops: bool = False
    logged: bool = True
    first: bool = False
    spoils: tuple[Stage, ...] = ()
    spoils_not: tuple[str, ...] = ()
    may_stop: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    locates: bool = False
    asked: Callable[[Observations, Profile], servers.Servers] | None = None
    of_cloud: tuple[str, int] | None = None
    says_open: tuple[str, ...] = ()
    needs_lease: bool = False
    tries_passphrase: bool = False
    whole_survey: bool = False
    as_reference: str | None = None

    @property
    def group(self) -> str:
        """The group name that `--only` and `--skip` accept for this check."""
        return group_of(self.id)

    @property
    def page(self) -> str:
        """The path of the page that explains the check."""
        return f"docs/checks/{self.id}.md"

    def spoilt_by(self, problem: str | None) -> tuple[Stage, ...]:
        """The stages whose failures a problem of this check can cause."""
        return () if problem in self.spoils_not else self.spoils

    @property
    def beyond_the_air(self) -> bool:
        """Whether the check is measured through the network, and not by a Wi-Fi survey."""
        return self.stage not in {None, "scan"}


def may_stop(check: Check) -> bool:
    """Whether a check's warning means that the device is stopped, unless a fact about the device is wrong."""
    return check.status == "warn" and check.problem in CHECKS[check.id].may_stop


def group_of(check_id: str) -> str:
    """The group of a check id: the part before the dot."""
    return check_id.partition(".")[0]


_JOIN = "The access point does not let the device in."
_WIFI = "The Wi-Fi does not suit the device."
_DHCP = "The network gives the device no address that it can use."
_DNS = "The network does not look up the names that the device needs."
_CLOUD = "The device's cloud service does not answer it through this network."
_NO_NETWORK = (
    "no-source",  # nothing on this laptop can look at the air
    "nothing-heard",  # no scan result at all
    "names-withheld",  # scan results without SSIDs
    "none-chosen",  # several networks, and the user named none
)
"""Why the `wifi.*` checks have no network to judge, beside `not-looked`."""
_EXCHANGES = ("ntp", "portal", "coap", "cloud")
"""Probes whose successful exchange shows that an address is a real one."""

_ROWS = (
    # --- the air
    Row(
        id="wifi.band",
        stage="scan",
        judge=wifi.band,
        problems=(
            *_NO_NETWORK,
            "stale-result",
            "not-told",
            "hidden-names",
            "not-surveyed",
            "other-band",
            "nontransmitted",
            "not-on-the-air",
        ),
        probes=("wifi",),
        plain=_WIFI,
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="Wi-Fi",
        starts="scan",
        stops=True,
        as_reference="the device could not hear it",
    ),
    Row(
        id="wifi.shared-ssid",
        stage="scan",
        judge=wifi.shared_ssid,
        problems=(*_NO_NETWORK, "not-heard", "not-surveyed", "shared-name", "other-band"),
        probes=("wifi",),
        plain=_WIFI,
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="Wi-Fi",
        starts="scan",
        stops=True,
        whole_survey=True,
    ),
    Row(
        id="wifi.channel-width",
        stage="scan",
        judge=wifi.channel_width,
        problems=(*_NO_NETWORK, "not-heard", "not-told", "wide-channel"),
        probes=("wifi",),
        plain=_WIFI,
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="Wi-Fi",
        starts="scan",
        stops=True,
    ),
    Row(
        id="wifi.channel",
        stage="scan",
        judge=wifi.channel,
        problems=(
            *_NO_NETWORK,
            "not-heard",
            "not-told",
            "no-channel-plan",
            "channel-unconfirmed",
            "country-not-set",
            "outside-plan",
        ),
        probes=("wifi",),
        plain=_WIFI,
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="Wi-Fi",
        starts="scan",
        stops=True,
    ),
    Row(
        id="wifi.security",
        stage="scan",
        judge=wifi.security,
        problems=(
            *_NO_NETWORK,
            "not-heard",
            "not-told",
            "pmf-not-told",
            "odd-element",
            "no-common-security",
            "no-common-akm",
            "no-common-cipher",
            "fast-transition-only",
            "pmf-required",
            "stronger-access-point",
            "open",
            "wep-or-wpa",
            "wep-for-groups",
            "enterprise-limits",
            "security-unconfirmed",
            "wpa3-transition",
        ),
        probes=("wifi",),
        plain=_WIFI,
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="Wi-Fi",
        starts="scan",
        stops=True,
    ),
    Row(
        id="wifi.mode",
        stage="scan",
        judge=wifi.mode,
        problems=(
            *_NO_NETWORK,
            "not-heard",
            "not-told",
            "newer-phy-only",
            "n-only",
            "unknown-basic-rates",
            "basic-rates",
            "two-streams",
            "stronger-access-point",
        ),
        probes=("wifi",),
        plain=_WIFI,
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="Wi-Fi",
        starts="scan",
        stops=True,
    ),
    Row(
        id="wifi.ssid",
        stage="scan",
        judge=wifi.ssid,
        problems=(
            *_NO_NETWORK,
            "not-heard",
            "not-told",
            "refused-character",
            "hidden-name",
            "hidden-above-11",
            "shared-bssid",
            "odd-name",
            "look-alike",
        ),
        probes=("wifi",),
        plain=_WIFI,
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="Wi-Fi",
        starts="scan",
        stops=True,
        whole_survey=True,
    ),
    Row(
        id="wifi.signal",
        stage="scan",
        judge=wifi.signal,
        problems=(*_NO_NETWORK, "not-heard", "not-told", "too-weak", "weak", "crowded"),
        probes=("wifi",),
        plain=_WIFI,
        owner="device owner",
        where="access point",
        station="access point",
        drawn="Wi-Fi",
        starts="scan",
        stops=True,
    ),
    # --- a real join
    Row(
        id="join.auth",
        stage="scan",
        judge=join.auth,
        problems=(
            "other-radio",
            "mac-refused",
            "full",
            "steered",
            "n-only",
            "basic-rates",
            "newer-phy-only",
            "pmf-required",
            "security-refused",
            "association-refused",
            "refused-once",
            "no-answer",
            "ignored",
            "not-found",
            "pmf-predicted",
            "akm-predicted",
            "cipher-predicted",
            "rates-predicted",
            "passed-over",
            "not-tried",
            "not-told",
        ),
        probes=("join",),
        also=("wifi",),
        exists=_in_runs_that_join,
        plain=_JOIN,
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="join",
        starts="scan",
        stops=True,
        as_reference="the access point lets the laptop in, but not a device",
    ),
    Row(
        id="join.key",
        stage="scan",
        judge=join.key,
        problems=(
            "other-radio",
            "wrong-passphrase",
            "passphrase-form",
            "passphrase-characters",
            "key-unfinished",
        ),
        probes=("join",),
        also=("wifi",),
        exists=_in_runs_that_join,
        plain="The Wi-Fi passphrase does not let the device in.",
        owner="device owner",
        where="access point",
        station="access point",
        drawn="join",
        tries_passphrase=True,
        starts="scan",
        stops=True,
    ),
    Row(
        id="join.link",
        stage="scan",
        judge=join.link,
        problems=("other-radio", "sent-away", "steered", "moved", "lost"),
        probes=("join",),
        exists=_in_runs_that_join,
        plain="The access point sends the device away after it has joined.",
        owner="network administrator",
        where="access point",
        station="access point",
        drawn="join",
    ),
    # --- an address
    Row(
        id="dhcp.offer",
        stage="ip",
        judge=dhcp.offer,
        problems=(
            "no-answer",
            "lease-server-silent",
            "offer-unheard",
            "second-mac-unheard",
            "only-by-relay",
            "offer-dropped",
            "client-options-wanted",
            "only-known-clients",
            "pool-exhausted",
            "no-offer",
            "only-laptop-lease",
            "inform-unanswered",
            "no-exchange",
        ),
        probes=("dhcp",),
        plain=_DHCP,
        owner="network administrator",
        where="DHCP server",
        station="gateway",
        drawn="DHCP",
        starts="ip",
        stops=True,
        needs_lease=True,
    ),
    Row(
        id="dhcp.lease",
        stage="ip",
        judge=dhcp.lease,
        problems=(
            "no-offer",
            "nak",
            "host-name-refused",
            "not-granted",
            "lease-without-address",
            "lease-without-resolver",
            "lease-without-router",
            "too-late",
            "short-lease",
            "address-in-use",
            "other-router",
            "only-laptop-lease",
            "no-exchange",
        ),
        probes=("dhcp",),
        plain=_DHCP,
        owner="network administrator",
        where="DHCP server",
        station="gateway",
        drawn="DHCP",
        starts="ip",
        stops=True,
        needs_lease=True,
    ),
    Row(
        id="dhcp.servers",
        stage="ip",
        judge=dhcp.servers,
        problems=("servers-disagree", "second-server", "no-answer", "offer-unheard", "no-exchange"),
        probes=("dhcp",),
        plain=_DHCP,
        owner="network administrator",
        where="DHCP server",
        station="gateway",
        drawn="DHCP",
        starts="ip",
        needs_lease=True,
    ),
    # --- the internet
    Row(
        id="dns.resolve",
        stage="internet",
        judge=dns.resolve,
        problems=(
            "no-internet",
            "not-reached",
            "no-answer",
            "rejected",
            "no-route",
            "port-closed",
            "resolver-fails",
            "names-withheld",
            "answers-invented",
            "first-resolver-fails",
            "aaaa-unanswered",
            "ipv6-address",
            "name-may-not-exist",
            "only-laptop-resolver",
        ),
        probes=("dhcp", "dns"),
        also=(*_EXCHANGES, "tcp"),
        beside=("tcp",),  # shows whether there is any internet, without a name lookup
        plain=_DNS,
        owner="network administrator",
        where="resolver",
        station="provider",
        drawn="DNS",
        starts="dns",
        stops=True,
        spoils=("internet", "cloud"),
    ),
    Row(
        id="dns.integrity",
        stage="internet",
        judge=dns.integrity,
        problems=(
            "answers-invented",
            "block-page",
            "one-address-for-all",
            "local-address",
            "block-page-suspected",
            "no-denial",
            "only-laptop-resolver",
        ),
        probes=("dhcp", "dns"),
        also=(*_EXCHANGES, "path"),
        plain=_DNS,
        owner="network administrator",
        where="resolver",
        station="provider",
        drawn="DNS",
        spoils=("internet", "cloud"),
    ),
    Row(
        id="ntp.reply",
        stage="internet",
        judge=ntp.reply,
        problems=(
            "no-answer",
            "rejected",
            "no-route",
            "kiss-of-death",
            "short-reply",
            "wrong-mode",
            "no-time",
            "wrong-time",
            "long-reply",
            "swept",
            "unproved",
            "unproved-refusal",
        ),
        probes=("dhcp", "dns", "ntp"),
        plain="The network does not tell the device the time.",
        owner="network administrator",
        station="provider",
        drawn="NTP",
        asked=servers.of_ntp,
    ),
    Row(
        id="portal",
        stage="internet",
        judge=portal.portal,
        problems=(
            "redirected",
            "status-511",
            "by-dns",
            "others-answer",
            "api-says-captive",
            "api-knows-laptop",
            "api-lets-laptop-pass",
            "api-unreachable",
            "suspected",
            "no-answer",
        ),
        probes=("dhcp", "dns", "portal"),
        plain="A login page stands in the way, and the device cannot click through one.",
        owner="network administrator",
        where="captive portal",
        station="provider",
        drawn="no portal",
        starts="cloud",
        stops=True,
        logged=False,
        first=True,
        spoils=("internet", "cloud"),
        spoils_not=("api-knows-laptop",),
    ),
    # --- the device's cloud, and the way to it
    Row(
        id="coap.udp-5683",
        stage="cloud",
        judge=coap.udp_5683,
        problems=("blocked", "rejected", "no-route", "port-closed", "foreign-answer", "unproved-refusal", "no-answer"),
        probes=("dhcp", "dns", "coap"),
        also=(*_EXCHANGES, "path"),
        plain=_CLOUD,
        owner="network administrator",
        station="cloud",
        drawn="UDP 5683 (CoAP)",
        asked=servers.of_coap,
        of_cloud=("coap", 5683),
        says_open=("coap",),
    ),
    Row(
        id="cloud.transport",
        stage="cloud",
        judge=cloud.transport,
        problems=(
            "no-answer",
            "blocked",
            "rejected",
            "no-route",
            "port-closed",
            "connection-refused",
            "no-connection",
            "no-nonce",
            "foreign-answer",
            "other-key",
            "swept",
            "unproved",
            "unproved-refusal",
            "second-flight",
            "too-late",
            "mapping-forgotten",
            "small-mtu",
        ),
        probes=("dhcp", "dns", "coap", "cloud"),
        also=(*_EXCHANGES, "mapping", "path"),
        beside=("tcp", "echo", "vendor_status"),  # the device runs its Internet Test when its cloud fails
        plain=_CLOUD,
        owner="network administrator",
        station="cloud",
        drawn="{port}",
        starts="cloud",
        stops=True,
        may_stop=("other-key",),
        settles=("path.egress",),  # a port that answers is reached
        asked=servers.of_cloud,
        says_open=("dtls", "tcp-nonce"),
    ),
    Row(
        id="path.egress",
        stage="cloud",
        judge=path.egress,
        problems=(
            "dropped",
            "dropped-before-any-router",
            "rejected",
            "no-route",
            "other-icmp-error",
            "foreign-answer",
            "answered-nearer",
            "control-answered-nearer",
            "distance-not-known",
            "refused-perhaps-inside",
            "reached-not-answered",
            "forged-answer",
            "unproved-refusal",
            "loop",
            "balanced",
            "lossy",
            "one-protocol",
            "lost-at-the-end",
            "silent-routers",
            "control-refused",
            "passed-on-by-destination",
            "silent-alike",
            "no-router-answers",
            "cut-short",
            "invented-address",
        ),
        probes=("dhcp", "dns", "coap", "cloud", "path"),
        also=_EXCHANGES,
        plain="Something on the way stops what the device sends.",
        owner="network administrator",
        locates=True,
        asked=servers.of_cloud,
    ),
    # --- the device itself, by its own log: never the network
    Row(
        id="device.credentials",
        stage=None,
        of_device="passphrase",
        judge=device_itself.credentials,
        problems=("refused", "not-shown"),
        probes=(),
        exists=device_itself.has_log,
        plain="The device was given a wrong passphrase, most likely.",
        owner="device owner",
    ),
    Row(
        id="device.keys",
        stage=None,
        of_device="device",
        judge=device_itself.keys,
        problems=("not-accepted", "not-usable", "not-shown"),
        probes=(),
        exists=device_itself.has_log,
        plain="The device's keys have to be repaired.",
        owner="device owner",
    ),
    Row(
        id="device.firmware",
        stage=None,
        of_device="device",
        judge=device_itself.firmware,
        problems=("crash", "no-memory", "radio-silent", "safe-mode", "not-shown"),
        probes=(),
        exists=device_itself.has_log,
        plain="The device's program or firmware has to be fixed.",
        owner="device owner",
    ),
    Row(
        id="device.power",
        stage=None,
        of_device="device",
        judge=device_itself.power,
        problems=("low-battery", "not-shown"),
        probes=(),
        exists=device_itself.has_log,
        plain="The device has too little power.",
        owner="device owner",
    ),
)

CHECKS: dict[str, Row] = {row.id: row for row in _ROWS}
"""The checks that this version measures, by id, in the report's order."""


def survey_checks() -> list[str]:
    """The ids of the checks that are judged by a survey of the air."""
    return [row.id for row in CHECKS.values() if "wifi" in row.probes]


def probes_for(selection: Selection) -> set[str]:
    """The probes that the selected checks need."""
    rows = [row for row in CHECKS.values() if selection.includes(row.id)]
    left_out = {probe for word, probe in OPTIONAL.items() if word in selection.skip}
    return {probe for row in rows for probe in (*row.probes, *row.beside)} - left_out
