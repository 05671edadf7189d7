"""What a watch has seen, as people and programs read it: `netpreflight-watch/1`.

Times are UTC. They are worked out when a watch is read: its store holds seconds since the laptop was started, which no
step of the clock can change, and what the clock showed then.
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
"""A time in UTC; it reveals when somebody watched, and nothing of the network."""
Span = Annotated[float, Meta(ge=0, le=1e9)]
"""Seconds that a watch may hold."""
Offset = Annotated[int, Meta(ge=-86_400, le=86_400)]
"""Seconds that a clock is ahead of UTC."""

Layer = Literal["link", "ip", "gateway", "internet", "dns", "portal", "cloud", "ntp", "dhcp"]
LAYERS: tuple[Layer, ...] = ("link", "ip", "gateway", "internet", "dns", "portal", "cloud", "ntp", "dhcp")
"""From this laptop to the cloud; and DHCP, whose servers nothing else needs as long as a lease lasts.

`internet` is never asked itself: it is blamed where resolver and cloud are both silent while the ARP table has the
gateway."""
BEHIND_ROUTER: frozenset[Layer] = frozenset({"dns", "portal", "cloud", "ntp"})
"""Layers of which an answer shows that a device could have reached more than this network's router."""
OutageProblem = Literal[
    "link-lost",  # no carrier, or no Wi-Fi association
    "no-address",  # the interface has lost its IPv4 address
    "gateway-silent",  # the router answers no ARP request
    "nothing-beyond-gateway",  # neither the resolver nor the cloud answers, and the ARP table has the router
    "resolver-silent",  # no resolver of the lease answers
    "resolver-fails",  # it answers with an error
    "no-such-name",  # it says that the cloud's name does not exist
    "no-usable-address",  # it gives an address that is no other host's, such as 0.0.0.0
    "no-answer",  # the cloud answers nothing on the device's port
    "mapping-lost",  # it answers a new port, and no longer the one of the conversation: a NAT or firewall forgot it
    "not-the-cloud",  # something answers in its place, and has not the key that the device expects
    "handshake-fails",  # the conversation is answered, and a device that connects anew would fail
    "rejected",  # somebody rejects it by an ICMP error, or resets the connection
    "captive-portal",  # a portal answers in the internet's place
    "no-time",  # no NTP server answers
    "renewal-silent",  # a lease that is held is not renewed
    "no-lease",  # no DHCP server grants one
    "address-in-use",  # the address that is offered is another host's
]
"""What broke."""
Blind = Literal["asleep", "stalled", "stopped", "restarted", "clock-stepped"]
"""Why nothing was observed: the laptop slept; this program was held up; it was ended; the laptop was started anew;
its clock was set, so that the length of the gap is not known."""
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
"""What else was noticed; `lost-datagram`: one exchange that the next try made good; `unproved`: what answers did not
show that it is the cloud; `lease`: what became of the lease that the watch holds; `no-lease`: it has asked for one in
vain, and nothing is known to have broken: it has been granted none since it was begun, or begun anew; or a router
answers ARP for the address that is offered."""


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
        sessions_lost: how often it would have had to connect anew; null: not known.
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
        is_over: whether the outage was over by then, so that the run says nothing of its cause.
        verdict: as in the report of the run; null: it was cut short.
        said: its headline. May quote addresses and names.
    """

    at: Utc
    is_over: bool
    verdict: Plain | None
    said: Words


class Outage(Struct, frozen=True, kw_only=True):
    """Something that worked, did not work, and perhaps worked again: a bracket of three times.

    It began between `last_good` and `first_bad`, and ended between the last miss and `first_good`.

    Attributes:
        last_good: when the layer was last seen to work; null: it had not been seen to work since the watch, or its last
            gap, began.
        first_bad: when the first question that stayed unanswered was asked.
        last_bad: when the last such question was asked.
        first_good: when the layer was first seen to work again; null: that was not observed.
        ended_by: why `first_good` is null: what ended observing; `going-on`: the watch was still looking.
        layer: the first layer that was broken, of those that were asked within the same seconds.
        check: the check whose page says more; null: there is none.
        problem: what broke.
        owner: who can change it; null: not known.
        remedy: what to change, or the one step that would settle what is not known. May quote addresses and names.
        summary: what was seen, in a sentence. May quote addresses and names.
        asked: the layers that were asked within the same seconds, in the order in which they were.
        ladder: how far packets to the device's port got, in words; null: it was not traced. May quote addresses.
        lost_behind: the hop from which on nothing was heard ("dropped at or behind hop 2"); null: not known.
        runs: the full runs that were made because of it.
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
        """The shortest that it can have lasted, in seconds: from the first miss to the last."""
        return max((self.last_bad - self.first_bad).total_seconds(), 0.0)

    @property
    def most_s(self) -> float | None:
        """The longest that it can have lasted, in seconds; None: its beginning or its end was not observed."""
        if self.last_good is None or self.first_good is None:
            return None
        return max((self.first_good - self.last_good).total_seconds(), 0.0)


