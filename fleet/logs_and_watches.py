"""Turns a device's log or a watch into rows."""

from typing import Any

import msgspec

from netpreflight.agent.results import LogAnswer
from netpreflight.agent.watch.watched import Watch
from netpreflight.fleet.taken import Rows, Source, Taken, hashed, row, without_zone


def take_log(document: bytes, source: Source) -> Taken:
    """The row of a document about a device's own log."""
    answer = msgspec.json.decode(document, type=LogAnswer)
    key = hashed(msgspec.json.encode(answer, order="sorted"))
    return Taken("log", key, {"logs": [log_row(answer, key, source)]})


def log_row(answer: LogAnswer, key: str, source: Source) -> dict[str, Any]:
    """The row of a device's own log."""
    return row(
        log=key,
        site=source.site,
        site_from=source.site_from,
        received=source.received.isoformat(),
        device=answer.device,
        os=answer.os_version,
        result=answer.result,
        stage=answer.stage,
        problem=answer.problem,
        check_id=answer.check,
        owner=answer.owner,
        attempts=len(answer.attempts),
        file=source.file,
    )


def take_watch(document: bytes, source: Source) -> Taken:
    """The rows of a watch, and of its outages."""
    watch = msgspec.json.decode(document, type=Watch)
    key = hashed(msgspec.json.encode(watch, order="sorted"))
    began, ended = without_zone(watch.begin, source), without_zone(watch.end, source)
    rows: Rows = {
        "watches": [
            row(
                watch=key,
                site=source.site,
                site_from=source.site_from,
                received=source.received.isoformat(),
                began=began.isoformat(),
                ended=ended.isoformat(),
                observed_s=watch.observed_s,
                outages=len(watch.outages),
                device=watch.device,
                os=watch.os_version,
                file=source.file,
            )
        ]
    }
    rows["outages"] = [
        row(
            watch=key,
            last_good=outage.last_good and without_zone(outage.last_good, source).isoformat(),
            first_bad=without_zone(outage.first_bad, source).isoformat(),
            first_good=outage.first_good and without_zone(outage.first_good, source).isoformat(),
            layer=outage.layer,
            check_id=outage.check,
            problem=outage.problem,
            owner=outage.owner,
        )
        for outage in watch.outages
    ]
    return Taken("watch", key, rows)
