"""Names of networks and tunnels in sentences: one function puts them in quotes, and its inverse finds them again.

A name can be any text: a common word, a space, `it's`. The quotes show a reader where the name begins and ends, and
show sharing (`reports/sharing/`) what it may have to replace. Probes, judging and renderings all name networks, so all
of them use this module.
"""

from collections.abc import Mapping

_QUOTE = "'"


def in_quotes(name: str) -> str:
    """A name as it stands in a sentence."""
    return f"{_QUOTE}{name}{_QUOTE}"


class QuotedNames:
    """Finds quoted names in sentences, and replaces each; the quotes stay.

    Names are matched exactly, however short or common. If two begin at the same place, the longer one counts, since a
    name may contain quotes.
    """

    def __init__(self, instead: Mapping[str, str]) -> None:
        self._instead = instead
        self._lengths = sorted({len(name) for name in instead}, reverse=True)

    def replaced(self, text: str) -> str:
        """A sentence in which each quoted name is replaced."""
        pieces, done = [], 0
        begin = text.find(_QUOTE)
        while begin >= 0:
            for length in self._lengths:
                end = begin + 1 + length
                instead = self._instead.get(text[begin + 1 : end]) if text[end : end + 1] == _QUOTE else None
                if instead is not None:
                    pieces += [text[done : begin + 1], instead]
                    done = end
                    break
            begin = text.find(_QUOTE, done + 1 if done > begin else begin + 1)
        return "".join([*pieces, text[done:]])
