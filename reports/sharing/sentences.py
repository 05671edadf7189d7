"""Finds values of the observations in sentences, and replaces them.

Summaries, evidence, notes and all other texts of a report quote the observations. Addresses and URLs are recognised by
their form (`patterns.py`). Other values are found

* in single quotes: names of networks (`probes/quoting.py`), matched exactly, however short or common they are;
* as whole words: hosts, interfaces, texts of servers, unless they consist only of words that this tool itself uses,
  which reveal nothing. Names of networks are not searched for as words, because any word can be one.
"""

import re
from collections.abc import Iterable

from netpreflight.probes.quoting import QuotedNames
from netpreflight.reports.sharing.addresses import LONGEST
from netpreflight.reports.sharing.patterns import Shapes
from netpreflight.reports.sharing.rounding import in_words
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
"""Words that sentences of this tool use on any network, so that they reveal nothing."""
_LONGEST_WITH_NAMES = 100_000
"""The most characters of a text in which names are searched for."""
_FAULT = re.compile(r"((?:the probe failed|netpreflight failed here): \w+:) .*", re.DOTALL)
"""An internal error in words (`agent/run.py`, `probes/net/witnesses.py`), whose message can quote anything."""
MOST_LOOKS = 1_000_000
"""The limit on comparisons of a value with the text at a word; without it, a forged report could need any number."""
_LEAST_LETTERS = 3
"""The shortest value that is searched for outside of quotes."""


def own_words(check_ids: Iterable[str]) -> frozenset[str]:
    """The words that reveal nothing, including the words in the ids of these checks."""
    return _OWN_WORDS.union(*map(_WORD.findall, check_ids))


class SpokenWords:
    """Finds values as whole words in sentences, and replaces each."""

    def __init__(self, own_words: frozenset[str]) -> None:
        self._own_words = own_words
        self._replacements: dict[str, dict[tuple[int, int], dict[str, str]]] = {}
        """Replacements by first word of the value, then (offset of that word, length of the value), then the value."""
        self._longest_first: dict[str, list[tuple[int, int]]] = {}
        """The keys of the second level, by first word; filled in when that word is looked for."""
        self._looks_left = MOST_LOOKS

    def learn(self, value: str, replacement: str, *, short: bool = False) -> None:
        """Add a value to find, unless it reveals nothing or is too short; with `short`, short values are added, too."""
        first = _WORD.search(value)
        if first is None or (len(value) < _LEAST_LETTERS and not short) or self.say_nothing(value):
            return
        same_first_word = self._replacements.setdefault(first[0].lower(), {})
        self._longest_first.pop(first[0].lower(), None)
        same_first_word.setdefault((first.start(), len(value)), {})[value.lower()] = replacement

    def say_nothing(self, words: str) -> bool:
        """Whether these words reveal nothing, because this tool itself uses all of them."""
        return all(word in self._own_words for word in _WORD.findall(words.lower()))

    def replaced(self, text: str) -> str | None:
        """The sentence with each value replaced; if two values begin at the same word, the longer one is replaced.

        None: the limit on comparisons (`MOST_LOOKS`) is reached, so values may still be in the sentence.
        """
        pieces, done = [], 0
        for found in _WORD.finditer(text):
            word = found[0].lower()
            same_first_word = self._replacements.get(word)
            if same_first_word is None:
                continue
            if word not in self._longest_first:
                self._longest_first[word] = sorted(same_first_word, key=lambda place: -place[1])
            for offset, length in self._longest_first[word]:
                self._looks_left -= 1
                if self._looks_left < 0:
                    return None
                begin = found.start() - offset
                end = begin + length
                if begin < done or end > len(text):
                    continue
                replacement = same_first_word[offset, length].get(text[begin:end].lower())
                goes_on = text[end - 1 : end].isalnum() and text[end : end + 1].isalnum()
                if replacement is not None and not goes_on:
                    pieces += [text[done:begin], replacement]
                    done = end
                    break
        return "".join([*pieces, text[done:]])


class Sentences:
    """Replaces in sentences: names in quotes, then values as words, then what has a recognisable form."""

    def __init__(self, names: QuotedNames, words: SpokenWords, shapes: Shapes, *, public: bool) -> None:
        self._names = names
        self._words = words
        self._shapes = shapes
        self._public = public

    def text(self, text: str) -> str:
        """A sentence of this tool or of the operating system, with everything replaced that is hidden."""
        if len(text) > _LONGEST_WITH_NAMES:
            return HIDDEN
        named = self._names.replaced(text)
        if named is None or len(named) > LONGEST:
            return HIDDEN
        spoken = self._words.replaced(named)
        if spoken is None:
            return HIDDEN
        shown = self._shapes.text(spoken)
        return in_words(_FAULT.sub(rf"\1 {HIDDEN}", shown)) if self._public else shown

    def said(self, words: str) -> str:
        """A server's own text; if public, it is hidden unless all its words are ones that this tool itself uses."""
        if not self._public or self._words.say_nothing(words):
            return self.text(words)
        return HIDDEN if words else words
