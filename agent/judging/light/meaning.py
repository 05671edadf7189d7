"""Which lights of the table fit somebody's description, and the one question that leaves the fewest of them."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from netpreflight.agent.judging.light.words import Heard
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.led import LightSignal, Rhythm
from netpreflight.agent.profiles import Profile
from netpreflight.agent.profiles.facts import Certainty, Version, order
from netpreflight.agent.results import HeardLight, Led, LightRow, LightStage, LightVersions

_MAY_BE: dict[Rhythm, frozenset[Rhythm]] = {
    "blinking": frozenset({"blinking", "fast blinking", "slow blinking", "sos"}),
    "slow blinking": frozenset({"slow blinking", "blinking"}),
}
"""Which rhythms somebody may mean by the rhythm that they name: people say "blinking" at any speed."""
_SUREST_FIRST: tuple[Certainty, ...] = ("confirmed", "inferred", "unconfirmed")
_BLINKS: frozenset[Rhythm] = frozenset({"blinking", "fast blinking", "slow blinking"})
_IN_WORDS: dict[Rhythm, str] = {
    "breathing": "breathe (fade in and out)",
    "slow blinking": "blink slowly (twice a second)",
    "blinking": "blink (5 times a second)",
    "fast blinking": "blink fast (10 times a second)",
    "solid": "stay on",
    "sos": "blink SOS (3 short, 3 long, 3 short), and how often after that",
    "off": "stay off",
    "rainbow": "go through all colours",
}
"""How a question names each rhythm, after "Does the light" or "does it"."""
_COUNTED = ("no", "one", "two", "three", "four", "five")
_LONG = 6
"""With more choices than this, a question lists none."""
NOTHING_HEARD = (
    "What does the light do: which colour, and does it breathe (fade in and out), blink, blink fast or stay on; and "
    "does another colour flash in between, how often?"
)
_RHYTHM = (
    "What is its rhythm: does it breathe (fade in and out), blink, blink fast or stay on; and how often does it flash "
    "in between, each time?"
)
_NO_SUCH_LIGHT = "Does the program on the device use the light itself, and what does its log say?"
_ONLY_THE_LOG = "What does the device's log say, because the light does not tell these apart?"


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One light as the table states it (agent/lights/table.toml says what `signals` and `sign` are).

    Attributes:
        means: what the light means, for somebody who is no engineer.
        look: what to do next; empty: nothing.
        checks: the checks that may explain the light; `wifi.*` stands for all checks of that group that the device
            needs.
        ask: a question that tells this row from other rows with the same light.
        since, before: the first version of Device OS that has the light, and the first that no longer has it.
        devices: the devices that have the light; empty: all.
        method, runs_after: only devices with this Internet Test show the light (`echo`: in either form).
        numbers: keyed by the number of blinks that replaces `{number}`: what that number means.
    """

    name: str
    signals: list[str]
    means: str
    look: str = ""
    stages: list[LightStage] = []
    checks: list[str] = []
    sign: str = ""
    ask: str = ""
    since: Version | None = None
    before: Version | None = None
    devices: list[str] = []
    method: str = ""
    runs_after: str = ""
    certainty: Certainty = "confirmed"
    source: str = ""
    numbers: dict[str, str] = {}


class Shown(Struct, frozen=True, kw_only=True):
    """A row of the table, as one device shows it.

    Attributes:
        sign: the position of the one signal that identifies the light; None: any of its signals does.
        sources: where the light and its meaning were read.
    """

    row: Row
    signals: tuple[LightSignal, ...]
    sign: int | None
    certainty: Certainty
    sources: tuple[str, ...]

    @property
    def key(self) -> tuple[str, tuple[LightSignal, ...]]:
        """The row's name and how its light looks: the same on all devices where the same light means the same."""
        return self.row.name, self.signals


def look_up(heard: Heard, devices: Sequence[tuple[Profile, Sequence[Shown]]]) -> Led:
    """What a light may mean, and the next question to ask if not exactly one row fits.

    Args:
        heard: what was understood of the description.
        devices: each device and version that may show the light, in rising order of the versions, with all its lights.
    """
    groups: dict[tuple[str, tuple[LightSignal, ...]], list[Shown]] = {}
    for _, lights in devices:
        for shown in lights:
            groups.setdefault(shown.key, []).append(shown)
    fitting = _fitting(heard, [group[0] for group in groups.values()])
    rows = [_row(groups[shown.key], devices) for shown in fitting]
    question = None
    if not heard.lights:
        question = NOTHING_HEARD
    elif not rows:
        question = _NO_SUCH_LIGHT
    elif len(rows) > 1:
        question = _question(heard, fitting, rows)
    return Led(schema="netpreflight-led/1", heard=heard.lights, rows=rows, question=question)


