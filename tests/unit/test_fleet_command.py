"""`netpreflight fleet` as it is called: what it says, and what it refuses."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from netpreflight.fleet import engine
from netpreflight.fleet.add import add
from netpreflight.fleet.csv_text import csv_lines
from netpreflight.fleet.engine import QueryError, ask_for_user
from netpreflight.fleet.pool import Pool
from netpreflight.fleet.sites import Sites
from netpreflight.fleet.store import Store
from netpreflight.fleet.tables import TABLES, names
from tests.unit.command import ROOT, refused, run
from tests.unit.partly import first
from tests.unit.samples import SAMPLES

WHOLE, PATH = (next(path for path in SAMPLES if path.stem.endswith(name)) for name in ("-whole", "-path"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sites: one works, one fails, one worked and fails now; and a file in quarantine."""
    folder = tmp_path_factory.mktemp("fleet")
    runs = folder / "runs"
    runs.mkdir()
    works, fails = json.loads(WHOLE.read_bytes()), json.loads(PATH.read_bytes())
    for name, site, moment, sample in (
        ("1", "Bonn", "2026-01-05T10:00:00Z", works),
        ("2", "Köln", "2026-01-06T10:00:00Z", fails),
        ("3", "=Ulm", "2026-02-07T10:00:00Z", {**works, "device": fails["device"]}),
        ("4", "=Ulm", "2026-03-08T10:00:00Z", fails),
        ("5", "Bonn", "2026-03-09T10:00:00Z", {**fails, "complete": False}),
    ):
        (runs / f"{name}.json").write_text(json.dumps({**sample, "site": site, "started": moment}))
    (runs / "broken.json").write_text("{")
    with Pool(1) as pool:
        add(Store(folder / "store"), [runs], Sites(), pool)
    return folder / "store"


def fleet(store: Path, *arguments: str) -> str:
    ran = run("fleet", *arguments, "--store", str(store), COLUMNS="160")
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_the_summary_counts_each_site_once_by_its_newest_complete_run(store: Path) -> None:
    told = json.loads(fleet(store, "summary", "--json"))
    schema = json.loads((ROOT / "reports" / "fleet.schema.json").read_text())

    jsonschema.validate(told, schema)
    assert (told["runs"], told["sites"], told["duplicates"], told["quarantined"], told["cut_short"]) == (5, 3, 0, 1, 1)
    assert {
        "device": "argon", "os_version": "6.2.0",
        "compatible": 1, "compatible_with_warnings": 0, "undetermined": 0, "incompatible": 2,
    } in told["verdicts"]  # fmt: skip
    shown = fleet(store, "summary")
    assert "5 runs, 3 sites." in shown
    assert "1 run cut short: not in the table." in shown
    assert "1 file in quarantine: netpreflight fleet quarantine" in shown


def test_the_change_that_helps_most_is_told_first(store: Path) -> None:
    line = next(line for line in fleet(store, "changes").splitlines() if "UDP 5684" in line)

    assert line.split()[-2:] == ["2", "2"]
    assert "firewall" in line


def test_what_fails_is_told_without_its_consequences(store: Path) -> None:
    saved = json.loads(PATH.read_bytes())
    roots = [
        check["id"]
        for check in saved["checks"]
        if (check["status"], check["level"], check["due_to"]) == ("fail", "required", None)
    ]
    shown = fleet(store, "why").partition("What is not known")[0]

    assert roots
    assert "What each means: netpreflight explain CHECK CAUSE" in shown
    assert [line.split()[0] for line in shown.splitlines() if ".transport" in line or ".egress" in line] == roots


def test_a_site_that_worked_and_fails_is_a_regression(store: Path) -> None:
    shown = fleet(store, "regressions")
    row = next(line for line in shown.splitlines() if "=Ulm" in line)

    assert "2026-02-07" in row
    assert "2026-03-08" in row
    assert row.rstrip().endswith(
        "yes" if json.loads(WHOLE.read_bytes())["tool"] != json.loads(PATH.read_bytes())["tool"] else "no"
    )
    assert "Köln" not in shown
    assert [line.split() for line in shown.splitlines() if line.strip().startswith("2026-03 ")] == [
        ["2026-03", "1", "0", "1"]
    ]


