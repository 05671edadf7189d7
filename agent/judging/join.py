"""Judging a real join: `join.auth`, `join.key` and `join.link`, in runs that join.

Each cause has its evidence: the status code with which the access point refused the station, what the supplicant
reports about the handshake, or the reason code of the frame that ended the link (IEEE 802.11-2020, tables 9-49 and
9-50). If the supplicant only predicts a refusal from the beacon, without asking the access point, no check fails.
"""

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, UnsetType

from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.unseen import not_looked
from netpreflight.agent.judging.wifi.bss import describe_all, is_fresh
from netpreflight.agent.judging.wifi.channels import plan
from netpreflight.agent.judging.wifi.ess import Ess, network_of
from netpreflight.agent.judging.wifi.strength import quality
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles import Profile
from netpreflight.agent.profiles.facts import RadioFacts
from netpreflight.agent.results import Finding
from netpreflight.probes.observations import (
    AS_ITSELF,
    AS_ROOT,
    Bss,
    Join,
    JoinAbilities,
    JoinAttempt,
    LinkLoss,
    band_of,
    frequency_of,
)
from netpreflight.probes.quoting import in_quotes

TRIES = 3
"""This many attempts fail a check if they all end in the same way and no reason was given."""
KEY_TRIES = 2
"""This many handshakes fail `join.key` if the supplicant says that each failed because of the passphrase."""
AGAIN = "Run netpreflight check --as device again."
_WITH_OWN_STATION = (
    f"Run netpreflight check --as device again {AS_ROOT}: a station of its own says more than NetworkManager."
)
_ADMIN: Owner = "network administrator"
_OWNER: Owner = "device owner"
_FULL, _STEERED = 17, 82
"""Status codes: no room for another station; refused, with other BSSs suggested."""
_OF_STATION = {
    18: ("basic-rates", "it requires rates that the station lacks"),
    27: ("n-only", "it requires 802.11n, which the station lacks"),
    31: ("pmf-required", "it requires protected management frames (PMF), which the station lacks"),
    104: ("newer-phy-only", "it requires 802.11ac, which the station lacks"),
    124: ("newer-phy-only", "it requires 802.11ax, which the station lacks"),
    **dict.fromkeys((41, 42, 43, 44, 45, 46), ("security-refused", "it does not accept the station's security")),
}
"""Keyed by status code that says what the station lacks: the problem, and the end of "The access point says that"."""
_ONLY_MAC = (
    "An authentication request tells nothing of a station but its MAC address (IEEE 802.11-2020, 9.3.3.11), so a list "
    "of addresses is the usual cause. Some access points refuse like that for other reasons, too."
)
_STATUS = {
    1: "unspecified failure",
    12: "denied for other reasons",
    17: "no room for another station",
    30: "refused for now",
    34: "poor channel conditions",
    82: "refused, with other BSSs suggested",
}
_REASON = {
    1: "unspecified",
    2: "authentication no longer valid",
    3: "the station is leaving",
    4: "inactivity, or no more beacons",
    5: "no room for all stations",
    6: "not authenticated",
    7: "not associated",
    8: "the station has left",
    12: "asked to move to another BSS",
    15: "four-way handshake timeout",
    34: "poor channel conditions",
}
_SKIPPED = {
    "pmf": ("pmf-predicted", "it requires protected management frames (PMF)", "wifi.security"),
    "akm": ("akm-predicted", "it offers no key management that the station has", "wifi.security"),
    "cipher": ("cipher-predicted", "it offers no cipher that the station has", "wifi.security"),
    "rates": ("rates-predicted", "it requires rates that the station lacks", "wifi.mode"),
    "other": ("passed-over", "the supplicant does not say more", "wifi.security"),
}
"""Keyed by why the supplicant passed the access point over: the problem, what the supplicant read in the beacon, and
the check that judges the same for the device."""


def abilities_of(radio: RadioFacts) -> JoinAbilities:
    """The abilities of a station that stands in for this radio; channels that are not confirmed are left out."""
    numbers = {"2.4": plan(radio.channels.value)}
    if "5" in radio.bands.value and radio.channels_5:
        numbers["5"] = plan(radio.channels_5.value, "5")
    frequencies = {
        frequency
        for band in radio.bands.value
        for number in numbers.get(band, ())
        if (frequency := frequency_of(number, band)) is not None
    }
    return JoinAbilities(
        frequencies_mhz=sorted(frequencies),
        ht="n" in radio.phy.value,
        security=sorted(radio.security.value),
        ciphers=sorted(radio.ciphers.value),
        pmf=radio.pmf_required.value == "yes",
    )


