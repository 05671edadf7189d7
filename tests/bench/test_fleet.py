"""Many runs: what adding costs for each, that memory stays flat, and how soon the questions are answered.

`NETPREFLIGHT_RUNS=100000 .venv/bin/pytest -s -n 0 tests/bench/test_fleet.py` adds so many instead of a thousand, and
judges so many again.
"""

import base64
import json
import os
import random
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from netpreflight.fleet import engine
from netpreflight.fleet.add import add
from netpreflight.fleet.pool import Pool
from netpreflight.fleet.sites import Sites
from netpreflight.fleet.store import Store, quoted
from netpreflight.fleet.tables import TABLES, names
from tests.bench.conftest import Say
from tests.bench.measured import Used, measured
from tests.unit.fleet_files import write_hostile
from tests.unit.many_runs import write_many
from tests.unit.samples import SAMPLES

pytestmark = pytest.mark.bench

RUNS = int(os.environ.get("NETPREFLIGHT_RUNS", "1000"))
MOST_CPU_S_EACH = 90 / 20_000
MOST_CPU_S_EACH_AGAIN = 45 / 20_000
MOST_START_CPU_S = 5.0
"""For the processes themselves, whatever they read."""
MOST_BYTES = 200 << 20
QUESTIONS = ("summary", "changes", "why", "regressions", "site", "quarantine")


def fleet(folder: Path, *arguments: str) -> Used:
    """Run a command on the store of a folder, and measure it."""
    return measured(folder, "fleet", *arguments, "--store", str(folder / "store"))


def test_adding_costs_little_for_each_run_and_memory_stays_flat(tmp_path: Path, say: Say) -> None:
    write_many(tmp_path / "runs", RUNS)
    used = fleet(tmp_path, "add", str(tmp_path / "runs"))
    again = fleet(tmp_path, "add", str(tmp_path / "runs"))
    say(
        f"{RUNS} runs: added in {used.cpu_s:.1f} CPU-s, {1000 * used.cpu_s / RUNS:.1f} ms each, "
        f"{used.most_bytes >> 20} MB at most; again {again.cpu_s:.1f} CPU-s"
    )

    assert used.said == f"{RUNS} files: {RUNS} new runs\n"
    assert again.said == f"{RUNS} files: 0 new runs, {RUNS} added before\n"
    assert used.cpu_s <= MOST_START_CPU_S + MOST_CPU_S_EACH * RUNS
    assert max(used.most_bytes, again.most_bytes) <= MOST_BYTES


def test_hostile_files_fill_no_memory(tmp_path: Path, say: Say) -> None:
    (tmp_path / "hostile").mkdir()
    write_hostile(tmp_path / "hostile")
    used = fleet(tmp_path, "add", str(tmp_path / "hostile"))
    say(f"hostile files: {used.cpu_s:.1f} CPU-s, {used.most_bytes >> 20} MB at most")

    assert used.most_bytes <= MOST_BYTES


def multiply(store: Store, times: int) -> None:
    """Have each run of a store as often as that, at other sites: parts are written as the store's own file says."""
    listed = json.loads((store.folder / "store.json").read_text())
    (first,) = listed["parts"]
    for number in range(1, times):
        changed = {name: f"{name} || '-{number}'" for name in ("run", "site", "path", "content")}
        part = store.folder / "parts" / f"{number + 1:06}-00000000"
        part.mkdir(mode=0o700)
        with engine.for_writing(store) as connection:
            for table in TABLES:
                if (file := store.folder / "parts" / first / f"{table}.parquet").exists():
                    columns = ", ".join(f"{changed.get(name, name)} AS {name}" for name in names(table))
                    select = f"SELECT {columns} FROM read_parquet({quoted(file)})"
                    connection.execute(f"COPY ({select}) TO {quoted(part / file.name)} (FORMAT parquet)")
        listed["parts"].append(part.name)
    (store.folder / "store.json").write_text(json.dumps(listed))


