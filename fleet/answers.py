"""The answers to the questions, as tables that can be shown and as the document of `netpreflight fleet summary`."""

import datetime as dt
from typing import Any, Literal

from msgspec import Struct

from netpreflight.agent import check_pages
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.sentences import counted
from netpreflight.agent.shown_table import ShownTable
from netpreflight.fleet.engine import Answer, Connection, ask
from netpreflight.fleet.questions import OF_A_SITE, QUESTIONS
from netpreflight.probes.observations import Count, Plain, Words

MOST_ROWS = 20
"""So many rows of a table are shown; `query` and `export` have all."""
SITE_FROM = {
    "label": "as the run says (--site)",
    "manifest": "by a manifest",
    "file-name": "by the file's name",
    "gateway": "by the gateway's MAC address",
    "unknown": "not known",
}


class DeviceCount(Struct, frozen=True, kw_only=True):
    """At how many sites each verdict stands, for one device; by the newest complete run of each site.

    `device` may be the name of a company's product; the rest reveals nothing.
    """

    device: Words
    os_version: Plain | None
    compatible: Count
    compatible_with_warnings: Count
    undetermined: Count
    incompatible: Count


class FleetSummary(Struct, frozen=True, kw_only=True):
    """What a store holds; it reveals how many sites there are, and names none.

    Attributes:
        runs: how many there are, each once.
        sites: how many those are from, as far as that is known.
        duplicates: files that hold what another one held.
        quarantined: files that could not be taken in.
        logs: devices' logs.
        watches: watches.
        without_site: runs of which the site is not known; they are in no verdict.
        not_judged_again: runs that were shared in a way that leaves out what judging needs.
        cut_short: runs that do not count, because they did not end.
        rules: how many runs were judged by which version of the rules.
        verdicts: by device and version.
    """

    schema: Literal["netpreflight-fleet/1"] = "netpreflight-fleet/1"
    runs: Count
    sites: Count
    duplicates: Count
    quarantined: Count
    logs: Count
    watches: Count
    without_site: Count
    not_judged_again: Count
    cut_short: Count
    rules: dict[Plain, Count]
    verdicts: list[DeviceCount]


def summary(connection: Connection) -> FleetSummary:
    """What a store holds."""
    runs, sites, without_site, not_again, cut_short = _rows(connection, "totals")[0]
    files = dict(_rows(connection, "files"))
    return FleetSummary(
        runs=runs,
        sites=sites,
        duplicates=files.get("duplicate", 0),
        quarantined=files.get("quarantined", 0),
        logs=ask(connection, "SELECT count(*) FROM logs").rows[0][0],
        watches=ask(connection, "SELECT count(*) FROM newest_watches").rows[0][0],
        without_site=without_site,
        not_judged_again=not_again,
        cut_short=cut_short,
        rules={_cell(rules): count for rules, count in _rows(connection, "rules")},
        verdicts=[
            DeviceCount(
                device=device,
                os_version=version,
                incompatible=incompatible,
                undetermined=undetermined,
                compatible_with_warnings=warnings,
                compatible=compatible,
            )
            for device, version, incompatible, undetermined, warnings, compatible in _rows(connection, "verdicts")
        ],
    )


def summary_tables(connection: Connection) -> list[ShownTable]:
    """The same for people."""
    told = summary(connection)
    held = [
        counted(told.runs, "run"),
        f"{counted(told.sites, 'site')}",
        *([counted(told.logs, "device log")] if told.logs else []),
        *([f"{told.watches} watches"] if told.watches else []),
    ]
    rows = [
        [
            f"{row.device} {row.os_version or ''}".rstrip(),
            str(row.incompatible),
            str(row.undetermined),
            str(row.compatible_with_warnings),
            str(row.compatible),
        ]
        for row in told.verdicts
    ]
    sources = ShownTable(
        title="How a site is known",
        headings=["From", "Sites"],
        rows=[
            [SITE_FROM.get(_cell(name), _cell(name)), str(sites)]
            for name, sites in _rows(connection, "site_from")
            if sites
        ],
    )
    verdicts = ShownTable(
        title=f"{', '.join(held)}. By each site's newest complete run:",
        headings=["Device", "incompatible", "undetermined", "with warnings", "compatible"],
        rows=rows,
        none="No run is of a known site.",
        notes=_notes(told),
    )
    return [verdicts, sources] if told.runs else [verdicts]


