"""Judging a store again: as the report judges, once for each run, whoever is killed in between."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netpreflight.agent import profiles, report
from netpreflight.agent.report.saved import decoded
from netpreflight.fleet import engine
from netpreflight.fleet.add import add
from netpreflight.fleet.document import unpacked_run
from netpreflight.fleet.judging_again import failing, rules_of
from netpreflight.fleet.pool import Document, Pool, Result
from netpreflight.fleet.rejudge import Rejudged, judge_each, rejudge
from netpreflight.fleet.sites import Sites
from netpreflight.fleet.store import Store
from netpreflight.probes.net.clock import Clock
from netpreflight.reports import FORMATS
from netpreflight.reports.sharing import shared
from tests.unit.command import ROOT, refused, run
from tests.unit.judging_here import Here
from tests.unit.many_runs import write_many
from tests.unit.partly import first, partly
from tests.unit.samples import SAMPLES

ARGON = profiles.load("argon", "6.2.0")


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with the samples, which no test changes."""
    store = Store(tmp_path_factory.mktemp("samples") / "store")
    with Pool(1) as pool:
        add(store, SAMPLES, Sites(), pool)
    return store


@pytest.fixture
def store(added: Store, tmp_path: Path) -> Store:
    """The same, to be changed."""
    copy = tmp_path / "store"
    for file in added.folder.rglob("*"):
        if file.is_file():
            target = copy / file.relative_to(added.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return Store(copy)


def ask(store: Store, sql: str) -> list[tuple[Any, ...]]:
    with engine.for_reading(store) as connection:
        return engine.ask(connection, sql).rows


def again(store: Store, profile: profiles.Profile = ARGON) -> Rejudged:
    return rejudge(store, profile, Here(profile))


@pytest.mark.parametrize(("device", "version"), first(1, [("argon", "6.2.0"), ("photon", "2.3.1"), ("generic", None)]))
def test_each_run_is_judged_as_its_report_is(store: Store, device: str, version: str | None) -> None:
    profile = profiles.load(device, version)
    assert again(store, profile) == Rejudged(judged=len(SAMPLES))

    expected = []
    for key, document in ask(store, "SELECT run, document FROM raw"):
        made = report.make(unpacked_run(bytes(document)).run, profile)
        start = made.startup
        expected.append((key, made.verdict, start.online, start.stops_at, report.RULES, failing(made.checks)))
    found = ask(store, "SELECT run, verdict, online, stops_at, rules, failing FROM verdicts WHERE again")
    assert sorted(map(str, found)) == sorted(map(str, expected))
    assert {row[:2] for row in ask(store, "SELECT device, os FROM verdicts WHERE again")} == {(device, version)}


def test_a_ticket_is_judged_as_the_complete_run_is_and_a_public_report_is_not(tmp_path: Path) -> None:
    kinds: dict[str, list[str]] = {"complete": [], "ticket": [], "public": []}
    for sample in SAMPLES[:3]:
        saved = decoded(sample.read_bytes())
        profile = profiles.load(saved.device.name, saved.device.os_version)
        made = report.make(saved.run, profile)
        for level in kinds:
            file = tmp_path / f"{level} {sample.name}"
            file.write_text(FORMATS[".json"](shared(made, level, profile)))  # type: ignore[arg-type]  # its own levels
    store = Store(tmp_path / "store")
    with Pool(1) as pool:
        add(store, [tmp_path], Sites(), pool)

    assert again(store) == Rejudged(judged=6)
    for sample in SAMPLES[:3]:
        told = ask(
            store,
            "SELECT r.sharing, v.verdict, v.failing FROM runs AS r JOIN verdicts AS v USING (run) "
            f"WHERE v.again AND r.file LIKE '%{sample.name}' ORDER BY r.sharing",
        )
        assert [row[0] for row in told] == ["complete", "ticket"]
        assert told[0][1:] == told[1][1:]


def test_judging_twice_adds_nothing_and_replaces_nothing(store: Store) -> None:
    as_said = sorted(map(str, ask(store, "SELECT * FROM verdicts")))
    again(store)
    files = {str(file): file.read_bytes() for file in store.folder.rglob("*.parquet")}

    assert again(store) == Rejudged(before=len(SAMPLES))
    assert {str(file): file.read_bytes() for file in store.folder.rglob("*.parquet")} == files
    assert sorted(map(str, ask(store, "SELECT * FROM verdicts WHERE again IS NULL"))) == as_said
    assert again(store, profiles.load("argon", "5.8.2")) == Rejudged(judged=len(SAMPLES))
    assert ask(store, "SELECT os, count(*) FROM verdicts WHERE again GROUP BY os ORDER BY os") == [
        ("5.8.2", len(SAMPLES)),
        ("6.2.0", len(SAMPLES)),
    ]


def test_other_rules_and_a_changed_file_of_a_company_judge_again(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    found = []
    for title in ("Our product", "Our product", "Our other product"):
        file.write_text(f'based_on = "argon"\ntitle = "{title}"\n')
        found.append(again(store, profiles.load(str(file))))

    assert found == [Rejudged(judged=len(SAMPLES)), Rejudged(before=len(SAMPLES)), Rejudged(judged=len(SAMPLES))]
    assert len({rules_of(profiles.load(name)) for name in profiles.names()}) == 1
    assert rules_of(profiles.load(str(file))).startswith(f"{report.RULES}+")


def test_what_is_no_run_is_told_and_tried_again(store: Store) -> None:
    with store.writing() as writer, engine.for_writing(store) as connection:
        writer.add("raw", [{"run": "broken", "document": "AAAA"}])
        writer.commit(connection)

    assert again(store) == Rejudged(judged=len(SAMPLES), failed=1)
    assert again(store) == Rejudged(before=len(SAMPLES), failed=1)


# --- killed


def judge_or_die(batch: Sequence[Document]) -> list[Result]:
    """Judge runs, as the system lets a process that takes too much memory: it is killed."""
    if any(document.content == b"\0\0\0" for document in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return judge_each(batch, ARGON)


@pytest.mark.more
def test_a_run_that_kills_its_judge_takes_no_other_with_it(store: Store) -> None:
    with store.writing() as writer, engine.for_writing(store) as connection:
        writer.add("raw", [{"run": "deadly", "document": "AAAA"}])
        writer.commit(connection)
    with Pool(1, judge_or_die) as pool:
        found = rejudge(store, ARGON, pool)

    assert found == Rejudged(judged=len(SAMPLES), failed=1)


REJUDGE = """
import signal, sys
from pathlib import Path
from netpreflight.agent import profiles
from netpreflight.fleet import rejudge as rejudging
from netpreflight.fleet.store import Store
from tests.unit.judging_here import Here

def tell(done):
    print(done.judged, flush=True)
    if done.judged >= int(sys.argv[2]):
        signal.pause()

rejudging.BATCH_RUNS, rejudging.COMMIT_RUNS = 4, 12
profile = profiles.load("argon", "6.2.0")
rejudging.rejudge(Store(Path(sys.argv[1])), profile, Here(profile), on_progress=tell)
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 60 runs, which no test changes."""
    folder = tmp_path_factory.mktemp("many")
    with Pool(1) as pool:
        add(Store(folder / "store"), [write_many(folder / "runs", 60)], Sites(), pool)
    return folder / "store"


def started(store: Store, most: int = sys.maxsize) -> "subprocess.Popen[str]":
    """A process of its own that judges a store again, tells how many runs it judged, and waits at `most`."""
    return subprocess.Popen(
        [sys.executable, "-c", REJUDGE, store.folder, str(most)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def copied(store: Path, to: Path) -> Store:
    subprocess.run(["cp", "-r", store, to], check=True)
    return Store(to)


@pytest.mark.more
@pytest.mark.parametrize("seed", partly({0}, range(int(os.environ.get("NETPREFLIGHT_KILLS", "3")))))
def test_a_judging_that_is_killed_loses_and_doubles_nothing(many: Path, tmp_path: Path, seed: int) -> None:
    store, count = copied(many, tmp_path / "store"), 60
    moment = random.Random(seed)
    at, later_s = moment.randrange(4, count - 8), moment.random() * 0.01
    with started(store, count - 4) as process:
        assert process.stdout is not None
        judged = next(number for line in process.stdout if (number := int(line)) >= at)
        Clock().hold_up(later_s)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        assert process.returncode == -signal.SIGKILL, "it was alive"
        judged = max([judged, *map(int, process.stdout)])
    committed = int(str(ask(store, "SELECT count(*) FROM verdicts WHERE again")[0][0]))
    assert committed < count, "it had more to do"

    assert again(store) == Rejudged(judged=count - committed, before=committed)
    assert ask(store, "SELECT count(*), count(DISTINCT run) FROM verdicts WHERE again") == [(count, count)]
    assert not list((store.folder / "temporary").iterdir())


@pytest.mark.more
def test_two_judgings_at_once_judge_each_run_once(many: Path, tmp_path: Path) -> None:
    store = copied(many, tmp_path / "store")
    with started(store) as first, started(store) as second:
        told = [process.communicate(timeout=60)[0].split() for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0]
    assert sorted(lines[-1:] for lines in told) == [[], ["60"]]
    assert ask(store, "SELECT count(*), count(DISTINCT run) FROM verdicts WHERE again") == [(60, 60)]


# --- the command


def test_the_command_says_what_would_break_and_keeps_its_schema(store: Store) -> None:
    words = ("fleet", "rejudge", "--store", str(store.folder), "--device", "argon", "--os", "6.2.0", "--processes", "1")
    first, second = run(*words, "--json"), run(*words, COLUMNS="120")
    told = json.loads(first.stdout)

    jsonschema.validate(told, json.loads((ROOT / "reports" / "update.schema.json").read_text()))
    assert (told["runs"], told["judged"], told["os_version"]) == (len(SAMPLES), len(SAMPLES), "6.2.0")
    outcomes = {site["outcome"] for site in told["sites"]}
    assert first.returncode == second.returncode == (1 if "breaks" in outcomes else 3 if "unknown" in outcomes else 0)
    assert "argon 6.2.0, by rules" in second.stdout
    assert "works now, and would fail" in second.stdout


def test_a_device_that_is_none_is_wrong_usage(store: Store) -> None:
    refused("fleet", "rejudge", "--store", str(store.folder), "--device", "argonn", says=("argon",))
