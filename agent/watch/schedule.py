"""The plan of a watch: which layers are asked, and how often, worked out from the device's profile."""

from typing import NamedTuple

from msgspec import Struct

from netpreflight.agent import profiles
from netpreflight.agent.profiles import Profile
from netpreflight.agent.watch.watched import Layer
from netpreflight.probes.observations import AskedName, Plain

DNS_S = 60.0
HOURLY_S = 3600.0
HELLO_AT_S = (0.0, 3.0, 9.0)
"""When a device sends its ClientHellos if its profile does not say: mbedTLS waits 3 s for an answer, and then twice as
long (dtls_message_channel.cpp)."""
RENEWED_AGAIN_S = (2.0, 6.0)
"""When a REQUEST that renews the lease is repeated: lwIP does so after 2 s and another 4 s (dhcp.c). If the lease is
not renewed by then, a REQUEST is sent every minute (RFC 2131 section 4.4.5)."""
GIVE_UP_S = 12.0
"""When a miss counts at the latest, even if the device waits longer: a silence of this long, through three tries, is
more than a single lost datagram."""
MOST_BETWEEN_S = 10.0
"""The longest time between two questions to a broken layer: about as often as mbedTLS repeats its ClientHellos."""


class Interval(NamedTuple):
    """When a layer is asked.

    Attributes:
        every_s: how often it is asked while it works.
        again_at_s: when an unanswered question is repeated before the miss counts, in seconds from the first question.
        broken_s: how often it is asked while it does not work.
        is_local: whether only this laptop's own system is asked, so that even an outage of hours needs no back-off.
    """

    every_s: float
    again_at_s: tuple[float, ...]
    broken_s: float
    is_local: bool = False


class Plan(Struct, frozen=True, kw_only=True):
    """What a watch has to know of the device. It is kept in the store, so that a watch can be read without the profile.

    Attributes:
        device: the name of the profile.
        label: the profile's title and Device OS version.
        transport: how the cloud is asked; null: it is not asked, because its hosts belong to other people.
        hosts: the hosts of the cloud, of which the device needs one.
        keep_alive_s: after how many seconds without other traffic the device sends a keep-alive.
        hello_at_s: when the device sends its ClientHellos, in seconds from the first.
        holds_lease: whether the watch holds a DHCP lease, as a device would.
    """

    device: Plain
    label: Plain
    os_version: Plain | None
    transport: Plain | None
    port: int
    hosts: list[AskedName]
    keep_alive_s: float
    hello_at_s: list[float]
    holds_lease: bool = False

    @property
    def step_s(self) -> float:
        """How often something behind the gateway is asked, in seconds: the times of an outage are not known better."""
        return self.keep_alive_s if self.transport else DNS_S

    def most_jitter_s(self, seconds: float | None) -> float:
        """The longest delay of the first question, in seconds, so that laptops that start together do not ask together.

        Args:
            seconds: how long the watch is to last; a short one gets a short delay, so that it can still ask every
                layer. None: it lasts until the user ends it.
        """
        return min(self.step_s, self.step_s if seconds is None else seconds) / 5

    def intervals(self) -> dict[Layer, Interval]:
        """When each layer is asked."""
        step = self.keep_alive_s
        broken = min(step, MOST_BETWEEN_S)
        soon = min(2.0, broken)
        minutely = DNS_S if step >= MOST_BETWEEN_S else step
        asked: dict[Layer, Interval] = {
            "link": Interval(step, (soon,), broken, is_local=True),
            "ip": Interval(step, (soon,), broken, is_local=True),
            "gateway": Interval(step, (soon, 3 * soon), broken, is_local=True),
            "dns": Interval(minutely, (soon,), broken),
            "portal": Interval(HOURLY_S, (soon,), DNS_S),
            "ntp": Interval(HOURLY_S, (soon,), DNS_S),
        }
        if self.transport:
            again_at_s = tuple(at for at in self.hello_at_s if 0 < at < GIVE_UP_S) or HELLO_AT_S[1:]
            asked["cloud"] = Interval(step, again_at_s, broken)
        if self.holds_lease:
            asked["dhcp"] = Interval(HOURLY_S, RENEWED_AGAIN_S, minutely)
        return asked


def plan_of(profile: Profile, *, holds_lease: bool = False) -> Plan:
    """The plan of a watch for this device.

    The hosts of the device `generic` are test servers of other people: they are never asked on a schedule.
    """
    cloud = profile.cloud
    public = set(profiles.load(profiles.DEFAULT).cloud.hosts.value)
    hosts = [host for host in cloud.hosts.value if host not in public]
    return Plan(
        device=profile.name,
        label=profile.label,
        os_version=profile.os_version,
        transport=cloud.transport.value if hosts else None,
        port=cloud.port.value,
        hosts=hosts,
        keep_alive_s=cloud.keep_alive_s.value if cloud.keep_alive_s else profiles.KEEP_ALIVE_S,
        hello_at_s=list(cloud.hello_at_s.value) if cloud.hello_at_s else list(HELLO_AT_S),
        holds_lease=holds_lease,
    )
