"""Hypothesis as CI needs it: the same examples on every run, and nothing written beside the tests."""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=150)
settings.load_profile("fixed")
