"""Prepares a report for a level of sharing: gives each hidden value a token, and replaces it in every text.

The types of the observations say what each text may reveal (`observations.Reveals`). `kept.py` decides what is not
hidden, `fields.py` what is shown of each kind of field; `sentences.py` and `patterns.py` replace values in sentences.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from netpreflight.agent.profiles import Profile
from netpreflight.agent.report import Report, SharedLevel, SharingLevel
from netpreflight.agent.report.ticket import for_judging, is_judged_alike, without_classes
from netpreflight.probes.observations import DeviceLog, Event, Observations, Reveals
from netpreflight.probes.quoting import QuotedNames
from netpreflight.probes.urls import joined, parts
from netpreflight.reports.sharing.addresses import Addresses
from netpreflight.reports.sharing.fields import Names, by_kind
from netpreflight.reports.sharing.kept import kept
from netpreflight.reports.sharing.log_lines import DeviceLines, LogLines, own_names
from netpreflight.reports.sharing.patterns import Shapes, quoted_in
from netpreflight.reports.sharing.rounding import Rounding, by_token
from netpreflight.reports.sharing.sentences import Sentences, SpokenWords, own_words
from netpreflight.reports.sharing.tokens import HIDDEN, Tokens
from netpreflight.reports.sharing.walk import AnyStruct, Show, Texts, replaced, texts
from netpreflight.reports.words import TOLD


def shared(report: Report, level: SharingLevel, profile: Profile | None = None) -> Report:
    """The report as it may be shown at this level; a report that already is at this level, or public, stays as it is.

    With the profile of the judged device, a ticket is marked as one that can be judged again, provided that judging it
    gives the same result as the report has.
    """
    if level == "complete" or report.sharing in {"public", level}:
        return report
    made = hidden(report, [report], level)
    if level == "public":
        return msgspec.structs.replace(
            made,
            sharing=level,
            judgeable=msgspec.UNSET,
            observations=without_classes(made.observations),
            notes=[*made.notes, TOLD[level]],
        )
    ticket = msgspec.structs.replace(
        made, sharing=level, observations=for_judging(report.observations, made.observations)
    )
    if profile is None:
        return ticket
    return msgspec.structs.replace(ticket, judgeable=is_judged_alike(ticket, report, profile))


def hidden(
    made: AnyStruct,
    reports: Sequence[Report],
    level: SharedLevel,
    events: Sequence[Event] = (),
    logs: Sequence[DeviceLog] = (),
    own: Sequence[Struct] = (),
) -> AnyStruct:
    """`made` without what the level hides; it may quote anything in these reports, which all share the same tokens.

    Args:
        made: what is to be shown.
        reports: the reports that `made` is made from.
        level: the level of sharing, which says what to hide.
        events: the events in `made`; like observations, they quote what the network said.
        logs: logs of devices that `made` quotes, apart from those in the reports.
        own: things that hold names and addresses of this network which are in no report, such as a watch.
    """
    if level != "public":
        return replaced(made, _shown(reports, level, events, logs, own))
    rounding = Rounding()
    reports = [rounding.of(report) for report in reports]
    return by_token(replaced(rounding.of(made), _shown(reports, level, events, logs, own)))


def _shown(
    reports: Sequence[Report],
    level: SharedLevel,
    events: Sequence[Event],
    logs: Sequence[DeviceLog],
    own: Sequence[Struct],
) -> Show:
    """Give every hidden value its token; returns, for each kind of text, the function that returns what is shown."""
    held = [texts(report.observations, report.footprint) for report in reports]
    held_by_own = [texts(part) for part in own]
    stays = kept(reports, held, level)
    for found in held_by_own:
        stays.learn(found, level)
    logs = [*logs, *(report.observations.log for report in reports if report.observations.log)]
    if level == "ticket":
        stays.names.update(name for log in logs for name in own_names(log))
    tokens = Tokens(stays.names)
    addresses = Addresses(tokens, stays.macs, public=stays.public)
    shapes = Shapes(tokens, stays, addresses)
    names = Names(tokens, stays, shapes)

    quoted: dict[str, str] = {}
    words = SpokenWords(own_words(check.id for report in reports for check in report.checks))
    # Until all names are known, texts of servers are shown without searching for names in quotes.
    nameless = Sentences(QuotedNames({}), words, shapes, public=stays.public)
    lines = DeviceLines(logs, stays, names.ssid, shapes)
    show = by_kind(names, addresses, shapes, nameless, nameless.text, lines.line)
    for report, found in zip(reports, held, strict=True):
        wifi = report.observations.wifi
        judged = [wifi.target] if wifi and wifi.target else []
        _learn(judged, list(_redirects(report.observations)), found, show, quoted, words)
    for found in held_by_own:
        _learn([], [], found, show, quoted, words)
    if stays.public:
        for text in dict.fromkeys(
            text for found in (*held, *held_by_own, texts(*events)) for text in found.get("words", ())
        ):
            for inner in quoted_in(text):
                if inner not in quoted and show["host"](inner) != inner:
                    quoted[inner] = HIDDEN
                    words.learn(inner, HIDDEN)

    sentences = Sentences(QuotedNames(quoted), words, shapes, public=stays.public)
    log_line = LogLines(reports, stays, names.ssid, sentences).line
    return by_kind(names, addresses, shapes, sentences, log_line, lines.line)


def _learn(
    names: list[str], urls: list[str], found: Texts, show: Show, quoted: dict[str, str], words: SpokenWords
) -> None:
    """Give each value its token, and register it for replacement in sentences: in quotes, and as a word.

    Args:
        names: names of networks, which get their tokens before those in `found`.
        urls: URLs that are not in `found`.
        found: the texts.
        show: for each kind of text, the function that returns what is shown of it.
        quoted: the replacements for texts in quotes; this function adds to them.
        words: the replacements for words; this function adds to them.
    """

    def learn(value: str, replacement: str, *, spoken: bool = True, short: bool = False) -> None:
        """Replace a value in quotes, and if `spoken` also as whole words (even a short value if `short`)."""
        if value and value != replacement:
            quoted[value] = replacement
            if spoken:
                words.learn(value, replacement, short=short)

    for name in (*names, *found.get("ssid", ())):
        learn(name, show["ssid"](name), spoken=False)  # any word can be a network's name
    for bssid in found.get("bssid", ()):
        show["bssid"](bssid)
    for url in dict.fromkeys((*found.get("url", ()), *urls)):
        for text in (url, url.strip()):
            learn(text, show["url"](text))
        if host := parts(url).host:
            learn(host, show["host"](host))
    kinds: tuple[Reveals, ...] = ("host", "interface", "user", "said")
    for what in kinds:
        for value in found.get(what, ()):
            learn(value, show[what](value), short=what == "interface")


def _redirects(seen: Observations) -> Iterator[str]:
    """The redirect targets of portals as absolute URLs, because findings quote them in that form."""
    for witness in seen.portal.http if seen.portal else ():
        if witness.location:
            yield joined(witness.url, witness.location)
