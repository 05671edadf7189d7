"""What the checks come to for somebody who reads nothing else: the answer and the headline."""

from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.owner import the_owner
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Answer, Check, Startup, Verdict


def loss_of(checks: list[Check]) -> Check | None:
    """The finding that says where on the path the device's port is lost."""
    locating = (check for check in checks if CHECKS[check.id].locates)
    return next((check for check in locating if check.status == "fail" and check.to_allow), None)


def is_same_port(check: Check, lost: Check) -> bool:
    """Whether a check is about the port that is lost on the path."""
    return bool({flow.words for flow in check.to_allow} & {flow.words for flow in lost.to_allow})


def answer_of(verdict: Verdict, checks: list[Check], profile: Profile, start: Startup) -> Answer:
    """Will it work, what is in the way, and who can change that.

    The sentence claims no more than the start does. What is required can fail and the device get online all the same,
    now and then (two DHCP servers that disagree); and what passes can rest on what is not confirmed of the device.
    """
    device = f"{'an' if profile.title[0] in 'AEIOU' else 'a'} {profile.title}"
    required = [check for check in checks if check.level == "required"]
    if verdict == "incompatible":
        failing = [check for check in required if check.status == "fail"]
        first = next((check for check in failing if CHECKS[check.id].first and failing[0].stage != "ip"), failing[0])
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
        plain=CHECKS[first.id].plain if first.status == "fail" else None,
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
