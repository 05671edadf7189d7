"""Judging NTP: `ntp.reply`, by the rules of Device OS 2.0 to 5.5."""

import msgspec

from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.dns import NTP_SERVER
from netpreflight.agent.judging.forged import doubt_of_ntp, evidence, from_random_ports, is_swept, swept, unproved
from netpreflight.agent.judging.icmp import refusal
from netpreflight.agent.judging.unseen import no_address, not_looked, not_read, not_sent
from netpreflight.agent.results import Finding, Flow, Named
from netpreflight.agent.sentences import capitalised, counted
from netpreflight.probes.observations import Ntp, NtpAttempt, NtpReply, Observations

_HEADER = 48
"""Bytes of an NTP reply without extensions; the device's buffer holds no more."""
_YEAR_S = 365.25 * 86400
_SERVER = 4
"""The mode of a server's reply (RFC 5905 section 7.3)."""
_NOTHING_RANDOM = "A device's request has nothing random in it that the reply would return"


def reply(view: DeviceView) -> Finding:
    """Whether an NTP server answers as the device requires.

    A finding that rests on a reply is replaced by `swept` or `unproved` if somebody on this network may have forged it.
    """
    seen = view.seen
    ntp = seen.ntp
    if ntp is None or ntp.not_run:
        return not_looked(ntp, "NTP was not looked at")
    if ntp.address is None:
        return no_address(seen, [NTP_SERVER])
    if not ntp.attempts:
        return not_looked(None, "NTP was not tried")
    finding = _exchange(ntp, ntp.address, seen)
    if not any(attempt.outcome == "reply" for attempt in ntp.attempts):
        return finding
    where = f"{ntp.address} ({NTP_SERVER}), UDP 123"
    forgery_evidence = evidence(where, "request", ntp.unasked, ntp.new_ports, ntp.repeated)
    doubt = doubt_of_ntp(ntp)
    if is_swept(ntp.unasked) or doubt == "swept":
        doubtful = swept(where, ntp.unasked, ntp.repeated)
    elif doubt == "unproved":
        doubtful = unproved(where, _NOTHING_RANDOM, from_random_ports(ntp), ntp.unasked)
    else:
        return msgspec.structs.replace(finding, evidence=[*finding.evidence, *forgery_evidence])
    return msgspec.structs.replace(doubtful, evidence=[*finding.evidence, *forgery_evidence])


def _exchange(ntp: Ntp, address: str, seen: Observations) -> Finding:
    """The finding from the requests to the server, and what came back."""
    evidence = [_describe(attempt) for attempt in ntp.attempts]
    where = f"{address} ({NTP_SERVER}), UDP 123"
    good = ntp.good
    if good is not None:
        if found := _wrong_time(good, address, evidence):
            return found
        offset = f", this laptop's clock off by {abs(good.offset_s):.3f} s" if good.offset_s is not None else ""
        summary = f"{address} answers: stratum {good.stratum}{offset}"
        if good.length > _HEADER:
            return Finding(
                status="warn",
                summary=f"{address} answers with {good.length} bytes instead of 48",
                problem="long-reply",
                named=Named(address=address),
                reason="The device's buffer holds 48 bytes. Its source suggests that it uses the first 48 bytes of a "
                "longer reply; that is not confirmed.",
                remedy="Find out what lengthens NTP replies on this network.",
                owner="network administrator",
                evidence=evidence,
            )
        return Finding(status="pass", summary=summary, evidence=evidence)
    bad = next(
        (attempt.decoded for attempt in reversed(ntp.attempts) if attempt.decoded and attempt.decoded.flaw), None
    )
    if bad:
        return Finding(
            status="fail",
            summary=f"{address} sends NTP replies that a device refuses: {bad.flaw}",
            problem=_flaw(bad),
            named=Named(address=address),
            reason=f"A device accepts only replies of 48 bytes with mode 4 and a stratum other than 0; {where} sent a "
            f"{bad.flaw}.",
            remedy=f"Find out who answers for {NTP_SERVER} ({address}) here, and let the device reach a real NTP "
            "server under that name; after a kiss-of-death, wait an hour first.",
            owner="network administrator",
            evidence=evidence,
        )
    flow = Flow(protocol="udp", port=123, address=address, host=NTP_SERVER)
    if found := refusal(flow, ntp.attempts, ntp.new_ports, ntp.unasked, seen, evidence):
        return found
    if found := not_read(where, ntp.attempts, evidence):
        return found
    if error := next((attempt.detail for attempt in ntp.attempts if attempt.outcome == "error"), None):
        return not_sent("an NTP request", where, error, evidence)
    silent = sum(attempt.outcome == "timeout" for attempt in ntp.attempts)
    return Finding(
        status="fail",
        summary=f"No NTP reply from {address}",
        problem="no-answer",
        reason=f"{counted(silent, 'request')} to {where}, 2 s apart, brought no reply.",
        remedy=f"Allow outbound UDP 123 to {NTP_SERVER} (now {address}; its addresses change), with replies.",
        owner="network administrator",
        evidence=evidence,
        to_allow=[flow],
    )


def _wrong_time(reply: NtpReply, address: str, evidence: list[str]) -> Finding | None:
    """The warning about a reply without a time, or with a time a year or more off this laptop's; None: neither."""
    offset = reply.offset_s
    if reply.without_time:
        summary = f"{address} answers, but says that it does not know the time"
        reason = "The transmit timestamp of its reply is zero. A device that uses it sets its clock to 1900 or 2036."
        first = ""
    elif offset is not None and abs(offset) >= _YEAR_S:
        years = counted(round(abs(offset) / _YEAR_S), "year")
        summary = f"{address} gives a time that is {years} {'after' if offset > 0 else 'before'} this laptop's"
        reason = "One of the two clocks is wrong."
        if offset > 0:
            reason += " NTP's timestamps start again in 2036, so a server that counts from 1900 looks years ahead."
        first = "Look at this laptop's clock first. If that is right: "
    else:
        return None
    remedy = f"{first}find out who answers for {NTP_SERVER} ({address}) here, and set that server's clock."
    return Finding(
        status="warn",
        summary=summary,
        problem="no-time" if reply.without_time else "wrong-time",
        named=Named(address=address),
        reason=f"{reason} To a device that takes its clock from NTP, certificates seem expired or not valid yet. A "
        "Particle device takes its clock from the cloud, and only looks whether a reply came.",
        remedy=capitalised(remedy),
        owner="network administrator",
        evidence=evidence,
    )


def _flaw(reply: NtpReply) -> str:
    """The problem of a bad reply, in the order in which the device checks its fields (`NtpReply.flaw`)."""
    if reply.length < _HEADER:
        return "short-reply"
    return "wrong-mode" if reply.mode != _SERVER else "kiss-of-death"


def _describe(attempt: NtpAttempt) -> str:
    """One NTP request and its outcome, as a line of evidence."""
    text = f"{attempt.at_s:.1f} s: {attempt.outcome}"
    if attempt.decoded:
        fields = attempt.decoded
        held = (("mode", fields.mode), ("stratum", fields.stratum), ("reference", fields.reference))
        text += f", {fields.length} bytes" + "".join(f", {name} {value}" for name, value in held if value is not None)
        if fields.without_time:
            text += ", transmit timestamp 0"
        elif fields.offset_s is not None and abs(fields.offset_s) >= _YEAR_S:
            text += f", clock {fields.offset_s:+.0f} s from this laptop's"
    return text + (f", {attempt.detail}" if attempt.detail else "")
