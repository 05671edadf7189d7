"""Adding to a store: every file is accounted for, nothing is lost or there twice, whoever is killed in between."""

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.judging.device_log import answered
from netpreflight.agent.profiles.log_lines import KINDS
from netpreflight.agent.report import make
from netpreflight.fleet import add as adding
from netpreflight.fleet import engine
from netpreflight.fleet.add import Added, add
from netpreflight.fleet.answers import FleetSummary, site, summary
from netpreflight.fleet.document import unpacked_run
from netpreflight.fleet.pool import Pool
from netpreflight.fleet.sites import Sites, read_manifest
from netpreflight.fleet.store import Store, StoreError
from netpreflight.fleet.tables import TABLES, Column
from netpreflight.probes.device_log import read_log
from netpreflight.probes.net.clock import Clock
from netpreflight.probes.observations import DeviceLog
from netpreflight.reports import FORMATS
from netpreflight.reports.sharing import shared
from tests.unit.fleet_files import DEADLY, GOOD, read_or_die, write_hostile
from tests.unit.made_reports import reports_of
from tests.unit.many_runs import write_many
from tests.unit.partly import partly
from tests.unit.samples import DATA, SAMPLES
from tests.unit.watches import HOUR, MONDAY, outage, watch

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


class At(Clock):
    """A clock that stands still (seconds since 1970)."""

    def __init__(self, wall: float) -> None:
        self._wall = wall

    def wall(self) -> float:
        """The time at which it stands."""
        return self._wall


def ask(store: Store, sql: str) -> list[tuple[object, ...]]:
    with engine.for_reading(store) as connection:
        return engine.ask(connection, sql).rows


def content(store: Store) -> dict[str, bytes]:
    """Every file of the store."""
    return {str(file): file.read_bytes() for file in store.folder.rglob("*") if file.is_file()}


# --- what is in a file


def test_each_sample_is_a_run_with_the_results_that_stand_in_it(store: Store, pool: Pool) -> None:
    added = add(store, SAMPLES, Sites(), pool)

    assert added == Added(run=len(SAMPLES))
    documents = {str(sample): json.loads(sample.read_bytes()) for sample in SAMPLES}
    rows = ask(store, "SELECT file, device, os, verdict, rules, started FROM runs")
    assert {file: tuple(map(str, told)) for file, *told in rows} == {
        file: (
            told["device"]["name"], str(told["device"]["os_version"]), told["verdict"], told["tool"]["rules"],
            told["started"].replace("T", " ").removesuffix("Z"),
        )
        for file, told in documents.items()
    }  # fmt: skip
    checks = ask(store, "SELECT file, id, c.status FROM checks c JOIN runs USING (run)")
    assert sorted(checks) == sorted(
        (file, check["id"], check["status"]) for file, told in documents.items() for check in told["checks"]
    )
    verdicts = ask(store, "SELECT file, v.device, v.verdict FROM verdicts v JOIN runs USING (run)")
    assert sorted(verdicts) == sorted(
        (file, device["name"], device["verdict"]) for file, told in documents.items() for device in told["devices"]
    )


def test_what_can_be_judged_again_is_judged_as_its_file_is(store: Store, pool: Pool) -> None:
    add(store, SAMPLES, Sites(), pool)
    rows = ask(store, "SELECT file, document FROM raw JOIN runs USING (run)")

    assert len(rows) == len(SAMPLES)
    for file, document in rows:
        assert isinstance(document, bytes)
        again, (run, device) = unpacked_run(document), report.load(Path(str(file)))
        assert (again.run, again.device) == (run, device)


def test_a_newer_version_finds_in_the_store_what_this_one_does_not_know(
    store: Store, pool: Pool, tmp_path: Path
) -> None:
    told = json.loads(GOOD.read_bytes())
    told["observations"]["barometer"], told["weather"] = {"pressure_hpa": 1013}, "rain"
    (tmp_path / "newer.json").write_text(json.dumps(told))
    add(store, [tmp_path / "newer.json"], Sites(), pool)
    ((document,),) = ask(store, "SELECT document FROM raw")

    assert isinstance(document, bytes)
    kept = json.loads(zlib.decompress(document))
    assert kept["observations"] == told["observations"]
    assert kept["weather"] == "rain"
    assert "verdict" not in kept


