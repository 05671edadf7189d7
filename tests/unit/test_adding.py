"""`docs/adding.md`, "A check": its steps, followed in a copy of this checkout, give a check that is judged."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from netpreflight.agent.judging import CHECKS

ROOT = Path(__file__).parents[2]
PRODUCT = ("agent", "fleet", "probes", "reports", "systems", "docs/checks")
MOST_PRODUCT_FILES = 4
STEP = re.compile(
    r"^ *In (?:a new file )?`(?P<file>[^`]+)`(?:, before the line `(?P<before>[^`]+)`)?:\n+"
    r"(?P<indent> *)```\w+\n(?P<text>.*?)\n(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)
SAMPLE = "tests/unit/data/sample-report-1.json"
CHECK = "dhcp.lease-time"


class Step(NamedTuple):
    """What a step says: text for a new file, or for one that is there, before a line of it."""

    file: str
    before: str | None
    text: str


def steps() -> list[Step]:
    section = (ROOT / "docs/adding.md").read_text(encoding="utf-8").split("\n## A check\n")[1].split("\n## ")[0]
    found = [
        Step(match["file"], match["before"], outdented(match["text"], len(match["indent"])))
        for match in STEP.finditer(section)
    ]
    assert section.count("```") == 2 * len(found), "each block belongs to a step"
    return found


def outdented(text: str, indent: int) -> str:
    """The text without the indentation of the list that it stands in."""
    return "".join(f"{line[indent:]}\n" for line in text.splitlines())


def follow(step: Step, copy: Path) -> None:
    file = copy / step.file
    if step.before is None:
        assert not file.exists(), f"{step.file} is no new file"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(step.text, encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    assert text.count(f"\n{step.before}\n") == 1, f"{step.file} has no such line, or several: {step.before}"
    file.write_text(text.replace(f"\n{step.before}\n", f"\n{step.text}{step.before}\n"), encoding="utf-8")


def contents(checkout: Path) -> dict[str, bytes]:
    """The files of the product."""
    return {
        str(file.relative_to(checkout)): file.read_bytes()
        for folder in PRODUCT
        for file in (checkout / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout, with the steps followed; in a folder of the package's name, it is the package."""
    made = tmp_path_factory.mktemp("adding") / "netpreflight"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "captures")
    shutil.copytree(ROOT, made, ignore=left_out)
    for step in steps():
        follow(step, made)
    return made


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def report(copy: Path, *arguments: str) -> dict[str, Any]:
    ran = run(copy, "-m", "netpreflight.agent", "report", SAMPLE, "--json", *arguments)
    assert ran.returncode in {0, 1, 3}, ran.stderr
    made: dict[str, Any] = json.loads(ran.stdout)
    return made


def test_the_steps_touch_few_files_of_the_product(copy: Path) -> None:
    before, after = contents(ROOT), contents(copy)

    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {step.file for step in steps() if not step.file.startswith("tests/")}
    assert 3 <= len(changed) <= MOST_PRODUCT_FILES


@pytest.mark.more
def test_the_new_check_is_judged_in_its_place_and_its_page_is_there(copy: Path, tmp_path: Path) -> None:
    texts = [tmp_path / f"report{ending}" for ending in (".html", ".md", ".txt")]
    made = report(copy, *(argument for file in texts for argument in ("-o", str(file))))

    ids = [row["id"] for row in made["checks"]]
    before = [row for row in list(CHECKS)[: list(CHECKS).index("dns.resolve")] if not row.startswith("join.")]
    assert ids == [*before, CHECK, *ids[ids.index("dns.resolve") :]]
    check = made["checks"][ids.index(CHECK)]
    assert (check["status"], check["stage"], check["level"]) == ("pass", "ip", "required")
    assert all(CHECK in file.read_text(encoding="utf-8") for file in texts)

    asked = f"from netpreflight.agent.judging import CHECKS; print(CHECKS[{CHECK!r}].page)"
    page = copy / run(copy, "-c", asked).stdout.strip()
    assert page.read_text(encoding="utf-8").startswith(f"# {CHECK}\n")


@pytest.mark.more
def test_its_own_tests_pass_and_its_row_and_page_are_whole(copy: Path) -> None:
    own = [step.file for step in steps() if step.file.startswith("tests/")]
    rows = f"tests/unit/test_registry.py::test_a_row_is_whole[{CHECK}]"
    page = f"tests/unit/test_registry.py::test_a_row_has_its_page[{CHECK}]"
    ran = run(copy, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *own, rows, page)

    assert ran.returncode == 0, ran.stdout
