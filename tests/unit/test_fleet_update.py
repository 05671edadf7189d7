"""What a version would change at each site: by the site's newest run, after what the run itself says."""

from pathlib import Path
from typing import Any

import pytest

from netpreflight.agent import profiles
from netpreflight.agent.report import RULES
from netpreflight.fleet import engine
from netpreflight.fleet.store import Store
from netpreflight.fleet.update import FleetUpdate, outcome, tables, update

ARGON = profiles.load("argon", "6.2.0")
WORKS, FAILS, OPEN = "compatible", "incompatible", "undetermined"


class Made:
    """A store that is made of rows."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self._rows: dict[str, list[dict[str, Any]]] = {"runs": [], "verdicts": []}

    def run(self, key: str, site: str | None, before: str, now: str | None, **changed: Any) -> None:
        """A run, as it says of itself, and as it was judged again."""
        row = {"run": key, "site": site, "site_from": "label", "started": "2026-01-02T03:04:05", "sharing": "complete",
               "judgeable": True, "complete": True, "rules": RULES, "device": "argon", "os": "5.8.2",
               "verdict": before, **changed}  # fmt: skip
        self._rows["runs"].append(row)
        said = {"run": key, "device": "argon", "os": "5.8.2", "verdict": before, "rules": row["rules"]}
        self._rows["verdicts"].append(said)
        if now is not None:
            again = {"again": True, "os": "6.2.0", "rules": RULES, "verdict": now, "failing": "portal:site owner"}
            self._rows["verdicts"].append(said | again)

    def update(self) -> FleetUpdate:
        """What the version would change."""
        with self.store.writing() as writer, engine.for_writing(self.store) as connection:
            for table, rows in self._rows.items():
                writer.add(table, rows)
            writer.commit(connection)
        with engine.for_reading(self.store) as connection:
            return update(connection, ARGON)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "store")


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (WORKS, FAILS, "breaks"),
        ("compatible-with-warnings", FAILS, "breaks"),
        (FAILS, "compatible-with-warnings", "fixed"),
        (WORKS, OPEN, "unknown"),
        (FAILS, OPEN, "unknown"),
        (OPEN, OPEN, "unknown"),
        (None, OPEN, "unknown"),
        (None, FAILS, "was-unknown"),
        (OPEN, WORKS, "was-unknown"),
        (WORKS, "compatible-with-warnings", "works"),
        (FAILS, FAILS, "fails"),
    ],
)
def test_what_a_verdict_comes_to(before: str | None, now: str, found: str) -> None:
    assert outcome(before, now) == found


def test_a_site_is_what_its_newest_complete_run_says(made: Made) -> None:
    made.run("a1", "A", FAILS, FAILS)
    made.run("a2", "A", WORKS, FAILS, started="2026-02-01T00:00:00")
    made.run("a3", "A", FAILS, WORKS, started="2026-03-01T00:00:00", complete=False)
    made.run("b1", "B", FAILS, WORKS)

    found = made.update()
    assert [(row.site, row.os_before, row.before, row.verdict, row.outcome) for row in found.sites] == [
        ("A", "5.8.2", WORKS, FAILS, "breaks"),
        ("B", "5.8.2", FAILS, WORKS, "fixed"),
    ]
    assert (found.device, found.os_version, found.rules, found.runs) == ("argon", "6.2.0", RULES, 4)


def test_a_run_for_this_device_counts_before_a_newer_one_for_another(made: Made) -> None:
    made.run("a1", "A", WORKS, FAILS)
    made.run("a2", "A", FAILS, OPEN, started="2026-02-01T00:00:00", device="photon", os="3.3.1")
    made.run("b1", "B", FAILS, WORKS, device="photon", os="3.3.1", verdict=WORKS)

    assert [(row.site, row.os_before, row.before, row.outcome) for row in made.update().sites] == [
        ("A", "5.8.2", WORKS, "breaks"),
        ("B", "5.8.2", FAILS, "fixed"),
    ]


def test_what_is_not_judged_is_told(made: Made) -> None:
    made.run("a1", "A", WORKS, WORKS)
    made.run("p1", None, WORKS, None, sharing="public", judgeable=False)
    made.run("t1", "T", WORKS, None, sharing="ticket", judgeable=False)
    made.run("n1", None, WORKS, FAILS)
    made.run("o1", "O", WORKS, FAILS, rules="5")

    found = made.update()
    assert (found.public, found.not_judgeable, found.without_site) == (1, 1, 1)
    assert [(row.site, row.other_rules) for row in found.sites] == [("A", False), ("O", True)]
    told = " ".join(tables(found)[0].notes)
    assert "1 public run not judged again" in told
    assert "1 ticket not judged again" in told
    assert "1 run of no known site" in told
    assert "1 site judged before by other rules" in told
    assert "not measured then" in told


def test_the_tables_count_each_outcome_and_name_what_breaks_and_what_fails(made: Made) -> None:
    for number in range(25):
        made.run(f"b{number:02}", f"Shop {number:02}", WORKS, FAILS)
    made.run("w", "Works", WORKS, WORKS)
    made.run("f", "Fails", FAILS, FAILS)

    counts, breaks, fails = tables(made.update())
    assert [row[0] for row in counts.rows] == ["25", "0", "0", "0", "1", "1"]
    assert fails.rows == [["Fails", "5.8.2", FAILS, "portal:site owner"]]
    assert breaks.rows[0] == ["Shop 00", "5.8.2", WORKS, "portal:site owner"]
    assert (len(breaks.rows), breaks.notes) == (20, ["And 5 more: --json has all."])


def test_a_newer_version_than_the_newest_known_is_told_as_what_stands_for_it(tmp_path: Path) -> None:
    store = Made(tmp_path / "store")
    store.run("a1", "A", WORKS, WORKS)
    store.update()
    with engine.for_reading(store.store) as connection:
        found = update(connection, profiles.load("argon", "99.0.0"))

    assert found.asked_os == "99.0.0"
    assert any("stands for 99.0.0" in note for note in tables(found)[0].notes)