def _notes(told: FleetSummary) -> list[str]:
    """What the counts leave out."""
    rules = ", ".join(f"{counted(count, 'run')} by version {rules}" for rules, count in told.rules.items())
    return [
        *([f"{counted(told.without_site, 'run')} of no known site: not in the table."] if told.without_site else []),
        *(
            [f"{counted(told.not_judged_again, 'run')} shared without what judging needs: counted, never judged again."]
            if told.not_judged_again
            else []
        ),
        *([f"{counted(told.cut_short, 'run')} cut short: not in the table."] if told.cut_short else []),
        *([f"{counted(told.duplicates, 'file')} held what another file held."] if told.duplicates else []),
        *(
            [f"{counted(told.quarantined, 'file')} in quarantine: netpreflight fleet quarantine"]
            if told.quarantined
            else []
        ),
        *([f"Not all were judged by the same rules: {rules}."] if len(told.rules) > 1 else []),
    ]


def changes(connection: Connection) -> list[ShownTable]:
    """Which change helps at most sites."""
    found = _rows(connection, "changes")
    return [
        ShownTable(
            title="What has to change, by how many sites need it",
            headings=["Change", "Where", "Who", "Sites", "Alone enough at"],
            rows=[[change_in_words(_cell(key)), *rest] for key, *rest in _cells(found[:MOST_ROWS])],
            notes=_more(found),
        )
    ]


def change_in_words(key: str) -> str:
    """A change of the column `key`, with what its problem's page says has to be done; a firewall's rules say it."""
    found = [part.partition(": ")[::2] for part in key.split(", ")]
    if not all(problem and check in CHECKS and problem in check_pages.sections(check) for check, problem in found):
        return key
    words = check_pages.who_changes_what(*found[0])
    named = ", ".join(f"{check} {problem}" for check, problem in found)
    return f"{named}: {words}" if words else named


def why(connection: Connection) -> list[ShownTable]:
    """What keeps sites from working, and what is not known of them."""
    found = _rows(connection, "why")
    tables = []
    for status, title in (
        ("fail", "What fails, by how many sites"),
        ("unknown", "What is not known, by how many sites"),
    ):
        rows = [row[1:] for row in found if row[0] == status]
        tables.append(
            ShownTable(
                title=title,
                headings=["Check", "Cause", "Who", "Sites"],
                rows=_cells(rows[:MOST_ROWS]),
                notes=[*_more(rows), *(["What each means: netpreflight explain CHECK CAUSE"] if rows else [])],
            )
        )
    return tables


def regressions(connection: Connection) -> list[ShownTable]:
    """What worked and does not any more, and the other way round."""
    broken = _rows(connection, "broken")
    rows = [
        [site, f"{device} {version or ''}".rstrip(), _day(before), _day(since), _ids(failing), _cell(other)]
        for site, device, version, before, since, other, failing in broken[:MOST_ROWS]
    ]
    months = [[f"{month:%Y-%m}", *map(str, counts)] for month, *counts in _rows(connection, "regressions")]
    other_rules = (
        "Other rules: the two runs were judged by different versions of the rules, so the network may be as it was; "
        "netpreflight fleet rejudge judges both alike."
    )
    return [
        ShownTable(
            title="Sites that worked, and fail in their newest run",
            headings=["Site", "Device", "Worked", "Fails since", "What fails", "Other rules"],
            whole=["Device", "Worked", "Fails since"],
            rows=rows,
            notes=[*_more(broken), *([other_rules] if any(row[5] for row in broken) else [])],
        ),
        ShownTable(title="By month", headings=["Month", "broke", "works again", "of these, other rules"], rows=months),
    ]


