"""A store's counts for Prometheus: the text that node_exporter's textfile collector reads.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text-based format). Only counts: no site is named.
"""

from collections import Counter
from collections.abc import Iterator

from netpreflight.fleet.answers import FleetSummary

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def render(summary: FleetSummary) -> str:
    """The metrics of a store."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: FleetSummary) -> Iterator[str]:
    totals = (
        ("runs", "Saved runs in the tables, each once.", summary.runs),
        ("sites", "Sites that the runs are from.", summary.sites),
        ("runs_without_site", "Runs of no known site.", summary.without_site),
        ("runs_not_judged_again", "Runs that were shared without what judging needs.", summary.not_judged_again),
        ("quarantined_files", "Files that could not be taken in.", summary.quarantined),
    )
    for name, says, count in totals:
        yield from _header(name, says)
        yield f"netpreflight_fleet_{name} {count}"
    yield from _header("site_verdicts", "Sites by device, Device OS and verdict, by each site's newest complete run.")
    sites = Counter[tuple[str, str, str]]()  # an empty and an unknown version are the same series
    for row in summary.verdicts:
        sites[row.device, row.os_version or "", "compatible"] += row.compatible
        sites[row.device, row.os_version or "", "compatible-with-warnings"] += row.compatible_with_warnings
        sites[row.device, row.os_version or "", "incompatible"] += row.incompatible
        sites[row.device, row.os_version or "", "undetermined"] += row.undetermined
    for (device, version, verdict), count in sites.items():
        labels = _labels(device=device, os=version, verdict=verdict)
        yield f"netpreflight_fleet_site_verdicts{labels} {count}"


def _header(name: str, says: str) -> Iterator[str]:
    yield f"# HELP netpreflight_fleet_{name} {says}"
    yield f"# TYPE netpreflight_fleet_{name} gauge"


def _labels(**values: str) -> str:
    """Labels with their values, escaped as the format requires."""
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in values.items()) + "}"
