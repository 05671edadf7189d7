"""Files that somebody may send: runs in several forms, and what is none."""

import gzip
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from netpreflight.fleet.pool import Document, Result, read_each
from tests.unit.samples import DATA

GOOD = DATA / "sample-report-1-whole.json"
DEADLY = b"the process that reads this is killed"


def read_or_die(batch: Sequence[Document]) -> list[Result]:
    """Read documents, as the system lets a process that takes too much memory: it is killed."""
    if any(DEADLY in document.content for document in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return read_each(batch)


def write_hostile(folder: Path) -> dict[str, str]:
    """Write them into a folder; returns what each has to be found to be: run, duplicate, or why it is quarantined."""
    text = GOOD.read_text()
    good = json.loads(text)
    started = good["started"]
    crowded = {**good, "checks": good["checks"] * 100}
    hostile = {**good, "started": "2026-01-03T00:00:00Z", "site": "\x1b]0;x\x07<script>=cmd|'/c calc'!A1"}
    files: dict[str, tuple[str, str | bytes]] = {
        "a good.json": ("run", text),
        "again.json": ("duplicate", text),
        "other whitespace.json": ("duplicate", json.dumps(good)),
        "other order.json": ("duplicate", json.dumps(dict(reversed(good.items())))),
        "truncated.json": ("not-a-run", text[:5000]),
        "empty.json": ("not-a-run", ""),
        "nul.json": ("not-a-run", text.encode()[:100] + b"\0" * 100),
        "deep.json": ("not-a-run", '{"a":' * 1_000_000 + "1" + "}" * 1_000_000),
        "deep inside.json": (
            "not-a-run",
            text.replace('"observations": {', '"observations": {"x": ' + "[" * 100_000 + "]" * 100_000 + ",", 1),
        ),
        "latin1.json": ("not-a-run", text.encode().replace(b"eth0", b"caf\xe9")),
        "other schema.json": ("newer", text.replace("netpreflight-report/1", "netpreflight-report/9")),
        "no report.json": ("not-a-run", '{"hello": 1}'),
        "list.json": ("not-a-run", "[" + "1," * 100_000 + "1]"),
        "number.json": ("not-a-run", text.replace('"duration_s": ', '"duration_s": 1e999, "was_s": ', 1)),
        "date.json": ("bad-time", text.replace(started, "yesterday")),
        "year 0.json": ("bad-time", text.replace(started, "0001-01-01T00:00:00+14:00")),
        "future.json": ("future", text.replace(started, "9999-12-31T23:59:59Z")),
        "surrogate.json": ("not-a-run", text.replace('"eth0"', '"\\ud800"')),
        "gz.json": ("not-a-run", gzip.compress(text.encode())),
        "zip bomb.html": ("not-a-run", "<html>" + "x" * 100_000),
        "many checks.json": ("not-a-run", json.dumps(crowded)),
        "newer keys.json": ("duplicate", text.replace("{", '{"weather": {"rain": true},', 1)),
        "sql'; DROP TABLE runs;--.json": ("run", text.replace(started, "2026-01-02T00:00:00Z")),
        "hostile site.json": ("run", json.dumps(hostile)),
        "altered.json": ("altered", text.replace('"02:00:00:77:00:10"', '"mac-1"')),
    }
    for name, (_, content) in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with (folder / "1 GB.json").open("wb") as huge:
        huge.truncate(1 << 30)
    os.mkfifo(folder / "fifo.json")
    (folder / "link.json").symlink_to("/etc/shadow")
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "folder.json").mkdir()
    (folder / ".not finished.json").write_text(text)
    special = {
        "1 GB.json": "too-large",
        "fifo.json": "not-a-file",
        "link.json": "not-a-file",
        "loop.json": "not-a-file",
    }
    return {name: found for name, (found, _) in files.items()} | special