def test_a_run_is_one_whatever_wrote_it(store: Store, pool: Pool, tmp_path: Path) -> None:
    run, device = report.load(GOOD)
    made = make(run, profiles.load(device.name, device.os_version))
    for ending in (".json", ".html"):
        (tmp_path / f"again{ending}").write_text(FORMATS[ending](made))
    added = add(store, [tmp_path / "again.html", GOOD, tmp_path / "again.json"], Sites(), pool)

    assert added == Added(run=1, duplicate=2)
    assert ask(store, "SELECT verdict, (SELECT count(*) FROM checks) FROM runs") == [(made.verdict, len(made.checks))]


def test_of_what_is_shared_no_token_is_in_a_table(store: Store, pool: Pool, tmp_path: Path) -> None:
    run, device = report.load(SAMPLES[1])
    profile = profiles.load(device.name, device.os_version)
    for level in ("ticket", "public"):
        (tmp_path / f"{level}.json").write_bytes(msgspec.json.encode(shared(make(run, profile), level, profile)))
    added = add(store, [tmp_path / "ticket.json", tmp_path / "public.json"], Sites(), pool)

    assert added == Added(run=2)
    columns = "sharing, judgeable, site, ssid, bssid, gateway_mac, subnet, resolver"
    assert ask(store, f"SELECT {columns} FROM runs ORDER BY sharing") == [
        ("public", False, *[None] * 6),
        ("ticket", True, *[None] * 6),
    ]
    assert ask(store, "SELECT count(ssid), count(bssid) FROM bss") == [(0, 0)]
    assert ask(store, "SELECT count(router) FROM hops") == [(0,)]
    assert ask(store, "SELECT count(*) FROM raw") == [(1,)]


# --- which files


