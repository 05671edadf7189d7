"""Judging: observations and a device profile in, checks and a verdict out. Pure: no clock, no network, no files."""

from netpreflight.agent.judging.registry import CHECKS, probes_for
from netpreflight.agent.judging.verdict import judge, judge_as, judge_network, judge_one, judge_some, verdict_of

__all__ = ["CHECKS", "judge", "judge_as", "judge_network", "judge_one", "judge_some", "probes_for", "verdict_of"]
