"""The first sentence of a comparison: which network stops the device, or what got better or worse."""

from typing import NamedTuple

from netpreflight.agent.compare.conclusions import (
    LATER_STAGES,
    WIFI_STAGES,
    WORDS,
    Contrast,
    failing,
    find_contrast,
    first_failing,
    name_of,
    needed,
    other_explanation,
    outcome,
    server_explanation,
    shared_failure,
    unsettled,
    warnings,
)
from netpreflight.agent.compare.limits import is_reversed
from netpreflight.agent.compare.parts import CheckPair, Given
from netpreflight.agent.compare.story import StoryFinding, hotspot
from netpreflight.agent.judging.registry import may_stop
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Stage
from netpreflight.agent.selection import in_groups
from netpreflight.agent.sentences import capitalised, with_article


class Said(NamedTuple):
    """The conclusion that a reader should see first, in two parts."""

    headline: str
    """The conclusion without the checks and the reasons: short enough for a heading."""
    rest: str = ""
    """The checks and the reasons, as sentences."""

    @property
    def sentence(self) -> str:
        """Both parts."""
        return f"{self.headline} {self.rest}".rstrip()


def conclusion(a: Given, b: Given, finding: StoryFinding, pairs: list[CheckPair], profile: Profile) -> Said:
    """The conclusion that a reader should see first."""
    device = with_article(profile.title)
    if finding.story == "same-run":
        return Said("A and B are the same run: there is nothing to compare.")
    if finding.story == "not-told":
        return Said(
            "The runs do not show whether these are two networks or one, so only the differences are listed.",
            f"A: {a.report.verdict}. B: {b.report.verdict}.",
        )
    if finding.story == "two-networks":
        said, doubt = _for_two_networks(a, b, profile, device), "As far as can be told, these are two networks."
    elif is_reversed(a, b):
        said, doubt = _reversed(a, b), "As far as can be told, this is one network."
    else:
        said, doubt = _for_one_network(a, b, pairs, device), "As far as can be told, this is one network."
    return said if finding.sure else Said(said.headline, f"{doubt} {said.rest}".rstrip())


def _reversed(a: Given, b: Given) -> Said:
    """The sentence where B was measured before A, so that neither better nor worse can be said."""
    return Said(
        "B was measured before A: give the earlier run first.",
        f"A, the later run: {a.report.verdict}. B, the earlier run: {b.report.verdict}.",
    )


def _for_two_networks(a: Given, b: Given, profile: Profile, device: str) -> Said:
    """The sentence for two networks; a failure after Wi-Fi comes first, because there another network helps most."""
    parts = [part for stages in (LATER_STAGES, WIFI_STAGES) if (part := _for_stages(a, b, stages, profile, device))]
    if parts:
        first, *more = parts
        return Said(first.headline, " ".join([first.rest, *(part.sentence for part in more)]))
    if undecided := [side for side in (a, b) if unsettled(side, *WIFI_STAGES, *LATER_STAGES)]:
        decided = [side for side in (a, b) if side not in undecided]
        if decided:
            (side,) = undecided
            return Said(
                f"{capitalised(name_of(decided[0]))} lets {device} online.",
                f"It is not known whether {name_of(side)} would let {device} online: {_why_not_known(side)}.",
            )
        return Said(
            f"It is not known whether {name_of(a)} or {name_of(b)} would let {device} online.",
            " ".join(f"{capitalised(name_of(side))}: {_why_not_known(side)}." for side in undecided),
        )
    remaining = " and ".join(
        f"{', '.join(check.id for check in found)} on {name_of(side)}" for side in (a, b) if (found := warnings(side))
    )
    first_look = f"at the warnings ({remaining}), then " if remaining else ""
    return Said(
        f"Both networks let {device} online, as far as this laptop can tell.",
        f"If a device does not get online on one of them, look {first_look}at the device: the passphrase that it was "
        "given, and whether that network admits its MAC address.",
    )


def _why_not_known(given: Given) -> str:
    """The first result that is not known; a check that was left out counts only where there is nothing else."""
    unknown = unsettled(given, *WIFI_STAGES, *LATER_STAGES)
    first = next((check for check in unknown if check.status != "skip"), None)
    return first.summary if first else f"{in_groups([check.id for check in unknown])} left out of that run, as asked"


