"""A watch as one HTML file, on the report's base page: the same facts in the same order, and a timeline by layer."""

from netpreflight.agent.watch.watched import Result, Watch
from netpreflight.reports.html.page import page
from netpreflight.reports.watch import words
from netpreflight.reports.watch.timeline import timeline

_MARKS: dict[Result | None, str] = {"no-outage": "pass", "outages": "fail", "not-observed": "unknown", None: "unknown"}


def render(watch: Watch) -> str:
    """A watch as HTML."""
    headline, rest = words.first_sentence(watch.answer)
    return page(
        "watch.html",
        kind=_MARKS[watch.result],
        headline=headline,
        rest=rest,
        about=words.about(watch),
        device=watch.device_label or watch.device,
        zone=words.zone(watch),
        picture=timeline(watch),
        asked_for=words.asked_for(watch),
        outages=words.lines(watch),
        left_out=words.left_out(watch),
        clusters=words.cluster_lines(watch),
        gaps=words.gaps(watch),
        notes=words.notes(watch),
        limits=words.limits(watch),
        traffic=words.traffic(watch),
    )
