"""Prepares a watch for a level of sharing: hides texts as in a report, and if public also moves its times."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from netpreflight.agent.report import SharingLevel
from netpreflight.agent.watch.clusters import clusters
from netpreflight.agent.watch.watched import Hour, Outage, Watch
from netpreflight.reports.sharing.share import hidden
from netpreflight.reports.sharing.tokens import HIDDEN
from netpreflight.reports.sharing.walk import AnyStruct


def shared_watch(watch: Watch, level: SharingLevel) -> Watch:
    """The watch as it may be shown at this level.

    In public all times are moved by less than an hour, so that the watch begins at a full hour and each outage keeps
    its length; the time zone is left out, and hours of the day are counted in UTC.
    """
    if level == "complete":
        return watch
    made = _without_headlines(watch)
    if level == "public":
        made = _without_portals(made)
        in_utc = msgspec.structs.replace(made, utc_offset_s=None)
        made = _moved(msgspec.structs.replace(in_utc, clusters=clusters(in_utc)), _past_the_hour(watch.begin))
    return hidden(made, [], level, own=[watch])


def _without_headlines(watch: Watch) -> Watch:
    """The watch without the headlines of its full runs, which name more of the network than a watch does."""
    return _with_outages(
        watch, lambda outage: {"runs": [msgspec.structs.replace(run, said=HIDDEN) for run in outage.runs]}
    )


def _without_portals(watch: Watch) -> Watch:
    """The watch without what portals said: a host or path that they redirect to cannot be recognised in a sentence."""
    return _with_outages(
        watch,
        lambda outage: {
            "asked": [
                msgspec.structs.replace(asked, said=HIDDEN) if asked.layer == "portal" else asked
                for asked in outage.asked
            ]
        },
    )


def _with_outages(watch: Watch, changes: Callable[[Outage], dict[str, Any]]) -> Watch:
    """The watch with changes made to each outage."""
    outages = [msgspec.structs.replace(outage, **changes(outage)) for outage in watch.outages]
    return msgspec.structs.replace(watch, outages=outages)


def _past_the_hour(at: dt.datetime) -> dt.timedelta:
    """How long after the full hour a time is."""
    return at - at.replace(minute=0, second=0, microsecond=0)


def _moved(value: AnyStruct, by: dt.timedelta) -> AnyStruct:
    """A copy of a struct with every time moved back by `by`.

    An `Hour` is not moved: the minute at which it begins tells when the laptop was started, so it begins at the full
    hour.
    """
    if isinstance(value, Hour):
        return msgspec.structs.replace(value, at=value.at.replace(minute=0, second=0, microsecond=0))
    changes: dict[str, Any] = {}
    for name in value.__struct_fields__:
        held = getattr(value, name)
        if isinstance(held, dt.datetime):
            changes[name] = _back(held, by)
        elif isinstance(held, Struct):
            changes[name] = _moved(held, by)
        elif isinstance(held, list):
            changes[name] = [_moved(item, by) if isinstance(item, Struct) else item for item in held]
    return msgspec.structs.replace(value, **changes)


def _back(at: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """A time moved back, without fractions of a second."""
    try:
        return (at - by).replace(microsecond=0)
    except OverflowError:  # only a forged watch is of the year 1
        return at.replace(minute=0, second=0, microsecond=0)