def _for_stages(a: Given, b: Given, stages: tuple[Stage, ...], profile: Profile, device: str) -> Said | None:
    """The sentence about these stages on two networks; None: nothing fails in them."""
    if contrast := find_contrast(a, b, stages):
        return _one_stops(contrast, profile, device)
    if stage := shared_failure(a, b, stages):
        ids = ", ".join(check.id for check in failing(a, stage))
        advice = {
            "scan": "Neither Wi-Fi suits the device.",
            "cloud": "Look first at what the two runs share: this laptop, the device's cloud, and its profile.",
        }.get(stage, "Look first at what the two runs share: this laptop.")
        return Said(f"Both networks stop {device} at {WORDS[stage]}.", f"They fail the same checks: {ids}. {advice}")
    stopping = [(side, stage) for side in (a, b) if (stage := first_failing(side, stages))]
    if len(stopping) == 2:
        (first, first_stage), (second, second_stage) = stopping
        reasons = " ".join(
            f"{capitalised(name_of(side))}: {failing(side, stage)[0].summary}." for side, stage in stopping
        )
        return Said(
            f"{capitalised(name_of(first))} stops {device} at {WORDS[first_stage]}, and {name_of(second)} at "
            f"{WORDS[second_stage]}.",
            f"{reasons} The causes differ, so neither network is a reference for the other.",
        )
    for side, stage in stopping:
        other = b if side is a else a
        fails = failing(side, stage)
        unknown = [check for check in unsettled(other, *stages) if check.id in {failed.id for failed in fails}]
        why = f" ({unknown[0].summary})" if unknown else ""
        return Said(
            f"{capitalised(name_of(side))} stops {device} at {WORDS[stage]}.",
            f"{capitalised(name_of(side))}: {fails[0].summary}. It is not known whether that works on {name_of(other)}"
            f"{why}, so this rules out nothing.",
        )
    return None


def _one_stops(contrast: Contrast, profile: Profile, device: str) -> Said:
    """The sentence where something fails on one network and works on the other, and what that rules out."""
    bad, good, stage = contrast
    headline = f"{capitalised(name_of(bad))} stops {device} at {WORDS[stage]}, and {name_of(good)} does not."
    first = f"{capitalised(name_of(bad))} fails {', '.join(check.id for check in failing(bad, stage))}."
    if hotspot(bad.report.observations) and not hotspot(good.report.observations):
        return Said(headline, f"{first} So the hotspot is no reference for {name_of(good)} here.")
    if stage in WIFI_STAGES:
        return Said(headline, first)
    if why := other_explanation(contrast):
        rest = f"It is not settled whether the network is the cause: {why[0].lower()}{why[1:]}."
    elif why := server_explanation(contrast, profile):
        rest = f"This laptop is ruled out. The cause may be the network or the server: {why}."
    else:
        rest = "This laptop is ruled out; the cause is in the network that stops the device."
    return Said(headline, f"{first} {rest}")


def _for_one_network(a: Given, b: Given, pairs: list[CheckPair], device: str) -> Said:
    """The sentence for one network at two times: what got better, what got worse, what is not known."""
    required = [pair for pair in pairs if pair.level == "required"]
    left_out = [pair.id for pair in required if pair.a == pair.b == "skip"]
    before, after = (outcome(side, *WIFI_STAGES, *LATER_STAGES, without=left_out) for side in (a, b))
    doubtful = [check.id for check in needed(b, *WIFI_STAGES, *LATER_STAGES) if may_stop(check)]
    # A device may still get online now and then although a required check fails.
    is_certain = all(
        side.report.startup.online is False for side, result in ((a, before), (b, after)) if result == "fails"
    )
    could = "would not" if is_certain else "could not be relied on to"
    first = (
        f"It is doubtful whether {device} would get online now."
        if doubtful and after == "not-known"
        else {
            ("works", "works"): f"{capitalised(device)} would get online, before and after.",
            ("fails", "fails"): f"{capitalised(device)} {could} get online, before or after.",
            ("fails", "works"): f"Better: {device} would get online now; before, it {could}.",
            ("works", "fails"): f"Worse: {device} {could} get online now; before, it would.",
            (
                "not-known",
                "works",
            ): f"{capitalised(device)} would get online now; it is not known whether it would have before.",
            (
                "not-known",
                "fails",
            ): f"{capitalised(device)} {could} get online now; it is not known whether it would have before.",
            ("not-known", "not-known"): f"It is not known whether {device} would get online, before or after.",
        }.get((before, after), f"It is not known whether {device} would get online now.")
    )
    if left_out and "works" in {before, after}:
        first = f"Without {in_groups(left_out)}, which both runs left out: {first[0].lower()}{first[1:]}"
    lists = (
        ("Works now", [pair.id for pair in required if pair.relation == "better" and pair.a == "fail"]),
        ("Fails now", [pair.id for pair in required if pair.relation == "worse" and pair.b == "fail"]),
        ("Still fails", [pair.id for pair in required if pair.a == pair.b == "fail"]),
        ("A warning now", [pair.id for pair in required if pair.relation == "worse" and pair.b == "warn"]),
        ("No longer a warning", [pair.id for pair in required if pair.relation == "better" and pair.a == "warn"]),
        ("Doubtful now", doubtful),
        (
            "No longer known",
            [pair.id for pair in required if pair.relation == "no-longer-known" and pair.id not in doubtful],
        ),
    )
    listed = " ".join(f"{words}: {in_groups(ids)}." for words, ids in lists if ids)
    if not listed:
        some_unknown = any(pair.relation in {"now-known", "not-known"} for pair in required if pair.id not in left_out)
        nothing = "Of what is known in both runs, nothing" if some_unknown else "Nothing"
        listed = f"{nothing} that the device needs got better or worse."
    return Said(first, listed)
