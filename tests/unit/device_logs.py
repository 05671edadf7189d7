"""What is said of a device's own log, for tests: what an answer claims, and what other tools put before lines."""

from typing import NamedTuple

from netpreflight.agent.judging.device_log import answered
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.agent.results import LogAnswer
from netpreflight.probes.device_log import LogReader

NA, DO, IP = "network administrator", "device owner", "internet provider"

PREFIXES = [
    b"",
    b"> ",
    b"319505 - ",
    b"Dec 17 01:36:22 ",
    b"Dec 17 01:36:22 bench-1 minicom[812]: ",
    b"12:34:56.789 -> ",
    b"[2026-11-29 12:00:00] ",
    b"&gt; ",
    b"    ",
]


class Says(NamedTuple):
    """What a reader has to say of a log."""

    result: str
    stage: str | None = None
    check: str | None = None
    owner: str | None = None


def of(text: bytes, source: str = "") -> LogAnswer:
    reader = LogReader(KINDS)
    reader.feed(text)
    reader.finish()
    return answered(reader.seen, source)


def says(text: bytes) -> Says:
    answer = of(text)
    return Says(answer.result, answer.stage, answer.check, answer.owner)


def claims(answer: LogAnswer) -> set[tuple[str, str | None, str | None]]:
    """What an answer claims of any attempt: how it ended, at which stage, and the check; and the same with no check.

    A device that was lost was online before.
    """
    ended = [attempt for attempt in answer.attempts if attempt.result != "unfinished"]
    found = {(attempt.result, attempt.stage, check) for attempt in ended for check in (attempt.check, None)}
    was_online = [attempt for attempt in ended if attempt.result == "lost" and attempt.stages[-1].state == "witnessed"]
    return found | {("online", "cloud", None) for _ in was_online}


def claimed(answer: LogAnswer) -> tuple[str, str | None, str | None] | None:
    if answer.result in {"online", "stops", "lost"}:
        return answer.result, answer.stage, answer.check
    return None
