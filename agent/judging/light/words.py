"""From somebody's words to the signals that they mean: "light blue, then two orange flashes"."""

import difflib
import re

from msgspec import Struct

from netpreflight.agent.led import Rhythm
from netpreflight.agent.results import HeardLight

LONGEST = 400
"""How many characters of a description are read."""
MOST = 8
"""How many signals of a description are kept."""
_REPEATED = re.compile(
    r"\b(?:again and again|over and over(?: again)?|repeatedly|and so on|etc|in a loop|and repeats?|keeps? repeating|"
    r"repeating|all the time|for ever|forever)\b"
)
_ALONE = re.compile(
    r"(?:,\s*|\band\s+)?\b(?:without (?:error|any|other) \w+|nothing else|nothing in between|nothing between|"
    r"no other colou?rs?|no error blinks|only)\b"
)
_COLOUR_BLIND = re.compile(
    r"\bcolou?r[- ]?blind(?:ness)?\b|\b(?:can ?not|can't|cannot|hard to|difficult to) (?:tell|see|name|distinguish)"
    r"(?: the| what)? colou?rs?\b"
)
_SOS = re.compile(
    r"\bs\.?o\.?s\b\.?|\b(?:3|three) short\W+(?:and |then )?(?:3|three) long\W+(?:and |then )?(?:3|three) short\b"
)
_DEVICES = re.compile(r"\b(?:photon ?[12]?|argon|p1|p2|core|m-?som|boron|electron|xenon|d7)\b|\bv?\d+\.\d+(?:\.\d+)*\b")
_FOR_A_TIME = re.compile(
    r"\b(?:every|for|after|about)?\s*(?:\d+|an?|one|two|three|four|five|ten|half a)\s*"
    r"(?:ms|s|secs?|seconds?|min|mins|minutes?|hz|hours?)\b"
)
_SAID_AGAIN = re.compile(r"\(\s*(?:\d{1,2}|[a-z]{3,8})\s*(?:x|times)?\s*\)")
"""A number that is repeated in brackets: "two (2)"."""
_NEGATED = re.compile(
    r"\b(?:no longer|never|not|without|isn't|doesn't|does not|is not|stops?|stopped|no)\s+(?:any |a |the )?"
    r"(?:(?P<blinks>blink\w*|flash\w*)|(?P<on>on\b|lit\b)|(?!lights?\b|leds?\b)[a-z-]+)"
)
_THEN = (
    r"\bthen\b|→|➔|⇒|->|=>|>|\bfollowed by\b|\bafter (?:that|which|this)\b|\bafterwards?\b|\bnext\b|\bsometimes\b|"
    r"\bthereafter\b|\blater\b|\bfinally\b|\blastly\b|\b(?:at )?first(?:ly)?\b|\bto begin with\b|\binitially\b|"
    r"(?<!a )(?<!one )\bsecond(?:ly)?\b(?! time)|\bthird(?:ly)?\b|\bfourth\b|\b(?:1st|2nd|3rd|4th)\b|\bbefore\b|"
    r"\binterrupted by\b|\balternat\w+(?: with)?\b|\bbetween\b|\bturns?\b|\bgoes\b|\bchang\w+ to\b"
)
_PIECES = re.compile(rf"(?P<then>(?:{_THEN}))|[,;+&.!?()\n]|\band\b")
_COLOURS: tuple[tuple[str, frozenset[str]], ...] = (
    (r"light[- ]?blue|sky[- ]?blue|baby[- ]?blue|pale[- ]blue", frozenset({"cyan"})),
    (r"blue[- ]?(?:ish)?[- ]?green|green(?:ish)?[- ]?blue|bluish[- ]green", frozenset({"cyan"})),
    (r"cyan|turquoise|teal|aqua(?:marine)?", frozenset({"cyan"})),
    (r"dark[- ]?blue|navy(?:[- ]blue)?|deep[- ]blue|royal[- ]blue", frozenset({"blue"})),
    (r"blu(?:e|ish)", frozenset({"blue", "cyan"})),
    (r"(?:light|dark|bright|lime)?[- ]?green(?:ish)?|lime", frozenset({"green"})),
    (r"magenta|purple|pink(?:ish)?|violet|fuchsia|lilac", frozenset({"magenta"})),
    (r"red(?:dish)?[- ]?orange|orange[- ]?red", frozenset({"orange", "red"})),
    (r"orange", frozenset({"orange"})),
    (r"amber|yellow(?:ish)?|gold(?:en)?", frozenset({"orange", "yellow"})),
    (r"(?:dark |dim )?red(?:dish)?", frozenset({"orange", "red"})),
    (r"white|gr[ae]y", frozenset({"white", "gray"})),
)
"""Patterns of colour names, and the colours that each may mean: orange is often called yellow or red, and cyan blue
(Particle's community, 30365)."""
_COLOUR = re.compile("|".join(rf"\b(?P<c{place}>{pattern})\b" for place, (pattern, _) in enumerate(_COLOURS)))
_ALIKE = frozenset({"red", "orange", "green", "yellow"})
"""Colours that somebody who is colour-blind may take for each other."""
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "one once single",
            "two twice double",
            "three thrice triple",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
        ),
        1,
    )
    for word in words.split()
}
_NUMBER = re.compile(
    rf"\b(?:(?P<digits>\d{{1,2}})(?: ?x| times)?|x(?P<after>\d{{1,2}})|(?P<word>{'|'.join(_NUMBERS)}))\b"
)
_ONE_BLINK = re.compile(r"\ban? (?:[a-z-]+ ){0,3}(?:blink|flash|burst|pulse)\b|\b(?:short|brief)\b")
_RHYTHMS: tuple[tuple[str, Rhythm], ...] = (
    (r"rainbow|all colou?rs|many colou?rs|colou?rs chang\w+", "rainbow"),
    (r"off|no (?:light|led)s?|nothing|unlit|dead|black|dark", "off"),
    (r"breath\w*|puls\w*|fad(?:e|es|ing)|throb\w*|swell\w*", "breathing"),
    (r"blink\w*|flash\w*|flicker\w*|wink\w*|strob\w*", "blinking"),
    (
        r"solid|stead(?:y|ily)|constant(?:ly)?|static|stays?(?: on)?|continuous(?:ly)?|always on|permanent(?:ly)?|lit",
        "solid",
    ),
    (r"glow\w*", "breathing"),
)
_ON_AND_OFF = re.compile(r"\b(?:(?:goes|going|turns|turning|comes|switches) )?(?:on (?:and|then) off|off and on)\b")
_FAST = re.compile(r"\b(?:fast|rapid(?:ly)?|quick(?:ly)?|high[- ]speed|hectic\w*|flicker\w*|strob\w*)\b")
_SLOW = re.compile(r"\b(?:slow(?:ly)?)\b")
_NORMAL = re.compile(r"\b(?:normal(?:ly)?|medium|not fast)\b")


