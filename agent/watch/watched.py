"""What a watch has seen, as people and programs read it: `netpreflight-watch/1`.

Times are UTC. They are worked out when a watch is read: its store holds seconds since the laptop was started, which no
step of the clock can change, and for each start of the laptop what the clock showed at one moment.
"""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from netpreflight.agent.owner import Owner
from netpreflight.probes.observations import (
    Address,
    AskedName,
    Bssid,
    Count,
    Hops,
    Interface,
    Plain,
    Protocol,
    Said,
    Ssid,
    Words,
)

Utc = Annotated[dt.datetime, Meta(tz=True)]
"""A time in UTC; it reveals when somebody watched, and nothing about the network."""
Span = Annotated[float, Meta(ge=0, le=1e9)]
"""A duration in seconds, within the limits of this document."""
Offset = Annotated[int, Meta(ge=-86_400, le=86_400)]
"""How many seconds a clock is ahead of UTC."""

Layer = Literal["link", "ip", "gateway", "internet", "dns", "portal", "cloud", "ntp", "dhcp"]
LAYERS: tuple[Layer, ...] = ("link", "ip", "gateway", "internet", "dns", "portal", "cloud", "ntp", "dhcp")
"""The layers in order: of those that are broken, the first is blamed. They go from this laptop to the cloud; DHCP is
last, because no other layer needs its servers as long as a lease lasts.

`internet` is never asked itself: it is blamed if resolver and cloud are both silent while the ARP table has the
gateway."""
BEHIND_ROUTER: frozenset[Layer] = frozenset({"dns", "portal", "cloud", "ntp"})
"""Layers behind the router: an answer of one shows that a device could have reached more than the router."""
OutageProblem = Literal[
    "link-lost",  # no carrier, or no Wi-Fi association
    "no-address",  # the interface has lost its IPv4 address
    "gateway-silent",  # the router answers no ARP request
    "nothing-beyond-gateway",  # neither the resolver nor the cloud answers, and the ARP table has the router
    "resolver-silent",  # no resolver of the lease answers
    "resolver-fails",  # the resolver answers with an error
    "no-such-name",  # the resolver says that the cloud's name does not exist
    "no-usable-address",  # the resolver gives an address that no other host can have, such as 0.0.0.0
    "no-answer",  # nothing is answered on the cloud port
    "mapping-lost",  # the cloud answers a new local port, but not that of the conversation: a NAT or firewall forgot it
    "not-the-cloud",  # something answers in the cloud's place, without the key that the device expects
    "handshake-fails",  # the conversation is answered, but the handshake of a device that reconnects would fail
    "rejected",  # packets to the cloud are rejected by an ICMP error, or the connection is reset
    "captive-portal",  # a captive portal answers in the internet's place
    "no-time",  # no NTP server answers
    "renewal-silent",  # the lease that the watch holds is not renewed
    "no-lease",  # no DHCP server grants a lease
    "address-in-use",  # the DHCP server offers an address that another host has
]
"""What broke."""
Blind = Literal["asleep", "stalled", "stopped", "restarted", "clock-stepped"]
"""Why nothing was observed: the laptop slept; this program was held up; the watch was ended; the laptop was restarted;
the laptop's clock was set, so that the length of the gap is not known."""
NoteKind = Literal[
    "clock-stepped",
    "roamed",
    "channel",
    "deauthenticated",
    "lost-datagram",
    "gateway-changed",
    "unproved",
    "lease",
    "no-lease",
]
"""What else was noticed.

* `lost-datagram`: one question was not answered, but its repetition was
* `unproved`: it was not shown that what answers is the cloud itself
* `lease`: the lease that the watch holds has changed, or was lost
* `no-lease`: the watch asked for a lease in vain, but nothing is known to have broken, because it was granted no lease
  since it was started (or started again), or because a router answers ARP for the offered address"""


class Asked(Struct, frozen=True, kw_only=True):
    """A layer that was asked within the seconds of an outage, and what it said.

    Attributes:
        good: whether it worked; null: it could not be asked.
        said: what was seen, in words. May quote addresses and names.
        at: when it was asked.
    """

    layer: Layer
    good: bool | None
    said: Words
    at: Utc


class WouldDo(Struct, frozen=True, kw_only=True):
    """What the device would have done in an outage, by its profile. It reveals nothing.

    Attributes:
        offline_s: for how many seconds it would have been offline, at least; null: not known.
        sessions_lost: how often it would have had to reconnect; null: not known.
        light: what its status LED would have shown, in words; empty: not known.
        sentence: the same in a sentence.
    """

    offline_s: Span | None
    sessions_lost: Count | None
    light: Plain
    sentence: Plain


