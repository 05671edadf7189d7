"""The tokens that replace hidden values, such as `net-1` or `private-2`.

Within a report, a value always has the same token. Tokens are numbered in the order in which the values appear, so they
contain nothing of the value: they cannot be reversed, need no secret, and are the same each time for a saved run.
"""

from collections import Counter
from collections.abc import Collection

HIDDEN = "(hidden)"
"""Replaces what has no token: a web page, a server's text."""


class Tokens:
    """The tokens given so far. No token is the same as one of the texts `shown`, which are not hidden."""

    def __init__(self, shown: Collection[str] = ()) -> None:
        self._shown = shown
        self._tokens: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        self._given: set[str] = set()

    def __contains__(self, text: str) -> bool:
        return text in self._given

    def of(self, kind: str, value: str) -> str:
        """The token of a value, which begins with the kind; a new token if the value has none yet."""
        if (kind, value) not in self._tokens:
            self._numbers[kind] += 1
            while (token := f"{kind}-{self._numbers[kind]}") in self._shown:
                self._numbers[kind] += 1
            self._tokens[kind, value] = token
            self._given.add(token)
        return self._tokens[kind, value]

    def given(self, kind: str, value: str) -> str | None:
        """The token that a value already has; None if it has none."""
        return self._tokens.get((kind, value))
