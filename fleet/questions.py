"""The questions that are asked of a store, in DuckDB's SQL, plain enough that sqlglot can translate it to Spark's.

The state of a site is that of its newest complete run. Runs without a site, and public runs, are only counted.
"""

VIEWS = {
    "latest": (
        "SELECT * FROM runs WHERE site IS NOT NULL AND complete AND verdict IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY site ORDER BY started DESC, sharing, run) = 1"
    ),
    "newest_verdicts": (
        "SELECT * FROM verdicts QUALIFY row_number() OVER (PARTITION BY run, device, os ORDER BY judged DESC) = 1"
    ),
    "newest_files": "SELECT * FROM files QUALIFY row_number() OVER (PARTITION BY path ORDER BY received DESC) = 1",
    "newest_watches": (
        "SELECT * FROM watches QUALIFY row_number() OVER (PARTITION BY site, began, device ORDER BY ended DESC) = 1"
    ),
    "turns": (
        "SELECT site, device, os, started, run, rules, works, "
        "lag(works) OVER (PARTITION BY site, device ORDER BY started, run) AS worked, "
        "lag(started) OVER (PARTITION BY site, device ORDER BY started, run) AS before, "
        "lag(rules) OVER (PARTITION BY site, device ORDER BY started, run) AS rules_before "
        "FROM (SELECT *, verdict <> 'incompatible' AS works FROM runs "
        "WHERE site IS NOT NULL AND complete AND verdict <> 'undetermined') AS known"
    ),
}
"""Views that the questions share, in addition to the view of each table. `newest_watches`: each watch once, even if it
was reported several times while it went on. `turns`: each run whose verdict is known, with the run of the same site
and device before it."""

QUESTIONS = {
    "totals": (
        "SELECT count(*) AS runs, count(DISTINCT site) AS sites, "
        "count(*) FILTER (WHERE site IS NULL) AS without_site, "
        "count(*) FILTER (WHERE NOT judgeable) AS not_judged_again, "
        "count(*) FILTER (WHERE NOT complete) AS cut_short FROM runs"
    ),
    "files": "SELECT outcome, count(*) AS files FROM newest_files GROUP BY outcome ORDER BY outcome",
    "verdicts": (
        "SELECT v.device, v.os, "
        "count(*) FILTER (WHERE v.verdict = 'incompatible') AS incompatible, "
        "count(*) FILTER (WHERE v.verdict = 'undetermined') AS undetermined, "
        "count(*) FILTER (WHERE v.verdict = 'compatible-with-warnings') AS compatible_with_warnings, "
        "count(*) FILTER (WHERE v.verdict = 'compatible') AS compatible "
        "FROM latest AS l JOIN newest_verdicts AS v ON l.run = v.run GROUP BY v.device, v.os "
        "ORDER BY incompatible DESC, v.device, v.os"
    ),
    "site_from": "SELECT site_from, count(DISTINCT site) AS sites FROM runs GROUP BY site_from ORDER BY site_from",
    "rules": "SELECT rules, count(*) AS runs FROM runs GROUP BY rules ORDER BY rules",
    "changes": (
        "SELECT c.key, c.place, c.owner, count(DISTINCT l.site) AS sites, "
        "count(DISTINCT CASE WHEN c.alone_enough THEN l.site END) AS alone_enough "
        "FROM latest AS l JOIN changes AS c ON l.run = c.run WHERE c.needed "
        "GROUP BY c.key, c.place, c.owner ORDER BY sites DESC, alone_enough DESC, c.key, c.owner"
    ),
    "why": (
        "SELECT c.status, c.id, c.problem, c.owner, count(DISTINCT l.site) AS sites "
        "FROM latest AS l JOIN checks AS c ON l.run = c.run "
        "WHERE c.level = 'required' AND c.status IN ('fail', 'unknown') AND c.due_to IS NULL "
        "GROUP BY c.status, c.id, c.problem, c.owner ORDER BY c.status, sites DESC, c.id, c.problem, c.owner"
    ),
    "owners": (
        "SELECT c.owner, c.id, count(DISTINCT l.site) AS sites "
        "FROM latest AS l JOIN checks AS c ON l.run = c.run "
        "WHERE c.level = 'required' AND c.status = 'fail' AND c.due_to IS NULL "
        "GROUP BY c.owner, c.id ORDER BY sites DESC, c.owner, c.id"
    ),
    "makers": (
        "SELECT maker, count(*) AS sites, count(*) FILTER (WHERE verdict = 'incompatible') AS failing "
        "FROM latest WHERE maker IS NOT NULL AND verdict <> 'undetermined' "
        "GROUP BY maker ORDER BY sites DESC, maker"
    ),
    "regressions": (
        "SELECT date_trunc('month', started) AS month, "
        "count(*) FILTER (WHERE worked AND NOT works) AS broke, "
        "count(*) FILTER (WHERE works AND NOT worked) AS works_again, "
        "count(*) FILTER (WHERE works <> worked AND rules <> rules_before) AS other_rules "
        "FROM turns GROUP BY date_trunc('month', started) ORDER BY month"
    ),
    "broken": (
        "SELECT t.site, t.device, t.os, t.before, t.started, t.rules <> t.rules_before AS other_rules, v.failing "
        "FROM (SELECT * FROM turns QUALIFY "
        "row_number() OVER (PARTITION BY site, device ORDER BY started DESC, run DESC) = 1) AS t "
        "LEFT JOIN newest_verdicts AS v ON t.run = v.run AND t.device = v.device AND t.os IS NOT DISTINCT FROM v.os "
        "WHERE t.worked AND NOT t.works ORDER BY t.started DESC, t.site, t.device"
    ),
    "quarantine": (
        "SELECT path, kind, reason, tool, received FROM newest_files WHERE outcome = 'quarantined' ORDER BY kind, path"
    ),
}

OF_A_SITE = {
    "runs": (
        "SELECT started, device, os, verdict, rules, complete, sharing, place, site_from, file FROM runs "
        "WHERE site = $1 ORDER BY started DESC, run"
    ),
    "changes": (
        "SELECT c.key, c.place, c.owner, c.needed, c.alone_enough, c.line FROM latest AS l "
        "JOIN changes AS c ON l.run = c.run WHERE l.site = $1 ORDER BY c.needed DESC, c.alone_enough DESC, c.key"
    ),
    "checks": (
        "SELECT c.id, c.status, c.owner, c.summary FROM latest AS l JOIN checks AS c ON l.run = c.run "
        "WHERE l.site = $1 AND c.status IN ('fail', 'warn', 'unknown') ORDER BY c.status, c.id"
    ),
    "logs": "SELECT received, device, os, result, stage, problem, owner FROM logs WHERE site = $1 ORDER BY received",
    "outages": (
        "SELECT o.last_good, o.first_bad, o.first_good, o.layer, o.problem, o.owner FROM newest_watches AS w "
        "JOIN outages AS o ON w.watch = o.watch WHERE w.site = $1 ORDER BY o.first_bad"
    ),
}
"""The questions about one site, whose name is the parameter $1."""
