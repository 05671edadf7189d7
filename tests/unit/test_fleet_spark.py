"""The job for a user's own Spark cluster, as far as it runs without one; `python -m tests.spark` runs it on one."""

import base64
import datetime as dt
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import sqlglot

from netpreflight.agent import profiles
from netpreflight.fleet.document import take
from netpreflight.fleet.judging_again import judge_again
from netpreflight.fleet.questions import QUESTIONS, VIEWS
from netpreflight.fleet.spark import COLUMNS, SCHEMA, in_spark, judge_batches
from netpreflight.fleet.tables import names
from netpreflight.fleet.taken import Source
from tests.unit.samples import SAMPLES


@pytest.mark.parametrize("name", [*VIEWS, *QUESTIONS])
def test_each_question_is_one_statement_of_spark(name: str) -> None:
    spark = in_spark((VIEWS | QUESTIONS)[name])

    (statement,) = sqlglot.parse(spark, read="spark")
    assert isinstance(statement, sqlglot.exp.Query)


def test_its_columns_are_those_of_the_table() -> None:
    assert [column.split()[0] for column in SCHEMA.split(", ")] == list(COLUMNS)
    assert set(COLUMNS) | {"judged", "again"} == set(names("verdicts"))


class Batch:
    """As much of Arrow's batch as the job uses."""

    def __init__(self, columns: list[list[Any]]) -> None:
        self._columns = columns

    def column(self, number: int) -> Any:
        """One of its columns."""
        return SimpleNamespace(to_pylist=lambda: self._columns[number])


def raw_of_a_sample() -> bytes:
    """A run as the table `raw` holds it."""
    received = dt.datetime(2027, 1, 1)  # noqa: DTZ001 - the tables are in UTC, without a zone
    (row,) = take(SAMPLES[0].read_bytes(), Source("sample", received)).rows["raw"]
    return base64.b64decode(row["document"])


def test_a_batch_is_judged_as_the_pool_judges_and_what_is_no_run_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = SimpleNamespace(
        string=lambda: "string",
        bool_=lambda: "boolean",
        array=lambda values, kind: (kind, list(values)),
        RecordBatch=SimpleNamespace(from_arrays=lambda arrays, columns: dict(zip(columns, arrays, strict=True))),
    )
    monkeypatch.setitem(sys.modules, "pyarrow", arrow)
    document = raw_of_a_sample()
    made, empty = judge_batches(
        [Batch([["one", "broken"], [document, b"no run"]]), Batch([["broken"], [b""]])], "argon", "6.2.0"
    )

    again = judge_again(document, profiles.load("argon", "6.2.0"))
    assert {name: values for name, (_, values) in made.items()} == {
        "run": ["one"], **{name: [value] for name, value in again._asdict().items()},
    }  # fmt: skip
    assert {name: kind for name, (kind, _) in made.items() if kind != "string"} == {"online": "boolean"}
    assert {name: values for name, (_, values) in empty.items()} == {name: [] for name in COLUMNS}
