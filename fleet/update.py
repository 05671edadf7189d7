"""What another device or version of Device OS would change at each site, after `rejudge.py` judged the runs for it."""

import sys
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from netpreflight.agent.profiles import Profile
from netpreflight.agent.sentences import counted
from netpreflight.agent.shown_table import ShownTable
from netpreflight.fleet.engine import Connection
from netpreflight.fleet.judging_again import rules_of
from netpreflight.probes.observations import Count, Label, Plain, Words

_FETCHED = 1000
"""How many rows are fetched at a time."""
MOST_SITES = 20
"""How many sites of each outcome are shown; the document has all."""

Outcome = Literal["breaks", "fixed", "unknown", "was-unknown", "works", "fails"]
"""`breaks`: the device worked by the older verdict, and fails by the new one. `fixed`: it failed, and now works.
`unknown`: the new verdict does not know whether it works. `was-unknown`: only the new verdict knows. `works`, `fails`:
both verdicts say so."""

SITES = (
    "WITH runs_of_sites AS ("
    "SELECT * FROM runs WHERE site IS NOT NULL AND complete AND judgeable "
    "QUALIFY row_number() OVER (PARTITION BY site ORDER BY CASE WHEN device = $device THEN 0 ELSE 1 END, "
    "started DESC, sharing, run) = 1), "
    "judged AS (SELECT * FROM verdicts WHERE again AND device = $device AND os IS NOT DISTINCT FROM $os "
    "AND rules = $rules), "
    "said AS (SELECT * FROM verdicts WHERE again IS NULL AND device = $device "
    "QUALIFY row_number() OVER (PARTITION BY run ORDER BY os) = 1) "
    "SELECT r.site, r.site_from, "
    "CASE WHEN r.device = $device THEN r.os ELSE s.os END AS os_before, "
    "CASE WHEN r.device = $device THEN r.verdict ELSE s.verdict END AS verdict_before, "
    "CASE WHEN r.device = $device THEN r.rules ELSE s.rules END AS rules_before, "
    "j.verdict, j.failing "
    "FROM runs_of_sites AS r JOIN judged AS j ON r.run = j.run LEFT JOIN said AS s ON r.run = s.run "
    "ORDER BY r.site"
)
"""For each site, the newest complete run that can be judged (a run for this device is preferred to a newer one for
another device): the verdict that the run itself states, for the version that it was judged for, and the verdict for the
version asked for."""

NOT_JUDGED = (
    "SELECT count(*) FILTER (WHERE sharing = 'public') AS public, "
    "count(*) FILTER (WHERE sharing <> 'public' AND NOT judgeable) AS not_judgeable, "
    "count(*) FILTER (WHERE judgeable AND site IS NULL) AS without_site FROM runs"
)


class SiteUpdate(Struct, frozen=True, kw_only=True):
    """What changes at one site.

    Attributes:
        site: the site's name; may reveal where it is.
        site_from: where the name is from: label, manifest, file-name or gateway.
        os_before: the version for which the run was judged; null: it is not known.
        before: the verdict for that version, as the run states it; null: the run says nothing about this device.
        verdict: the verdict for the version asked for.
        outcome: how `verdict` compares with `before`.
        failing: the required checks that fail for the version asked for, and who can change each.
        other_rules: whether `before` was judged by another version of the rules.
    """

    site: Label
    site_from: Plain
    os_before: Plain | None
    before: Plain | None
    verdict: Plain
    outcome: Outcome
    failing: Words
    other_rules: bool


class FleetUpdate(Struct, frozen=True, kw_only=True):
    """What a device and version of Device OS would change: `netpreflight fleet rejudge --json`.

    Attributes:
        device: may be the name of a company's product.
        os_version: the version that was judged; null: the device has none.
        asked_os: the version that was asked for, if that is newer than the newest known, which stands for it.
        rules: the version of the rules.
        runs: how many runs have a verdict for this device and version now.
        judged: how many of these runs this call has judged.
        failed: runs that could not be judged.
        public: runs that were shared for the public, and cannot be judged again.
        not_judgeable: other runs that were shared without what judging needs.
        without_site: runs whose site is not known: they are judged, but are in no site's row.
        sites: what changes at each site.
    """

    schema: Literal["netpreflight-update/1"] = "netpreflight-update/1"
    device: Words
    os_version: Plain | None
    asked_os: Plain | None
    rules: Plain
    runs: Count
    judged: Count
    failed: Count
    public: Count
    not_judgeable: Count
    without_site: Count
    sites: list[SiteUpdate]


