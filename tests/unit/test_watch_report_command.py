"""`netpreflight watch report`, from outside: a store or a document in, each format out, and the exit code."""

import json
import os
import sqlite3
import stat
import time
from pathlib import Path

import msgspec
import pytest

from netpreflight.agent.cli.watch import utc_offset_s
from netpreflight.agent.watch.reading import read
from netpreflight.agent.watch.store import Store
from netpreflight.agent.watch.watched import Watch
from tests.unit.command import refused, run
from tests.unit.partly import partly
from tests.unit.watches import MONDAY, asleep, outage, watch
from tests.unit.watching import PLAN, World, play


def document(folder: Path, made: Watch) -> str:
    file = folder / "watch.json"
    file.write_bytes(msgspec.json.encode(made))
    return str(file)


def store(folder: Path, **about: str) -> str:
    """The store of a good hour."""
    folder.mkdir(exist_ok=True)
    file, world = folder / "watch.db", World()
    with Store(file, PLAN, world.moment, {"interface": "eth0", **about}) as kept:
        play(world, 3600.0, put=kept.put)
        kept.stop([], world.moment)
    return str(file)


def test_a_store_is_reported(tmp_path: Path) -> None:
    file = store(tmp_path)

    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    ran = run("watch", "report", file)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("No outage in ")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_watch_that_asks_no_cloud_does_not_say_that_it_did(tmp_path: Path) -> None:
    plan, world = msgspec.structs.replace(PLAN, device="generic", transport=None, hosts=[]), World()
    with Store(tmp_path / "watch.db", plan, world.moment, {"interface": "eth0"}) as kept:
        played = play(world, 3600.0, plan, kept.put)
        kept.stop([], world.moment)

    ran = run("watch", "report", str(tmp_path / "watch.db"))

    assert (played.asked.get("cloud"), ran.returncode) == (None, 0)
    assert "It was checked every 60 s." in " ".join(ran.stdout.split())


def test_a_watch_whose_cloud_could_never_be_asked_does_not_say_that_nothing_broke(tmp_path: Path) -> None:
    world = World(unaskable=[("cloud", 0.0, 9000.0)])
    with Store(tmp_path / "watch.db", PLAN, world.moment, {"interface": "eth0"}) as kept:
        play(world, 3600.0, put=kept.put)
        kept.stop([], world.moment)

    ran = run("watch", "report", str(tmp_path / "watch.db"))
    told = json.loads(run("watch", "report", str(tmp_path / "watch.db"), "--json").stdout)

    said = "the device's cloud could never be asked (its name does not resolve)"
    assert (ran.returncode, told["result"]) == (3, "not-observed")
    assert " ".join(ran.stdout.lower().split()).count(said) == 2, "in the answer, and among what could not be seen"
    assert told["unasked"] == [{"layer": "cloud", "said": "its name does not resolve"}]


def test_the_exit_code_says_what_a_watch_comes_to(tmp_path: Path) -> None:
    blind = watch(1, (), [asleep(MONDAY, watch(1).end)])

    codes = [run("watch", "report", document(tmp_path, made)).returncode for made in (
        watch(1), watch(1, [outage(MONDAY)]), blind
    )]  # fmt: skip

    assert codes == [0, 1, 3]


def test_a_document_that_says_more_than_it_saw_is_told_anew(tmp_path: Path) -> None:
    ran = run("watch", "report", document(tmp_path, watch(1, hours=[], result="no-outage", answer="No outage.")))

    assert ran.returncode == 3
    assert ran.stdout.startswith("Nothing could be observed. In 1 d nothing behind the router ever answered.")