@pytest.mark.more
def test_a_site_is_told_whole(store: Path) -> None:
    shown = fleet(store, "site", "Köln")

    assert "Köln: its runs, the newest first" in shown
    assert "2026-01-06 10:00" in shown
    assert "as the run says (--site)" in " ".join(shown.split())
    assert "cloud.transport" in shown
    narrow = run("fleet", "site", "Köln", "--store", str(store), COLUMNS="80").stdout
    assert "\n  Verdict: incompatible\n" in narrow, "80 columns are too few for a table of ten"
    ran = run("fleet", "site", "Nowhere", "--store", str(store))
    assert ran.returncode == 2
    assert "no site 'Nowhere'" in ran.stderr
    listing = "SELECT DISTINCT site FROM runs"
    assert f"fleet query '{listing}' lists them" in ran.stderr
    assert "Köln" in fleet(store, "query", listing)


def test_without_a_question_one_line_says_where_they_are() -> None:
    refused("fleet", says=("Missing command", "netpreflight fleet --help"))


def test_what_is_in_quarantine_is_told_with_its_reason(store: Path) -> None:
    shown = fleet(store, "quarantine")

    assert "1 file in quarantine" in shown
    assert "broken.json" in "".join(shown.split())
    assert "not-a-run" in shown


@pytest.mark.more
def test_no_module_is_taken_from_the_folder_that_the_user_is_in(tmp_path: Path) -> None:
    script, folder = tmp_path / "bin" / "installed.py", tmp_path / "sent"
    script.parent.mkdir()
    folder.mkdir()
    script.write_text("from netpreflight.agent.start import main\nif __name__ == '__main__':\n    main()\n")
    (folder / "signal.py").write_text("open('taken', 'w').close()")
    words = ["fleet", "add", str(SAMPLES[0]), "--processes", "1", "--store", str(tmp_path / "store")]
    ran = subprocess.run([sys.executable, script, *words], cwd=folder, check=False)

    assert (ran.returncode, (folder / "taken").exists()) == (0, False)


# --- one's own questions


@pytest.mark.more
def test_each_question_has_a_document_of_one_shape(store: Path) -> None:
    schema = json.loads((ROOT / "reports" / "answer.schema.json").read_text())
    told = {}
    for words in (("changes",), ("why",), ("regressions",), ("quarantine",), ("site", "Köln"), ("query", "FROM runs")):
        document = json.loads(fleet(store, *words, "--json"))
        jsonschema.validate(document, schema)
        assert (document["question"], document["is_cut"]) == (words[0], False)
        told[words[0]] = document["tables"]

    change = next(row for row in told["changes"]["changes"] if row["key"].startswith("UDP 5684"))
    assert (change["sites"], change["alone_enough"], change["place"]) == (2, 2, "firewall")
    assert {row["status"] for row in told["why"]["why"]} >= {"fail"}
    assert [(row["site"], row["before"], row["started"]) for row in told["regressions"]["broken"]] == [
        ("=Ulm", "2026-02-07T10:00:00Z", "2026-03-08T10:00:00Z")
    ]
    assert [(Path(row["path"]).name, row["kind"]) for row in told["quarantine"]["quarantine"]] == [
        ("broken.json", "not-a-run")
    ]
    assert len(told["query"]["rows"]) == 5
    cut = json.loads(fleet(store, "query", "SELECT site AS a, 1e999 AS a FROM runs", "--json", "--rows", "2"))
    assert (cut["is_cut"], [list(row) for row in cut["tables"]["rows"]]) == (True, [["a", "a_2"]] * 2)
    assert {row["a_2"] for row in cut["tables"]["rows"]} == {None}
    assert run("fleet", "site", "Nowhere", "--json", "--store", str(store)).returncode == 2
    assert run("fleet", "query", "SELECT 1", "--json", "--csv", "--store", str(store)).returncode == 2


