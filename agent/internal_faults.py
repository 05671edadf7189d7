"""Internal errors of this tool, recorded in the run with their traceback so that they can be found."""

import traceback
from types import FrameType

from netpreflight.probes.observations import Fault, Frame

MOST_FRAMES = 32
"""At most this many frames are kept: of a longer traceback, the outermost and the innermost (a recursion repeats)."""
LONGEST_MESSAGE = 1000


def fault_of(problem: BaseException) -> Fault:
    """The record of an error; of a group of errors, the record of the first one."""
    steps: list[tuple[FrameType, int]] = []
    while True:
        steps += traceback.walk_tb(problem.__traceback__)
        if not isinstance(problem, BaseExceptionGroup):
            break
        problem = problem.exceptions[0]
    if len(steps) > MOST_FRAMES:
        steps = [*steps[: MOST_FRAMES // 2], *steps[-MOST_FRAMES // 2 :]]
    return Fault(
        type=type(problem).__name__,
        message=str(problem)[:LONGEST_MESSAGE],
        frames=[Frame(file=_file(frame), line=line, function=frame.f_code.co_name) for frame, line in steps],
    )


def _file(frame: FrameType) -> str:
    """The file of a frame, made from the module's name, because its path would reveal this laptop's folders."""
    parts = str(frame.f_globals.get("__name__", "?")).split(".")
    if frame.f_code.co_filename.endswith("__init__.py"):
        parts.append("__init__")
    return "/".join(parts).removeprefix("netpreflight/") + ".py"
