"""The command line run from outside, with little memory: forked from a process that has loaded it.

Loading takes longer than most runs. A run that is given variables of Python starts Python itself.
"""

import ctypes
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

# Loaded before the fork.
import netpreflight.agent.cli
import netpreflight.agent.compare
import netpreflight.agent.kept_runs
import netpreflight.agent.privilege
import netpreflight.agent.run
import netpreflight.reports.comparison
import netpreflight.reports.debug
import netpreflight.reports.firewall
import netpreflight.reports.html
import netpreflight.reports.sharing
import netpreflight.reports.terminal.answer
import netpreflight.reports.watch.html  # noqa: F401 - as above
from netpreflight.agent import profiles
from netpreflight.agent.start import main

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).parent / "data" / "sample-report-1-air.json"
SAVED = SAMPLE.read_text()
MOST_BYTES = 200 << 20
"""The address space that no run may need: more would end in a traceback."""
MOST_BYTES_OF_TABLES = 8 << 30
"""The same for `fleet`: DuckDB reserves more addresses than it uses memory."""
DEADLINE_S = 60.0
_ARENA_MAX = -8
"""Of mallopt(3), malloc.h. By default glibc reserves 64 MiB of addresses for each thread that allocates, so that what a
run needs of them would depend on how many of its threads are awake at once."""
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
for device in profiles.load_all():  # read before the fork, too
    profiles.versions_of(device)


def run(*arguments: str | bytes, folder: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `netpreflight` with these arguments, in a folder, with these environment variables."""
    words = tuple(map(os.fsdecode, arguments))
    if any(name.startswith("PYTHON") for name in variables):
        return _from_the_start(words, folder, variables)
    with tempfile.TemporaryDirectory() as place:
        output, errors = Path(place, "output"), Path(place, "errors")
        given = (words, str(folder or Path.cwd()), str(output), str(errors), variables)
        process = FORKS.Process(target=_forked, args=given)
        process.start()
        process.join(DEADLINE_S)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, DEADLINE_S)
        return subprocess.CompletedProcess(words, process.exitcode, output.read_text(), errors.read_text())


def failing() -> str:
    """A saved run in which TCP 5683 and NTP are blocked."""
    saved = json.loads(SAVED)
    for endpoint in saved["observations"]["cloud"]["endpoints"]:
        if endpoint["transport"] == "tcp-nonce":
            endpoint["connections"] = [{"at_s": 0.0, "error": "timeout"}]
    return json.dumps(saved)


def refused(*arguments: str, says: tuple[str, ...] = ()) -> None:
    """Assert that `netpreflight` refuses these arguments in one printable line that has these words."""
    ran = run(*arguments)

    assert (ran.returncode, ran.stdout) == (2, ""), ran
    assert ran.stderr.endswith("\n")
    assert ran.stderr[:-1].isprintable(), ran
    assert len(ran.stderr) < 1000
    assert "Traceback" not in ran.stderr
    for words in says:
        assert words in ran.stderr


def _forked(arguments: tuple[str, ...], folder: str, output: str, errors: str, variables: dict[str, str]) -> None:
    for number, path in ((1, output), (2, errors)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(folder)
    os.environ.update(variables)
    assert ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
    most = MOST_BYTES_OF_TABLES if arguments[:1] == ("fleet",) else MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    sys.argv[0] = "netpreflight"
    main(list(arguments))


def _from_the_start(
    arguments: tuple[str, ...], folder: Path | None, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    limited = ["sh", "-c", f'ulimit -v {MOST_BYTES >> 10}; exec "$0" "$@"']
    return subprocess.run(
        [*limited, sys.executable, "-m", "netpreflight.agent", *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_ARENA_MAX": "1", **variables},
    )