@pytest.mark.more
def test_a_query_is_answered(store: Path) -> None:
    assert fleet(store, "query", "--csv", "SELECT site, count(*) AS runs FROM runs GROUP BY site ORDER BY site") == (
        "site,runs\n'=Ulm,2\nBonn,2\nKöln,1\n"
    )
    assert "The first 2 rows" in fleet(store, "query", "--rows", "2", "SELECT site FROM runs")
    assert "a\\x1b[31mb" in fleet(store, "query", 'SELECT 1 AS "a\x1b[31mb"')


@pytest.mark.parametrize(
    "sql",
    first(
        4,
        [
            "COPY (SELECT 1) TO '{store}/parts/x.parquet'",
            "ATTACH '{store}/x.db'",
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT 1; SELECT 2",
            "COPY (SELECT 1) TO '/tmp/x.parquet'",
            "INSERT INTO runs VALUES (1)",
            "DROP VIEW runs",
            "SET memory_limit = '100GB'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "PRAGMA threads = 64",
            "",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM read_csv('/etc/hosts')",
            "SELECT * FROM glob('/etc/*')",
            "SELECT * FROM read_parquet('http://127.0.0.1:9/x')",
            "SELECT getenv('HOME')",
            "SELECT * FROM nothing",
        ],
    ),
)
def test_a_query_reads_the_tables_and_nothing_else(store: Path, sql: str) -> None:
    before = sorted(store.rglob("*"))
    with engine.for_reading(Store(store)) as connection, pytest.raises(QueryError) as refused:
        ask_for_user(connection, sql.replace("{store}", str(store)), 10)

    assert "\n" not in str(refused.value)
    assert sorted(store.rglob("*")) == before


def test_times_are_in_utc_wherever_the_laptop_is(store: Path) -> None:
    """ISO 8601: 10:00+05:30 is 04:30Z. Left to itself, DuckDB tells times with a zone in that of the laptop."""
    kolkata = "Asia/Kolkata"
    zone = "import duckdb; print(*duckdb.execute(\"SELECT current_setting('TimeZone')\").fetchone())"
    itself = subprocess.run(
        [sys.executable, "-c", zone], env={**os.environ, "TZ": kolkata}, capture_output=True, text=True, check=True
    )
    assert itself.stdout.strip() == kolkata

    times = "TIMESTAMPTZ '2026-01-05 10:00:00+05:30' AS zoned, TIMESTAMPTZ '2026-01-05 10:00:00' AS bare"
    words = ["fleet", "query", f"SELECT {times}, max(started) AS started FROM runs", "--store", str(store)]
    assert json.loads(run(*words, "--json", TZ=kolkata).stdout)["tables"]["rows"] == [
        {"zoned": "2026-01-05T04:30:00Z", "bare": "2026-01-05T10:00:00Z", "started": "2026-03-09T10:00:00Z"}
    ]
    assert run(*words, "--csv", TZ=kolkata).stdout.splitlines()[1].startswith("2026-01-05T04:30:00+00:00,")


def test_a_query_that_takes_too_long_is_ended(store: Path) -> None:
    endless = "SELECT count(*) FROM range(100000000) AS a, range(100000000) AS b WHERE a.range + b.range = -1"
    with engine.for_reading(Store(store)) as connection, pytest.raises(QueryError, match=r"longer than 0\.2 s"):
        ask_for_user(connection, endless, 10, 0.2)


# --- export


def test_a_cell_that_would_be_a_formula_is_none_in_the_csv(store: Path, tmp_path: Path) -> None:
    fleet(store, "export", "--csv", str(tmp_path / "out"))
    files = {file.stem: file for file in (tmp_path / "out").iterdir()}
    with files["runs"].open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))

    assert set(files) == set(TABLES) - {"raw"}
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files.values())
    assert list(rows[0]) == names("runs")
    assert sorted(row["site"] for row in rows) == ["'=Ulm", "'=Ulm", "Bonn", "Bonn", "Köln"]


def test_a_csv_does_nothing_on_a_terminal_or_in_a_spreadsheet() -> None:
    header, row = csv_lines(["a\x1bb", "c", "d"], [("\x1b]0;title\x07\u202e\n", "\t=1+1", "\uff1d1+1")])

    assert header == "a\\x1bb,c,d\r\n"
    assert row == "\\x1b]0;title\\x07\\u202e\\x0a,\\x09=1+1,'\uff1d1+1\r\n"


