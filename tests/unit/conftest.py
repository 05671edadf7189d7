"""Hypothesis as CI needs it: the same examples on every run, and nothing written beside the tests."""

import gc

import pytest
from hypothesis import is_hypothesis_test, settings

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=150)
settings.load_profile("fixed")


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever hypothesis feeds is a fuzz test."""
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            item.add_marker("fuzz")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep the garbage collector from looking through thousands of collected tests again and again."""
    gc.collect()
    gc.freeze()
