"""Judges a store's runs again, or answers questions about them, on the user's own Spark cluster: for many million runs.

    spark-submit fleet/spark.py --store DIR --out DIR --device argon --os 6.2.0
    spark-submit fleet/spark.py --store DIR --out DIR --ask changes why

It judges like `netpreflight fleet rejudge`, and asks the questions of `netpreflight fleet`, which sqlglot translates
to Spark's SQL. Each worker needs netpreflight (not the extra), and PySpark, pandas and PyArrow, which netpreflight
itself never installs; the store has to be in a folder that all workers see. docs/fleet.md says when this is worth the
effort, and how it was tested.
"""

import argparse
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from netpreflight.agent import profiles
from netpreflight.fleet.judging_again import Again, judge_again
from netpreflight.fleet.questions import QUESTIONS, VIEWS
from netpreflight.fleet.store import Store
from netpreflight.fleet.tables import TABLES

COLUMNS = ("run", *Again._fields)
SCHEMA = ", ".join(f"{column} {'boolean' if column == 'online' else 'string'}" for column in COLUMNS)
_TYPES = {"VARCHAR": "string", "TIMESTAMP": "timestamp_ntz", "BLOB": "binary"}


def judge_batches(batches: Iterable[Any], device: str, os_version: str | None) -> Iterator[Any]:
    """Judge batches of (run, document) from `mapInArrow`, in each worker; runs that cannot be judged are left out.

    Args:
        batches: Arrow's `RecordBatch` objects.
        device: the device, as in `--device`.
        os_version: the version of Device OS; None: the newest.
    """
    import pyarrow as pa  # noqa: PLC0415 - only workers of a cluster have it

    profile = profiles.load(device, os_version)
    strings = pa.string()
    types = [pa.bool_() if column == "online" else strings for column in COLUMNS]
    for batch in batches:
        rows = []
        for run, document in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
            try:
                rows.append((run, *judge_again(document, profile)))
            except Exception:  # noqa: BLE001, S112 - as in the pool: whatever a run does, the others are judged
                continue
        columns = zip(*rows, strict=True) if rows else ((),) * len(COLUMNS)
        yield pa.RecordBatch.from_arrays(
            [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)], list(COLUMNS)
        )


def in_spark(sql: str) -> str:
    """Translate DuckDB's SQL to Spark's."""
    import sqlglot  # noqa: PLC0415 - of the extra

    return sqlglot.transpile(sql, read="duckdb", write="spark")[0]


def open_tables(session: Any, store: Store) -> None:
    """Create a Spark view for each table of a store, and for each view that the questions share."""
    for table, columns in TABLES.items():
        files = [str(file) for file in store.files(table)]
        schema = ", ".join(f"{column.name} {_TYPES.get(column.type, column.type)}" for column in columns)
        frame = session.read.schema(schema).parquet(*files) if files else session.createDataFrame([], schema)
        frame.createOrReplaceTempView(table)
    for name, sql in VIEWS.items():
        session.sql(in_spark(sql)).createOrReplaceTempView(name)


def rejudge(session: Any, device: str, os_version: str | None) -> Any:
    """Judge every run of the table `raw`; returns rows with the columns of the table `verdicts`."""
    from pyspark.sql import functions  # noqa: PLC0415 - as above

    judged = (
        session.table("raw")
        .select("run", "document")
        .mapInArrow(partial(judge_batches, device=device, os_version=os_version), SCHEMA)
    )
    return judged.withColumn("judged", functions.localtimestamp()).withColumn("again", functions.expr("true"))


def main() -> None:
    """Run one job."""
    from pathlib import Path  # noqa: PLC0415 - nothing else needs it

    from pyspark.sql import SparkSession  # noqa: PLC0415 - the user's own

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--store", type=Path, required=True, help="the store, in a folder that all workers see")
    parser.add_argument("--out", required=True, help="the folder for Parquet files: verdicts, or one for each question")
    parser.add_argument("--device", help="judge again for this device")
    parser.add_argument("--os", help="its version of Device OS; without it, the newest")
    parser.add_argument("--ask", choices=sorted(QUESTIONS), nargs="+", help="answer these questions instead")
    options = parser.parse_args()
    if (options.device is None) == (options.ask is None):
        parser.error("give either --device or --ask")
    session = (
        SparkSession.builder.appName("netpreflight fleet")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "200")  # a run may have megabytes
        .getOrCreate()
    )
    open_tables(session, Store(options.store))
    for question in options.ask or ():
        session.sql(in_spark(QUESTIONS[question])).write.parquet(f"{options.out}/{question}")
    if options.device is not None:
        rejudge(session, options.device, options.os).write.parquet(f"{options.out}/verdicts")
    session.stop()


if __name__ == "__main__":
    main()
