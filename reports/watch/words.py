"""What all renderings of a watch share: its times in a readable form, and its lines without markup."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from netpreflight.agent.owner import Owner, the_owner
from netpreflight.agent.sentences import capitalised, counted
from netpreflight.agent.watch.clusters import LOOKED_AT
from netpreflight.agent.watch.durations import in_words
from netpreflight.agent.watch.told import BROKE, WHY_BLIND, changes, lasted, never_asked
from netpreflight.agent.watch.watched import Asked, Cluster, Layer, NoteKind, Outage, Traffic, Watch
from netpreflight.probes.quoting import in_quotes

MOST_OUTAGES = 200
"""The most outages that are listed in formats for people; JSON has all of them."""
MOST_OTHERS = 50
"""The most gaps, the most notes, and the most hosts that are listed in formats for people."""
LAYERS: dict[Layer, str] = {
    "link": "link",
    "ip": "address",
    "gateway": "router",
    "internet": "internet",
    "dns": "DNS",
    "portal": "portal",
    "ntp": "NTP",
    "cloud": "cloud",
    "dhcp": "DHCP",
}
NOTES: dict[NoteKind, str] = {
    "clock-stepped": "The clock was set",
    "roamed": "Another access point",
    "channel": "Another channel",
    "deauthenticated": "Deauthenticated",
    "lost-datagram": "A single loss",
    "gateway-changed": "Another router",
    "unproved": "Not shown to be the cloud",
    "lease": "The lease",
    "no-lease": "No lease",
}
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


class Line(NamedTuple):
    """An outage in words: one line of the list of outages, with its details."""

    number: int
    when: str
    lasted: str
    layer: str
    broke: str
    details: list[str]


def first_sentence(answer: str) -> tuple[str, str]:
    """The first sentence of an answer, which is the headline of a page, and the rest of the answer."""
    first, _, rest = answer.partition(". ")
    return first.rstrip(".") + ".", rest


def zone(watch: Watch) -> str:
    """The zone of all times that are shown: that of the laptop that watched, or UTC if it is not known."""
    offset_s = watch.utc_offset_s
    if not offset_s:
        return "UTC"
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    return f"UTC{'+' if offset_s > 0 else '-'}{hours:02}:{minutes:02}"


def clock(watch: Watch, at: dt.datetime) -> str:
    """A time in the zone of the watch, to the second."""
    try:
        local = at + dt.timedelta(seconds=watch.utc_offset_s or 0)
    except OverflowError:  # only a forged watch is of the year 1 or 9999
        local = at
    return local.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def about(watch: Watch) -> str:
    """What was watched, for which device, and when."""
    network = f"on the Wi-Fi {in_quotes(watch.ssid)}" if watch.ssid else f"by {watch.interface or 'one interface'}"
    return (
        f"Watched {network} for {watch.device_label or watch.device}, from {clock(watch, watch.begin)} to "
        f"{clock(watch, watch.end)} ({zone(watch)}). It was checked every {watch.step_s:g} s."
    )


def asked_for(watch: Watch) -> list[tuple[str, str]]:
    """Who has to change what: the owner with the number of outages that this would help against, and the change."""
    return [
        (f"{_who(change.owner)} ({change.outages} outage{'' if change.outages == 1 else 's'})", change.remedy)
        for change in changes(watch.outages)
    ]


def _who(owner: Owner | None) -> str:
    """The owner of a change, in words."""
    return the_owner(owner) if owner else "not known who"


def lines(watch: Watch) -> list[Line]:
    """The outages, at most `MOST_OUTAGES` of them."""
    with_remedy = len(changes(watch.outages)) > 1  # a single remedy for all outages is listed only once, before them
    return [
        Line(
            number=number,
            when=_when(watch, outage),
            lasted=lasted(outage),
            layer=LAYERS[outage.layer],
            broke=BROKE[outage.problem],
            details=list(_details(watch, outage, with_remedy=with_remedy)),
        )
        for number, outage in enumerate(watch.outages[:MOST_OUTAGES], 1)
    ]


def left_out(watch: Watch) -> str:
    """How many outages are not listed; empty: none."""
    more = len(watch.outages) - MOST_OUTAGES
    return f"{more} more are not listed here; the JSON document has all of them." if more > 0 else ""


def _when(watch: Watch, outage: Outage) -> str:
    """When an outage was: from the first miss until the layer was seen to work again."""
    if outage.first_good is None:
        return f"{clock(watch, outage.first_bad)} to an end that was not seen"
    return f"{clock(watch, outage.first_bad)} to {_clock_beside(watch, outage.first_good, outage)}"


def _clock_beside(watch: Watch, at: dt.datetime, outage: Outage) -> str:
    """A time; its date is left out if the outage's first miss was on the same day."""
    first, shown = clock(watch, outage.first_bad), clock(watch, at)
    return shown[11:] if shown[:10] == first[:10] else shown