def test_json_is_one_document_and_files_follow_their_endings(tmp_path: Path) -> None:
    files = {ending: tmp_path / f"report{ending}" for ending in (".html", ".json", ".md", ".txt")}
    options = [word for file in files.values() for word in ("-o", str(file))]

    ran = run("watch", "report", document(tmp_path, watch(1, [outage(MONDAY)], ssid="Ours")), "--json", *options)

    said = json.loads(ran.stdout)
    assert (ran.returncode, said["schema"], said["result"]) == (1, "netpreflight-watch/1", "outages")
    assert said["outages"][0]["device"]["offline_s"] == 180.0
    assert json.loads(files[".json"].read_text()) == said
    assert files[".html"].read_text().startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(files[".json"].stat().st_mode) == 0o600
    # What has been worked out is taken as it is, so that what is made of it again is the same.
    assert run("watch", "report", str(files[".json"]), "--json").stdout == ran.stdout


def test_a_level_of_sharing_holds_for_the_screen_and_the_files(tmp_path: Path) -> None:
    file = tmp_path / "public.md"

    ran = run(
        "watch", "report", document(tmp_path, watch(1, [outage(MONDAY)], ssid="Ours")), "--redact", "-o", str(file)
    )

    assert "Ours" not in ran.stdout + file.read_text()
    assert "'net-1'" in ran.stdout


def test_another_device_can_be_asked_for(tmp_path: Path) -> None:
    ran = run("watch", "report", document(tmp_path, watch(1, [outage(MONDAY)])), "--device", "photon", "--json")

    assert "A Particle Photon would have been offline for 3 min" in ran.stdout


def test_a_companys_own_device_that_is_not_at_hand_is_not_guessed_at(tmp_path: Path) -> None:
    ran = run("watch", "report", document(tmp_path, watch(1, [outage(MONDAY)], device="ourproduct")), "--json")

    assert (ran.returncode, json.loads(ran.stdout)["outages"][0]["device"]) == (1, None)


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "text": b"outages\n",
    "a list": b"[1, 2]",
    "another document": b'{"schema": "netpreflight-report/1"}',
    "deep": b'{"outages": ' + b"[" * 100_000,
    "not UTF-8": b'{"schema": "\xff"}',
    "no time": b'{"schema": "netpreflight-watch/1", "from": "yesterday", "to": "today"}',
    "no zone": b'{"schema":"netpreflight-watch/1","from":"2026-11-02T00:00:00","to":"2026-11-02T00:00:00",'
    b'"observed_s":1,"unobserved":[],"outages":[],"device":"argon","device_label":"","step_s":1}',
}


@pytest.mark.parametrize("content", partly({"text", "deep", "no zone"}, HOSTILE))
def test_what_is_no_watch_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "forged"
    file.write_bytes(content)

    refused("watch", "report", str(file), says=("forged",))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")

    refused("watch", "report", str(tmp_path / "pipe.db"), says=("pipe.db", "not a file"))


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE a(b)")
    other.close()

    refused("watch", "report", str(file), says=("no store of a watch",))


def test_the_watch_itself_is_never_replaced(tmp_path: Path) -> None:
    file = document(tmp_path, watch(1))

    refused("watch", "report", file, "-o", file, says=("would replace the watch",))


def test_the_time_zone_is_kept(tmp_path: Path) -> None:
    assert read(Path(store(tmp_path / "a", utc_offset_s="-12600"))).utc_offset_s == -12_600
    assert read(Path(store(tmp_path / "b"))).utc_offset_s is None
    with pytest.raises(ValueError, match="damaged store"):
        read(Path(store(tmp_path / "c", utc_offset_s="1" * 20)))


def test_the_time_zone_is_that_of_the_time_of_the_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        assert [utc_offset_s(at) for at in (1_767_225_600.0, 1_782_864_000.0)] == [3600, 7200]  # January, July 2026
        assert utc_offset_s(1e15) == 0, "no zone is known for the year 31690708"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_run_and_a_watch_are_told_apart(tmp_path: Path) -> None:
    a_run = Path(__file__).parent / "data" / "sample-report-1.json"

    refused("watch", "report", str(a_run), says=("is a run, and no watch: netpreflight report FILE",))
    refused("report", store(tmp_path), says=("is a watch, and no run: netpreflight watch report FILE",))
    refused("report", document(tmp_path, watch(1)), says=("is a watch, and no run",))
