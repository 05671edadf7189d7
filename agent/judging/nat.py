"""What a NAT or firewall does to a UDP conversation as silent as the device's: a warning of `cloud.transport`."""

from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.probes.observations import Mapping, Observations


def idle_evidence(seen: Observations) -> list[str]:
    """What was seen of a conversation that was held silent (`--deep`), in a line."""
    held = seen.mapping
    if held is None or held.not_run or not held.silent_s:
        return []
    what = {
        "accepted": "the server still takes the cookie: it sees the same address and port",
        "new-cookie": "the server gives a new cookie: it sees another address or port",
        "answered": "it is answered, as a new conversation would be too",
        "silence": "no answer",
    }.get(held.after_answer or "", "not asked again")
    came = f"; {len(held.arrived)} datagrams came unasked meanwhile" if held.arrived else ""
    return [f"{held.host} ({held.address}), UDP {held.port}, after {held.silent_s:.0f} s of silence: {what}{came}"]


def forgotten(seen: Observations, profile: Profile) -> Finding | None:
    """The warning where a conversation is forgotten sooner than the device sends its keep-alive; None: not seen.

    A conversation that the server still takes for the same has outlived the silence. One that is answered without a
    cookie proves nothing: a new mapping would have been answered alike.
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
        + ("" if silent <= alive.value else "Whether that is soon enough was not looked at; where it is not: ")
        + (
            "The session outlives that by its connection id, but what the cloud sends in between is lost."
            if outlives
            else "The session then no longer fits, and the device has to connect anew, again and again."
        ),
        remedy=f"Set the idle time of UDP mappings on the router or firewall to more than {alive.value:g} s, "
        "or make the device's keep-alive shorter.",
        owner="network administrator",
        rests_on=[alive, *([cid] if cid else [])],
    )


_MARGIN_S = 10.0
"""A silence this much longer than the keep-alive says nothing of the device's own."""


def _was_lost(held: Mapping) -> bool:
    """Whether the silence, and nothing else, ended the conversation.

    The control is a conversation with the same server that was kept awake meanwhile: where that went on, the server has
    neither changed its secret nor gone away.
    """
    went_on = held.cookie and held.before_answer == held.control_answer == "accepted"
    return went_on and held.silent_s > 0 and held.after_answer in {"new-cookie", "silence"}