def logged(profile: Profile, cause: str | None) -> str | None:
    """What the device logs if this cause keeps it from joining, with certainty and source of that; None: unknown."""
    lines = profile.join.logged
    text = next((text for known, text in lines.value.items() if known == cause), None) if lines else None
    if lines is None or text is None:
        return None
    certainty = "" if lines.certainty == "confirmed" else f" ({lines.certainty})"
    return f"the device would log{certainty}: {text}; {lines.source}"


def auth(view: DeviceView) -> Finding:
    """Whether the access point authenticates and associates a station with this MAC and the device's abilities."""
    join = _of_device(view)
    if isinstance(join, Finding):
        return join
    finding = _auth(join, view)
    if finding.status == "fail" and _may_be_steering(join, view):
        finding = _unknown_for_steering(finding, join)
    return _unknown_if_as_itself(_with_log(finding, view), join)


def key(view: DeviceView) -> Finding:
    """Whether the four-way handshake completes with the passphrase given."""
    join = _of_device(view)
    return join if isinstance(join, Finding) else _with_log(_key(join), view)


def link(view: DeviceView) -> Finding:
    """Whether the link lasted until the end of the run, and the station was not sent away or moved to another BSS."""
    join = _of_device(view)
    if isinstance(join, Finding):
        return join
    finding, scanned_s = _link(join), _scanned_5ghz_s(join, view)
    sent_away = [loss.at_s for loss in join.lost if not loss.by_laptop]
    if finding.status in {"warn", "fail"} and scanned_s is not None and sent_away and sent_away[-1] >= scanned_s:
        finding = _unknown_for_steering(finding, join)
    return _unknown_if_as_itself(finding, join)


def _of_device(view: DeviceView) -> Join | Finding:
    """The join, if a station with this device's abilities made it; else the finding why the join does not count."""
    join = view.seen.join
    if join is UNSET or join.not_run:
        return not_looked(join or None, "No station joined the network")
    if join.way in AS_ITSELF or join.abilities == abilities_of(view.profile.radio):
        return join
    profile = view.profile
    name = "FILE.toml" if profile.origin.endswith(".toml") else profile.origin  # whose path may name somebody
    version = f" --os {profile.os_version}" if profile.os_version else ""
    return Finding(
        status="unknown",
        summary="The station that joined could do other things than this device",
        problem="other-radio",
        reason="The run was made for a device whose channels, modes or security are not those of this one.",
        remedy=f"Run netpreflight check --as device --device {name}{version} on the network itself.",
        owner=_OWNER,
    )


def _unknown_if_as_itself(finding: Finding, join: Join) -> Finding:
    """Make a finding that depends on the MAC address and the radio unknown if the laptop joined as itself."""
    if join.way not in AS_ITSELF or finding.status == "unknown":
        return finding
    return Finding(
        status="unknown",
        summary="The station that joined was this laptop itself, with its own radio and no device's MAC address",
        problem="other-radio",
        reason="This system can join only as itself, and an access point may treat laptop and device differently.",
        remedy="Run netpreflight check --as device as root on a Linux laptop, or try one device here.",
        owner=_OWNER,
        evidence=[f"the laptop: {finding.status}, {finding.summary}", *finding.evidence],
    )