_SPELT = (
    "amber", "blinking", "breathing", "cyan", "flashing", "green", "magenta", "orange", "purple", "turquoise", "violet",
    "white", "yellow",
)  # fmt: skip
"""Words that are recognised even if they are misspelt."""
_OTHER_WORDS = frozenset({"blocking", "breaking", "while", "write"})
"""Words that only look like a misspelling of one of `_SPELT`."""


class Heard(Struct, frozen=True, kw_only=True):
    """What was understood of somebody's description of a light.

    Attributes:
        lights: the signals, in order.
        is_alone: whether the description says that nothing else is to be seen.
        is_colour_blind: whether the description says that its author cannot tell colours apart.
    """

    lights: list[HeardLight]
    is_alone: bool = False
    is_colour_blind: bool = False


def heard(words: str) -> Heard:
    """The signals in what somebody says of a light; what is not understood is left out."""
    text = " ".join(words[:LONGEST].casefold().replace("\u2019", "'").split())
    is_colour_blind, is_alone = bool(_COLOUR_BLIND.search(text)), bool(_ALONE.search(text))
    for removed in (_COLOUR_BLIND, _ALONE, _REPEATED, _DEVICES):
        text = removed.sub(" ", text)
    text = re.sub("[a-z]{4,}", lambda word: _spelt(word[0]), text)
    text = _ON_AND_OFF.sub(" blinking ", text)
    text = _SAID_AGAIN.sub(" ", _FOR_A_TIME.sub(" ", _SOS.sub(" sos ", text)))
    text = _NEGATED.sub(lambda match: " solid " if match["blinks"] else " off " if match["on"] else " ", text)
    lights = list[HeardLight]()
    for piece, begins in _pieces(text):
        for place, light in enumerate(_lights(piece)):
            _add(lights, light, is_new=begins and place == 0)
    if is_colour_blind:
        lights = [_as_seen_colour_blind(light) for light in lights]
    return Heard(lights=_one_cycle(lights)[:MOST], is_alone=is_alone, is_colour_blind=is_colour_blind)


