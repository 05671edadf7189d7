"""Values in sentences: names that stand in quotes, and words that say what a field says.

Summaries, evidence, notes and all other text of a report quote the observations. What is no address or URL
(`patterns.py`) is found there

* in single quotes, in which names of networks stand (`probes/quoting.py`): exactly, however short or common they are;
* as whole words (hosts, interfaces, what a server says), unless they are all words of this tool's own, which reveal
  nothing. Names of networks are not looked for like that: any word can be one.
"""

import re
from collections.abc import Iterable

from netpreflight.probes.quoting import QuotedNames
from netpreflight.reports.sharing.addresses import LONGEST
from netpreflight.reports.sharing.patterns import Shapes
from netpreflight.reports.sharing.tokens import HIDDEN

_WORD = re.compile(r"\w+")
_OWN_WORDS = frozenset(
    _WORD.findall(
        """
        a access address and answer answers any app at auth band best broadcast bss by captive cgnat channel check
        client cloud coap compatible connected connection default device dhcp dns down error ethernet fail failed from
        gateway get gmt guest hidden home host hotspot html http https ii in index interface internet ip ipv4 ipv6 is it
        lan lease link local login mac name net network no none not ntp ok on open or owner page pass path php ping port
        portal private proxy public refused reply request reset resolver root route router run server signal ssid stage
        test that the this timeout to tls udp tcp unknown up user vpn wan warn warning wep wifi wire wlan wpa wpa2 wpa3
        www yes you
        """
    )
)
"""Words that reveal nothing, and that a sentence of this tool may have by itself."""
_LONGEST_WITH_NAMES = 100_000
"""Characters of a text in which names are looked for."""
_LEAST_LETTERS = 3
"""Outside of quotes nothing shorter is looked for."""


def own_words(check_ids: Iterable[str]) -> frozenset[str]:
    """The words that reveal nothing, those of these checks too."""
    return _OWN_WORDS.union(*map(_WORD.findall, check_ids))


class SpokenWords:
    """Values to be found again as whole words, each with what is to stand in its place."""

    def __init__(self, own_words: frozenset[str]) -> None:
        self._own_words = own_words
        self._instead: dict[str, dict[tuple[int, int], dict[str, str]]] = {}
        """By the first word of the value, where that begins in it and how long it is, and by the value."""

    def learn(self, value: str, instead: str) -> None:
        """Have a value found, unless it is too short or says nothing."""
        first = _WORD.search(value)
        if first is None or len(value) < _LEAST_LETTERS or self.say_nothing(value):
            return
        alike = self._instead.setdefault(first[0].lower(), {})
        alike.setdefault((first.start(), len(value)), {})[value.lower()] = instead

    def say_nothing(self, words: str) -> bool:
        """Whether all of them are this tool's own."""
        return all(word in self._own_words for word in _WORD.findall(words.lower()))

    def replaced(self, text: str) -> str:
        """A sentence with what stands for each value in it; of two that begin with the same word, for the longer."""
        pieces, done = [], 0
        for word in _WORD.finditer(text):
            alike = self._instead.get(word[0].lower(), {})
            for offset, length in sorted(alike, key=lambda place: -place[1]):
                begin = word.start() - offset
                end = begin + length
                instead = alike[offset, length].get(text[max(begin, 0) : end].lower())
                goes_on = text[end - 1 : end].isalnum() and text[end : end + 1].isalnum()
                if instead is not None and begin >= done and not goes_on:
                    pieces += [text[done:begin], instead]
                    done = end
                    break
        return "".join([*pieces, text[done:]])


class Sentences:
    """How a sentence is shown: names, words and shapes are looked for in this order."""

    def __init__(self, names: QuotedNames, words: SpokenWords, shapes: Shapes, *, public: bool) -> None:
        self._names = names
        self._words = words
        self._shapes = shapes
        self._public = public

    def text(self, text: str) -> str:
        """A sentence of this tool or of the operating system."""
        if len(text) > _LONGEST_WITH_NAMES:
            return HIDDEN
        text = self._names.replaced(text)
        return self._shapes.text(self._words.replaced(text) if len(text) <= LONGEST else text)

    def said(self, words: str) -> str:
        """What a server says in its own words; in public nothing of it stays that could say something."""
        if not self._public or self._words.say_nothing(words):
            return self.text(words)
        return HIDDEN if words else words