def _auth(join: Join, view: DeviceView) -> Finding:
    """The finding of `join.auth`, as if the station were the device."""
    name, evidence = in_quotes(join.ssid or ""), [*_attempt_lines(join.attempts), *_scan_words(join)]
    if let_in := next((attempt for attempt in join.attempts if _is_associated(attempt)), None):
        before = join.attempts[: join.attempts.index(let_in)]
        refused = next((attempt for attempt in before if attempt.status is not None), None)
        if refused:
            return _let_in_late(refused, name, evidence)
        return Finding(
            status="pass",
            summary=f"{name} lets in a station with the device's MAC address and abilities",
            evidence=evidence,
        )
    if join.key_form == "not-allowed":
        return _unknown(
            "not-tried",
            f"Whether {name} lets the device in was not tried",
            "The passphrase given is not a valid WPA passphrase, so nothing was sent.",
            "Do what join.key says, then run netpreflight again.",
            evidence,
            due_to="join.key",
        )
    refused_by = [attempt for attempt in join.attempts if attempt.ended in {"auth-refused", "assoc-refused"}]
    if _may_have_scanned_5ghz(join, view) and refused_by and refused_by[-1].status == _STEERED:
        return _unknown(
            "steered",
            f"{name} sends the station to another BSS, and might not send the device there",
            f"{_who_scanned(join)} on 5 GHz, too, with the station's MAC address, so the access point may assume that "
            "the station has 5 GHz.",
            _WITH_OWN_STATION,
            evidence,
        )
    if refused_by:
        return _refused(refused_by, sum(attempt.was_asked for attempt in join.attempts), name, evidence)
    for ended, judge in (("passed-over", _passed_over), ("no-answer", _unanswered), ("not-found", _not_found)):
        if any(attempt.ended == ended for attempt in join.attempts):
            return judge(join, view, name, evidence)
    return _unknown(
        "not-told",
        f"Whether {name} lets the device in is not known",
        "Neither the access point nor what manages this laptop's radio said how the attempts ended.",
        _WITH_OWN_STATION if join.way == "networkmanager" else AGAIN,
        evidence,
    )


def _let_in_late(refused: JoinAttempt, name: str, evidence: list[str]) -> Finding:
    """The finding where the access point refused the station at first, and let it in later."""
    kind = {_FULL: "full", _STEERED: "steered"}.get(refused.status or 0, "refused-once")
    return Finding(
        status="warn",
        summary=f"{name} refused the station at first ({_status_words(refused.status)}), and then let it in",
        problem=kind,
        reason="A device tries again, too, but may need longer than usual to join.",
        remedy={
            "full": "Let the access point serve more stations, or add another one.",
            "steered": f"Switch off band steering for {name}, or give 2.4 GHz a name of its own.",
        }.get(kind, "Check the access point's log for why it refused the station."),
        owner=_ADMIN,
        evidence=evidence,
    )


def _refused(attempts: list[JoinAttempt], tried: int, name: str, evidence: list[str]) -> Finding:
    """The finding where the access point refused the station, by its own status code, and never let it in.

    Args:
        attempts: the refused attempts.
        tried: in how many attempts an access point was asked.
        name: the network's name, in quotes.
        evidence: a line for each attempt.
    """
    is_sure = len(attempts) > 1 or tried >= TRIES
    last = attempts[-1]
    words, at = _status_words(last.status), "authentication" if last.ended == "auth-refused" else "association"
    problem, reason, remedy = _cause(last, name)
    return Finding(
        status="fail" if is_sure else "unknown",
        summary=f"{name} refuses the station at its {at}: {words}",
        problem=problem,
        reason=f"{reason} It was refused {_times(len(attempts))} in {tried} attempts."
        if is_sure
        else f"{reason} It is known to have been refused only once.",
        remedy=remedy if is_sure else AGAIN,
        owner=_ADMIN,
        evidence=evidence,
    )


def _scanned_5ghz_s(join: Join, view: DeviceView) -> float | None:
    """When, in seconds, the station may first have scanned 5 GHz, a band that the device does not have.

    0.0 if the run did not look for such scans: NetworkManager scans all bands. None: the station did not scan 5 GHz, or
    the device has 5 GHz, too.
    """
    if join.way != "networkmanager" or "5" in view.profile.radio.bands.value:
        return None
    if join.scanned_5ghz_s is UNSET:
        return 0.0
    unheard_s = None if join.unheard_s is UNSET else join.unheard_s
    return min((at_s for at_s in (join.scanned_5ghz_s, unheard_s) if at_s is not None), default=None)


def _may_have_scanned_5ghz(join: Join, view: DeviceView) -> bool:
    """Whether the station may have scanned 5 GHz, a band that the device does not have."""
    return _scanned_5ghz_s(join, view) is not None


def _who_scanned(join: Join) -> str:
    """That NetworkManager scanned, or may have scanned; the sentence goes on with the band.

    "May have" where no scan was seen, but some of the kernel's reports about the radio were lost.
    """
    return "NetworkManager may have scanned" if join.scanned_5ghz_s is None else "NetworkManager scanned"


