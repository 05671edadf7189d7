"""How slow this machine is now, by work of the standard library alone: else limits in seconds depend on it."""

import json
import re
import statistics
import time

_REFERENCE_S = 0.08
"""Of the processor's time, for the work below, where the limits hold as they are written. A slow machine that others
share took 0.12 to 0.23 s, within a minute."""
_ROWS = 2000
_WORDS = re.compile(r'"(\w+)": "?(\w+)')


def _work_s() -> float:
    begun = time.process_time()
    row = {"bssid": "02:00:00:00:00:01", "elements": [{"id": at, "data": "ab" * 20} for at in range(20)]}
    for _ in range(_ROWS):
        text = json.dumps(row)
        elements = json.loads(text)["elements"]
        elements.sort(key=lambda element: f"{element['data']}{-element['id']:04}")
        dict(_WORDS.findall(text))
    return time.process_time() - begun


def at_most(limit_s: float) -> float:
    """A limit in seconds as it is on this machine: more where the work above takes longer, never less.

    Only for what computes, and comes near its limit on a slow machine: what waits takes as long there as anywhere.
    Called right after what it limits was measured, because a machine that is shared is not always equally fast.
    """
    return limit_s * max(1.0, statistics.median(_work_s() for _ in range(5)) / _REFERENCE_S)
