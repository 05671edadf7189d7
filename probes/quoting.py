"""Names of networks and tunnels in sentences: one function puts them in quotes, and its inverse finds them again.

A name can be any text: a common word, a space, `it's`. The quotes show a reader where the name begins and ends, and
show sharing (`reports/sharing/`) what it may have to replace. Probes, judging and renderings all name networks, so all
of them use this module.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping

_QUOTE = "'"
_QUOTES = re.compile(_QUOTE)
MOST_LOOKS = 2_000_000
"""How many pairs of quotes are checked for a name between them: a report of 10,000 networks needs a tenth of that; a
forged report could need any number."""


def in_quotes(name: str) -> str:
    """A name in quotes, as it is written in a sentence."""
    return f"{_QUOTE}{name}{_QUOTE}"


class QuotedNames:
    """Finds quoted names in sentences, and replaces each by another text; the quotes stay.

    Names are matched exactly, however short or common. If two names begin at the same place, the longer one counts,
    since a name may contain quotes.

    Args:
        instead: the text that replaces each name, keyed by the name.
    """

    def __init__(self, instead: Mapping[str, str]) -> None:
        self._instead = instead
        self._lengths = {len(name) for name in instead}
        self._longest = max(self._lengths, default=0)
        self._looks_left = MOST_LOOKS

    def replaced(self, text: str) -> str | None:
        """The text with each quoted name replaced.

        None: the limit `MOST_LOOKS` was reached, so the text may still contain names.
        """
        quotes = [match.start() for match in _QUOTES.finditer(text)] if self._instead else []
        pieces, done, last = [], 0, -1
        for at, begin in enumerate(quotes):
            if begin <= last:
                continue
            # The quotes that can end a name that begins here; the last of them is tried first.
            ends = quotes[at + 1 : bisect_right(quotes, begin + 1 + self._longest)]
            self._looks_left -= len(ends)
            if self._looks_left < 0:
                return None
            for end in reversed(ends):
                if end - begin - 1 not in self._lengths:
                    continue
                instead = self._instead.get(text[begin + 1 : end])
                if instead is not None:
                    pieces += [text[done : begin + 1], instead]
                    done = last = end
                    break
        return "".join([*pieces, text[done:]])
