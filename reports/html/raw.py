"""The raw observations for the report's page, as JSON with long lines; long observations are cut."""

import json
from collections.abc import Iterator

import msgspec
from msgspec import UNSET

from netpreflight.agent.report import Report
from netpreflight.probes.observations import Wifi, strength
from netpreflight.reports.safe_text import json_shown
from netpreflight.reports.words import is_judged

MOST_RAW_BSSS = 40
"""The most BSSs that are shown: those of the judged network first, then the strongest."""
MOST_RAW = 60_000
"""The most characters that are shown of one probe's observations."""
_WIDTH = 110
"""The most characters in a line, if the line can be broken."""


def raw(report: Report) -> Iterator[tuple[str, str, int]]:
    """The title and the JSON of each probe's observations, and how many characters were left out of the JSON."""
    for name in report.observations.__struct_fields__:
        observation = getattr(report.observations, name)
        if observation is None or observation is UNSET:
            continue
        left = 0
        if isinstance(observation, Wifi) and len(observation.bss) > MOST_RAW_BSSS:
            kept = sorted(
                observation.bss,
                key=lambda bss: (not is_judged(bss, report.observations.wifi), -strength(bss.signal_dbm)),
            )
            observation, left = (
                msgspec.structs.replace(observation, bss=kept[:MOST_RAW_BSSS]),
                len(observation.bss) - MOST_RAW_BSSS,
            )
        text = json_shown(_compact(msgspec.to_builtins(observation)))
        title = f"{name}: {left} {'BSS' if left == 1 else 'BSSs'} left out" if left else name
        yield title, text[:MOST_RAW], max(0, len(text) - MOST_RAW)


def _compact(value: object, indent: int = 0) -> str:
    """A value as JSON, with as much in each line as fits."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = " " * (indent + 1)
    if isinstance(value, list):
        items = [_compact(element, indent + 1) for element in value]
    else:
        items = [f"{json.dumps(key)}: {_compact(element, indent + 1)}" for key, element in value.items()]
    lines = [items[0]]
    for item in items[1:]:
        if "\n" not in item + lines[-1] and indent + len(lines[-1]) + len(item) < _WIDTH:
            lines[-1] += f", {item}"
        else:
            lines.append(item)
    first, last = ("[", "]") if isinstance(value, list) else ("{", "}")
    return f"{first}\n{inner}" + f",\n{inner}".join(lines) + f"\n{' ' * indent}{last}"
