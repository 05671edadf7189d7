"""The answers to the fleet questions, as tables to show, and as the document of `netpreflight fleet summary`."""

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
"""How many rows of a table are shown; `query` and `export` give all of them."""
SITE_FROM = {
    "label": "as the run says (--site)",
    "manifest": "by a manifest",
    "file-name": "by the file's name",
    "gateway": "by the gateway's MAC address",
    "unknown": "not known",
}


class DeviceCount(Struct, frozen=True, kw_only=True):
    """For one device, the number of sites with each verdict, by the newest complete run of each site.

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
        runs: how many runs there are; each counts once.
        sites: how many sites the runs are from, as far as the site is known.
        duplicates: files that hold the same run, log or watch as another file.
        quarantined: files that could not be added.
        logs: devices' logs.
        watches: watches.
        without_site: runs whose site is not known; they count for no verdict.
        not_judged_again: runs that were shared in a way that leaves out what judging needs.
        cut_short: runs that count for no verdict, because they were cut short.
        rules: the number of runs by the version of the rules that judged them.
        verdicts: the number of sites with each verdict, by device and version.
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
    """Count what a store holds."""
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
    """The summary as tables for people."""
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
    """The notes on what the counts leave out."""
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
    """The needed changes, those that help at most sites first."""
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
    """A change in words: its checks and problems, and what the problem's page says under "Who changes what".

    `key` is a row's column `key`: "check: problem", several of them joined by ", " if one change serves them all.
    A change that consists of firewall rules is returned as it is: the rules say what to do.
    """
    found = [part.partition(": ")[::2] for part in key.split(", ")]
    if not all(problem and check in CHECKS and problem in check_pages.sections(check) for check, problem in found):
        return key
    words = check_pages.who_changes_what(*found[0])
    named = ", ".join(f"{check} {problem}" for check, problem in found)
    return f"{named}: {words}" if words else named


def why(connection: Connection) -> list[ShownTable]:
    """The required checks that fail, and those that are unknown, by how many sites."""
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
    """The sites that worked and fail now, and by month how many sites broke and how many work again."""
    broken = _rows(connection, "broken")
    rows = [
        [site, f"{device} {version or ''}".rstrip(), _day(before), _day(since), _ids(failing), _cell(other)]
        for site, device, version, before, since, other, failing in broken[:MOST_ROWS]
    ]
    months = [[f"{month:%Y-%m}", *map(str, counts)] for month, *counts in _rows(connection, "regressions")]
    other_rules = (
        "Other rules: the two runs were judged by different versions of the rules, so the network may be unchanged; "
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
    """What is known about one site; empty: the store has nothing about it."""
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
                "Site known",
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
    """The files that could not be added, and why."""
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
    """The answer to a user's query, as a table."""
    return ShownTable(title="", headings=answer.columns, rows=_cells(answer.rows), none="No rows.", notes=notes)


def asked(connection: Connection, question: str) -> Answer:
    """The rows that answer one of `QUESTIONS`."""
    return ask(connection, QUESTIONS[question])


def asked_of_site(connection: Connection, question: str, name: str) -> Answer:
    """The rows that answer one of the questions about a site (`OF_A_SITE`), for the site `name`."""
    return ask(connection, OF_A_SITE[question], given=[name])


def _rows(connection: Connection, question: str) -> list[tuple[Any, ...]]:
    return asked(connection, question).rows


def _of_site(connection: Connection, question: str, name: str) -> list[tuple[Any, ...]]:
    return asked_of_site(connection, question, name).rows


def _cells(rows: list[tuple[Any, ...]]) -> list[list[str]]:
    return [[_cell(value) for value in row] for row in rows]


def _cell(value: object) -> str:
    """A value as text for people."""
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
    """The ids of the checks in the column `failing`, without the owners."""
    return ", ".join(part.partition(":")[0] for part in (failing or "").split(",") if part)


def _more(found: list[tuple[Any, ...]]) -> list[str]:
    """A note on how many rows are not shown; empty: all are."""
    left = len(found) - MOST_ROWS
    return [f"And {left} more: netpreflight fleet query, or export."] if left > 0 else []