def _may_be_steering(join: Join, view: DeviceView) -> bool:
    """Whether the station may have been refused, or left unanswered, only because it scanned 5 GHz: band steering.

    Ruled out if a status code says what the station lacks, or if the survey heard the network, but not on 5 GHz.
    """
    ours = _ours(view)
    is_told = any(attempt.status in _OF_STATION for attempt in join.attempts)
    return _may_have_scanned_5ghz(join, view) and not is_told and (not ours or any(bss.band == "5" for bss in ours))


def _unknown_for_steering(finding: Finding, join: Join) -> Finding:
    """Make the finding unknown, because the station may have scanned 5 GHz and the device does not.

    Band steering may have refused the station for that scan, and would not refuse the device.
    """
    return msgspec.structs.replace(
        finding,
        status="unknown",
        reason=f"{finding.reason} {_who_scanned(join)} on 5 GHz, too, with the station's MAC address, and an access "
        "point that steers to 5 GHz may refuse the station on 2.4 GHz, or send it away, because of that.",
        remedy=_WITH_OWN_STATION,
        owner=_OWNER,
    )


def _cause(attempt: JoinAttempt, name: str) -> tuple[str, str, str]:
    """Why the access point refused, by its status code and by the frame that it answered: (problem, reason, remedy)."""
    status, mac = attempt.status or 0, attempt.mac
    if status == _FULL:
        return (
            "full",
            "The access point says that it has no room for another station.",
            "Let the access point serve more stations, or add another one.",
        )
    if status == _STEERED:
        return (
            "steered",
            "The access point sends the station to another BSS of its own: band steering to 5 GHz does that.",
            f"Switch off band steering for {name}, or give 2.4 GHz a name of its own.",
        )
    if known := _OF_STATION.get(status):
        return known[0], f"The access point says that {known[1]}.", f"Change that for {name} on the access point."
    if attempt.ended == "auth-refused":
        return (
            "mac-refused",
            _ONLY_MAC,
            f"Let the access point (MAC filter, access list, RADIUS) admit {mac}, and each device's own address.",
        )
    return (
        "association-refused",
        "The access point does not say which ability of the station it does not like.",
        "Check the access point's log for why it refused this association.",
    )


def _passed_over(join: Join, view: DeviceView, name: str, evidence: list[str]) -> Finding:
    """The finding where the supplicant did not ask the access point, because of a refusal that the beacon predicts."""
    why = next(attempt.passed_over or "other" for attempt in join.attempts if attempt.ended == "passed-over")
    problem, words, due_to = _SKIPPED[why]
    return _unknown(
        problem,
        f"The supplicant predicts that {name} refuses the station: {words}",
        "It did not ask the access point, so this is a prediction from the beacon, and not the access point's word. "
        f"{due_to} judges the same for the device.",
        f"Do what {due_to} says; if it asks for nothing, try one device here.",
        evidence,
        due_to=due_to,
    )


def _unanswered(join: Join, view: DeviceView, name: str, evidence: list[str]) -> Finding:
    """The finding where requests had no answer: a failure if the access point is near and `TRIES` attempts had none."""
    silent = [attempt for attempt in join.attempts if attempt.ended == "no-answer"]
    near = [bss for bss in _heard(join, view) if quality(bss) == "good"]
    if len(silent) < TRIES or not near:
        return _unknown(
            "no-answer",
            f"{name} did not answer the station",
            f"{len(silent)} attempts had no answer"
            + (", which a lost frame or two explain." if near else ", and it was not heard well here."),
            "Run netpreflight check --as device again, beside the access point.",
            evidence,
        )
    return Finding(
        status="fail",
        summary=f"{name} does not answer a station with this MAC address",
        problem="no-answer",
        reason=f"The survey heard it well, and {len(silent)} attempts to join it had no answer.",
        remedy=f"Let the access point (MAC filter, access list) admit {silent[-1].mac}, and each device's own "
        "address; its log tells more.",
        owner=_ADMIN,
        evidence=[*evidence, *describe_all(near)],
    )


