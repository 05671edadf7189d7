"""The tokens that stand for what is hidden: `net-1`, `private-2`; which value has which.

One and the same value has one and the same token within a report. Tokens are numbered as the values appear, so they
hold nothing of the value: there is nothing to reverse, no secret to keep, and a saved run gives the same tokens each
time.
"""

from collections import Counter

HIDDEN = "(hidden)"
"""Stands for what has no token: a page, a server's own words."""


class Tokens:
    """The tokens that were given."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()
        self._given: set[str] = set()

    def __contains__(self, text: str) -> bool:
        return text in self._given

    def of(self, kind: str, value: str) -> str:
        """The token of a value; its name begins with the kind."""
        if (kind, value) not in self._tokens:
            self._numbers[kind] += 1
            self._tokens[kind, value] = token = f"{kind}-{self._numbers[kind]}"
            self._given.add(token)
        return self._tokens[kind, value]

    def given(self, kind: str, value: str) -> str | None:
        """The token that a value has already; None: it has none."""
        return self._tokens.get((kind, value))