class FullRun(Struct, frozen=True, kw_only=True):
    """A full run that was made because of an outage.

    Attributes:
        at: when it began.
        is_over: whether the outage was over when the run ended, so that the run says nothing about its cause.
        verdict: the verdict of the run's report; null: the run was cut short.
        said: the headline of the run's report. May quote addresses and names.
    """

    at: Utc
    is_over: bool
    verdict: Plain | None
    said: Words


class Outage(Struct, frozen=True, kw_only=True):
    """A time in which layers of the network did not work.

    Its beginning and end are known only within bounds, because layers are asked at intervals: it began between
    `last_good` and `first_bad`, and ended between `last_bad` and `first_good`.

    Attributes:
        last_good: when the layer was last seen to work; null: it had not been seen to work since the watch, or its last
            gap, began.
        first_bad: when the first question that stayed unanswered was asked.
        last_bad: when the last question that stayed unanswered was asked.
        first_good: when the layer was first seen to work again; null: that was not observed.
        ended_by: why `first_good` is null: what ended the observation; `going-on`: the outage was not over yet.
        layer: the first broken layer, of those that were asked within the same seconds.
        check: the check whose page says more; null: there is none.
        problem: what broke.
        owner: who can change something; null: not known.
        remedy: what to change, or the one step that would settle what is not known. May quote addresses and names.
        summary: what was seen, in a sentence. May quote addresses and names.
        asked: what the layers answered that were asked within the same seconds, in the order of the questions.
        ladder: how far packets to the cloud port got, in words; null: it was not traced. May quote addresses.
        lost_behind: the first hop from which on nothing was heard ("dropped at or after hop 2"); null: not known.
        runs: the full runs that were made because of the outage.
        device: what the device would have done.
    """

    last_good: Utc | None
    first_bad: Utc
    last_bad: Utc
    first_good: Utc | None
    ended_by: Blind | Literal["going-on"] | None = None
    layer: Layer
    check: Plain | None
    problem: OutageProblem
    owner: Owner | None
    remedy: Words | None
    summary: Words
    asked: list[Asked] = field(default_factory=list, name="evidence")
    ladder: Words | None = None
    lost_behind: Hops | None = None
    runs: list[FullRun] = field(default_factory=list)
    device: WouldDo | None = None

    @property
    def least_s(self) -> float:
        """The shortest time that the outage can have lasted, in seconds: from the first miss to the last."""
        return max((self.last_bad - self.first_bad).total_seconds(), 0.0)

    @property
    def most_s(self) -> float | None:
        """The longest time that it can have lasted, in seconds; None: its beginning or its end was not observed."""
        if self.last_good is None or self.first_good is None:
            return None
        return max((self.first_good - self.last_good).total_seconds(), 0.0)


class Unobserved(Struct, frozen=True, kw_only=True):
    """A stretch in which nothing was observed, so it counts neither as an outage nor as good. It reveals nothing."""

    begin: Utc = field(name="from")
    end: Utc = field(name="to")
    why: Blind


class Unasked(Struct, frozen=True, kw_only=True):
    """A layer that was to be asked but never could be, so that nothing is known about it.

    Attributes:
        said: why it could not be asked the last time, in words; empty: the watch ended before its turn. May quote
            addresses and names.
    """

    layer: Layer
    said: Words = ""


class Hour(Struct, frozen=True, kw_only=True):
    """How often a layer was asked within one hour, and how often it worked. It reveals nothing.

    Attributes:
        at: when the hour began.
        good: how often it worked.
        bad: how often it did not work; a single lost datagram does not count.
        slowest_ms: how long the slowest answer took; null: no time was measured.
    """

    layer: Layer
    at: Utc
    good: Count
    bad: Count
    slowest_ms: Annotated[float, Meta(ge=0, le=1e9)] | None = None


class Traffic(Struct, frozen=True, kw_only=True):
    """What was sent to a host and port, and what came back; bytes from the IP header on, for TCP a lower bound."""

    protocol: Protocol
    host: AskedName | None
    address: Address
    port: Count
    packets_out: Count
    bytes_out: Count
    packets_in: Count
    bytes_in: Count


class Note(Struct, frozen=True, kw_only=True):
    """Something else that was noticed.

    Attributes:
        said: what was noticed, in words. May quote addresses and names.
        bssid: the access point that the note is about; null: none, or not known.
    """

    at: Utc
    kind: NoteKind
    said: Words
    bssid: Bssid | None = None


Result = Literal["no-outage", "outages", "not-observed"]
"""The result of a watch; `not-observed`: nothing could be observed, nothing behind the router ever answered, or the
device's cloud could never be asked."""
ClusterKind = Literal["hour-of-day", "day-of-week"]


