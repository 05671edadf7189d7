"""How the results of checks and the verdicts look on a terminal."""

from netpreflight.agent.results import Status, Verdict
from netpreflight.reports.words import STATUS

STYLES: dict[Status, str] = {
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "unknown": "magenta",
    "skip": "dim",
}
MARKS = {status: (STATUS[status], style) for status, style in STYLES.items()}
VERDICT_STYLES: dict[Verdict, str] = {
    "compatible": "bold green",
    "compatible-with-warnings": "bold yellow",
    "incompatible": "bold red",
    "undetermined": "bold magenta",
}
WORST_FIRST: tuple[Status, ...] = ("fail", "unknown", "warn")
"""The statuses of checks that a reader has to see, the worst first."""
NETWORKS: dict[Verdict, tuple[str, Status]] = {
    "compatible": ("yes", "pass"),
    "compatible-with-warnings": ("yes, but", "warn"),
    "incompatible": ("NO", "fail"),
    "undetermined": ("unknown", "unknown"),
}
"""For each verdict: whether a network in range would do, in words, and the status whose style is used."""