def test_every_hostile_file_is_accounted_for(store: Store, pool: Pool, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    expected = write_hostile(folder)
    added = add(store, [folder], Sites(), pool)
    found = ask(store, "SELECT path, coalesce(kind, outcome), reason FROM files")

    assert {Path(str(path)).name: outcome for path, outcome, _ in found} == expected
    assert added.files == len(expected) == len(found)
    assert all(reason for _, outcome, reason in found if outcome not in {"run", "duplicate"})
    assert ask(store, "SELECT count(*), count(DISTINCT run) FROM runs") == [(3, 3)]


def test_adding_again_changes_nothing(store: Store, pool: Pool, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    write_hostile(folder)
    first = add(store, [folder, *SAMPLES], Sites(), pool)
    before = content(store)
    again = add(store, [folder, *SAMPLES], Sites(), pool)

    assert again == Added(before=first.files)
    assert content(store) == before


def test_the_store_of_a_watch_is_told_what_makes_a_document_of_it(store: Store, pool: Pool, tmp_path: Path) -> None:
    file = tmp_path / "watch.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE samples (at REAL)")

    assert add(store, [file], Sites(), pool) == Added(quarantined=1)
    ((reason,),) = ask(store, "SELECT reason FROM files")
    assert "netpreflight watch report STORE -o watch.json" in str(reason)


def test_what_was_quarantined_is_read_by_another_version(
    store: Store, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "run.json"
    file.write_text(GOOD.read_text().replace("report/1", "report/2"))
    assert add(store, [file], Sites(), pool) == Added(quarantined=1)
    assert add(store, [file], Sites(), pool) == Added(before=1)
    monkeypatch.setattr(adding, "READ_BY", "0.2.0/7")
    assert add(store, [file], Sites(), pool) == Added(quarantined=1)
    file.write_text(GOOD.read_text())
    assert add(store, [file], Sites(), pool) == Added(run=1)


def test_a_run_from_the_future_is_taken_once_that_has_come(store: Store, pool: Pool) -> None:
    begun = 1_795_872_521.0  # 2026-11-28T13:28:41Z, as the file says
    assert add(store, [GOOD], Sites(), pool, clock=At(begun - 3601)) == Added(quarantined=1)
    assert add(store, [GOOD], Sites(), pool, clock=At(begun - 3601)) == Added(before=1)
    assert add(store, [GOOD], Sites(), pool, clock=At(begun - 3599)) == Added(run=1)


@pytest.mark.more
def test_a_document_that_kills_its_reader_takes_no_other_with_it(store: Store, tmp_path: Path) -> None:
    folder = write_many(tmp_path / "runs", 70)
    (folder / "0000" / "000017 deadly.json").write_bytes(DEADLY)
    with Pool(2, read_or_die) as pool:
        added = add(store, [folder], Sites(), pool)

    assert added == Added(run=70, quarantined=1)
    assert ask(store, "SELECT kind, path LIKE '%deadly.json' FROM files WHERE outcome = 'quarantined'") == [
        ("killed", True)
    ]


# --- sites


def test_a_site_is_the_label_or_the_manifest_or_the_name_or_the_gateway(
    store: Store, pool: Pool, tmp_path: Path
) -> None:
    told = json.loads(GOOD.read_bytes())
    for number, (name, label, mac) in enumerate(
        [
            ("a.json", "Label", "3c:84:6a:00:00:01"),
            ("b.json", None, "3c:84:6a:00:00:01"),
            ("shop-Bonn-3.json", None, "3c:84:6a:00:00:01"),
            ("c.json", None, "3C:84:6A:00:00:01"),
            ("d.json", None, "00:00:5e:00:01:07"),
        ]
    ):
        told |= {"started": f"2026-01-0{number + 1}T00:00:00Z"} | ({"site": label} if label else {})
        told["observations"]["scope"]["gateway_mac"] = mac
        (tmp_path / name).write_text(json.dumps(told))
        told.pop("site", None)
    manifest = tmp_path / "sites.csv"
    manifest.write_text("file,site,place\na.json,Never,\nb*.json,Köln,cellar\n", encoding="utf-8")
    sites = Sites(read_manifest(manifest), "shop-{site}-*.json")
    add(store, sorted(tmp_path.glob("*.json")), sites, pool)

    assert ask(store, "SELECT site, site_from, place FROM runs ORDER BY started") == [
        ("Label", "label", None),
        ("Köln", "manifest", "cellar"),
        ("Bonn", "file-name", None),
        ("gateway 3c:84:6a:00:00:01", "gateway", None),
        (None, "unknown", None),
    ]


@pytest.mark.parametrize("pattern", ["*.json", "{site}{site}", "{site}-{shop}.json"])
def test_a_pattern_without_a_site_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="has to have"):
        Sites(pattern=pattern)


# --- the store


def test_the_store_is_its_owners_alone(store: Store, pool: Pool) -> None:
    before = os.umask(0)
    try:
        add(store, SAMPLES[:1], Sites(), pool)
    finally:
        os.umask(before)
    modes = (
        {stat.S_IMODE(path.stat().st_mode) for path in (store.folder, *store.folder.rglob("*")) if path.is_dir()},
        {stat.S_IMODE(path.stat().st_mode) for path in store.folder.rglob("*") if path.is_file()},
    )

    assert modes == ({0o700}, {0o600})


def test_an_empty_store_has_every_table(store: Store) -> None:
    assert {table: ask(store, f"SELECT count(*) FROM {table}") for table in TABLES} == {
        table: [(0,)] for table in TABLES
    }


@pytest.mark.more
def test_many_small_parts_become_one_with_the_same_rows(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netpreflight.fleet.store.MOST_SMALL", 4)
    held = []
    for number in range(1, 9):
        add(store, SAMPLES[:number], Sites(), pool)
        held.append(
            ({file.parent.name for file in store.files("files")}, ask(store, "SELECT run FROM runs ORDER BY run"))
        )

    assert [len(parts) for parts, _ in held] == [1, 2, 3, 1, 2, 3, 1, 2]
    assert [len(runs) for _, runs in held] == list(range(1, 9))
    assert len(list((store.folder / "parts").iterdir())) == 2, "the next writer removes what was merged"
    assert ask(store, "SELECT count(DISTINCT run), count(document) FROM raw") == [(8, 8)]


def test_what_a_killed_process_left_is_removed_and_a_readers_is_not(store: Store, pool: Pool) -> None:
    add(store, SAMPLES[:1], Sites(), pool)
    temporary = store.folder / "temporary"
    for name in ("part", "reading-new", "reading-old"):
        (temporary / name).mkdir()
        (temporary / name / "duckdb_temp_storage-0.tmp").write_text("")
    (temporary / "left.tmp").write_text("")
    os.utime(temporary / "reading-old", (0, 0))
    add(store, SAMPLES[:1], Sites(), pool)

    assert [left.name for left in temporary.iterdir()] == ["reading-new"]


def test_a_damaged_file_of_the_store_is_told_in_one_line(store: Store, pool: Pool) -> None:
    add(store, SAMPLES[:1], Sites(), pool)
    (damaged,) = store.files("runs")
    damaged.write_bytes(damaged.read_bytes()[:100])

    with pytest.raises(StoreError, match="cannot be used") as told:
        ask(store, "SELECT * FROM runs")
    assert "\n" not in str(told.value)
    (damaged.parent / "files.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="cannot be used"):
        add(store, SAMPLES, Sites(), pool)


def test_a_list_of_parts_that_is_damaged_is_no_empty_store(store: Store, pool: Pool) -> None:
    add(store, SAMPLES[:1], Sites(), pool)
    (store.folder / "store.json").write_text('{"schema": "netpreflight-store/2"}')

    with pytest.raises(StoreError, match="newer version, or damaged"):
        add(store, SAMPLES, Sites(), pool)
    assert list((store.folder / "parts").iterdir())


ADD = """
import signal, sys
from pathlib import Path
from netpreflight.fleet import add as adding
from netpreflight.fleet.pool import Pool
from netpreflight.fleet.sites import Sites
from netpreflight.fleet.store import Store

def tell(added):
    print(added.files, flush=True)
    if added.files >= int(sys.argv[3]):
        signal.pause()

if __name__ == "__main__":
    adding.BATCH_FILES, adding.PART_FILES = 4, 12
    with Pool(1) as pool:
        adding.add(Store(Path(sys.argv[1])), [Path(sys.argv[2])], Sites(), pool, on_progress=tell)
"""


def adder(folder: Path, store: Store, runs: Path, most: int = sys.maxsize) -> "subprocess.Popen[str]":
    """A process of its own that adds a folder, tells how many files it has taken, and waits for its end at `most`."""
    script = folder / "adder.py"
    script.write_text(ADD)
    return subprocess.Popen([sys.executable, script, store.folder, runs, str(most)], stdout=subprocess.PIPE, text=True)


@pytest.mark.more
@pytest.mark.parametrize("seed", partly({0}, range(int(os.environ.get("NETPREFLIGHT_KILLS", "3")))))
def test_an_adder_that_is_killed_loses_and_doubles_nothing(store: Store, pool: Pool, tmp_path: Path, seed: int) -> None:
    count = 60
    runs = write_many(tmp_path / "runs", count)
    moment = random.Random(seed)
    at, later_s = moment.randrange(4, count - 8), moment.random() * 0.05
    with adder(tmp_path, store, runs, count - 4) as process:
        assert process.stdout is not None
        taken = next(number for line in process.stdout if (number := int(line)) >= at)
        Clock().hold_up(later_s)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        assert process.returncode == -signal.SIGKILL, "it was alive"
        taken = max([taken, *map(int, process.stdout)])
    assert taken < count, "it had more to do"
    committed = ask(store, "SELECT count(*) FROM files")[0][0]
    added = add(store, [runs], Sites(), pool)

    assert added == Added(run=count - int(str(committed)), before=int(str(committed)))
    assert ask(store, "SELECT count(*), count(DISTINCT run), count(DISTINCT file) FROM runs") == [(count, count, count)]
    assert Counter(ask(store, "SELECT run FROM checks")) == Counter(
        ask(store, "SELECT run FROM checks JOIN runs USING (run)")
    )
    assert ask(store, "SELECT count(DISTINCT run) FROM raw") == [(count,)]
    assert not list((store.folder / "temporary").iterdir())


MERGE = """
import os, signal, sys
from pathlib import Path
from netpreflight.fleet import engine, store as stores

stores.MOST_SMALL = 4
store, killed_at, calls = stores.Store(Path(sys.argv[1])), int(sys.argv[2]), 0

def count(*_):
    global calls
    calls += 1
    if calls == killed_at:
        os.kill(os.getpid(), signal.SIGKILL)

with store.writing() as writer, engine.for_writing(store) as connection:
    sys.setprofile(count)
    writer.merge(connection)
    sys.setprofile(None)
print(calls)
"""


def merge(store: Store, killed_at: int = 0) -> "subprocess.CompletedProcess[str]":
    """Merge a store's parts in a process of its own, which kills itself at the call of that number.

    What it prints is how many calls that took.
    """
    words = [sys.executable, "-c", MERGE, str(store.folder), str(killed_at)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def held(store: Store) -> tuple[FleetSummary, dict[str, list[str]]]:
    """The summary, and every row."""
    with engine.for_reading(store) as connection:
        told = summary(connection)
    return told, {table: sorted(map(str, ask(store, f"SELECT * FROM {table}"))) for table in TABLES}


@pytest.fixture(scope="module")
def in_parts(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> Store:
    """A store of five parts, which no test changes."""
    store = Store(tmp_path_factory.mktemp("parts") / "store")
    for number in range(1, 6):
        add(store, SAMPLES[:number], Sites(), pool)
    return store


@pytest.fixture(scope="module")
def calls_to_merge(in_parts: Store, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many calls merging its parts takes, if nobody kills it."""
    store = Store(tmp_path_factory.mktemp("merged") / "store")
    shutil.copytree(in_parts.folder, store.folder)
    merged = merge(store)
    assert (merged.returncode, len(store.files("runs"))) == (0, 1)
    return int(merged.stdout)


@pytest.mark.more
@pytest.mark.parametrize("seed", partly({0}, range(int(os.environ.get("NETPREFLIGHT_KILLS", "3")))))
def test_a_merging_that_is_killed_loses_and_doubles_nothing(
    in_parts: Store, calls_to_merge: int, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    shutil.copytree(in_parts.folder, store.folder)
    killed = merge(store, random.Random(seed).randrange(1, calls_to_merge))
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    expected = held(in_parts)
    assert held(store) == expected
    monkeypatch.setattr("netpreflight.fleet.store.MOST_SMALL", 4)
    with store.writing() as writer, engine.for_writing(store) as connection:
        writer.merge(connection)
    assert held(store) == expected
    assert {file.parent for file in store.files("raw")} == {file.parent for file in store.files("runs")}
    assert len(store.files("runs")) == 1
    assert not list((store.folder / "temporary").iterdir())


@pytest.mark.more
def test_two_adders_at_once_add_each_run_once(store: Store, tmp_path: Path) -> None:
    runs = write_many(tmp_path / "runs", 40)
    with adder(tmp_path, store, runs) as first, adder(tmp_path, store, runs) as second:
        told = [process.communicate(timeout=60)[0].split() for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0]
    assert [lines[-1] for lines in told] == ["40", "40"]
    assert ask(store, "SELECT count(*), count(DISTINCT run) FROM runs") == [(40, 40)]
    assert ask(store, "SELECT count(*) FROM files") == [(40,)]


# --- logs and watches

LOG = DATA / "device-logs" / "06-p1-07-key-not-received.log"


def device_log() -> DeviceLog:
    with LOG.open("rb") as opened:
        return read_log(opened, KINDS)


def test_a_log_and_a_watch_have_tables_of_their_own(store: Store, pool: Pool, tmp_path: Path) -> None:
    answer = answered(device_log(), LOG.name)
    told = outage(MONDAY + HOUR, problem="resolver-silent", layer="dns", check="dns.resolve")
    (tmp_path / "Bonn-log.json").write_bytes(msgspec.json.encode(answer))
    (tmp_path / "Bonn-watch.json").write_bytes(msgspec.json.encode(watch(1, [told])))
    (tmp_path / "Bonn-longer.json").write_bytes(msgspec.json.encode(watch(2, [told])))
    (tmp_path / "Bonn-again.json").write_bytes(msgspec.json.format(msgspec.json.encode(watch(1, [told]))))
    added = add(store, [tmp_path], Sites(pattern="{site}-*.json"), pool, clock=At(2_000_000_000.0))

    assert added == Added(log=1, watch=2, duplicate=1)
    assert ask(store, "SELECT site, device, result, stage, check_id, attempts FROM logs") == [
        ("Bonn", answer.device, answer.result, answer.stage, answer.check, len(answer.attempts))
    ]
    assert ask(store, "SELECT site, outages, observed_s, device FROM newest_watches") == [
        ("Bonn", 1, 172_800.0, "argon")
    ]
    assert ask(store, "SELECT DISTINCT layer, problem, check_id, owner, CAST(first_bad AS VARCHAR) FROM outages") == [
        ("dns", "resolver-silent", "dns.resolve", "network administrator", "2026-11-02 01:00:00")
    ]
    with engine.for_reading(store) as connection:
        tables = site(connection, "Bonn")
        assert [table.title for table in tables if table.rows] == ["Its devices' logs", "Its outages"]
        assert len(tables[-1].rows) == 1, "the outage is one, although two reports of the watch have it"


def test_a_run_with_a_log_is_in_both_tables(store: Store, pool: Pool, tmp_path: Path) -> None:
    run, device = report.load(GOOD)
    run = msgspec.structs.replace(run, observations=msgspec.structs.replace(run.observations, log=device_log()))
    made = make(run, profiles.load(device.name, device.os_version))
    (tmp_path / "run.json").write_text(FORMATS[".json"](made))
    add(store, [tmp_path / "run.json"], Sites(), pool)

    assert made.log is not msgspec.UNSET
    assert ask(store, "SELECT l.run = r.run, l.site = r.site, l.result FROM logs AS l, runs AS r") == [
        (True, True, made.log.answer.result)
    ]


# --- every kind of run


@pytest.mark.more
@pytest.mark.parametrize("source", ["samples", "of_four", "in_range", "planted_everywhere"])
def test_a_report_of_each_kind_is_in_every_table(source: str, store: Store, pool: Pool, tmp_path: Path) -> None:
    reports = {f"{number:05}.json": made for number, made in enumerate(reports_of(source))}
    for name, made in reports.items():
        document = msgspec.structs.replace(
            made, started=f"2026-01-01T00:{int(name[:5]) // 60:02}:{int(name[:5]) % 60:02}Z"
        )
        (tmp_path / name).write_text(FORMATS[".json"](document))
    added = add(store, [tmp_path], Sites(), pool)

    assert added == Added(run=len(reports)), ask(store, "SELECT kind, reason FROM files WHERE kind IS NOT NULL")
    for table, rows in {
        "checks": sum(len(made.checks) for made in reports.values()),
        "changes": sum(len(made.changes) for made in reports.values()),
        "raw": sum(made.sharing is msgspec.UNSET for made in reports.values()),
    }.items():
        assert ask(store, f"SELECT count(*) FROM {table}") == [(rows,)]


# --- earlier versions


@pytest.mark.more
def test_a_store_of_an_earlier_version_opens_and_grows(pool: Pool, tmp_path: Path) -> None:
    kept = DATA / "store-1"
    held = json.loads((kept / "expected.json").read_text())
    shutil.copytree(kept, tmp_path / "store")
    store = Store(tmp_path / "store")

    assert [list(row) for row in ask(store, "SELECT run, site, verdict FROM runs ORDER BY run")] == held["runs"]
    for (document,) in ask(store, "SELECT document FROM raw"):
        assert isinstance(document, bytes)
        assert unpacked_run(document).checks
    new = [sample for sample in SAMPLES if sample.name not in held["files"]]
    assert add(store, SAMPLES, Sites(), pool) == Added(run=len(new), duplicate=len(SAMPLES) - len(new))


@pytest.mark.more
def test_a_column_that_an_earlier_version_did_not_have_is_null(
    store: Store, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, SAMPLES[:1], Sites(), pool)
    monkeypatch.setitem(TABLES, "runs", (*TABLES["runs"], Column("altitude_m", "DOUBLE", "above the sea")))

    assert ask(store, "SELECT count(*), count(altitude_m) FROM runs") == [(1, 0)]
