"""What the checks come to for somebody who reads nothing else: the answer and the headline."""

from msgspec import Struct

from netpreflight.agent.judging.start import Startup
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Check, Owner, Verdict

_PLAIN = {
    "wifi": "The Wi-Fi does not suit the device.",
    "dhcp": "The network gives the device no address that it can use.",
    "dns": "The network does not look up the names that the device needs.",
    "ntp": "The network does not tell the device the time.",
    "portal": "A login page stands in the way, and the device cannot click through one.",
    "coap": "The device's cloud service does not answer it through this network.",
    "cloud": "The device's cloud service does not answer it through this network.",
    "path": "Something on the way stops what the device sends.",
}
"""What a failing check means, by its group, for somebody who does not know the field's terms."""


class Answer(Struct, frozen=True, kw_only=True):
    """What somebody needs to know who reads nothing else.

    Attributes:
        sentence: whether it will work.
        plain: what is in the way, without the field's terms; None where nothing certainly is.
        obstacle: the first thing that is in the way, not known, or to be warned of; None where there is none.
        check: the check that found it.
        change: what is to be changed first, or the step that would settle what is not known.
        owner: who can do that.
    """

    sentence: str
    plain: str | None = None
    obstacle: str | None = None
    check: str | None = None
    change: str | None = None
    owner: Owner | None = None


def loss_of(checks: list[Check]) -> Check | None:
    """The finding that says where on the path the device's port is lost."""
    return next((one for one in checks if one.id == "path.egress" and one.status == "fail" and one.to_allow), None)


def is_same_port(check: Check, lost: Check) -> bool:
    """Whether a check is about the port that is lost on the path."""
    return bool({one.words for one in check.to_allow} & {one.words for one in lost.to_allow})


def answer_of(verdict: Verdict, checks: list[Check], profile: Profile, start: Startup) -> Answer:
    """Will it work, what is in the way, and who can change that.

    The sentence claims no more than the start does. What is required can fail and the device get online all the same,
    now and then (two DHCP servers that disagree); and what passes can rest on what is not confirmed of the device.
    """
    device = f"{'an' if profile.title[0] in 'AEIOU' else 'a'} {profile.title}"
    required = [check for check in checks if check.level == "required"]
    if verdict == "incompatible":
        failing = [check for check in required if check.status == "fail"]
        # A captive portal breaks what comes after it, so it is the one thing to change.
        first = next((check for check in failing if check.id == "portal" and failing[0].stage != "ip"), failing[0])
        if (lost := loss_of(required)) is not None and is_same_port(first, lost):
            first = lost  # where it is lost says more than that nothing answers
        ends = "would not get" if start.online is False else "cannot be relied on to get"
        return _answered(f"No: {device} {ends} online here.", first)
    if verdict == "undetermined":
        unseen = [check for check in required if check.status == "unknown"]
        if not unseen:
            return Answer(sentence=f"Not settled: nothing was looked at that {device} needs.")
        looked_at = sum(check.status != "skip" for check in checks)
        return _answered(
            "Not settled: nothing that was seen stands in the way, "
            f"but {len(unseen)} of {looked_at} checks {'has' if len(unseen) == 1 else 'have'} no answer.",
            unseen[0],
        )
    left_out = sum(check.status == "skip" for check in checks)
    yes = (
        f"In what was looked at, nothing keeps {device} from getting online here "
        f"({left_out} {'check was' if left_out == 1 else 'checks were'} left out)."
        if left_out
        else f"Yes: {device} would get online here."
        if start.online
        else f"Nothing that was seen keeps {device} from getting online here, but not all that it needs is confirmed."
    )
    if verdict == "compatible":
        return Answer(sentence=yes)
    return _answered(yes, next(check for check in checks if check.status == "warn"))


def _answered(sentence: str, first: Check) -> Answer:
    return Answer(
        sentence=sentence,
        plain=_PLAIN[first.id.partition(".")[0]] if first.status == "fail" else None,
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
        who = "nobody" if answer.owner == "nobody" else f"the {answer.owner}"
        return f"{answer.sentence} {answer.obstacle} Who can change that: {who}."
    warning = "A warning: " if verdict == "compatible-with-warnings" else ""
    return f"{answer.sentence} {warning}{answer.obstacle}"