def answered(so_far: Heard, answer: str) -> Heard:
    """What was understood so far, with the answer to a question added: "dark", "fast", "two", "nothing", "one red"."""
    text = answer.strip().casefold().rstrip(".!")
    if text in {"nothing", "none", "no", "nothing else", "never"}:
        return Heard(lights=so_far.lights, is_alone=True, is_colour_blind=so_far.is_colour_blind)
    if text in {"dark", "light"}:
        text += " blue"
    told, lights = heard(text), list(so_far.lights)
    for light in told.lights:
        first, last = (lights[0], lights[-1]) if lights else (None, None)
        if first and light.times is None and (not light.colours or _narrows(light, first)):
            lights[0] = HeardLight(
                colours=light.colours or first.colours, rhythm=light.rhythm or first.rhythm, times=first.times
            )
        elif last and len(lights) > 1 and last.times is None and (not light.colours or _narrows(light, last)):
            lights[-1] = HeardLight(colours=light.colours or last.colours, rhythm=last.rhythm, times=light.times)
        else:
            lights.append(light)
    return Heard(
        lights=lights[:MOST],
        is_alone=so_far.is_alone or told.is_alone,
        is_colour_blind=so_far.is_colour_blind or told.is_colour_blind,
    )


def _spelt(word: str) -> str:
    """The word, or the word of `_SPELT` that it misspells, such as "green" for "grene"."""
    is_known = _COLOUR.fullmatch(word) or any(re.fullmatch(pattern, word) for pattern, _ in _RHYTHMS)
    if is_known or word in _OTHER_WORDS:
        return word
    near = difflib.get_close_matches(word, _SPELT, n=1, cutoff=0.75)
    return near[0] if near and near[0][0] == word[0] else word


