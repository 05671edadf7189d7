"""The store of a watch: what it keeps over gaps, kills and full disks, how large it gets, and whose files it reads."""

import contextlib
import datetime as dt
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from netpreflight.agent.watch import tables
from netpreflight.agent.watch.reading import read
from netpreflight.agent.watch.records import Counts, Gap, Moment, Note, Outage, Peer, Sample
from netpreflight.agent.watch.store import Store
from netpreflight.agent.watch.tables import StoreError
from netpreflight.agent.watch.watched import LAYERS, Watch
from tests.unit.partly import partly
from tests.unit.watching import BEGAN, DAY, HOUR, PLAN, World, play

START = Moment("boot-1", 1000.0, 1000.0, BEGAN)


def later(seconds: float, boot: str = "boot-1", wall: float | None = None) -> Moment:
    return Moment(boot, 1000.0 + seconds, 1000.0 + seconds, BEGAN + seconds if wall is None else wall)


def outage(number: int = 1, **changed: object) -> Outage:
    plain = Outage(
        number=number, layer="cloud", problem="no-answer", symptoms=["cloud"], last_good=1075.0, first_bad=1100.0,
        last_bad=1120.0,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changed)


def utc(moment: dt.datetime) -> float:
    """Seconds since the simulated clock began."""
    return moment.timestamp() - BEGAN


def simulated(path: Path, world: World, seconds: float, **limits: int) -> Watch:
    """What a watch of a world has kept."""
    with Store(path, PLAN, world.moment, {}, **limits) as store:
        play(world, seconds, put=store.put)
        store.stop([], world.moment)
    return read(path)


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {"interface": "eth0", "version": "1.2.3"}) as store:
        store.put(
            [Sample(1001.0, "cloud", good=True, ms=20.0), Note(1002.0, "roamed", "to another", "02:00")], later(2)
        )
        store.put([outage(first_good=1130.0)], later(130))
        store.add_traffic(Peer("udp", "device.example", "192.0.2.1", 5684), Counts(2, 276, 2, 120))
        store.stop([], later(200))
    seen = read(tmp_path / "w")

    (broke,) = seen.outages
    assert (broke.layer, broke.check, broke.owner) == ("cloud", "cloud.transport", "network administrator")
    assert broke.last_good is not None
    assert broke.first_good is not None
    assert [utc(at) for at in (broke.last_good, broke.first_bad, broke.first_good)] == [75.0, 100.0, 130.0]
    assert (broke.least_s, broke.most_s) == (20.0, 55.0)
    assert (seen.observed_s, seen.unobserved, seen.interface) == (200.0, [], "eth0")
    assert [(hour.layer, hour.good, hour.slowest_ms) for hour in seen.hours] == [("cloud", 1, 20.0)]
    assert [(note.kind, utc(note.at)) for note in seen.notes] == [("roamed", 2.0)]
    assert [(row.host, row.bytes_out, row.packets_in) for row in seen.traffic] == [("device.example", 276, 2)]
    assert (seen.device, seen.step_s, seen.version) == ("argon", 25.0, "1.2.3")


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {}) as store:
        store.put([outage()], later(1))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}

    assert {"w", "w-wal", "w.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_step_of_the_clock_inside_an_outage_leaves_its_length(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {}) as store:
        store.put([outage()], later(100))
        store.put([outage(first_good=1130.0)], later(130, wall=BEGAN + 130 - HOUR))
        store.stop([], later(140, wall=BEGAN + 140 - HOUR))
    (broke,) = read(tmp_path / "w").outages

    assert broke.first_good is not None
    assert (broke.first_good - broke.first_bad).total_seconds() == 30.0
    assert utc(broke.first_bad) == 100.0 - HOUR  # by what the clock was set to last


def test_a_watch_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {}) as store:
        store.stop([], later(100))
    with Store(tmp_path / "w", PLAN, later(500), {}) as store:
        store.put([Gap(1600.0, 1700.0, "asleep")], later(700))
        store.stop([], later(800))
    seen = read(tmp_path / "w")

    assert [(gap.why, utc(gap.begin), utc(gap.end)) for gap in seen.unobserved] == [
        ("stopped", 100.0, 500.0),
        ("asleep", 600.0, 700.0),
    ]
    assert seen.observed_s == 100 + 100 + 100


