"""A run as the tables of many sites have it, held against what its JSON says."""

import datetime as dt
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from netpreflight.fleet import engine
from netpreflight.fleet.document import take
from netpreflight.fleet.store import Store
from netpreflight.fleet.taken import Source

LATER = dt.datetime(2100, 1, 1)  # noqa: DTZ001 - in UTC and without a zone, as `Source.received` is
MOST_BSS, MOST_HOPS = 100, 256
"""So many rows of a run are kept."""


def assert_in_tables(document: str) -> None:
    """Assert that a complete report (JSON) fills every table of runs with what stands in it."""
    told = json.loads(document)
    seen = told["observations"]
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        with store.writing() as writer, engine.for_writing(store) as connection:
            for table, rows in take(document.encode(), Source("run.json", LATER)).rows.items():
                writer.add(table, rows)
            writer.commit(connection)
        with engine.for_reading(store) as connection:

            def ask(sql: str) -> list[tuple[object, ...]]:
                return engine.ask(connection, sql).rows

            device = told["device"]
            assert ask("SELECT device, os, verdict, complete, judgeable, rules FROM runs") == [
                (device["name"], device["os_version"], told["verdict"], told["complete"], True, told["tool"]["rules"])
            ]
            assert sorted(ask("SELECT id, status FROM checks")) == sorted(
                (check["id"], check["status"]) for check in told["checks"]
            )
            assert sorted(ask("SELECT device, verdict FROM verdicts")) == sorted(
                {(each["name"], each["verdict"]) for each in told["devices"]} | {(device["name"], told["verdict"])}
            )
            assert sorted(ask("SELECT line FROM changes")) == sorted((change["line"],) for change in told["changes"])
            heard = (seen["wifi"] or {"bss": []})["bss"]
            assert ask("SELECT count(*) FROM bss") == [(min(len(heard), MOST_BSS),)]
            answered = [
                probe
                for target in (seen["path"] or {"targets": []})["targets"]
                for probe in target["device"]["probes"]
                if probe.get("source") is not None
            ]
            assert ask("SELECT count(*) FROM hops") == [(min(len(answered), MOST_HOPS),)]
            assert ask("SELECT count(*) FROM raw, runs WHERE raw.run = runs.run") == [(1,)]