def test_the_parquet_files_have_every_row(store: Path, tmp_path: Path) -> None:
    fleet(store, "export", "--parquet", str(tmp_path / "out"))
    files = {file.stem: file for file in (tmp_path / "out").iterdir()}
    with engine.for_writing(Store(store), tmp_path) as connection:
        counts = {
            table: (
                engine.ask(connection, f"SELECT count(*) FROM read_parquet('{file}')").rows,
                engine.ask(connection, f"SELECT count(*) FROM ({engine.relation(Store(store), table)})").rows,
            )
            for table, file in files.items()
        }

    assert set(counts) == set(TABLES)
    assert all(exported == held for exported, held in counts.values())
    assert counts["runs"][0] == [(5,)]


# --- how it is called


def test_adding_says_what_became_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for number, sample in enumerate(SAMPLES[:2]):
        (tmp_path / "runs" / f"Bonn-{number}.json").write_bytes(sample.read_bytes())
    (tmp_path / "runs" / "notes.txt").write_text("call Ms Meier")
    store = ("--store", str(tmp_path / "store"))
    ran = run("fleet", "add", str(tmp_path / "runs"), "--names", "{site}-*.json", "--processes", "1", *store)

    assert ran.stderr == ""
    assert ran.stdout == "3 files: 2 new runs, 1 in quarantine (netpreflight fleet quarantine)\n"
    assert ran.returncode == 3
    assert fleet(tmp_path / "store", "query", "--csv", "SELECT DISTINCT site, site_from FROM runs") == (
        "site,site_from\nBonn,file-name\n"
    )


@pytest.mark.more
def test_the_launcher_offers_what_fleet_needs(tmp_path: Path) -> None:
    packages = tmp_path / ".venv/packages/netpreflight/fleet"
    python = tmp_path / ".venv/bin/python"
    for folder in (packages, python.parent):
        folder.mkdir(parents=True)
    for name in ("netpreflight", "locked.sh", "requirements.lock", "requirements-fleet.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "requirements.lock", tmp_path / ".venv/requirements.lock")
    (tmp_path / ".venv/stamp").write_text(f"{tmp_path.resolve()}\n")
    python.write_text("#!/bin/sh\necho started\n")
    python.chmod(0o755)

    def called(*arguments: str) -> tuple[str, str, int]:
        environment = {name: value for name, value in os.environ.items() if name != "NETPREFLIGHT_FLEET"}
        ran = subprocess.run(
            [tmp_path / "netpreflight", *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ran.stdout, ran.stderr, ran.returncode

    assert called("fleet", "--help") == called("check") == ("started\n", "", 0)
    out, said, code = called("fleet", "summary")
    assert (out, code) == ("", 2)
    assert "fleet needs DuckDB and sqlglot" in said
    assert "NETPREFLIGHT_FLEET=yes" in said
    (tmp_path / ".venv/lib/python3.13/site-packages/duckdb").mkdir(parents=True)
    assert called("fleet", "summary") == ("started\n", "", 0)
    (tmp_path / ".venv/fleet.lock").write_text("of another version")
    assert called("fleet", "summary")[2] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("summary", "--store", "/nonexistent/store"), "/nonexistent/store is no store yet"),
        (("add", "/nonexistent/runs"), "/nonexistent/runs: no such file or folder"),
        (("add", str(ROOT / "LICENSE"), "--names", "*.json"), "has to have {site} once"),
        (("add", str(ROOT / "LICENSE"), "--manifest", "/nonexistent.csv"), "No such file or directory"),
        (("export",), "export needs --csv FOLDER, --parquet FOLDER or --metrics FILE.prom"),
        (("query", "SELECT 1", "--store", "/proc"), "/proc is no store yet"),
    ],
)
def test_what_cannot_be_done_is_one_line(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    own = () if "--store" in arguments else ("--store", str(tmp_path))
    ran = run("fleet", *arguments, *own)

    assert (ran.stdout, ran.returncode) == ("", 2)
    assert told in ran.stderr
    assert ran.stderr.count("\n") == 1
