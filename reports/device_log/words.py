"""The texts that all renderings of a device's log share."""

from netpreflight.agent.owner import the_owner
from netpreflight.agent.results import LogAnswer, LogAttempt

DECIDE = "The lines that say so"
HARMLESS = "Looks like an error, but is none"
ATTEMPTS = "Attempts in this log"
NOTES = "What else to know"
MOST_ATTEMPTS = 8


def device(answer: LogAnswer) -> str:
    """The device and its Device OS, as the log says them; empty: it says neither."""
    told = [text for text in (answer.platform, answer.os_version and f"Device OS {answer.os_version}") if text]
    return f"The device, by its log: {', '.join(told)}." if told else ""


def to_do(answer: LogAnswer) -> str:
    """Who has to change what; empty: nothing has to be changed, or it is not known whether anything has to be."""
    if answer.remedy is not None:
        who = f" ({the_owner(answer.owner)})" if answer.owner else ""
        return f"To do{who}: {answer.remedy}."
    if answer.result in {"stops", "lost"}:
        return (
            "The log alone does not show who has to change what. A run at the device's place, together with the log, "
            "shows more: netpreflight check --log FILE."
        )
    return ""


def why(answer: LogAnswer) -> str:
    """What an attempt leaves open or rules out (`LogAttempt.why`), as a sentence; empty: nothing."""
    whys = {attempt.why for attempt in answer.attempts}
    return next((f"{note}." for note in answer.notes if note in whys), "")


def notes(answer: LogAnswer) -> list[str]:
    """The notes that `why` does not say already, as sentences."""
    return [f"{note}." for note in answer.notes if f"{note}." != why(answer)]


def check(answer: LogAnswer) -> str:
    """A sentence that names the check which says more; empty: there is none."""
    if answer.check is None:
        return ""
    problem = f", {answer.problem}" if answer.problem else ""
    return f"The check that says more about this: {answer.check}{problem}."


def attempts(answer: LogAnswer) -> list[str]:
    """The last attempts to get online, each with how it ended; empty: there was at most one."""
    if len(answer.attempts) < 2:
        return []
    left_out = len(answer.attempts) - MOST_ATTEMPTS
    before = [f"{left_out} more before these"] if left_out > 0 else []
    return [*before, *(_attempt(attempt) for attempt in answer.attempts[-MOST_ATTEMPTS:])]


def _attempt(attempt: LogAttempt) -> str:
    """An attempt in words: its lines in the log, and how it ended."""
    place = f" at {attempt.stage}" if attempt.stage else ""
    what = {
        "online": "online",
        "stops": f"stops{place}",
        "lost": f"lost{place}",
        "unfinished": f"goes to {attempt.stage}, and does not end here" if attempt.stage else "does not end here",
    }
    return f"lines {attempt.first_line} to {attempt.last_line}: {what[attempt.result]}"