def _not_found(join: Join, view: DeviceView, name: str, evidence: list[str]) -> Finding:
    """The finding where the station did not find the network.

    It is a failure only if the survey heard the network well on the station's channels, and each scan of the station
    heard others on these channels: a scan that heard nobody there proves nothing about this network.
    """
    missed = [attempt for attempt in join.attempts if attempt.ended == "not-found"]
    near = [bss for bss in _heard(join, view) if quality(bss) == "good"]
    channels = {bss.frequency_mhz for bss in near}
    if len(missed) >= TRIES and near and all(_hears(attempt, channels) for attempt in missed):
        return Finding(
            status="fail",
            summary=f"{name} does not show itself to a station with this MAC address",
            problem="ignored",
            reason=f"The survey heard it well on the device's channels, and the station did not find it in "
            f"{len(missed)} attempts, though it heard others there. An access point that admits only listed MAC "
            "addresses leaves all others without an answer.",
            remedy=f"Let the access point (MAC filter, access list) admit {missed[-1].mac}, and each device's own "
            "address.",
            owner=_ADMIN,
            evidence=[*evidence, *describe_all(near)],
        )
    elsewhere = any(bss.band in view.profile.radio.bands.value for bss in _ours(view))
    due_to = None if near else "wifi.channel" if elsewhere and not _heard(join, view) else "wifi.band"
    return _unknown(
        "not-found",
        f"The station did not find {name}",
        f"It was not found in {len(missed)} attempts on the device's channels. A scan can miss a network, so this "
        "alone proves nothing.",
        f"Do what {due_to} says, then run netpreflight again." if due_to else AGAIN,
        evidence,
        due_to=due_to,
    )


def _hears(attempt: JoinAttempt, channels: set[int | None]) -> bool:
    """Whether the scan of an attempt heard anybody on one of these frequencies, in MHz.

    Reports of earlier versions do not record that: the answer is yes, as those versions judged it.
    """
    return attempt.heard_mhz is UNSET or not channels.isdisjoint(attempt.heard_mhz)


def _key(join: Join) -> Finding:
    """The finding of `join.key`, without what the device would log."""
    name, evidence = in_quotes(join.ssid or ""), _attempt_lines(join.attempts)
    if join.key_form == "not-allowed":
        return Finding(
            status="fail",
            summary="The passphrase given is not a valid WPA passphrase",
            problem="passphrase-form",
            reason="A WPA passphrase has 8 to 63 characters, and a raw key 64 hexadecimal digits (IEEE 802.11-2020, "
            "J.4.1 and 12.7.1).",
            remedy="Give the network's own passphrase, without quotes or blanks around it.",
            owner=_OWNER,
        )
    wrong = [attempt for attempt in join.attempts if attempt.ended == "key-refused"]
    if join.joined:
        return _let_in(join, wrong, name, evidence)
    if wrong:
        is_sure = len(wrong) >= KEY_TRIES
        return Finding(
            status="fail" if is_sure else "unknown",
            summary=f"The passphrase given is not that of {name}",
            problem="wrong-passphrase",
            reason=f"The access point let the station in, and its four-way handshake failed {len(wrong)} times: "
            "the two sides do not have the same key."
            + ("" if is_sure else " A single failure can be due to a lost frame."),
            remedy="Give the right passphrase: capitals count. If each device has a passphrase of its own here, give "
            "that of the device, and its MAC address with --mac, while the device is off."
            if is_sure
            else AGAIN,
            owner=_OWNER,
            evidence=evidence,
        )
    if any(attempt.ended == "key-unfinished" for attempt in join.attempts):
        return _unknown(
            "key-unfinished",
            f"The four-way handshake with {name} did not complete",
            "The link ended during the handshake, for a reason other than the passphrase.",
            "Run netpreflight check --as device again, beside the access point.",
            evidence,
        )
    return _unknown(
        "not-joined",
        "The passphrase was not tried",
        "The station did not get as far as the four-way handshake.",
        "Do what join.auth says, then run netpreflight again.",
        evidence,
        due_to="join.auth",
    )


def _let_in(join: Join, wrong: list[JoinAttempt], name: str, evidence: list[str]) -> Finding:
    """The finding of `join.key` where the station joined."""
    if join.key_form == "none":
        return Finding(status="pass", summary=f"{name} needs no passphrase", evidence=evidence)
    if wrong:
        return Finding(
            status="warn",
            summary=f"The four-way handshake with {name} completes, but not each time",
            problem="key-unfinished",
            reason=f"It failed {len(wrong)} times before, with the same passphrase.",
            remedy="Try nearer to the access point; its log tells why a handshake failed.",
            owner=_ADMIN,
            evidence=evidence,
        )
    if join.key_form == "not-ascii":
        return Finding(
            status="warn",
            summary=f"The passphrase of {name} is right, and has characters that are not ASCII",
            problem="passphrase-characters",
            reason="IEEE 802.11 has ASCII characters from 32 to 126 only (802.11-2020, J.4.1). A phone, a browser and "
            "this laptop may write others as different bytes, and the device then has another key.",
            remedy="Give the network a passphrase of plain letters, digits and signs.",
            owner=_ADMIN,
            evidence=evidence,
        )
    return Finding(status="pass", summary=f"The passphrase given is that of {name}", evidence=evidence)