def site(connection: Connection, name: str) -> list[ShownTable]:
    """What is known of one site; empty: it is not known."""
    runs = _of_site(connection, "runs", name)
    logs, outages = _of_site(connection, "logs", name), _of_site(connection, "outages", name)
    if not (runs or logs or outages):
        return []
    tables = [
        ShownTable(
            title=f"{name}: its runs, the newest first",
            headings=[
                "Started (UTC)",
                "Device",
                "OS",
                "Verdict",
                "Rules",
                "Whole",
                "Shared",
                "Place",
                "Site is",
                "File",
            ],
            rows=[
                [
                    *_cells([run[:5]])[0],
                    "" if run[5] else "cut short",
                    *_cells([run[6:8]])[0],
                    SITE_FROM[run[8]],
                    run[9],
                ]
                for run in runs[:MOST_ROWS]
            ],
            notes=_more(runs),
        ),
        ShownTable(
            title="What does not pass, in the newest complete run",
            headings=["Check", "Status", "Who", "Finding"],
            rows=_cells(_of_site(connection, "checks", name)),
            none="Everything passes.",
        ),
        ShownTable(
            title="What has to change",
            headings=["Change", "Where", "Who", "Needed", "Alone enough", "In a sentence"],
            rows=_cells(_of_site(connection, "changes", name)),
        ),
    ]
    if logs:
        headings = ["Added (UTC)", "Device", "OS", "Result", "Stage", "Cause", "Who"]
        tables.append(ShownTable(title="Its devices' logs", headings=headings, rows=_cells(logs[:MOST_ROWS])))
    if outages:
        headings = ["Last good (UTC)", "First bad", "Good again", "Layer", "Cause", "Who"]
        tables.append(ShownTable(title="Its outages", headings=headings, rows=_cells(outages[:MOST_ROWS])))
    return tables


def quarantine(connection: Connection) -> list[ShownTable]:
    """The files that could not be taken in, and why."""
    found = _rows(connection, "quarantine")
    return [
        ShownTable(
            title=f"{counted(len(found), 'file')} in quarantine",
            headings=["File", "Kind", "Why", "Read by", "Read (UTC)"],
            rows=_cells(found[:MOST_ROWS]),
            none="Every file was taken in.",
            notes=[
                *_more(found),
                *(["Each is read again by another version of netpreflight, when it is added again."] if found else []),
            ],
        )
    ]


def table_of(answer: Answer, notes: list[str]) -> ShownTable:
    """The answer to a user's query."""
    return ShownTable(title="", headings=answer.columns, rows=_cells(answer.rows), none="No rows.", notes=notes)


def asked(connection: Connection, question: str) -> Answer:
    """The rows that answer a question (`QUESTIONS`)."""
    return ask(connection, QUESTIONS[question])


def asked_of_site(connection: Connection, question: str, name: str) -> Answer:
    """The rows that answer a question about one site (`OF_A_SITE`)."""
    return ask(connection, OF_A_SITE[question], given=[name])


def _rows(connection: Connection, question: str) -> list[tuple[Any, ...]]:
    return asked(connection, question).rows


def _of_site(connection: Connection, question: str, name: str) -> list[tuple[Any, ...]]:
    return asked_of_site(connection, question, name).rows


def _cells(rows: list[tuple[Any, ...]]) -> list[list[str]]:
    return [[_cell(value) for value in row] for row in rows]


def _cell(value: object) -> str:
    """A value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)


def _day(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _ids(failing: str | None) -> str:
    """The checks in the column `failing`, without who can change each."""
    return ", ".join(part.partition(":")[0] for part in (failing or "").split(",") if part)


def _more(found: list[tuple[Any, ...]]) -> list[str]:
    """The note that not all rows are shown."""
    left = len(found) - MOST_ROWS
    return [f"And {left} more: netpreflight fleet query, or export."] if left > 0 else []
