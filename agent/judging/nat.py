"""Whether a NAT or firewall forgets a UDP conversation as silent as the device's: a warning of `cloud.transport`."""

from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import Mapping, Observations


def idle_evidence(seen: Observations) -> list[str]:
    """One evidence line on the UDP conversation that was held silent (`--deep`); empty: there was none."""
    mapping = seen.mapping
    if mapping is None or mapping.not_run or not mapping.silent_s:
        return []
    what = {
        "accepted": "the server still takes the cookie: it sees the same address and port",
        "new-cookie": "the server gives a new cookie: it sees another address or port",
        "answered": "the server answers, as it would answer a new conversation",
        "silence": "no answer",
    }.get(mapping.after_answer or "", "not asked again")
    extra = f"; {counted(len(mapping.arrived), 'datagram')} came unasked meanwhile" if mapping.arrived else ""
    where = f"{mapping.host} ({mapping.address}), UDP {mapping.port}"
    return [f"{where}, after {mapping.silent_s:.0f} s of silence: {what}{extra}"]


def forgotten(seen: Observations, profile: Profile) -> Finding | None:
    """The warning where a NAT forgets a conversation before the device's next keep-alive; None: that was not seen.

    If the server still accepts the cookie, the mapping survived the silence. An answer without a cookie proves nothing,
    because a new mapping would have got the same answer.
    """
    mapping, keep_alive = seen.mapping, profile.cloud.keep_alive_s
    if mapping is None or mapping.not_run or keep_alive is None or not _was_lost(mapping):
        return None
    silent = mapping.idle_s
    if silent > keep_alive.value + _MARGIN_S:
        return None  # silent for longer than this device ever is
    cid = profile.cloud.connection_id
    outlives = cid is not None and cid.value
    return Finding(
        status="warn",
        summary=f"A NAT or firewall forgets a UDP conversation that is silent for {silent:.0f} s",
        problem="mapping-forgotten",
        reason=f"The device sends a keep-alive every {keep_alive.value:g} s. "
        + (
            ""
            if silent <= keep_alive.value
            else "This run did not measure whether that is often enough; if it is not: "
        )
        + (
            "The session survives this thanks to its connection id, but what the cloud sends in between is lost."
            if outlives
            else "The cloud then no longer recognises the session, and the device has to connect again and again."
        ),
        remedy=f"Set the idle time of UDP mappings on the router or firewall to more than {keep_alive.value:g} s, "
        "or make the device's keep-alive shorter.",
        owner="network administrator",
        rests_on=[keep_alive, *([cid] if cid else [])],
    )


_MARGIN_S = 10.0
"""In seconds. A silence that exceeds the keep-alive by more than this says nothing about the device's own silences."""


def _was_lost(mapping: Mapping) -> bool:
    """Whether the silence alone ended the conversation.

    The control is a second conversation with the same server that was kept busy meanwhile. If that one still works, the
    server has neither changed its secret nor gone down.
    """
    control_survived = mapping.cookie and mapping.before_answer == mapping.control_answer == "accepted"
    return control_survived and mapping.silent_s > 0 and mapping.after_answer in {"new-cookie", "silence"}