def update(connection: Connection, profile: Profile, *, judged: int = 0, failed: int = 0) -> FleetUpdate:
    """What a device would change at each site; the store has been judged for it (`rejudge`)."""
    rules = rules_of(profile)
    wanted = {"device": profile.name, "os": profile.os_version, "rules": rules}
    public, not_judgeable, without_site = connection.execute(NOT_JUDGED).fetchall()[0]
    counted_runs = connection.execute(
        "SELECT count(DISTINCT run) FROM verdicts WHERE again AND device = $device "
        "AND os IS NOT DISTINCT FROM $os AND rules = $rules",
        wanted,
    ).fetchall()
    return FleetUpdate(
        device=profile.name,
        os_version=profile.os_version,
        asked_os=profile.asked_os,
        rules=rules,
        runs=counted_runs[0][0],
        judged=judged,
        failed=failed,
        public=public,
        not_judgeable=not_judgeable,
        without_site=without_site,
        sites=list(_sites(connection, wanted, rules)),
    )


def _sites(connection: Connection, wanted: dict[str, str | None], rules: str) -> Iterator[SiteUpdate]:
    """What changes at each site; texts that many sites share are in memory only once."""
    found = connection.execute(SITES, wanted)
    while batch := found.fetchmany(_FETCHED):
        for site, *words in batch:
            yield _site(rules, site, *(word and sys.intern(word) for word in words))


def _site(
    rules: str,
    site: str,
    site_from: str,
    os_before: str | None,
    before: str | None,
    rules_before: str | None,
    verdict: str,
    failing: str,
) -> SiteUpdate:
    return SiteUpdate(
        site=site,
        site_from=site_from,
        os_before=os_before,
        before=before,
        verdict=verdict,
        outcome=outcome(before, verdict),
        failing=failing,
        other_rules=before is not None and rules_before != rules,
    )


def outcome(before: str | None, verdict: str) -> Outcome:
    """How a verdict compares with the verdict before."""
    worked, works = _works(before), _works(verdict)
    if works is None:
        return "unknown"
    if worked is None:
        return "was-unknown"
    if works:
        return "works" if worked else "fixed"
    return "breaks" if worked else "fails"


def _works(verdict: str | None) -> bool | None:
    """Whether a device works according to a verdict; None: not known."""
    return None if verdict in {None, "undetermined"} else verdict != "incompatible"


OUTCOMES: dict[Outcome, str] = {
    "breaks": "works now, and would fail",
    "fixed": "fails now, and would work",
    "unknown": "not known whether it would work",
    "was-unknown": "was not known, and is now",
    "works": "works now, and would still work",
    "fails": "fails now, and would still fail",
}
"""What each outcome means, in words."""


def tables(told: FleetUpdate) -> list[ShownTable]:
    """What would change, as tables for people."""
    name = f"{told.device} {told.os_version or ''}".rstrip()
    counts = {kind: [site for site in told.sites if site.outcome == kind] for kind in OUTCOMES}
    result = [
        ShownTable(
            title=f"{name}, by rules {told.rules}: {counted(len(told.sites), 'site')}, {counted(told.runs, 'run')}",
            headings=["Sites", "What that would change"],
            rows=[[str(len(counts[kind])), words] for kind, words in OUTCOMES.items()],
            notes=_notes(told),
        )
    ]
    listed = {
        "Would break": counts["breaks"],
        "Would be fixed": counts["fixed"],
        "Would fail, as before or not known before": [
            site for site in told.sites if site.verdict == "incompatible" and site.outcome != "breaks"
        ],
    }
    result += [
        ShownTable(
            title=title,
            headings=["Site", "Judged for", "Was", "What fails"],
            rows=[
                [site.site, site.os_before or "", site.before or "", site.failing.replace(",", ", ")]
                for site in sites[:MOST_SITES]
            ],
            notes=[f"And {len(sites) - MOST_SITES} more: --json has all."] if len(sites) > MOST_SITES else [],
        )
        for title, sites in listed.items()
        if sites
    ]
    return result


_OTHER_RULES = (
    "the rules may be the reason for the difference. What an older version could not measure is 'not measured then'."
)


def _notes(told: FleetUpdate) -> list[str]:
    """The notes on what the counts leave out."""
    other = sum(site.other_rules for site in told.sites)
    notes = [
        (told.asked_os, f"{told.os_version} is the newest that is known, and stands for {told.asked_os}."),
        (told.public, f"{counted(told.public, 'public run')} not judged again: names and addresses are not in them."),
        (
            told.not_judgeable,
            f"{counted(told.not_judgeable, 'ticket')} not judged again: what judging needs is hidden.",
        ),
        (told.failed, f"{counted(told.failed, 'run')} could not be judged, and will be tried again."),
        (told.without_site, f"{counted(told.without_site, 'run')} of no known site: judged, but not listed."),
        (other, f"{counted(other, 'site')} judged before by other rules: {_OTHER_RULES}"),
    ]
    return [sentence for has_note, sentence in notes if has_note]