@pytest.mark.parametrize("runs", [20_000])
def test_the_questions_are_answered_soon(runs: int, tmp_path: Path, say: Say) -> None:
    write_many(tmp_path / "runs", 1000)
    store = Store(tmp_path / "store")
    with Pool(2) as pool:
        add(store, [tmp_path / "runs"], Sites(), pool)
    multiply(store, runs // 1000)
    with engine.for_reading(store) as connection:
        ((site, count),) = engine.ask(connection, "SELECT min(site), count(DISTINCT run) FROM runs").rows
    took = {name: fleet(tmp_path, name, *([site] if name == "site" else [])) for name in QUESTIONS}
    say(
        f"{count} runs: "
        + ", ".join(f"{name} {used.cpu_s:.2f}" for name, used in took.items())
        + f" CPU-s; {max(used.most_bytes for used in took.values()) >> 20} MB at most"
    )

    assert count == runs
    assert all(used.cpu_s <= 2.0 for used in took.values())
    assert all(used.most_bytes <= MOST_BYTES for used in took.values())


def test_judging_again_costs_little_for_each_run_and_memory_stays_flat(tmp_path: Path, say: Say) -> None:
    write_many(tmp_path / "runs", 1000)
    store = Store(tmp_path / "store")
    with Pool(2) as pool:
        add(store, [tmp_path / "runs"], Sites(), pool)
    multiply(store, RUNS // 1000)
    used = fleet(tmp_path, "rejudge", "--device", "argon", "--os", "6.2.0")
    with engine.for_reading(store) as connection:
        ((judged, once),) = engine.ask(
            connection, "SELECT count(*), count(DISTINCT run) FROM verdicts WHERE again"
        ).rows
    say(
        f"{RUNS} runs: judged again in {used.cpu_s:.1f} CPU-s, {1000 * used.cpu_s / RUNS:.1f} ms each, "
        f"{used.most_bytes >> 20} MB at most"
    )

    assert (judged, once) == (RUNS, RUNS)
    assert used.cpu_s <= MOST_START_CPU_S + MOST_CPU_S_EACH_AGAIN * RUNS
    assert used.most_bytes <= MOST_BYTES


def crowded(store: Store) -> Iterator[dict[str, str]]:
    """Rows of `raw` as large as those of a crowded place (11 kB), none like another."""
    with engine.for_reading(store) as connection:
        packed = [document for (document,) in engine.ask(connection, "SELECT document FROM raw").rows]
    told = [json.loads(zlib.decompress(document)) for document in packed]
    pick = random.Random(1)
    number = 0
    while True:
        number += 1
        document = {**told[number % len(told)], "noise": pick.randbytes(8000).hex()}
        packed_again = zlib.compress(json.dumps(document).encode())
        yield {"run": f"{number:032}", "document": base64.b64encode(packed_again).decode()}


def test_large_parts_are_merged_and_judged_again_in_little_memory(tmp_path: Path, say: Say) -> None:
    store = Store(tmp_path / "store")
    with Pool(1) as pool:
        add(store, SAMPLES[1:], Sites(), pool)
    rows = crowded(store)
    with store.writing() as writer, engine.for_writing(store) as connection:
        for _ in range(32):
            writer.add("raw", islice(rows, 125))
            writer.commit(connection)
    merged = fleet(tmp_path, "add", str(SAMPLES[0]))
    (part,) = {file.parent for file in store.files("raw")}
    size = sum(file.stat().st_size for file in part.iterdir())
    used = fleet(tmp_path, "rejudge", "--device", "argon", "--os", "6.2.0")
    say(
        f"a part of {size >> 20} MB: merged with {merged.most_bytes >> 20} MB at most, "
        f"judged again with {used.most_bytes >> 20} MB"
    )

    assert size >= 40 << 20
    assert max(merged.most_bytes, used.most_bytes) <= MOST_BYTES