def _fitting(heard: Heard, every: list[Shown]) -> list[Shown]:
    """The lights that fit everything that was described.

    People may also describe what they saw before the lasting light. So if no light fits, signals are left out from the
    beginning: as few as possible, and only signals with which some light of the table begins.
    """
    for begin in range(len(heard.lights)):
        before, told = heard.lights[:begin], heard.lights[begin:]
        if not all(any(_fits(light, shown.signals[0]) for shown in every) for light in before):
            return []
        if found := [shown for shown in every if _fits_all(told, shown, is_alone=heard.is_alone)]:
            return found
        if len(told) == 1 and (found := [shown for shown in every if _has(shown, told[0])]):
            return found  # no lasting light looks like that: it flashes in between
    return []


def _fits_all(told: list[HeardLight], shown: Shown, *, is_alone: bool) -> bool:
    """Whether a light, whose signals repeat in a cycle, fits the described signals in their order."""
    signals = shown.signals
    if is_alone and len(signals) > len(told):
        return False
    if len(told) == 1:
        light = told[0]
        # A single described signal is the lasting one, unless its blinks were counted.
        return _fits(light, signals[0]) or (light.times is not None and _has(shown, light))
    for begin in range(len(signals)):
        order = [*range(begin, len(signals)), *range(begin)]
        if (used := _in_order(told, [signals[place] for place in order])) is not None:
            return shown.sign is None or shown.sign in {order[place] for place in used}
    return False


def _in_order(told: list[HeardLight], signals: list[LightSignal]) -> list[int] | None:
    """The positions of the described signals, in rising order; None: they do not come in this order."""
    used, place = list[int](), 0
    for light in told:
        while place < len(signals) and not _fits(light, signals[place]):
            place += 1
        if place == len(signals):
            return None
        used.append(place)
        place += 1
    return used


def _has(shown: Shown, light: HeardLight) -> bool:
    """Whether one of the signals of `shown` fits the described signal."""
    return any(_fits(light, signal) for signal in shown.signals)


def _fits(light: HeardLight, signal: LightSignal) -> bool:
    """Whether nothing in the description of a signal contradicts this signal."""
    if light.colours and signal.colour not in light.colours:
        return False
    if signal.times is not None:
        return light.times in {None, signal.times} and light.rhythm in {None, *_BLINKS}
    if light.times is not None and signal.rhythm not in _BLINKS:
        return False
    return light.rhythm is None or signal.rhythm in _MAY_BE.get(light.rhythm, {light.rhythm})


def _row(found: list[Shown], devices: Sequence[tuple[Profile, Sequence[Shown]]]) -> LightRow:
    """The row of the result for a light, with all devices and versions that show it."""
    row = found[0].row
    surest = min((shown.certainty for shown in found), key=_SUREST_FIRST.index)
    return LightRow(
        light=in_words(found[0].signals),
        signals=list(found[0].signals),
        stages=row.stages,
        means=row.means,
        look=row.look,
        checks=[check for stated in row.checks for check in _checks(stated)],
        versions=_versions(found, devices),
        certainty=surest,
        sources=list(dict.fromkeys(source for shown in found for source in shown.sources)),
    )


def in_words(signals: Iterable[LightSignal]) -> str:
    """Signals that come one after the other, in words."""
    return ", then ".join(signal.words for signal in signals)


def _checks(stated: str) -> list[str]:
    """The ids of the checks that the table states; `wifi.*`: those of the group that a device needs to join."""
    if not stated.endswith(".*"):
        return [stated]
    return [row.id for row in CHECKS.values() if row.starts == "scan" and row.id.startswith(stated[:-1])]


def _versions(found: list[Shown], devices: Sequence[tuple[Profile, Sequence[Shown]]]) -> list[LightVersions]:
    """The devices that show a light, with the first version that shows it and the first after it that does not."""
    spans, is_open = list[LightVersions](), False
    for profile, lights in devices:
        has, last = any(shown.key == found[0].key for shown in lights), spans[-1] if spans else None
        if last is None or last.device != profile.name:
            is_open = False
        if has and not is_open:
            spans.append(LightVersions(device=profile.name, since=profile.os_version, before=None))
        elif is_open and not has and last is not None:
            spans[-1] = LightVersions(device=last.device, since=last.since, before=profile.os_version)
        is_open = has
    return spans


