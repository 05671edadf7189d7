"""The answer and the headline: the result for somebody who reads nothing else."""

from typing import Literal

import msgspec

from netpreflight.agent.judging.registry import CHECKS, may_stop
from netpreflight.agent.owner import the_owner
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import ONLY_LAPTOP, Answer, Check, Startup, Verdict
from netpreflight.agent.sentences import in_a_row, with_article
from netpreflight.probes.observations import ROOT_ON_LINUX, TAKES_ROOT


def loss_of(checks: list[Check]) -> Check | None:
    """The failed check that says where on the path packets to the device's cloud port are lost; None: there is none."""
    locating = (check for check in checks if CHECKS[check.id].locates)
    return next((check for check in locating if check.status == "fail" and check.to_allow), None)


def is_same_port(check: Check, lost: Check) -> bool:
    """Whether a check is about the same port as `lost`, the check that says where on the path packets are lost."""
    return bool({flow.words for flow in check.to_allow} & {flow.words for flow in lost.to_allow})


def with_networks(answer: Answer, verdicts: list[Verdict], profile: Profile) -> Answer:
    """Add to the answer, if no network was chosen, how many of the networks in range would do for the device."""
    unsettled = verdicts.count("undetermined")
    counts = {
        "would do": sum(verdict.startswith("compatible") for verdict in verdicts),
        "would not": verdicts.count("incompatible"),
        f"{'is' if unsettled == 1 else 'are'} not settled": unsettled,
    }
    listed = in_a_row([f"{count} {words}" for words, count in counts.items() if count])
    sentence = f"{answer.sentence} Judged for {with_article(profile.title)} from the Wi-Fi scan only, {listed}."
    return msgspec.structs.replace(answer, sentence=sentence)


def with_devices(answer: Answer, verdict: Verdict, would_not: list[str]) -> Answer:
    """Add to the answer, if no device was named, which of the known devices certainly do not get online."""
    if verdict == "incompatible" or not would_not:
        return answer
    depends = f"It depends on the device (--device names it): no for {in_a_row(would_not)}."
    return msgspec.structs.replace(answer, sentence=f"{depends} {answer.sentence}")


def answer_of(verdict: Verdict, checks: list[Check], profile: Profile, start: Startup) -> Answer:
    """Say whether the device gets online, what is in the way, and who can change that.

    The sentence claims no more than `start` shows. A device may still get online now and then although a required check
    fails (two DHCP servers that disagree), and a pass may rest on a fact about the device that is not confirmed.
    """
    device = with_article(profile.title)
    required = [check for check in checks if check.level == "required"]
    if verdict == "incompatible":
        failing = [check for check in required if check.status == "fail"]
        first = next((check for check in failing if CHECKS[check.id].first and failing[0].stage != "ip"), failing[0])
        if (lost := loss_of(required)) is not None and is_same_port(first, lost):
            first = lost  # "packets are lost at hop N" says more than "nothing answers"
        if is_cut_off(checks) and first.id in _OUTSIDE:
            return _cut_off(f"No: {device} would not get online here.", first)
        claim = "would not get" if start.online is False else "cannot be relied on to get"
        return _answered(f"No: {device} {claim} online here.", first)
    if verdict == "undetermined":
        unseen = [check for check in required if check.status == "unknown"]
        if not unseen:
            return Answer(sentence=f"Not settled: this run looked at nothing that {device} needs.")
        if unseen[0].problem == "none-chosen":
            return _answered("Not settled: it depends on the network.", unseen[0])
        counting = [check for check in checks if check.status != "skip" and not check.is_needless]
        unanswered = sum(check.status == "unknown" for check in counting)
        if things := _untested_without_root(required):
            what = "one thing was" if things == 1 else f"{things} things were"
            return _answered(
                f"Probably yes: {device} would get online here, but {what} not tested{_left_out(checks)}.", unseen[0]
            )
        return _answered(
            "Not settled: this run found nothing in the way, "
            f"but {unanswered} of {len(counting)} checks {'has' if unanswered == 1 else 'have'} no answer.",
            unseen[0],
        )
    left_out = _left_out(checks)
    doubtful = next((check for check in required if check.status == "warn" and may_stop(check)), None)
    if doubtful is not None:
        return _answered(f"It is doubtful whether {device} would get online here{left_out}.", doubtful)
    yes = (
        f"Nothing that this run looked at keeps {device} from getting online here{left_out}."
        if left_out
        else f"Yes: {device} would get online here."
        if start.online
        else f"This run found nothing that keeps {device} from getting online here, "
        "but not everything that it needs is confirmed."
    )
    if verdict == "compatible":
        return Answer(sentence=yes)
    return _answered(yes, next(check for check in checks if check.status == "warn"))