@pytest.mark.parametrize(("boot", "why"), [("boot-1", "stopped"), ("boot-2", "restarted")])
def test_what_a_kill_left_open_ends_with_the_watch_that_follows(boot: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "w"
    store = Store(path, PLAN, START, {})
    store.put([outage()], later(120))
    copied_while_it_runs(path, tmp_path / "killed")  # as a kill leaves it
    killed = tmp_path / "killed" / "w"

    assert read(killed).outages[0].ended_by == "going-on"
    with Store(killed, PLAN, Moment(boot, 9000.0, 9000.0, BEGAN + 8000), {}) as second:
        assert second.next_number == 2
    seen = read(killed)
    assert (seen.outages[0].ended_by, seen.outages[0].first_good) == (why, None)
    assert [gap.why for gap in seen.unobserved] == [why]
    store.close()


def copied_while_it_runs(path: Path, to: Path) -> None:
    to.mkdir()
    for file in path.parent.glob(path.name + "*"):
        if file.is_file() and not file.name.endswith((".lock", "-shm")):
            shutil.copy(file, to)


def test_a_clock_that_was_set_back_between_two_starts_makes_no_negative_gap(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {}) as store:
        store.stop([], later(100))
    with Store(tmp_path / "w", PLAN, Moment("boot-2", 5.0, 5.0, BEGAN - DAY), {}) as store:
        store.stop([], Moment("boot-2", 10.0, 10.0, BEGAN - DAY + 5))
    (gap,) = read(tmp_path / "w").unobserved

    assert (gap.why, (gap.end - gap.begin).total_seconds()) == ("clock-stepped", 0.0)


def test_it_is_read_while_a_watch_goes_on(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {}) as store:
        store.put([outage()], later(100))

        assert len(read(tmp_path / "w").outages) == 1
        store.put([outage(2)], later(200))
    assert len(read(tmp_path / "w").outages) == 2


def test_a_second_watch_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {}), pytest.raises(StoreError, match=rf"process {os.getpid()}\)"):
        Store(tmp_path / "w", PLAN, START, {})
    with Store(tmp_path / "w", PLAN, later(5), {}):
        pass


def test_another_device_s_store_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "w", PLAN, START, {}).close()

    with pytest.raises(StoreError, match=r"Argon: name another file with --store"):
        Store(tmp_path / "w", msgspec.structs.replace(PLAN, device="photon"), START, {})


@pytest.mark.parametrize("made", partly(["a link"], {
    "a link": lambda path: path.symlink_to("elsewhere"),
    "a folder": lambda path: path.mkdir(),
    "another file": lambda path: path.write_text("mine"),
    "a pipe": os.mkfifo,
}))  # fmt: skip
def test_nothing_else_is_written_to(made: Callable[[Path], object], tmp_path: Path) -> None:
    made(tmp_path / "w")

    with pytest.raises(StoreError):
        Store(tmp_path / "w", PLAN, START, {})
    assert not (tmp_path / "elsewhere").exists()


def test_what_the_disk_does_not_take_waits_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "w"
    with Store(path, PLAN, START, {}) as store:
        blocker = sqlite3.connect(path, isolation_level=None)
        store._file.execute("PRAGMA busy_timeout = 0")  # noqa: SLF001 - so that the test need not wait
        blocker.execute("BEGIN IMMEDIATE")
        store.put([outage()], later(100))
        store.put([Sample(1110.0, "dns", good=True, ms=1.0)], later(140))
        assert read(path).outages == []
        blocker.execute("ROLLBACK")
        blocker.close()
        store.put([], later(140 + 6))

        assert len(read(path).outages) == 1
    assert [hour.good for hour in read(path).hours] == [1]


def test_a_full_store_lets_counts_and_notes_go_before_outages(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {}, most_bytes=1_700_000) as store:  # about 700 KB and the log
        for hour in range(2000):
            at = 1000.0 + hour * HOUR
            told = [Sample(at, layer, good=True, ms=20.0) for layer in LAYERS]
            store.put([*told, outage(hour), Note(at, "roamed", "x" * 100)], later(hour * HOUR))
    seen = read(tmp_path / "w")

    assert sum(file.stat().st_size for file in tmp_path.glob("w*")) < 1_700_000
    assert seen.hours[-1].at - seen.hours[0].at < seen.end - seen.begin
    assert 0 < len(seen.notes) < 2000
    assert (len(seen.outages), seen.lost_rows) == (2000, 0)


def test_where_outages_alone_fill_it_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    with Store(tmp_path / "w", PLAN, START, {}, most_bytes=1_200_000) as store:
        for number in range(2000):
            store.put([outage(number)], later(number * HOUR))
    seen = read(tmp_path / "w")

    assert len(seen.outages) + seen.lost_rows == 2000
    assert seen.lost_rows > 0
    assert seen.outages[-1].first_bad == max(broke.first_bad for broke in seen.outages)
    Store(tmp_path / "w", PLAN, later(2001 * HOUR), {}).close()
    assert read(tmp_path / "w").lost_rows == seen.lost_rows