class Cluster(Struct, frozen=True, kw_only=True):
    """An hour of the day or a day of the week in which outages begin more often than by chance. It reveals nothing.

    Attributes:
        which: the hour, from 0 to 23, or the day, from 0 for Monday.
        struck: on how many days an outage began at that time.
        watched: on how many days that time was watched.
        expected: on how many days an outage would begin at that time by chance.
        needed: on how many days an outage has to begin at that time to be called a cluster; null: no number would be
            enough.
        chance: how likely it is that any hour or day shows as much by chance, corrected for testing all of them.
    """

    kind: ClusterKind
    which: Annotated[int, Meta(ge=0, le=23)]
    struck: Count
    watched: Count
    expected: Annotated[float, Meta(ge=0, le=2**48)]
    needed: Count | None
    chance: Annotated[float, Meta(ge=0, le=2**48)]


class Clusters(Struct, frozen=True, kw_only=True):
    """When outages cluster.

    Attributes:
        utc_offset_s: how many seconds the clock by which the hours are counted is ahead of UTC; null: hours are counted
            in UTC, because the laptop's offset is not known or is hidden. It reveals the time zone.
        enough: whether the watch is long enough to show any cluster.
        found: the hours and days in which outages cluster.
    """

    utc_offset_s: Offset | None
    enough: bool
    found: list[Cluster] = field(default_factory=list)


class Watch(Struct, frozen=True, kw_only=True):
    """A watch, from its first look to its last: what `netpreflight watch report FILE --json` prints.

    Attributes:
        begin: when the watch first looked at the network.
        end: when the watch last looked at the network.
        observed_s: how many seconds of that time were observed.
        unobserved: the stretches in which nothing was observed, in order.
        outages: what broke, in order of `first_bad`.
        unasked: the layers that could never be asked.
        hours: how often each layer worked, hour by hour.
        traffic: what was sent and what came back, by host and port.
        notes: what else was noticed, in order.
        limits: what this watch could not see, in sentences. They may quote names.
        lost_rows: how many outages and notes were dropped because there was no room for them.
        interface: the name of the interface that was watched.
        ssid: the Wi-Fi network that the interface was on last; null: none, or not known.
        device: the name of the profile.
        device_label: the device's title and Device OS version.
        os_version: the Device OS version that was judged; null: the newest.
        step_s: how often the cloud was asked, in seconds: the times of an outage are not known better than that.
        version: the version of this tool that watched last.
        utc_offset_s: how many seconds the laptop's clock was ahead of UTC at last; null: not known. It reveals the time
            zone.
        result: the result of the watch; filled in when the watch is read.
        answer: what somebody needs who reads nothing else; filled in when the watch is read.
        clusters: when outages cluster; filled in when the watch is read; null: there were no outages.
    """

    schema: Literal["netpreflight-watch/1"] = "netpreflight-watch/1"
    begin: Utc = field(name="from")
    end: Utc = field(name="to")
    observed_s: Span
    unobserved: list[Unobserved]
    outages: list[Outage]
    unasked: list[Unasked] = field(default_factory=list)
    hours: list[Hour] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    limits: list[Words] = field(default_factory=list)
    lost_rows: Count = 0
    interface: Interface | None = None
    ssid: Ssid | None = None
    device: Plain
    device_label: Plain
    os_version: Plain | None = None
    step_s: Span
    version: Plain = ""
    utc_offset_s: Offset | None = None
    result: Result | None = None
    answer: Words = ""
    clusters: Clusters | None = None


class WatchSide(Struct, frozen=True, kw_only=True):
    """A summary of one of two watches.

    Attributes:
        file: the name of the watch's file; people put into it whose network it is.
        outages: how many outages there were.
        answer: what the watch says to somebody who reads nothing else.
    """

    file: Said
    device_label: Plain
    begin: Utc = field(name="from")
    end: Utc = field(name="to")
    observed_s: Span
    outages: Count
    answer: Words


class ProblemPair(Struct, frozen=True, kw_only=True):
    """How often, and for how long in all, each of two watches saw a problem. It reveals nothing."""

    problem: OutageProblem
    broke: Plain
    a: Plain
    b: Plain


class WatchComparison(Struct, frozen=True, kw_only=True):
    """Two watches side by side: what `netpreflight compare --json` prints of them.

    Attributes:
        sentence: what the comparison shows.
        worse: whether outages that the device would notice came more often in B; null: not known.
        problems: what broke in either of them, the most frequent first.
    """

    schema: Literal["netpreflight-watch-comparison/1"] = "netpreflight-watch-comparison/1"
    sentence: Plain
    worse: bool | None
    a: WatchSide
    b: WatchSide
    problems: list[ProblemPair]
