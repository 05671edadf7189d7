"""Ctrl-C ends a run at any moment: it is acknowledged, leaves no half file, and what was measured is reported."""

import asyncio
import contextlib
import gc
import json
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from netpreflight.systems import programs
from tests.unit.partly import partly
from tests.unit.stopping import MOMENTS, REPORTED, UNTIL_STOPPED, started, stopped


@pytest.mark.more
@pytest.mark.parametrize("moment", partly({"judging during the run", "writing"}, MOMENTS.keys()))
def test_a_run_is_stopped_at_any_moment(moment: str, tmp_path: Path) -> None:
    end = stopped(MOMENTS[moment], tmp_path)

    assert end.exit_code == 130
    assert "netpreflight: stop" in end.errors
    assert "Traceback" not in end.errors
    if moment in REPORTED:
        report = json.loads(end.output)
        assert report["complete"] is False
        assert "cut short" in " ".join(report["notes"])
        assert end.left == ["report.html"]
    else:
        assert end.errors.endswith("netpreflight: stopped\n")
        assert end.output == ""
        assert end.left == []


NO_THREAD_MORE = """
import threading
really_start = threading.Thread.start
def start(thread):
    if thread.name == "end soon":
        print("REFUSED", file=sys.stderr, flush=True)
        raise RuntimeError("can't start new thread")
    really_start(thread)
threading.Thread.start = start
"""


@pytest.mark.more
def test_a_stopped_run_is_reported_where_no_thread_can_be_started(tmp_path: Path) -> None:
    end = stopped(UNTIL_STOPPED + NO_THREAD_MORE, tmp_path)

    assert end.errors.count("REFUSED") == 1
    assert "Traceback" not in end.errors
    assert (end.exit_code, end.left) == (130, ["report.html"])
    assert json.loads(end.output)["complete"] is False


@pytest.mark.more
def test_what_is_given_back_first_is_named(tmp_path: Path) -> None:
    owed = 'given[0]._network.restorations[:] = [lambda: "the lease of 192.0.2.7", lambda: None]'
    end = stopped(UNTIL_STOPPED.replace("    really_stop", f"    {owed}\n    really_stop", 1), tmp_path)

    assert "netpreflight: stopping, and giving the lease of 192.0.2.7 back" in end.errors


@pytest.mark.more
@pytest.mark.parametrize("moment", partly({"writing"}, ["judging during the run", "writing"]))
def test_sigterm_does_the_same(moment: str, tmp_path: Path) -> None:
    end = stopped(MOMENTS[moment], tmp_path, signal.SIGTERM)

    assert (end.exit_code, end.left) == (130, ["report.html"] if moment in REPORTED else [])
    assert "netpreflight: stop" in end.errors


@pytest.mark.more
def test_a_run_that_nobody_stops_says_nothing_of_it(tmp_path: Path) -> None:
    with started("", tmp_path) as process:
        output, errors = process.communicate(timeout=60)

    assert json.loads(output)["complete"] is True
    assert "stop" not in errors
    assert (tmp_path / "out/report.html").exists()


@pytest.mark.parametrize("steps", range(12))
def test_a_program_that_is_asked_ends_with_the_run_however_often_that_is_cancelled(
    capfd: pytest.CaptureFixture[str], steps: int
) -> None:
    async def run() -> None:
        asked = asyncio.ensure_future(programs.output_of("sleep", "60"))
        for _ in range(steps):
            await asyncio.sleep(0)
        asked.cancel()  # and once more by the loop, as it ends
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(run())
    gc.collect()

    assert capfd.readouterr() == ("", "")


def test_a_program_that_is_stopped_is_not_waited_for_by_what_it_has_started(tmp_path: Path) -> None:
    child, ended = tmp_path / "child", tmp_path / "ended"
    goes_on = f"import time; time.sleep(20); open('{ended}', 'w')"
    script = f'{sys.executable} -c "{goes_on}" & echo $! >{child}.new; mv {child}.new {child}; wait'

    async def run() -> None:
        asked = asyncio.ensure_future(programs.output_of("sh", "-c", script))
        while not asked.done() and not child.exists():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
        asked.cancel()
        await asyncio.wait([asked])

    asyncio.run(run())

    assert not ended.exists(), "what holds the other end of the pipe goes on"
    os.kill(int(child.read_text()), signal.SIGKILL)


PROMPT = """
import resource, signal
from netpreflight.agent.start import stop_at_once
signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # a shell has what it starts in the background ignore it
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
stop_at_once()
from netpreflight.systems import SYSTEM
print("typed", SYSTEM.ask_hidden("Passphrase: "))
"""


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, b"netpreflight: stopped"),
        (signal.SIGTERM, 130, b"netpreflight: stopped"),
        (signal.SIGQUIT, -signal.SIGQUIT, b""),
        (None, 0, b"typed word"),
    ],
)
def test_a_prompt_that_shows_nothing_leaves_the_terminal_as_it_was(number: int | None, code: int, said: bytes) -> None:
    near, far = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROMPT], stdin=far, stdout=far, stderr=far, start_new_session=True
    )
    written = b""
    while b"Passphrase: " not in written:
        written += os.read(near, 1024)
    assert not termios.tcgetattr(far)[3] & termios.ECHO, "what is typed is not shown"
    if number is None:
        os.write(near, b"word\n")
    else:
        process.send_signal(number)

    assert process.wait(60) == code
    assert termios.tcgetattr(far)[3] & termios.ECHO
    os.close(far)
    with contextlib.suppress(OSError):  # EIO: nobody has the other end any more
        while more := os.read(near, 1024):
            written += more
    os.close(near)
    assert said in written
    assert b"Traceback" not in written
