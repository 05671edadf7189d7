"""The first sentence of a comparison: which network stops the device, or what got better or worse."""

from netpreflight.agent.compare.conclusions import (
    AIR,
    BEYOND,
    WORDS,
    Apart,
    alike,
    apart,
    doubt,
    failing,
    first_failing,
    name_of,
    outcome,
    server_doubt,
    unsettled,
    warnings,
)
from netpreflight.agent.compare.limits import is_reversed
from netpreflight.agent.compare.parts import CheckPair, Given
from netpreflight.agent.compare.story import Told, hotspot
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Stage
from netpreflight.agent.selection import in_groups


def sentence(a: Given, b: Given, told: Told, pairs: list[CheckPair], profile: Profile) -> str:
    """The conclusion that a reader should see first."""
    device = f"{'an' if profile.title[0] in 'AEIOU' else 'a'} {profile.title}"
    if told.story == "same-run":
        return "A and B are the same run: there is nothing to compare."
    if told.story == "not-told":
        return (
            "It cannot be told whether these are two networks or one, so only the differences are listed. "
            f"A: {a.report.verdict}. B: {b.report.verdict}."
        )
    if told.story == "two-networks":
        return ("" if told.sure else "As far as can be told, these are two networks. ") + _of_two(a, b, profile, device)
    likely = "" if told.sure else "As far as can be told, this is one network. "
    if is_reversed(a, b):
        return (
            f"{likely}B was measured before A: give the earlier run first. "
            f"A, the later run: {a.report.verdict}. B, the earlier run: {b.report.verdict}."
        )
    return likely + _of_one(a, b, pairs, device)


def _of_two(a: Given, b: Given, profile: Profile, device: str) -> str:
    """The sentence for two networks; what lies beyond Wi-Fi comes first, because there another network helps most."""
    parts = [part for stages in (BEYOND, AIR) if (part := _part(a, b, stages, profile, device))]
    if parts:
        return " ".join(parts)
    if unknown := [side for side in (a, b) if unsettled(side, *AIR, *BEYOND)]:
        works = [side for side in (a, b) if side not in unknown]
        first = f"{_capital(name_of(works[0]))} lets {device} online. " if works else ""
        rest = " ".join(
            f"Whether {name_of(side)} would let {device} online is not known: {_why_not_known(side)}."
            for side in unknown
        )
        return f"{first}{rest}"
    told = " and ".join(
        f"{', '.join(check.id for check in found)} on {name_of(side)}" for side in (a, b) if (found := warnings(side))
    )
    first = f"at the warnings ({told}), then " if told else ""
    return (
        f"Both networks let {device} online, as far as this laptop can tell. If a device does not get online on one of "
        f"them, look {first}at the device: the passphrase that it was given, and whether that network admits its MAC "
        "address."
    )


def _why_not_known(given: Given) -> str:
    """The first result that is not known; a check that was left out counts only where there is nothing else."""
    open_ = unsettled(given, *AIR, *BEYOND)
    first = next((check for check in open_ if check.status != "skip"), None)
    return first.summary if first else f"{in_groups([check.id for check in open_])} left out of that run, as asked"


def _part(a: Given, b: Given, stages: tuple[Stage, ...], profile: Profile, device: str) -> str:
    """The sentence about these stages on two networks; empty: nothing fails in them."""
    if split := apart(a, b, stages):
        return _apart(split, profile, device)
    if stage := alike(a, b, stages):
        ids = ", ".join(check.id for check in failing(a, stage))
        ends = {
            "scan": "Neither Wi-Fi suits the device.",
            "cloud": "Look first at what the two runs share: this laptop, the device's cloud, and its profile.",
        }.get(stage, "Look first at what the two runs share: this laptop.")
        return f"Both networks stop {device} at {WORDS[stage]}, in the same checks ({ids}). {ends}"
    stops = [(side, stage) for side in (a, b) if (stage := first_failing(side, stages))]
    told = " ".join(
        f"{_capital(name_of(side))} stops {device} at {WORDS[stage]}: {failing(side, stage)[0].summary}."
        for side, stage in stops
    )
    if len(stops) == 2:
        return f"{told} The causes differ, so neither network is a reference for the other."
    for side, stage in stops:
        other = b if side is a else a
        unknown = [
            check for check in unsettled(other, *stages) if check.id in {fails.id for fails in failing(side, stage)}
        ]
        why = f" ({unknown[0].summary})" if unknown else ""
        return f"{told} Whether that works on {name_of(other)} is not known{why}, so this rules out nothing."
    return ""


