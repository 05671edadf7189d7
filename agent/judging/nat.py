"""What a NAT or firewall does to a UDP conversation as silent as the device's: a warning of `cloud.transport`."""

from netpreflight.agent.counted import counted
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.probes.observations import Mapping, Observations


def idle_evidence(seen: Observations) -> list[str]:
    """One evidence line on the UDP conversation that was held silent (`--deep`); empty: there was none."""
    held = seen.mapping
    if held is None or held.not_run or not held.silent_s:
        return []
    what = {
        "accepted": "the server still takes the cookie: it sees the same address and port",
        "new-cookie": "the server gives a new cookie: it sees another address or port",
        "answered": "it is answered, as a new conversation would be too",
        "silence": "no answer",
    }.get(held.after_answer or "", "not asked again")
    came = f"; {counted(len(held.arrived), 'datagram')} came unasked meanwhile" if held.arrived else ""
    return [f"{held.host} ({held.address}), UDP {held.port}, after {held.silent_s:.0f} s of silence: {what}{came}"]


def forgotten(seen: Observations, profile: Profile) -> Finding | None:
    """The warning where a NAT forgets a conversation before the device's next keep-alive; None: that was not seen.

    If the server still accepts the cookie, the mapping survived the silence. An answer without a cookie proves nothing,
    because a new mapping would have got the same answer.
    """
    held, alive = seen.mapping, profile.cloud.keep_alive_s
    if held is None or held.not_run or alive is None or not _was_lost(held):
        return None
    silent = held.idle_s
    if silent > alive.value + _MARGIN_S:
        return None  # silent for longer than this device ever is
    cid = profile.cloud.connection_id
    outlives = cid is not None and cid.value
    return Finding(
        status="warn",
        summary=f"A UDP conversation that is silent for {silent:.0f} s is forgotten on the way",
        problem="mapping-forgotten",
        reason=f"The device sends a keep-alive every {alive.value:g} s. "
        + ("" if silent <= alive.value else "Whether that is often enough was not measured; if it is not: ")
        + (
            "The session survives this thanks to its connection id, but what the cloud sends in between is lost."
            if outlives
            else "The cloud then no longer recognises the session, and the device has to connect again and again."
        ),
        remedy=f"Set the idle time of UDP mappings on the router or firewall to more than {alive.value:g} s, "
        "or make the device's keep-alive shorter.",
        owner="network administrator",
        rests_on=[alive, *([cid] if cid else [])],
    )


_MARGIN_S = 10.0
"""A silence that is more than this longer than the keep-alive says nothing about the device's own silences."""


def _was_lost(held: Mapping) -> bool:
    """Whether the silence alone ended the conversation.

    The control is a second conversation with the same server that was kept busy meanwhile. If that one still works, the
    server has neither changed its secret nor gone down.
    """
    went_on = held.cookie and held.before_answer == held.control_answer == "accepted"
    return went_on and held.silent_s > 0 and held.after_answer in {"new-cookie", "silence"}