def _details(watch: Watch, outage: Outage, *, with_remedy: bool) -> Iterator[str]:
    """What is known about an outage, line by line."""
    yield outage.summary
    first, last = (_clock_beside(watch, at, outage) for at in (outage.first_bad, outage.last_bad))
    unseen = "not since the watch or its last gap began"
    before = _clock_beside(watch, outage.last_good, outage) if outage.last_good else unseen
    after = _clock_beside(watch, outage.first_good, outage) if outage.first_good else f"not seen, {_end(outage)}"
    yield f"Last seen to work: {before}; missed from {first} to {last}; seen to work again: {after}"
    if outage.asked:
        said = (f"{_clock_beside(watch, asked.at, outage)} {_said(asked)}" for asked in outage.asked)
        yield f"Asked meanwhile: {'; '.join(said)}"
    if outage.ladder:
        yield outage.ladder
    for run in outage.runs:
        over = ", which was after the outage" if run.is_over else ""
        yield f"A full run at {clock(watch, run.at)}{over}: {run.verdict or 'cut short'}. {run.said}"
    if outage.device:
        yield f"The device: {outage.device.sentence}"
    if with_remedy and outage.remedy:
        yield f"To do ({_who(outage.owner)}): {outage.remedy}"


def _end(outage: Outage) -> str:
    """Why the end of an outage was not seen, in words."""
    if outage.ended_by is None or outage.ended_by == "going-on":
        return "because it was going on"
    return "because " + WHY_BLIND[outage.ended_by]


def _said(asked: Asked) -> str:
    """A layer that was asked, whether it worked, and what was seen."""
    worked = {True: "worked", False: "did not work", None: "could not be asked"}[asked.good]
    return f"{LAYERS[asked.layer]} {worked}{f' ({asked.said})' if asked.said else ''}"


def cluster_lines(watch: Watch) -> list[str]:
    """When outages cluster, or that they do not; empty: there were no outages."""
    told = watch.clusters
    if told is None:
        return []
    if not told.enough:
        return ["The watch was too short to show whether outages cluster at some hour of the day or day of the week."]
    if not told.found:
        return ["No hour of the day and no day of the week stands out: chance alone explains when outages came."]
    return [_cluster(cluster) for cluster in told.found[:LOOKED_AT]]  # only a forged watch has more


def _cluster(cluster: Cluster) -> str:
    """A cluster as a sentence, with the numbers that show it."""
    when = (
        f"between {cluster.which:02}:00 and {(cluster.which + 1) % 24:02}:00"
        if cluster.kind == "hour-of-day"
        else f"on {_DAYS[cluster.which % 7]}"
    )
    return (
        f"Outages cluster {when}: they began then on {cluster.struck} of the {cluster.watched} days on which it was "
        f"watched. By chance it would be {cluster.expected:.1f}; {cluster.needed} or more are called a cluster."
    )


def gaps(watch: Watch) -> list[tuple[str, str]]:
    """When nothing was observed, and why."""
    held = [
        (
            f"{clock(watch, gap.begin)} to {clock(watch, gap.end)}",
            f"{in_words(max((gap.end - gap.begin).total_seconds(), 0))}, because {WHY_BLIND[gap.why]}",
        )
        for gap in watch.unobserved[:MOST_OTHERS]
    ]
    return _with_rest(held, len(watch.unobserved))


def notes(watch: Watch) -> list[tuple[str, str]]:
    """What else was noticed, and when; of single lost datagrams only the number is given."""
    lost = sum(note.kind == "lost-datagram" for note in watch.notes)
    others = [note for note in watch.notes if note.kind != "lost-datagram"]
    held = [(clock(watch, note.at), f"{NOTES[note.kind]}: {note.said}") for note in others[:MOST_OTHERS]]
    told = _with_rest(held, len(others))
    if lost:
        told.append((counted(lost, "lost question"), "the next try was answered, so it is no outage"))
    return told


def traffic(watch: Watch) -> list[tuple[str, str]]:
    """What was sent to each host, and what came back."""
    held = [
        (
            f"{row.host or row.address} {row.protocol.upper()} {row.port}",
            f"{counted(row.packets_out, 'packet')} ({row.bytes_out} bytes) out, {_back(row)} back",
        )
        for row in watch.traffic[:MOST_OTHERS]
    ]
    return _with_rest(held, len(watch.traffic))


def _with_rest(rows: list[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """The first MOST_OTHERS of `count` rows, and a last row that says how many more there are."""
    more = count - MOST_OTHERS
    return [*rows, (f"{more} more", "in the JSON document")] if more > 0 else rows


def _back(row: Traffic) -> str:
    """What came back, in words."""
    return f"{row.packets_in} ({row.bytes_in} bytes)"


def limits(watch: Watch) -> list[str]:
    """What the watch could not see."""
    lost = [f"Outages and notes without room in the store: {watch.lost_rows}."] if watch.lost_rows else []
    unasked = [f"{capitalised(sentence)}." for sentence in map(never_asked, watch.unasked[:MOST_OTHERS])]
    return [*unasked, *watch.limits[:MOST_OTHERS], *lost]
