"""`netpreflight explain`: the page of a check, with the words of docs/checks, readable at any width and in a pipe."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from netpreflight.agent.check_pages import (
    COMMON,
    ROUTERS,
    names,
    of_router,
    page,
    router_settings,
    sections,
    settings_of,
)
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.judging.registry import COMMON_PROBLEMS
from netpreflight.reports.check_page import print_page
from tests.unit.command import refused, run
from tests.unit.markdown_readers import STRICT, every
from tests.unit.partly import first, partly

SAMPLE_PROBLEM = ("cloud.transport", "no-nonce")


def words(text: str) -> str:
    """The letters and digits of a text, without its marks and line breaks."""
    return "".join(re.findall(r"\w+", text))


def printed(text: str, width: int) -> str:
    stream = io.StringIO()
    print_page(Console(file=stream, width=width, markup=False, emoji=False, highlight=False), text)
    return stream.getvalue()


def read_by_a_parser(markdown: str) -> str:
    """The text of a page, as a Markdown parser reads it."""
    commands = markdown.replace("[common.md](common.md)", "netpreflight explain common")
    commands = re.sub(r"\[routers\.md\]\(routers\.md#(\w+)\)", r"netpreflight explain routers \1", commands)
    tokens = every(STRICT.parse(commands))
    return "".join(token.content for token in tokens if token.type in {"text", "code_inline"})


@pytest.mark.parametrize("name", first(5, names()))
@pytest.mark.parametrize("width", partly({40}, [40, 80, 200]))
def test_every_page_is_shown_whole_and_without_marks(name: str, width: int) -> None:
    shown = printed(page(name), width)

    assert words(shown) == words(read_by_a_parser(page(name)))
    assert not re.search(r"[`#]|\*\*|\]\(", shown)
    for line in shown.splitlines():
        assert len(line) <= min(width, 100)
        assert line == line.rstrip()


@pytest.mark.more
def test_there_is_a_page_for_every_check_and_for_the_common_problems() -> None:
    assert {*names()} == {*CHECKS, COMMON, ROUTERS}
    assert names()[-2:] == [COMMON, ROUTERS]
    for name in CHECKS:
        ran = run("explain", name)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.startswith(f"{name}\n\nAsks: ")


@pytest.mark.parametrize("name", CHECKS)
def test_every_problem_of_a_check_can_be_asked_for(name: str) -> None:
    assert list(sections(name)) == list(dict.fromkeys([*CHECKS[name].problems, *COMMON_PROBLEMS]))
    for problem, section in sections(name).items():
        assert section.startswith(f"## {problem}\n\n* **Seen:** ")
        assert "common.md" not in section


@pytest.mark.parametrize(
    "name",
    [
        name if name == "portal" else pytest.param(name, marks=pytest.mark.more)
        for name, row in CHECKS.items()
        if row.stage is not None
    ],
)
@pytest.mark.parametrize("columns", [40, pytest.param(80, marks=pytest.mark.more)])
def test_a_check_ends_with_where_common_routers_keep_the_setting(name: str, columns: int) -> None:
    ran = run("explain", name, COLUMNS=str(columns))

    told = read_by_a_parser(settings_of(name))
    assert words(ran.stdout).endswith(words(told))
    assert words(told).startswith("OncommonroutersWanted")
    assert "UniFi" in told
    assert max(map(len, ran.stdout.splitlines())) <= columns


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        ("wifi.band", "other-band"),
        ("wifi.signal", "crowded"),
        ("dhcp.offer", "pool-exhausted"),
        ("path.egress", "dropped"),
    ],
)
def test_a_problem_for_which_somebody_changes_a_setting_has_the_routers(check: str, problem: str) -> None:
    ran = run("explain", check, problem)

    assert "\n\nOn common routers\n\nWanted: " in ran.stdout
    assert words(ran.stdout).endswith(words(read_by_a_parser(settings_of(check))))


@pytest.mark.parametrize(
    ("check", "problem"),
    [("wifi.band", "not-told"), ("wifi.signal", "too-weak"), ("path.egress", "silent-alike"), ("portal", "not-read")],
)
def test_another_problem_has_no_routers(check: str, problem: str) -> None:
    assert "On common routers" not in run("explain", check, problem).stdout


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize(
    ("word", "routers"),
    [
        ("eero", {"eero"}),
        ("FritzBox", {"FRITZ!Box"}),
        ("tp-link", {"TP-Link Archer", "TP-Link Deco"}),
        ("google", {"Google Nest Wifi"}),
        ("provider", {"Provider's or other box"}),
    ],
)
def test_one_router_is_shown_alone_with_all_its_settings(word: str, routers: set[str], columns: int) -> None:
    ran = run("explain", "routers", word, COLUMNS=str(columns))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert words(ran.stdout) == words(f"routers {read_by_a_parser(of_router(word))}")
    shown = re.findall(r"^  - (.+?):(?:\s|$)", ran.stdout, re.MULTILINE)
    assert {*shown} == routers
    assert len(shown) == sum(part.count(f"* **{router}:**") for part in without_sources() for router in routers)
    assert max(map(len, ran.stdout.splitlines())) <= columns


def without_sources() -> list[str]:
    return list(router_settings().values())[:-1]


@pytest.mark.parametrize("part", ["band", "sources"])
def test_one_part_of_the_page_of_routers_is_shown_alone(part: str) -> None:
    ran = run("explain", "routers", part)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert words(ran.stdout) == words(f"routers {read_by_a_parser(router_settings()[part])}")


@pytest.mark.parametrize("problem", ["no-nonce", "not-looked"])
def test_one_problem_is_shown_alone(problem: str) -> None:
    ran = run("explain", "cloud.transport", problem)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"cloud.transport\n\n{problem}\n\n  - Seen: ")
    assert ran.stdout.count("Seen:") == ran.stdout.count("Who changes what:") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("cloud.transprot",), ("'cloud.transprot'; did you mean cloud.transport?",)),
        (("transport",), ("did you mean cloud.transport?",)),
        (("nonsense",), tuple(CHECKS)),
        (("../adding",), tuple(CHECKS)),
        (("\x1b[31m",), tuple(CHECKS)),
        (("wifi.band", "other-bnd"), ("did you mean other-band",)),
        (("wifi.band", "xyz"), ("wifi.band has no problem 'xyz'", *CHECKS["wifi.band"].problems)),
        (("routers", "nokia"), ("no router or setting 'nokia'", "band", "eero", "FRITZ!Box")),
        (("routers", "!"), ("no router or setting '!'", "eero")),
        (("routers", "chanel"), ("did you mean channel?",)),
        ((), ("CHECK",)),
    ],
)  # fmt: skip
def test_an_unknown_word_is_one_line_that_suggests_or_lists(arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    refused("explain", *arguments, says=says)


@pytest.mark.more
@pytest.mark.parametrize("columns", [40, 80])
def test_a_terminal_gets_styles_and_a_pipe_plain_text(columns: int) -> None:
    argv = [sys.executable, "-m", "netpreflight.agent", "explain", *SAMPLE_PROBLEM]
    environment = {
        **{key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR"}},
        "TERM": "xterm",
        "COLUMNS": str(columns),
    }
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, stdout=theirs, env=environment) as process:
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 65536):
                said += part
        except OSError:  # Linux ends a terminal so
            pass
    os.close(ours)
    piped = subprocess.run(argv, env=environment, capture_output=True, check=True, encoding="utf-8").stdout

    assert process.returncode == 0
    terminal = said.decode().replace("\r\n", "\n")
    assert "\x1b[1m" in terminal
    assert re.sub(r"\x1b\[[0-9;]*m", "", terminal) == piped
    assert 'it logs "Could not receive nonce"' in " ".join(piped.split())
    assert max(map(len, piped.splitlines())) <= columns


@pytest.mark.parametrize("group", sorted({name.partition(".")[0] for name in CHECKS if "." in name}))
def test_a_group_lists_its_checks(group: str) -> None:
    own = [name for name in CHECKS if name.startswith(f"{group}.")]
    listed = [line for line in run("explain", group).stdout.splitlines() if line.startswith("  - ")]

    assert sorted(line.split()[1] for line in listed) == sorted(f"{name}:" for name in own)
    assert all(len(line.split()) > 5 for line in listed)


def test_its_commands_name_the_program_as_the_user_typed_it() -> None:
    told = run("explain", "dhcp.offer", NETPREFLIGHT_CALLED="./netpreflight").stdout

    assert "./netpreflight explain routers dhcp" in " ".join(told.split())
    assert " netpreflight explain" not in told


@pytest.mark.more
def test_it_loads_no_judging_and_no_probe() -> None:
    ran = run("explain", "portal", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}

    assert "netpreflight.agent.check_pages" in loaded
    assert not {
        name for name in loaded if name.startswith(("netpreflight.agent.judging", "netpreflight.probes", "scapy"))
    }


def test_it_works_in_a_folder_without_the_documents(tmp_path: Path) -> None:
    assert run("explain", "portal", folder=tmp_path).returncode == 0