@pytest.mark.more
def test_days_with_faults_and_sleep_are_kept(tmp_path: Path) -> None:
    nightly = [(day * DAY + 2 * HOUR, day * DAY + 2 * HOUR + 200) for day in range(1, 3)]
    asleep = [(day * DAY + 8 * HOUR, 8 * HOUR) for day in range(1, 3)]
    seen = simulated(tmp_path / "w", World({"cloud": nightly}, asleep=asleep), 3 * DAY)

    assert len(seen.outages) == len(nightly)
    assert [gap.why for gap in seen.unobserved] == ["asleep"] * 2
    assert seen.observed_s == pytest.approx(3 * DAY - 2 * 8 * HOUR, abs=120)
    assert (tmp_path / "w").stat().st_size < 500_000


# --- anyone's file


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "given"
    with Store(path, PLAN, START, {}) as store:
        store.put([outage()], later(100))
        store.stop([], later(200))
    return path


def changed(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as file:
        file.execute(statement, values)
    file.close()


DEEP = "(" * 500 + "1" + ")" * 500
HOSTILE = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM outage; END",
    "a view": "CREATE VIEW v AS SELECT 1",
    "another table": "CREATE TABLE t (a)",
    "an index": "CREATE INDEX i ON note (at)",
    "a newer version": f"PRAGMA user_version = {tables.VERSION + 1}",
    "another program's": "PRAGMA application_id = 7",
    "no plan": "DELETE FROM about",
    "a plan that is none": "UPDATE about SET value = '[]'",
    "deep JSON": f"UPDATE about SET value = '{'[' * 100_000}'",
    "a text for a number": "UPDATE stretch SET begin = 'x'",
    "a time that is none": "UPDATE stretch SET begin = 9e999",
    "bytes for a text": "UPDATE outage SET doc = x'ff00'",
    "no such boot": "UPDATE stretch SET boot = 77",
    "no such layer": "UPDATE outage SET doc = replace(doc, 'cloud', 'cheese')",
    "a huge text": "UPDATE outage SET doc = doc || hex(zeroblob(3000000))",
    "nothing observed": "DELETE FROM stretch",
    "fewer answers than none": "INSERT INTO hour VALUES (1, 0, 'dns', -1, 0, NULL)",
    "rows lost beyond counting": f"INSERT INTO about VALUES ('lost', '{'9' * 40}')",
    "a hop beyond any TTL": "UPDATE outage SET doc = json_set(doc, '$.lost_behind', 256)",
}


@pytest.mark.parametrize("statement", partly(["a trigger", "a huge text", "fewer answers than none"], HOSTILE))
def test_a_file_that_is_no_store_of_ours_is_refused(statement: str, kept: Path) -> None:
    changed(kept, statement)

    with pytest.raises(StoreError, match="given"):
        read(kept)


def test_a_table_with_a_default_of_its_own_is_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "given"
    file = sqlite3.connect(path)
    for name, sql in tables.TABLES.items():
        file.execute(
            sql.replace("doc TEXT NOT NULL", "doc TEXT DEFAULT (hex(zeroblob(1000)))") if name == "outage" else sql
        )
    file.execute(f"PRAGMA application_id = {tables.APPLICATION}")
    file.execute(f"PRAGMA user_version = {tables.VERSION}")
    file.close()

    with pytest.raises(StoreError, match="other tables"):
        read(path)


@pytest.mark.parametrize("at", partly([1000], [0, 20, 100, 1000, 5000, 9000]))
def test_a_damaged_file_is_refused_or_read_and_never_more(at: int, kept: Path) -> None:
    content = bytearray(kept.read_bytes())
    content[at : at + 60] = b"\xff" * 60
    kept.write_bytes(content)

    with contextlib.suppress(StoreError):
        assert read(kept).schema == "netpreflight-watch/1"


@pytest.mark.parametrize("size", [0, 10, 5000])
def test_a_cut_file_is_refused(size: int, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:size])

    with pytest.raises(StoreError):
        read(kept)


def test_reading_leaves_nothing_beside_the_file(kept: Path) -> None:
    before = sorted(kept.parent.iterdir())
    mode = kept.stat().st_mtime_ns
    read(kept)

    assert (sorted(kept.parent.iterdir()), kept.stat().st_mtime_ns) == (before, mode)


def test_the_document_has_the_contract_s_names(kept: Path) -> None:
    document = json.loads(msgspec.json.encode(read(kept)))

    assert {"schema", "from", "to", "observed_s", "unobserved", "outages"} <= set(document)
    assert document["schema"] == "netpreflight-watch/1"
    assert {"last_good", "first_bad", "first_good", "layer", "check", "problem", "owner", "remedy", "evidence"} <= set(
        document["outages"][0]
    )