def _link(join: Join) -> Finding:
    """The finding of `join.link`, as if the station were the device."""
    if join.joined is None:
        due_to = failed_check(join)
        return _unknown(
            "not-joined",
            "There was no link that could last",
            "The station did not join.",
            f"Do what {due_to} says, then run netpreflight again.",
            due_to=due_to,
        )
    evidence = [_loss_words(loss) for loss in join.lost]
    if join.link == "no-supplicant":
        return _unknown(
            "not-looked",
            "Whether the link lasts is not known",
            "This laptop's supplicant, which had joined, was ended from outside, or failed, so the run ended, too.",
            f"{AGAIN[:-1]}, and let its wpa_supplicant run.",
            evidence,
        )
    if join.link == "unheard" and not join.lost:
        return _unknown(
            "not-looked",
            "Whether the link was there all the time is not known",
            "This laptop was too busy to read all that its kernel told of the radio, so a loss may have been missed.",
            f"{AGAIN[:-1]}, with less load on this laptop.",
            evidence,
        )
    if join.link == "not-looked":
        return _unknown(
            "not-looked",
            "Whether the link lasts is not known",
            "The run ended before that could be looked at.",
            f"{AGAIN[:-1]}, and let it finish.",
            evidence,
        )
    if not join.lost and join.link == "there" and join.end_bssid in {None, join.joined.bssid}:
        return Finding(
            status="pass", summary=f"The link was there for {join.watched_s:.0f} s, to the end", evidence=evidence
        )
    return _disturbed(join, evidence)


def _disturbed(join: Join, evidence: list[str]) -> Finding:
    """The finding where the link was lost, or ended up with another BSS than at first."""
    by_ap = [loss for loss in join.lost if not loss.by_laptop]
    steered = any(loss.asked_to_move or loss.reason == 12 for loss in join.lost)
    for_good = join.link == "gone"
    if by_ap:
        reason = f"The access point ended the link {_times(len(by_ap))}" + (
            ", and it did not come back." if for_good else ", and it came back."
        )
        return Finding(
            status="fail" if for_good or len(by_ap) > 1 else "warn",
            summary="The access point sends the station away after it has joined",
            problem="steered" if steered else "sent-away",
            reason=reason
            + ("" if steered else " Network access control that checks a station only after it has joined does this."),
            remedy="Switch off band steering for this network."
            if steered
            else "Check the log of the access point or of the network access control for why it ended the link.",
            owner=_ADMIN,
            evidence=evidence,
        )
    if join.lost or for_good:
        return Finding(
            status="unknown" if for_good else "warn",
            summary="The station lost the access point",
            problem="lost",
            reason="It no longer heard the access point: the signal, interference or this laptop's radio can be why.",
            remedy="Run netpreflight check --as device again, beside the access point.",
            owner=_OWNER,
            evidence=evidence,
        )
    return Finding(
        status="warn",
        summary="The station is on another BSS than at first",
        problem="steered" if steered else "moved",
        reason="During the run, the access point moved it, or it moved by itself.",
        remedy="If devices lose their connection here, switch off band steering and fast roaming for this network.",
        owner=_ADMIN,
        evidence=evidence,
    )


def failed_check(join: Join) -> str:
    """The check that says why a station did not join."""
    is_past_auth = join.key_form == "not-allowed" or any(map(_is_associated, join.attempts))
    return "join.key" if is_past_auth else "join.auth"


