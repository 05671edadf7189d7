"""The answer and the headline: the result for somebody who reads nothing else."""

import msgspec

from netpreflight.agent.counted import in_a_row
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.owner import the_owner
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Answer, Check, Startup, Verdict


def loss_of(checks: list[Check]) -> Check | None:
    """The failed check that says where on the path packets to the device's port are lost; None: there is none."""
    locating = (check for check in checks if CHECKS[check.id].locates)
    return next((check for check in locating if check.status == "fail" and check.to_allow), None)


def is_same_port(check: Check, lost: Check) -> bool:
    """Whether a check is about the port that is lost on the path."""
    return bool({flow.words for flow in check.to_allow} & {flow.words for flow in lost.to_allow})


def with_networks(answer: Answer, verdicts: list[Verdict], profile: Profile) -> Answer:
    """The answer where no network was chosen, with how many of those in range would do for the device."""
    unsettled = verdicts.count("undetermined")
    counts = {
        "would do": sum(verdict.startswith("compatible") for verdict in verdicts),
        "would not": verdicts.count("incompatible"),
        f"{'is' if unsettled == 1 else 'are'} not settled": unsettled,
    }
    told = in_a_row([f"{count} {words}" for words, count in counts.items() if count])
    sentence = f"{answer.sentence} Judged for {with_article(profile.title)} from the Wi-Fi scan only, {told}."
    return msgspec.structs.replace(answer, sentence=sentence)


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
            first = lost  # where packets are lost says more than that nothing answers
        ends = "would not get" if start.online is False else "cannot be relied on to get"
        return _answered(f"No: {device} {ends} online here.", first)
    if verdict == "undetermined":
        unseen = [check for check in required if check.status == "unknown"]
        if not unseen:
            return Answer(sentence=f"Not settled: this run looked at nothing that {device} needs.")
        if unseen[0].problem == "none-chosen":
            return _answered("Not settled: it depends on the network.", unseen[0])
        looked_at = sum(check.status != "skip" for check in checks)
        return _answered(
            "Not settled: this run found nothing in the way, "
            f"but {len(unseen)} of {looked_at} checks {'has' if len(unseen) == 1 else 'have'} no answer.",
            unseen[0],
        )
    left_out = sum(check.status == "skip" for check in checks)
    yes = (
        f"Nothing that this run looked at keeps {device} from getting online here "
        f"({left_out} {'check was' if left_out == 1 else 'checks were'} left out)."
        if left_out
        else f"Yes: {device} would get online here."
        if start.online
        else f"This run found nothing that keeps {device} from getting online here, "
        "but not everything that it needs is confirmed."
    )
    if verdict == "compatible":
        return Answer(sentence=yes)
    return _answered(yes, next(check for check in checks if check.status == "warn"))


def with_article(title: str) -> str:
    """A device in a sentence, by its title: "an Argon"."""
    return f"{'an' if title[0] in 'AEIOU' else 'a'} {title}"


def _answered(sentence: str, first: Check) -> Answer:
    """The answer with its sentence, and with what `first`, the check to name, says."""
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
