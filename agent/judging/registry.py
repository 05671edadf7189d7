"""The checks: one row each, with all that is to be said of a check; every part of the program that needs it asks here.

A new check is a new row, its judge and its page (docs/adding.md). Judges may name one another's checks as causes
(`due_to`); all else that goes by the id of a check is a column.
"""

from collections.abc import Callable

from msgspec import Struct

from netpreflight.agent.judging import cloud, coap, dhcp, dns, ntp, path, portal, servers, wifi
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding, Stage, StartStage, StationKind, Where
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Observations

COMMON_PROBLEMS = (
    "not-looked",  # its probe did not run, or the run was cut short
    "not-sent",  # this laptop's own system refused to send
    "other-run",  # a saved run did not ask what this device needs
    "other-network",  # measured on another Wi-Fi network than the one judged
    "no-resolver",  # no resolver of this network was asked
    "no-address",  # the name to ask has no address here
    "unconfirmed",  # would pass, if what is known of the device were confirmed
    "internal-error",  # netpreflight itself failed
)
"""Problems that any check may have, with the same word everywhere."""


def _in_every_run(_seen: Observations) -> bool:
    return True


class Row(Struct, frozen=True, kw_only=True):
    """One check.

    Attributes:
        id: its name in reports, files and options; the part before the full stop is its group, for `--only` and
            `--skip`.
        stage: of a device's start; None: it is not about the network, and never counts for the verdict.
        judge: what a run means for a device.
        problems: every cause that its judge can name, beside `COMMON_PROBLEMS`; its page explains each.
        probes: the probes that have to run for it; it is judged once they have ended.
        also: probes whose observations it uses too, where they run.
        beside: probes that run too where it is judged, and that it does not wait for.
        exists: whether a run can have it at all; a run that cannot has no such check.

        plain: what its failing means, for somebody who does not know the field's terms.
        owner: who can usually change it; a finding may name somebody else.
        where: what is changed then, where that is no firewall.
        station: the station of the drawn way to the cloud on whose stretch it is drawn; None: it is not.
        drawn: the words there; the checks with the same words are one step. `{port}` is the port of the device's cloud.

        starts: the stage of the device's start that it says something of; None: none.
        stops: whether its failing stops the device there; False: it may or may not.
        logged: whether the device's log has a line of its own where it stops for that.
        first: of several failures this one is told first: it may be the cause of all, unless there is no address.
        spoils: the stages whose failures its own failing can be the cause of: what is seen in them then says nothing of
            what will be there once it is mended.
        settles: checks that pass once it does.
        locates: whether it says where on the path the device's port is lost.
        asked: the servers somewhere in the internet that it is about, which can themselves be what fails; None: it is
            about none.
        of_cloud: the transport and port that a device's cloud has to have for the check to count; None: for any device.
        says_open: the transports of whose port it says whether that is open.
        needs_lease: whether a lease is asked for it as an unknown device, which takes root.
        whole_survey: whether a check of the air needs the survey of all bands, though the device has 2.4 GHz only.
        as_reference: what its failing says of a network that is to be a reference for another; None: nothing.
    """

    id: str
    stage: Stage | None
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
    settles: tuple[str, ...] = ()
    locates: bool = False
    asked: Callable[[Observations, Profile], servers.Servers] | None = None
    of_cloud: tuple[str, int] | None = None
    says_open: tuple[str, ...] = ()
    needs_lease: bool = False
    whole_survey: bool = False
    as_reference: str | None = None

    @property
    def group(self) -> str:
        """What `--only` and `--skip` call it, together with others."""
        return group_of(self.id)

    @property
    def page(self) -> str:
        """The page that explains it."""
        return f"docs/checks/{self.id}.md"

    @property
    def beyond_the_air(self) -> bool:
        """Whether it was measured on a network, and not by listening to the air."""
        return self.stage not in {None, "scan"}


def group_of(check_id: str) -> str:
    """The group of a check."""
    return check_id.partition(".")[0]


_WIFI = "The Wi-Fi does not suit the device."
_DHCP = "The network gives the device no address that it can use."
_DNS = "The network does not look up the names that the device needs."
_CLOUD = "The device's cloud service does not answer it through this network."
_NO_NETWORK = (
    "no-source",  # nothing on this laptop can look at the air
    "nothing-heard",  # not a single result
    "names-withheld",  # results, and no name to any of them
    "none-chosen",  # several networks, and none of them named
)
"""Why there is no network that the checks of the air could judge, beside `not-looked`."""
_EXCHANGES = ("ntp", "portal", "coap", "cloud")
"""Probes that show by their exchanges that an address is a real one."""

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
        problems=(*_NO_NETWORK, "not-heard", "not-told", "refused-character", "hidden-name", "odd-name", "look-alike"),
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
    # --- an address
    Row(
        id="dhcp.offer",
        stage="ip",
        judge=dhcp.offer,
        problems=("no-answer", "only-known-clients", "pool-exhausted", "no-offer", "only-laptop-lease", "no-exchange"),
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
            "not-granted",
            "lease-without-address",
            "lease-without-resolver",
            "lease-without-router",
            "too-late",
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
        problems=("servers-disagree", "second-server", "no-answer", "no-exchange"),
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
        problems=("answers-invented", "local-address", "one-address-for-all", "no-denial", "only-laptop-resolver"),
        probes=("dhcp", "dns"),
        also=_EXCHANGES,
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
        problems=("no-answer", "rejected", "no-route", "kiss-of-death", "short-reply", "wrong-mode", "long-reply"),
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
    ),
    # --- the device's cloud, and the way to it
    Row(
        id="coap.udp-5683",
        stage="cloud",
        judge=coap.udp_5683,
        problems=("blocked", "rejected", "no-route", "port-closed", "foreign-answer", "no-answer"),
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
            "too-late",
            "mapping-forgotten",
            "small-mtu",
        ),
        probes=("dhcp", "dns", "coap", "cloud"),
        also=(*_EXCHANGES, "mapping", "path"),
        beside=("tcp", "echo"),  # the device tests the internet where its cloud fails
        plain=_CLOUD,
        owner="network administrator",
        station="cloud",
        drawn="{port}",
        starts="cloud",
        stops=True,
        settles=("path.egress",),  # a port that answers has a way to it
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
)

CHECKS: dict[str, Row] = {row.id: row for row in _ROWS}
"""The checks that this version measures, by id, in the report's order."""


def with_stage(*stages: Stage) -> list[str]:
    """The checks of some stages of a start."""
    return [row.id for row in CHECKS.values() if row.stage in stages]


def probes_for(selection: Selection) -> set[str]:
    """The probes that the checks of a selection need."""
    rows = [row for row in CHECKS.values() if selection.includes(row.id)]
    return {probe for row in rows for probe in (*row.probes, *row.beside)}
