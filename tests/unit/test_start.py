"""The first moments of the command: what it answers at once, and Ctrl-C, which is one line at any moment."""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from netpreflight.agent import start
from tests.unit.help_texts import FOLDER, NAMES, PAGES, command_page, file_name, generated
from tests.unit.partly import partly

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests/unit/data/sample-report-1.json"
START = str(ROOT / "agent/start.py")
STOPPED = "netpreflight: stopped\n"
STARTING = f"""
import os, signal, sys
stop_at, number = int(sys.argv[1]), getattr(signal, sys.argv[2])
begun = 0
def count(event, _details):
    global begun
    if event == "import":
        begun += 1
        if begun == stop_at:
            os.kill(os.getpid(), number)
sys.argv[1:] = sys.argv[3:]
sys.addaudithook(count)
try:
    exec(compile(open({START!r}).read(), {START!r}, "exec"), {{"__name__": "__main__", "__file__": {START!r}}})
finally:
    os.write(1, f"{{begun}} imports\\n".encode())
"""
"""The command in a Python that gets a signal when it begins the import of the given number."""


def begin(stop_at: int, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    begun = [sys.executable, "-I", "-S", "-c", STARTING, str(stop_at), name, *arguments]
    return subprocess.run(begun, capture_output=True, check=False, encoding="utf-8", timeout=60)


@pytest.mark.parametrize("name", partly({NAMES[0], "check", "watch report"}, NAMES))
def test_help_is_at_hand_as_typer_writes_it(name: str) -> None:
    written = (FOLDER / f"{file_name(name)}.txt").read_text(encoding="ascii")

    again = "write it anew: .venv/bin/python -m tests.unit.help_texts"
    assert written == generated(name, start.SAME_FROM_COLUMNS) == generated(name, 200), again
    assert written.startswith(f"Usage: netpreflight {'' if name == 'netpreflight' else name}".rstrip())


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_command_says_what_its_help_says(name: str) -> None:
    page = (PAGES / f"{file_name(name)}.md").read_text(encoding="ascii")
    helped = (FOLDER / f"{file_name(name)}.txt").read_text(encoding="ascii")

    assert page == command_page(name), "write it anew: .venv/bin/python -m tests.unit.help_texts"
    own = helped.partition("Options of check")[0]  # the page of check has those
    described = own.partition("Commands:")[0].removeprefix("Usage: ")
    assert sorted(re.findall(r"(?<=^  )(?:-\w, )?--[\w-]+", described, re.MULTILINE)) == sorted(
        re.findall(r"(?<=^\* `)(?:-\w, )?--[\w-]+", page, re.MULTILINE)
    )
    said = re.sub(r"^\* `([^`]*)`:", r"\1", page, flags=re.MULTILINE).split()
    for word in described.replace(":", " ").split():
        assert any(word in theirs for theirs in said), word


def test_help_shows_the_options_of_check_as_well() -> None:
    top, check = ((FOLDER / f"{name}.txt").read_text(encoding="ascii") for name in ("netpreflight", "check"))
    _, _, shown = top.partition("\nOptions of check, the command if none is named:\n")
    _, _, options = check.partition("\nOptions:\n")

    assert "--device NAME|FILE.toml" in shown
    assert f"{shown}  -h, --help                Show this message and exit.\n" == options


def test_nothing_is_left_of_a_command_that_is_gone() -> None:
    assert (
        {file.stem for file in FOLDER.iterdir()} == {file.stem for file in PAGES.iterdir()} == {*map(file_name, NAMES)}
    )


@pytest.mark.parametrize(
    "arguments",
    partly(
        {("--version",), ("--help",), ("check", "-h"), ("compare", "--help")},
        [
            ("--version",),
            *((*(() if name == NAMES[0] else name.split()), word) for name in NAMES for word in ("-h", "--help")),
        ],
    ),
)
def test_what_is_at_hand_loads_nothing_else(arguments: tuple[str, ...]) -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", START, *arguments],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    loaded = set(re.findall(r"\| +(\S+)$", ran.stderr, re.MULTILINE))

    assert "site" in loaded
    assert not loaded & {"typer", "typing", "pathlib", "enum", "re", "asyncio", "netpreflight.agent.cli"}
    assert len(ran.stdout) > 15
    if arguments[-1] != "--version":
        assert ran.stdout == (FOLDER / f"{'-'.join(arguments[:-1]) or NAMES[0]}.txt").read_text(encoding="ascii")


def test_a_narrow_terminal_gets_a_narrow_help() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "netpreflight.agent", "--help"],
        env={**os.environ, "COLUMNS": "60"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert ran.stdout == generated("netpreflight", 60)
    assert max(map(len, ran.stdout.splitlines())) < 60


@pytest.mark.parametrize("output", ["/dev/full", None])
def test_an_answer_that_cannot_be_written_is_one_line(output: str | None) -> None:
    words = f"exec {sys.executable} -I -S {START} --version >{output or '&-'}"
    ran = subprocess.run(["sh", "-c", words], capture_output=True, check=False, encoding="utf-8")

    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert ran.stderr.startswith("netpreflight: cannot write: ")


@pytest.mark.more
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("part", range(4))
def test_ctrl_c_is_one_line_whatever_is_being_imported(part: int, name: str) -> None:
    whole = begin(0, name, "report", str(SAMPLE))
    imports = int(whole.stdout.rpartition("\n")[0].rpartition("\n")[2].split()[0])
    assert whole.returncode == 3
    assert imports > 300

    for stop_at in range(1 + part, imports, 40 if name == "SIGINT" else 160):
        ran = begin(stop_at, name, "report", str(SAMPLE))

        assert (ran.returncode, ran.stderr) == (130, STOPPED), stop_at
        assert "imports" not in ran.stdout, stop_at


def launch(arguments: list[str], path: str) -> subprocess.CompletedProcess[str]:
    """Run `./netpreflight`, where these folders have the programs."""
    return subprocess.run(
        [str(ROOT / "netpreflight"), *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def test_ctrl_c_in_the_shell_part_is_the_same_line(tmp_path: Path) -> None:
    marker = tmp_path / "asked"
    stopping = tmp_path / "cmp"
    stopping.write_text(f"#!/bin/sh\n: >'{marker}'\nkill -INT $PPID\n")
    stopping.chmod(0o755)
    healthy = launch(["--version"], os.environ["PATH"])
    ran = launch(["--version"], f"{tmp_path}:{os.environ['PATH']}")

    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert marker.exists()
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", STOPPED)


@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_a_signal_during_pythons_own_start_is_the_same_line(tmp_path: Path, name: str) -> None:
    env = shutil.which("env")
    marker, held = tmp_path / "marker", tmp_path / "env"
    signalled = f"sh -c 'kill -{name} $$; : >{marker}; exec \"$@\"' sh"
    held.write_text(f"#!/bin/sh\nhold=$1\nshift\n[ $1 != true ] || exec {env} $hold true\n"
                    f'exec {env} $hold {signalled} "$@"\n')  # fmt: skip
    held.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    ran = launch(["--version"], path)

    assert marker.exists(), "it went on to Python"
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", STOPPED)


def test_an_env_that_cannot_hold_signals_back_does_no_harm(tmp_path: Path) -> None:
    other = tmp_path / "env"
    other.write_text("#!/bin/sh\nexit 125\n")
    other.chmod(0o755)
    ran = launch(["--version"], f"{tmp_path}:{os.environ['PATH']}")

    assert (ran.returncode, ran.stderr) == (0, "")


def test_ctrl_c_that_is_not_held_back_makes_no_traceback() -> None:
    stopping = STARTING.replace("import os, signal, sys", "import posix as os, _signal as signal, sys")
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", stopping, "1", "SIGINT", "--version"],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.more
@pytest.mark.parametrize("words", [("check", "--only", "wifi", "--no-keep"), ("watch",)])
def test_no_early_moment_makes_a_traceback(words: tuple[str, ...], tmp_path: Path) -> None:
    drawn = random.Random(f"{words[0]} 19")
    for _ in range(8):
        at_s = drawn.uniform(0, 0.1)
        process = subprocess.Popen(
            [str(ROOT / "netpreflight"), *words, "--interface", "none0"],
            env={**os.environ, "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(at_s)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)

        # It ended by the signal, in the shell or in Python; or it had ended before, as there is no such interface.
        assert (process.returncode, errors) in {(130, STOPPED), (-signal.SIGINT, "")} or process.returncode == 2, at_s
        assert ("Traceback" in errors, output) == (False, ""), at_s


IGNORED = 'trap \'\' INT; exec "$0" "$@"'


@pytest.mark.more
def test_a_signal_that_is_ignored_from_outside_stays_ignored() -> None:
    argv = [sys.executable, "-I", "-S", "-c", STARTING, "50", "SIGINT", "report", str(SAMPLE)]
    ran = subprocess.run(["sh", "-c", IGNORED, *argv], capture_output=True, check=False, encoding="utf-8")

    assert (ran.returncode, ran.stderr) == (3, "")


@pytest.mark.more
def test_a_half_written_file_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    program = f"""
import os, signal
def interrupted(handle):
    print(len(os.listdir({str(tmp_path)!r})), "file", flush=True)
    os.kill(os.getpid(), signal.SIGINT)
os.fsync = interrupted
from netpreflight.agent.start import main
main(["report", {str(SAMPLE)!r}, "-o", {str(file)!r}])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, encoding="utf-8")

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "1 file\n", STOPPED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("owner", ["us", "another user"])
def test_compiled_modules_are_written_by_the_owner_only(tmp_path: Path, owner: str) -> None:
    program = f"""
import os, sys
if {owner!r} != "us":
    os.geteuid = lambda: 12345
sys.argv[1:] = ["--version"]
try:
    exec(compile(open({START!r}).read(), {START!r}, "exec"), {{"__name__": "__main__", "__file__": {START!r}}})
finally:
    print(sys.dont_write_bytecode)
"""
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=True, encoding="utf-8")

    assert ran.stdout.split()[-1] == str(owner != "us")