def _apart(split: Apart, profile: Profile, device: str) -> str:
    bad, good, stage = split
    ids = ", ".join(check.id for check in failing(bad, stage))
    first = f"{_capital(name_of(bad))} stops {device} at {WORDS[stage]} ({ids}), and {name_of(good)} does not."
    if hotspot(bad.report.observations) and not hotspot(good.report.observations):
        return f"{first} So it is no reference for {name_of(good)} here."
    if stage in AIR:
        return first
    if why := doubt(split):
        return f"{first} Whether the network is the cause is not settled: {why[0].lower()}{why[1:]}."
    if why := server_doubt(split, profile):
        return f"{first} This laptop is ruled out. The cause may be that network or the server: {why}."
    return f"{first} This laptop is ruled out; what stops the device is in that network."


def _of_one(a: Given, b: Given, pairs: list[CheckPair], device: str) -> str:
    mine = [pair for pair in pairs if pair.level == "required"]
    left_out = [pair.id for pair in mine if pair.a == pair.b == "skip"]
    before, after = (outcome(side, *AIR, *BEYOND, without=left_out) for side in (a, b))
    # A device may still get online now and then although a required check fails.
    sure = all(side.report.startup.online is False for side, how in ((a, before), (b, after)) if how == "fails")
    could = "would not" if sure else "could not be relied on to"
    first = {
        ("works", "works"): f"{_capital(device)} would get online, before and after.",
        ("fails", "fails"): f"{_capital(device)} {could} get online, before or after.",
        ("fails", "works"): f"Better: {device} would get online now; before, it {could}.",
        ("works", "fails"): f"Worse: {device} {could} get online now; before, it would.",
        ("not-known", "works"): f"{_capital(device)} would get online now; whether it would have before is not known.",
        (
            "not-known",
            "fails",
        ): f"{_capital(device)} {could} get online now; whether it would have before is not known.",
        ("not-known", "not-known"): f"Whether {device} would get online is not known, before or after.",
    }.get((before, after), f"Whether {device} would get online now is not known.")
    if left_out and "works" in {before, after}:
        first = f"Without {in_groups(left_out)}, which both runs left out: {first[0].lower()}{first[1:]}"
    lists = (
        ("Works now", [pair.id for pair in mine if pair.relation == "better" and pair.a == "fail"]),
        ("Fails now", [pair.id for pair in mine if pair.relation == "worse" and pair.b == "fail"]),
        ("Still fails", [pair.id for pair in mine if pair.a == pair.b == "fail"]),
        ("A warning now", [pair.id for pair in mine if pair.relation == "worse" and pair.b == "warn"]),
        ("No longer a warning", [pair.id for pair in mine if pair.relation == "better" and pair.a == "warn"]),
        ("No longer known", [pair.id for pair in mine if pair.relation == "no-longer-known"]),
    )
    told = " ".join(f"{words}: {in_groups(ids)}." for words, ids in lists if ids)
    if not told:
        some = any(pair.relation in {"now-known", "not-known"} for pair in mine if pair.id not in left_out)
        nothing = "Of what is known in both runs, nothing" if some else "Nothing"
        told = f"{nothing} that the device needs got better or worse."
    return f"{first} {told}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