def with_log(answer: Answer, verdict: Verdict, of_device: list[Check]) -> Answer:
    """The answer where the network has no fault, and the device's own log says what is wrong with the device.

    Args:
        answer: the answer without the log.
        verdict: the verdict on the network.
        of_device: the checks that are about the device itself.
    """
    itself = next((check for check in of_device if check.status == "fail"), None)
    if itself is None or verdict not in {"compatible", "compatible-with-warnings"}:
        return answer
    return _answered("The network is fine, and the device is not.", itself)


_OUTSIDE = ("portal", "ntp.reply", "coap.udp-5683", "cloud.transport")
"""The checks that ask a host outside this network; each asks a different host, on a different port."""
_MANY_SILENT = 3
"""At least this many checks of `_OUTSIDE` have to get no answer before the network counts as cut off."""


def is_cut_off(checks: list[Check]) -> bool:
    """Whether nobody outside this network answered, so that no single port is to blame."""
    asked = [check for check in checks if check.id in _OUTSIDE and check.status != "skip"]
    silent = [check for check in asked if check.problem in {"no-answer", "no-route"}]
    return len(silent) >= _MANY_SILENT and silent == asked


def _cut_off(sentence: str, first: Check) -> Answer:
    """The answer where nobody outside answered."""
    return Answer(
        sentence=sentence,
        plain="Nothing outside this network can be reached from here.",
        obstacle="Nobody outside this network answers: no cloud of the device, no CoAP server, no time server and no "
        "web page.",
        check=first.id,
        change=f"{uplink_first('this')} If it has: {first.remedy}",
        owner=first.owner,
    )


def uplink_first(which: Literal["this", "that"]) -> str:
    """What to do first where nobody outside answers."""
    return (
        f"Look first whether {which} network has internet access at all: its uplink, and whether its firewall lets "
        "anything out."
    )


def _left_out(checks: list[Check]) -> str:
    """How many checks were left out, in brackets for the end of a sentence; empty: none was."""
    number = sum(check.status == "skip" for check in checks)
    return f" ({number} {'check was' if number == 1 else 'checks were'} left out)" if number else ""


def _untested_without_root(required: list[Check]) -> int:
    """How many groups of checks are unknown only because root's rights are missing.

    0: a check is unknown for another reason, a DHCP server may be missing, or a stage other than IP has no check that
    passed; then too little is known for a guess.
    """
    unseen = [check for check in required if check.status == "unknown"]
    of_root = (*TAKES_ROOT, ROOT_ON_LINUX)
    lack_root = all(any(words in (check.remedy or "") for words in of_root) for check in unseen)
    if not lack_root or any(map(may_stop, required)):
        return 0
    if any(check.problem == "inform-unanswered" for check in unseen):  # there may be no DHCP server at all
        return 0
    tested = {check.stage for check in required if check.status in {"pass", "warn"}}
    if not tested.issuperset({check.stage for check in required if check.stage != "ip" and check.status != "skip"}):
        return 0
    return len({CHECKS[check.id].group for check in unseen})


_ONE_CLIENT_ONLY = "The network lets this laptop through, and not the device."
"""The plain words for a server that answers the laptop, but not the device, whichever check found that."""


def _answered(sentence: str, first: Check) -> Answer:
    """The answer that opens with `sentence`, and takes obstacle, remedy and owner from the check `first`."""
    plain = _ONE_CLIENT_ONLY if first.problem == ONLY_LAPTOP else CHECKS[first.id].plain
    return Answer(
        sentence=sentence,
        plain=plain if first.status == "fail" else None,
        obstacle=f"{first.summary}.",
        check=first.id,
        change=first.remedy,
        owner=first.owner,
    )


def headline_of(verdict: Verdict, answer: Answer) -> str:
    """The answer in one line."""
    if answer.obstacle is None:
        return answer.sentence
    if verdict == "incompatible":
        return f"{answer.sentence} {answer.obstacle} Who can change that: {the_owner(answer.owner)}."
    warning = "A warning: " if verdict == "compatible-with-warnings" else ""
    return f"{answer.sentence} {warning}{answer.obstacle}"
