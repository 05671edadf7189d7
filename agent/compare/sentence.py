"""The first sentence of a comparison: which network, or which change, and what that leaves open."""

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
    """What a reader should know first."""
    device = f"{'an' if profile.title[0] in 'AEIOU' else 'a'} {profile.title}"
    if told.story == "same-run":
        return "A and B are the same run: there is nothing to compare."
    if told.story == "not-told":
        return (
            "Whether these are two networks or one cannot be told, so only the differences are listed. "
            f"A: {a.report.verdict}. B: {b.report.verdict}."
        )
    if told.story == "two-networks":
        return ("" if told.sure else "As far as can be told, these are two networks. ") + _of_two(a, b, profile, device)
    likely = "" if told.sure else "As far as can be told, this is one network. "
    if is_reversed(a, b):
        return (
            f"{likely}B was measured before A: give the earlier run first. "
            f"A, the later: {a.report.verdict}. B, the earlier: {b.report.verdict}."
        )
    return likely + _of_one(a, b, pairs, device)


def _of_two(a: Given, b: Given, profile: Profile, device: str) -> str:
    """What lies beyond the air first: that is where another network helps most."""
    parts = [part for stages in (BEYOND, AIR) if (part := _part(a, b, stages, profile, device))]
    if parts:
        return " ".join(parts)
    if unknown := [one for one in (a, b) if unsettled(one, *AIR, *BEYOND)]:
        works = [one for one in (a, b) if one not in unknown]
        first = f"{_capital(name_of(works[0]))} lets {device} online. " if works else ""
        rest = " ".join(
            f"Whether {name_of(one)} would let {device} online is not known: {_why_not_known(one)}." for one in unknown
        )
        return f"{first}{rest}"
    told = " and ".join(
        f"{', '.join(check.id for check in found)} on {name_of(one)}" for one in (a, b) if (found := warnings(one))
    )
    first = f"at the warnings ({told}), then " if told else ""
    return (
        f"Both networks let {device} online, as far as this laptop can tell. If a device does not get online on one of "
        f"them, look {first}at the device: the passphrase that it was given, and whether that network admits its MAC "
        "address."
    )


def _why_not_known(given: Given) -> str:
    """What was not seen first, and what nobody looked at only where there is nothing else."""
    open_ = unsettled(given, *AIR, *BEYOND)
    first = next((one for one in open_ if one.status != "skip"), None)
    return first.summary if first else f"{in_groups([one.id for one in open_])} left out of that run, as asked"


def _part(a: Given, b: Given, stages: tuple[Stage, ...], profile: Profile, device: str) -> str:
    """What two networks tell of the air, or of what lies beyond it; empty where nothing fails in it."""
    if split := apart(a, b, stages):
        return _apart(split, profile, device)
    if stage := alike(a, b, stages):
        ids = ", ".join(one.id for one in failing(a, stage))
        ends = {
            "scan": "Neither radio suits the device.",
            "cloud": "Look first at what they have in common: this laptop, the device's cloud, and its profile.",
        }.get(stage, "Look first at what they have in common: this laptop.")
        return f"Both networks stop {device} at {WORDS[stage]}, in the same checks ({ids}). {ends}"
    stops = [(one, stage) for one in (a, b) if (stage := first_failing(one, stages))]
    told = " ".join(
        f"{_capital(name_of(one))} stops {device} at {WORDS[stage]}: {failing(one, stage)[0].summary}."
        for one, stage in stops
    )
    if len(stops) == 2:
        return f"{told} Each by something else, so neither is a reference for the other."
    for one, stage in stops:
        other = b if one is a else a
        unknown = [each for each in unsettled(other, *stages) if each.id in {fails.id for fails in failing(one, stage)}]
        why = f" ({unknown[0].summary})" if unknown else ""
        return f"{told} Whether that works on {name_of(other)} is not known{why}, so nothing is ruled out by it."
    return ""


def _apart(split: Apart, profile: Profile, device: str) -> str:
    bad, good, stage = split
    ids = ", ".join(one.id for one in failing(bad, stage))
    first = f"{_capital(name_of(bad))} stops {device} at {WORDS[stage]} ({ids}), and {name_of(good)} does not."
    if hotspot(bad.report.observations) and not hotspot(good.report.observations):
        return f"{first} In that it is no reference for {name_of(good)}."
    if stage in AIR:
        return first
    if why := doubt(split):
        return f"{first} Whether that is the network's doing is not settled: {why[0].lower()}{why[1:]}."
    if why := server_doubt(split, profile):
        return f"{first} This laptop is ruled out; whether that network or the server stops the device is not: {why}."
    return f"{first} This laptop is ruled out; what stops the device is in that network."


def _of_one(a: Given, b: Given, pairs: list[CheckPair], device: str) -> str:
    mine = [one for one in pairs if one.level == "required"]
    left_out = [one.id for one in mine if one.a == one.b == "skip"]
    before, after = (outcome(one, *AIR, *BEYOND, without=left_out) for one in (a, b))
    # What is required can fail and the device get online all the same, now and then.
    sure = all(one.report.startup.online is False for one, how in ((a, before), (b, after)) if how == "fails")
    could = "would not" if sure else "could not be relied on to"
    first = {
        ("works", "works"): f"{_capital(device)} would get online, before and after.",
        ("fails", "fails"): f"{_capital(device)} {could} get online, before or after.",
        ("fails", "works"): f"Better: {device} would get online now; before, it {could}.",
        ("works", "fails"): f"Worse: {device} {could} get online now; before, it would.",
        ("not-known", "works"): f"{_capital(device)} would get online now; whether it would have before is not known.",
        ("not-known", "fails"): f"{_capital(device)} {could} get online now; whether before, is not known.",
        ("not-known", "not-known"): f"Whether {device} would get online is not known, before or after.",
    }.get((before, after), f"Whether {device} would get online now is not known.")
    if left_out and "works" in {before, after}:
        first = f"In what was looked at ({in_groups(left_out)} left out of both): {first[0].lower()}{first[1:]}"
    lists = (
        ("Works now", [one.id for one in mine if one.relation == "better" and one.a == "fail"]),
        ("Fails now", [one.id for one in mine if one.relation == "worse" and one.b == "fail"]),
        ("Still fails", [one.id for one in mine if one.a == one.b == "fail"]),
        ("A warning now", [one.id for one in mine if one.relation == "worse" and one.b == "warn"]),
        ("No longer a warning", [one.id for one in mine if one.relation == "better" and one.a == "warn"]),
        ("No longer known", [one.id for one in mine if one.relation == "no-longer-known"]),
    )
    told = " ".join(f"{words}: {in_groups(ids)}." for words, ids in lists if ids)
    if not told:
        some = any(one.relation in {"now-known", "not-known"} for one in mine if one.id not in left_out)
        nothing = "Of what is known in both runs, nothing" if some else "Nothing"
        told = f"{nothing} that the device needs got better or worse."
    return f"{first} {told}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
