"""Names of networks in sentences: put in quotes by one function, and found again there by its inverse.

A name can be any text: a common word, a space, `it's`. The quotes show a reader where it begins and ends, and sharing
(`reports/sharing/`) where it may have to put a token. It belongs to no room: probes, judging and renderings all name
networks, and this is text alone.
"""

from collections.abc import Mapping

_QUOTE = "'"


def in_quotes(name: str) -> str:
    """A network's name as it stands in a sentence."""
    return f"{_QUOTE}{name}{_QUOTE}"


class QuotedNames:
    """Names to be found again in sentences, each with what is to stand in its place.

    They are found exactly, however short or common they are; of two that begin at the same place the longer one counts,
    since a name may have quotes in it. The quotes go too.
    """

    def __init__(self, instead: Mapping[str, str]) -> None:
        self._instead = instead
        self._lengths = sorted({len(name) for name in instead}, reverse=True)

    def replaced(self, text: str) -> str:
        """A sentence with what stands for each name that is quoted in it."""
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
