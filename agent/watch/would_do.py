"""What a device would have done in an outage that a watch saw, by its profile.

A device that is connected notices an outage by its keep-alive. It sends a keep-alive after some time without traffic,
and gives the connection up if no answer comes within some time; then it reconnects. It surely notices an outage that
lasts longer than these two times together; a shorter one may fall between two keep-alives.
"""

from netpreflight.agent.profiles import Profile
from netpreflight.agent.sentences import capitalised, with_article
from netpreflight.agent.watch.durations import in_words
from netpreflight.agent.watch.watched import Outage, WouldDo

_TESTS_THAT_PASS = {"echo-1", "echo-2"}
"""The Internet Tests that pass if the cloud's name resolves, so that the light blinks 3 times
(agent/judging/internet_diagnosis.py)."""


def would_do(outage: Outage, profile: Profile) -> WouldDo | None:
    """What the device would have done in an outage; None: its profile does not say enough."""
    if outage.layer in {"link", "ip"}:
        return _unknown("This was the laptop's own link: whether a device nearby lost its link, too, is not known.")
    if outage.layer == "dhcp":
        return _unknown("Whether it lost its address depends on how long its own lease was still valid.")
    if outage.layer == "portal":
        return _unknown("Whether a captive portal cuts off a device that is already connected is not known.")
    if outage.layer == "ntp":
        return _stays("It would have stayed online: while it is connected, it asks no NTP server.")
    if outage.layer == "dns":
        return _stays(
            "If it was online, it would have stayed online: while it is connected, it looks up no name. "
            "It could not have reconnected."
        )
    if outage.problem == "mapping-lost":
        return _with_a_new_port(profile)
    if outage.problem == "handshake-fails":
        return _unknown("It may have kept its connection if it had one. It could not have reconnected.")
    return _without_its_cloud(outage, profile)


def _with_a_new_port(profile: Profile) -> WouldDo:
    """What the device would have done after a NAT had forgotten its conversation: its next packet gets another port."""
    survives = profile.cloud.connection_id
    if survives is None or survives.certainty == "unconfirmed":
        return _unknown("Whether its session survives a change of port is not known.")
    if survives.value:
        return WouldDo(
            offline_s=None,
            sessions_lost=0,
            light="",
            sentence="Its session survives a change of port. It may have missed what the cloud sent until its next "
            "keep-alive.",
        )
    return WouldDo(
        offline_s=None,
        sessions_lost=1,
        light="",
        sentence="It would have had to reconnect: its session does not survive a change of port.",
    )


def _without_its_cloud(outage: Outage, profile: Profile) -> WouldDo | None:
    """What the device would have done while nothing came back from its cloud; None: its keep-alive is not known."""
    asks, waits = profile.cloud.keep_alive_s, profile.cloud.keep_alive_answer_s
    if asks is None or waits is None:
        return None
    keep_alive = f"it sends a keep-alive every {asks.value:g} s, and waits {waits.value:g} s for the answer"
    if outage.least_s <= asks.value + waits.value or "unconfirmed" in {asks.certainty, waits.certainty}:
        return _unknown(f"It may have kept its connection: {keep_alive}.")
    light, device = _light(outage, profile), with_article(profile.title)
    return WouldDo(
        offline_s=outage.least_s,
        sessions_lost=1,
        light=light,
        sentence=f"{capitalised(device)} would have been offline for {in_words(outage.least_s)} or longer: "
        f"{keep_alive}. Then it reconnects by itself. Its light meanwhile: {light}.",
    )


def _light(outage: Outage, profile: Profile) -> str:
    """What the device's light shows while it tries to reconnect."""
    over_udp = profile.cloud.transport.value == "dtls"  # connecting a UDP socket takes no time: the handshake follows
    shown = profile.led.handshake if over_udp and profile.led.handshake else profile.led.connecting
    if shown is None:
        return "not known"
    test = profile.internet_test
    is_name_resolved = outage.layer == "cloud" and test.method.value in _TESTS_THAT_PASS
    return f"{shown.value}, and from time to time {'3' if is_name_resolved else '2 or 3'} {test.colour.value} blinks"


def _unknown(sentence: str) -> WouldDo:
    """It is not known what the device would have done; the sentence says why."""
    return WouldDo(offline_s=None, sessions_lost=None, light="", sentence=sentence)


def _stays(sentence: str) -> WouldDo:
    """The device would have stayed online; the sentence says why."""
    return WouldDo(offline_s=0, sessions_lost=0, light="", sentence=sentence)