def _question(heard: Heard, fitting: list[Shown], rows: list[LightRow]) -> str:
    """The question that leaves the fewest lights even if its answer is the least telling one."""
    signals = [shown.signals for shown in fitting]
    asked: list[tuple[int, str]] = []

    def offer(most_left: int, question: str) -> None:
        """Add a question, if any answer leaves fewer lights than there are now."""
        if most_left < len(rows):
            asked.append((most_left, question))

    first = [each[0] for each in signals]
    tails = [each[1:] for each in signals]
    rhythms = [_IN_WORDS[each] for each in dict.fromkeys(signal.rhythm for signal in first) if each]
    colours = list(dict.fromkeys(signal.colour for signal in first))
    if heard.is_colour_blind:
        if _most([(signal.rhythm, _counts(tail)) for signal, tail in zip(first, tails, strict=True)]) < len(rows):
            return _RHYTHM
    elif len(colours) > 1 and len(rhythms) > 1:  # colours are easily mistaken, so ask for the colour first
        both = f"{_listed('Which colour is it', [_colour(each) for each in colours])} And {_listed('does it', rhythms)}"
        offer(0, both)
    else:
        with_sos = [
            (signal.rhythm, tail if signal.rhythm == "sos" else ()) for signal, tail in zip(first, tails, strict=True)
        ]
        offer(_most(with_sos) if len(rhythms) > 1 else len(rows), _listed(f"Does the {colours[0]} light", rhythms))
        offer(
            _most([signal.colour for signal in first]),
            _listed("Which colour is it", [_colour(each) for each in colours]),
        )
        offer(*_between(tails))
    one_device = len({span.device for row in rows for span in row.versions}) == 1
    which_version = (
        "Which version of Device OS does the device have?"
        if one_device
        else "Which device is it, and which version of Device OS does it have?"
    )
    offer(_most_of_a_version(rows), which_version)
    if asked:
        return min(asked, key=lambda offered: offered[0])[1]
    return next((shown.row.ask for shown in fitting if shown.row.ask), _ONLY_THE_LOG)


def _most(answers: Sequence[object]) -> int:
    """How many lights are left after the least telling answer."""
    return max(Counter(answers).values())


def _most_of_a_version(rows: list[LightRow]) -> int:
    """How many of these lights one device with one version may show, at most."""
    firsts = {(span.device, span.since) for row in rows for span in row.versions}
    return max(
        sum(any(_covers(span.device, span.since, span.before, device, since) for span in row.versions) for row in rows)
        for device, since in firsts
    )


def _covers(device: str, since: str | None, before: str | None, asked: str, version: str | None) -> bool:
    """Whether the version of the device `asked` is one of `device` from `since` until before `before`."""
    if device != asked:
        return False
    if version is None or since is None:
        return True
    at = order(version)
    return order(since) <= at and (before is None or at < order(before))


def _between(tails: list[tuple[LightSignal, ...]]) -> tuple[int, str]:
    """How many lights are left after the least telling answer, and the question: what flashes in between."""
    if all(tails) and len({tail[-1].colour for tail in tails}) == 1 and len({tail[-1].times for tail in tails}) > 1:
        counts = sorted(tail[-1].times or 0 for tail in tails)
        question = _listed(f"Count the {tails[0][-1].colour} blinks", [_number(count) for count in counts])
        return _most([tail[-1].times for tail in tails]), question
    listed = [
        ", then ".join(f"{_number(each.times or 0)} {each.colour}" for each in tail) or "nothing" for tail in tails
    ]
    return _most(tails), _listed("What else flashes in between, and how often", listed)


def _counts(tail: tuple[LightSignal, ...]) -> tuple[int | None, ...]:
    return tuple(signal.times for signal in tail)


def _number(count: int) -> str:
    return _COUNTED[count] if count < len(_COUNTED) else str(count)


def _colour(colour: str) -> str:
    return {"cyan": "cyan (light blue)", "blue": "dark blue", "magenta": "magenta (pink)", "": "none"}.get(
        colour, colour
    )


def _listed(question: str, choices: list[str]) -> str:
    """A question with its choices, where these are few."""
    few = list(dict.fromkeys(choices))
    if len(few) < 2:
        return f"{question}?"
    if len(few) > _LONG:
        return f"{question}: how many are there?" if question.startswith("Count") else f"{question}?"
    mark = ";" if any("," in choice for choice in few) else ","
    colon = "" if question.startswith(("Does", "does")) else ":"
    return f"{question}{colon} {f'{mark} '.join(few[:-1])}{mark if mark == ';' else ''} or {few[-1]}?"