class Unobserved(Struct, frozen=True, kw_only=True):
    """A stretch in which nothing was observed: no outage, and no good time either. It reveals nothing."""

    begin: Utc = field(name="from")
    end: Utc = field(name="to")
    why: Blind


class Unasked(Struct, frozen=True, kw_only=True):
    """A layer that was to be asked and never could be, so that nothing is known of it.

    Attributes:
        said: why not, as was found last, in words; empty: the watch ended before its turn. May quote addresses and
            names.
    """

    layer: Layer
    said: Words = ""


class Hour(Struct, frozen=True, kw_only=True):
    """How often a layer was asked within one hour, and what it said. It reveals nothing.

    Attributes:
        at: when the hour began.
        good: how often it worked.
        bad: how often it did not, single lost datagrams left out.
        slowest_ms: the longest that an answer took; null: no time was taken.
    """

    layer: Layer
    at: Utc
    good: Count
    bad: Count
    slowest_ms: Annotated[float, Meta(ge=0, le=1e9)] | None = None


class Traffic(Struct, frozen=True, kw_only=True):
    """What was sent to a host and port in all, and what came back, from the IP header on; TCP is a lower bound."""

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
        said: in words. May quote addresses and names.
        bssid: the access point that it is about; null: none, or not known.
    """

    at: Utc
    kind: NoteKind
    said: Words
    bssid: Bssid | None = None


Result = Literal["no-outage", "outages", "not-observed"]
"""What a watch comes to; `not-observed`: it could not look at anything, nothing behind the router ever answered, or the
device's cloud could never be asked."""
ClusterKind = Literal["hour-of-day", "day-of-week"]


class Cluster(Struct, frozen=True, kw_only=True):
    """An hour of the day or a day of the week in which outages begin more often than by chance. It reveals nothing.

    Attributes:
        which: the hour, from 0 to 23, or the day, from 0 for Monday.
        struck: on how many days an outage began then.
        watched: on how many days it was watched then.
        expected: on how many days an outage would begin then by chance.
        needed: on how many days one has to begin then until it is called a cluster; null: no number would do.
        chance: how likely any hour or day would show as much without a cluster, all of them looked at together.
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
        utc_offset_s: how many seconds the clock by which the hours are counted is ahead of UTC; null: it is UTC,
            because that of the laptop is not known or is hidden. It reveals the time zone.
        enough: whether the watch is long enough to show any cluster.
        found: the hours and days in which outages cluster.
    """

    utc_offset_s: Offset | None
    enough: bool
    found: list[Cluster] = field(default_factory=list)


class Watch(Struct, frozen=True, kw_only=True):
    """A watch, from its first look to its last: what `netpreflight watch report FILE --json` prints.

    Attributes:
        begin: when it first looked.
        end: when it last looked.
        observed_s: for how many seconds of that it was observing.
        unobserved: when it was not, in order.
        outages: what broke, in order of `first_bad`.
        unasked: the layers that could never be asked.
        hours: what each layer said, hour by hour.
        traffic: what was sent and what came back, by host and port.
        notes: what else was noticed, in order.
        limits: what this watch could not see, in sentences. They may quote names.
        lost_rows: how many samples or events were dropped because the store could not take them.
        interface: the name of the interface that was watched.
        ssid: the Wi-Fi network that it was on last; null: none, or not known.
        device: the name of the profile.
        device_label: its title and Device OS version.
        os_version: the version that was judged; null: the newest.
        step_s: every how many seconds the cloud was asked: no bracket is tighter.
        version: the version of this tool that watched last.
        utc_offset_s: how many seconds the laptop's clock was ahead of UTC at last; null: not known. It reveals the time
            zone.
        result: what it comes to; filled in when the watch is read.
        answer: what somebody needs who reads nothing else; filled in when the watch is read.
        clusters: when outages cluster; filled in when the watch is read; null: there were none.
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
        file: the file's name; people write in it whose network it is.
        outages: how many there were.
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
    """How often, and for how long in all, both watches saw a problem. It reveals nothing."""

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