def as_device(join: Join | UnsetType, finding: Finding) -> Finding:
    """In a run that joins, make a finding about what lies beyond the air unknown if the station had no link.

    A pass stays if the station joined and lost its link only later.
    """
    had_link = join is not UNSET and join.joined and join.link not in {"gone", "no-supplicant"}
    if join is UNSET or join.way in AS_ITSELF or finding.status == "skip" or had_link:
        return finding
    if join.joined and finding.status == "pass":
        return finding
    due_to = "join.link" if join.joined else failed_check(join)
    return Finding(
        status="unknown",
        summary="Not measured as the device: it lost its link"
        if join.joined
        else "Not measured as the device: it did not join",
        problem="not-joined",
        reason=f"{due_to} says why.",
        remedy=f"Do what {due_to} says, then run netpreflight again.",
        owner=_ADMIN,
        due_to=due_to,
        evidence=[f"without a link: {finding.status}, {finding.summary}"],
    )


def _ours(view: DeviceView) -> list[Bss]:
    """The BSSs of the joined network that the survey heard in this run, without results of an earlier scan."""
    network, wifi = network_of(view), view.seen.wifi
    if not isinstance(network, Ess) or wifi is None or view.seen.join is UNSET:
        return []
    if wifi.target != view.seen.join.ssid:
        return []
    return [bss for bss in network.ours if not bss.nontransmitted and is_fresh(bss, wifi)]


def _heard(join: Join, view: DeviceView) -> list[Bss]:
    """Those of `_ours` that are on a frequency of the station."""
    return [bss for bss in _ours(view) if bss.frequency_mhz in join.abilities.frequencies_mhz]


def _is_associated(attempt: JoinAttempt) -> bool:
    return attempt.ended in {"joined", "key-refused", "key-unfinished"}


def _attempt_lines(attempts: Iterable[JoinAttempt]) -> list[str]:
    """A line for each attempt."""
    return [_attempt_words(number, attempt) for number, attempt in enumerate(attempts, 1)]


def _attempt_words(number: int, attempt: JoinAttempt) -> str:
    where = f" with {attempt.bssid}" if attempt.bssid else ""
    band = band_of(attempt.frequency_mhz)
    at = f" on {attempt.frequency_mhz} MHz" if band else ""
    codes = [
        *([f"status {_status_words(attempt.status)}"] if attempt.status is not None else []),
        *([f"reason {reason_words(attempt.reason)}"] if attempt.reason is not None else []),
    ]
    told = f" ({'; '.join(codes)})" if codes else ""
    return f"attempt {number}, at {attempt.at_s:.1f} s as {attempt.mac}{where}{at}: {attempt.ended}{told}"


def _scan_words(join: Join) -> list[str]:
    """Lines of evidence on scans of 5 GHz with the MAC address of a device that has no 5 GHz.

    One tells when NetworkManager did so, the other from when on it may have done so unseen.
    """
    lines = []
    if isinstance(join.scanned_5ghz_s, float):
        lines.append(
            f"at {join.scanned_5ghz_s:.1f} s NetworkManager scanned on 5 GHz, too, with the device's MAC address"
        )
    if isinstance(join.unheard_s, float):
        lines.append(
            f"from {join.unheard_s:.1f} s on this laptop did not read all that its kernel told of the radio, so "
            "NetworkManager may have scanned on 5 GHz, too, with the device's MAC address"
        )
    return lines


def _loss_words(loss: LinkLoss) -> str:
    who = "this laptop" if loss.by_laptop else "the access point"
    why = f", reason {reason_words(loss.reason)}" if loss.reason is not None else ""
    moved = ", after it had asked the station to move" if loss.asked_to_move else ""
    return f"at {loss.at_s:.1f} s {who} ended the link{why}{moved}"


def _status_words(status: int | None) -> str:
    words = _STATUS.get(status or 0) or (_OF_STATION[status][1] if status in _OF_STATION else "")
    return f"{status} ({words})" if words else f"{status}"


def reason_words(reason: int) -> str:
    """A reason code (IEEE 802.11-2020, table 9-49), with its meaning where that is known."""
    return f"{reason} ({_REASON[reason]})" if reason in _REASON else f"{reason}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _with_log(finding: Finding, view: DeviceView) -> Finding:
    """Add what the device would log for the finding's problem to its evidence."""
    line = logged(view.profile, finding.problem)
    return finding if line is None else msgspec.structs.replace(finding, evidence=[*finding.evidence, line])


def _unknown(
    problem: str, summary: str, reason: str, remedy: str, evidence: list[str] | None = None, due_to: str | None = None
) -> Finding:
    return Finding(
        status="unknown",
        summary=summary,
        problem=problem,
        reason=reason,
        remedy=remedy,
        owner=_OWNER,
        due_to=due_to,
        evidence=evidence or [],
    )
