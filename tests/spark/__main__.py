"""Hold a Spark standalone cluster on this machine (a master, two workers) against the pool and DuckDB.

    SPARK_PYTHON=/somewhere/bin/python .venv/bin/python -m tests.spark [--runs 945]

`SPARK_PYTHON` has pyspark, pandas (2.2 or later), pyarrow, sqlglot and the packages of requirements.lock; Java 17 is
on the PATH. Row for row, the judging has to be that of the pool; hash for hash, each answer that of DuckDB. Everything
stays on the loopback interface.
"""

import argparse
import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from netpreflight.agent import profiles
from netpreflight.fleet import engine
from netpreflight.fleet.add import add
from netpreflight.fleet.pool import Pool
from netpreflight.fleet.questions import QUESTIONS
from netpreflight.fleet.rejudge import pool_for, rejudge
from netpreflight.fleet.sites import Sites
from netpreflight.fleet.store import Store
from netpreflight.probes.net.clock import Clock
from tests.unit.many_runs import write_many

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("SPARK_PYTHON", sys.executable)
DEVICES = (("argon", "6.2.0"), ("photon", "3.3.1"))
COLUMNS = "run, device, os, verdict, online, stops_at, rules, failing"
STARTED_WITHIN_S = 120
MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"


def environment() -> dict[str, str]:
    """The variables of every process of the cluster."""
    packages = str(ROOT / ".venv" / "packages")
    return os.environ | {
        "PYSPARK_PYTHON": PYTHON, "PYSPARK_DRIVER_PYTHON": PYTHON, "PYTHONPATH": packages,
        "SPARK_HOME": str(spark_home()), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "localhost",
    }  # fmt: skip


@cache
def spark_home() -> Path:
    """Where PySpark has its Java programs."""
    words = [PYTHON, "-c", "import pyspark; print(pyspark.__path__[0])"]
    return Path(subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip())


@contextlib.contextmanager
def started(log: Path, shown: str, *words: str) -> Iterator[str]:
    """A process of the cluster, once its log shows a pattern; yields what the pattern found."""
    home = spark_home()
    with log.open("w") as output:
        process = subprocess.Popen(
            [home / "bin" / "spark-class", *words], stdout=output, stderr=output, env=environment()
        )
    try:
        clock = Clock()
        last = clock.monotonic() + STARTED_WITHIN_S
        while (found := re.search(shown, log.read_text())) is None:
            if clock.monotonic() > last or process.poll() is not None:
                raise SystemExit(f"{words[0]} did not start: {log.read_text()[-2000:]}")
            clock.hold_up(0.2)
        yield found[0]
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A master and two workers; yields the master's URL."""
    shared = ("--host", "127.0.0.1")
    with (
        started(
            folder / "master.log", r"spark://127\.0\.0\.1:\d+", MASTER, *shared, "--port", "0", "--webui-port", "0"
        ) as url,
        contextlib.ExitStack() as workers,
    ):
        for number in (1, 2):
            words = (WORKER, *shared, "--cores", "1", "--memory", "1g", "--webui-port", "0", url)
            workers.enter_context(started(folder / f"worker-{number}.log", "Successfully registered", *words))
        yield url


def submit(url: str, *words: str) -> None:
    """Run one job on the cluster."""
    home = spark_home()
    subprocess.run(
        [
            home / "bin" / "spark-submit", "--master", url, "--conf", "spark.ui.enabled=false",
            "--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1",
            "--conf", f"spark.executorEnv.PYTHONPATH={ROOT / '.venv' / 'packages'}",
            ROOT / "fleet" / "spark.py", *words,
        ],
        check=True, env=environment(), stdout=sys.stderr,
    )  # fmt: skip


def rows(store: Store, sql: str) -> list[str]:
    """The rows of an answer of DuckDB, as sorted texts."""
    with engine.for_writing(store) as connection:
        return sorted(map(repr, engine.ask(connection, sql).rows))


def hashed(found: list[str]) -> str:
    """A hash of rows."""
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:16]


def same_answers(store: Store, url: str, out: Path) -> bool:
    """Whether each question has the answer of DuckDB."""
    submit(url, "--store", str(store.folder), "--out", str(out), "--ask", *sorted(QUESTIONS))
    same = True
    for question in sorted(QUESTIONS):
        with engine.for_reading(store) as connection:
            expected = sorted(map(repr, engine.ask(connection, QUESTIONS[question]).rows))
        found = rows(store, f"SELECT * FROM read_parquet('{out / question}/*.parquet')")
        same &= expected == found
        sys.stdout.write(f"{question}: {len(expected)} rows, DuckDB {hashed(expected)}, Spark {hashed(found)}\n")
    return same


def same_verdicts(store: Store, url: str, out: Path, device: str, version: str) -> bool:
    """Whether each run has the row of the pool."""
    submit(url, "--store", str(store.folder), "--out", str(out), "--device", device, "--os", version)
    profile = profiles.load(device, version)
    with pool_for(profile) as judges:
        rejudge(store, profile, judges)
    with engine.for_reading(store) as connection:
        judged = f"SELECT {COLUMNS} FROM verdicts WHERE again AND device = '{device}' AND os = '{version}'"
        expected = sorted(map(repr, engine.ask(connection, judged).rows))
        (runs,) = engine.ask(connection, "SELECT count(*) FROM raw").rows[0]
    found = rows(store, f"SELECT {COLUMNS} FROM read_parquet('{out / 'verdicts'}/*.parquet')")
    differ = len(set(expected) ^ set(found))
    sys.stdout.write(f"{device} {version}: pool {len(expected)} rows, Spark {len(found)} rows, {differ} differ\n")
    return expected == found and len(expected) == runs


def main() -> int:
    """Compare; the exit code is 0 where nothing differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=945)
    count = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as place, cluster(Path(place)) as url:
        store = Store(Path(place, "store"))
        with Pool() as pool:
            add(store, [write_many(Path(place, "runs"), count)], Sites(), pool)
        out = store.folder / "spark"  # DuckDB reads nothing outside the store's folder
        same = [same_answers(store, url, out)]
        same += [same_verdicts(store, url, out / device, device, version) for device, version in DEVICES]
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
