"""Judging: observations and a device profile in, checks and a verdict out. Pure: no clock, no network, no files."""

from netpreflight.agent.judging.answer import Answer
from netpreflight.agent.judging.registry import JUDGES, probes_for
from netpreflight.agent.judging.verdict import Judgement, judge, judge_network, judge_one, verdict_of

__all__ = ["JUDGES", "Answer", "Judgement", "judge", "judge_network", "judge_one", "probes_for", "verdict_of"]
