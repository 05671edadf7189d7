"""Parameters of which `tests/run --fast` takes a part, because the others hold the same property once more."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pytest


def partly(fast: Collection[Any], values: Iterable[Any] | Mapping[str, Any]) -> list[Any]:
    """All of these values; of those that `fast` does not name, `tests/run --fast` takes none.

    A mapping's values are named by its keys, which are their ids, too; other values name themselves.
    """
    named = dict(values) if isinstance(values, Mapping) else {value: value for value in values}
    assert set(fast) <= set(named), f"no such parameters: {set(fast) - set(named)}"
    return [
        pytest.param(
            value,
            id=name if isinstance(values, Mapping) else None,
            marks=() if name in fast else pytest.mark.more,
        )
        for name, value in named.items()
    ]


def first(number: int, values: Iterable[Any]) -> list[Any]:
    """All of these values, the most different ones first; `tests/run --fast` takes only the first so many.

    A tuple is a row of values for several parameters.
    """
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)), marks=() if place < number else pytest.mark.more
        )
        for place, value in enumerate(values)
    ]