def _narrows(light: HeardLight, before: HeardLight) -> bool:
    """Whether the colours of an answer are among those that the description may mean."""
    return not before.colours or set(light.colours) <= set(before.colours)


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The parts between "then", commas and the like, each with whether a "then" stands right before it."""
    found, at, begins = list[tuple[str, bool]](), 0, False
    for match in _PIECES.finditer(text):
        found.append((text[at : match.start()], begins))
        at, begins = match.end(), match["then"] is not None
    found.append((text[at:], begins))
    return found


def _lights(piece: str) -> list[HeardLight]:
    """The signals in one part: usually one; each colour that is not an alternative ("red or orange") begins another."""
    groups = list[tuple[int, int, frozenset[str]]]()
    for match in _COLOUR.finditer(piece):
        colours = next(_COLOURS[int(name[1:])][1] for name, value in match.groupdict().items() if value is not None)
        between = piece[groups[-1][1] : match.start()] if groups else ""
        if groups and re.fullmatch(r"\s*(?:or|/|-|ish)+\s*(?:maybe |perhaps )?", between):
            groups[-1] = (groups[-1][0], match.end(), groups[-1][2] | colours)
        else:
            groups.append((match.start(), match.end(), colours))
    if not groups:
        light = _light(piece, frozenset())
        return [light] if light else []
    found, begin = list[HeardLight](), 0
    for place, (start, end, colours) in enumerate(groups):
        stop = len(piece)
        if place + 1 < len(groups):
            behind = re.match(r"\s*(?:once|twice|thrice|x?\d{1,2}(?: ?x| times| blinks| flashes)?)\b", piece[end:])
            stop = end + (behind.end() if behind else 0)
        modifiers = f"{piece[begin:start]} {piece[end:stop]}"
        light = _light(modifiers, colours)
        if light:
            found.append(light)
        begin = stop
    return found


def _light(modifiers: str, colours: frozenset[str]) -> HeardLight | None:
    """One signal, from its colours and the words around them; None: there is no signal in them."""
    if re.search(r"\bsos\b", modifiers):
        rhythm: Rhythm | None = "sos"
    else:
        rhythm = _rhythm(modifiers, is_coloured=bool(colours))
    times = _times(modifiers)
    if times is None and rhythm in {None, "blinking", "fast blinking"} and _ONE_BLINK.search(modifiers):
        times = 1
    if not colours and rhythm is None and times is None:
        return None
    return HeardLight(colours=sorted(colours), rhythm=rhythm, times=times)


def _rhythm(modifiers: str, *, is_coloured: bool) -> Rhythm | None:
    for pattern, rhythm in _RHYTHMS:
        if (rhythm == "off" and is_coloured) or not re.search(rf"\b(?:{pattern})\b", modifiers):
            continue
        if rhythm == "blinking":
            return _speed(modifiers) or rhythm
        if rhythm == "breathing" and pattern.startswith("puls") and _FAST.search(modifiers):
            return "fast blinking"
        return rhythm
    return _speed(modifiers)


def _speed(modifiers: str) -> Rhythm | None:
    if _NORMAL.search(modifiers):
        return None
    return "fast blinking" if _FAST.search(modifiers) else "slow blinking" if _SLOW.search(modifiers) else None


def _times(modifiers: str) -> int | None:
    match = _NUMBER.search(modifiers)
    if match is None:
        return None
    number = _NUMBERS[match["word"]] if match["word"] else int(match["digits"] or match["after"])
    return number if 1 <= number <= 20 else None


def _add(lights: list[HeardLight], light: HeardLight, *, is_new: bool) -> None:
    """Add a signal; or, if the words only say more about the signal before, merge them into that: "cyan, fast".

    A colour that is repeated counts another blink: "orange, orange".
    """
    if light.rhythm == "sos" and light.times is not None:  # the number of the reason comes after it
        number = HeardLight(colours=light.colours, rhythm=None, times=light.times)
        lights += [HeardLight(colours=light.colours, rhythm="sos", times=None), number]
        return
    last = lights[-1] if lights else None
    if last is None or last.rhythm == "sos":
        lights.append(light)
    elif not (last.colours or is_new or light.rhythm) and last.rhythm not in {"off", "rainbow"}:  # "it blinks, green"
        lights[-1] = HeardLight(colours=light.colours, rhythm=last.rhythm, times=last.times or light.times)
    elif light.colours or light.rhythm in {"sos", "off", "rainbow"}:
        is_same = light.colours == last.colours and light.rhythm in {None, last.rhythm} and light.times in {None, 1}
        if light.colours and is_same and not is_new:
            lights[-1] = HeardLight(colours=last.colours, rhythm=last.rhythm, times=(last.times or 1) + 1)
        else:
            lights.append(light)
    elif light.times is not None and (is_new or last.times is not None):
        lights.append(light)
    else:
        lights[-1] = HeardLight(
            colours=last.colours, rhythm=last.rhythm or light.rhythm, times=last.times or light.times
        )


def _as_seen_colour_blind(light: HeardLight) -> HeardLight:
    """The signal, with all colours that somebody who is colour-blind may mean by its colours."""
    if _ALIKE.isdisjoint(light.colours):
        return light
    return HeardLight(colours=sorted(_ALIKE.union(light.colours)), rhythm=light.rhythm, times=light.times)


def _one_cycle(lights: list[HeardLight]) -> list[HeardLight]:
    """The signals of one cycle, where the words describe more than one.

    "cyan, orange twice, cyan, orange twice, cyan" is "cyan, orange twice". A last signal that only returns to the first
    one is left out, too.
    """
    for period in range(1, len(lights) // 2 + 1):
        if all(light == lights[place % period] for place, light in enumerate(lights)):
            return lights[:period]
    return lights[:-1] if len(lights) > 2 and lights[-1] == lights[0] else lights
