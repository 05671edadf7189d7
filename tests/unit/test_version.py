"""The version stands in one place: whatever states it follows `agent.__version__` (of the wheel says test_package)."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netpreflight.agent import __version__

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests/unit/data/sample-report-1.json"
LATER = "98.76.54"


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product in which the one line has another version."""
    made = tmp_path_factory.mktemp("version") / "netpreflight"
    for folder in ("agent", "fleet", "probes", "reports", "systems"):
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__"))
    file = made / "agent/__init__.py"
    line = f'__version__ = "{__version__}"\n'
    text = file.read_text(encoding="utf-8")
    assert text.count(line) == 1
    file.write_text(text.replace(line, f'__version__ = "{LATER}"\n'), encoding="utf-8")
    return made


def run(later: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "netpreflight.agent", *arguments],
        cwd=later.parent,
        env={**os.environ, "PYTHONPATH": str(later.parent)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.more
def test_the_command_line_says_it(later: Path) -> None:
    assert run(later, "--version") == f"netpreflight {LATER}\n"


@pytest.mark.more
def test_the_reports_say_it(later: Path, tmp_path: Path) -> None:
    page, markdown = tmp_path / "report.html", tmp_path / "report.md"
    made = json.loads(run(later, "report", str(SAMPLE), "--json", "-o", str(page), "-o", str(markdown)))

    assert made["tool"]["version"] == LATER
    assert f"netpreflight {LATER}" in page.read_text(encoding="utf-8")
    assert f"netpreflight `{LATER}`" in markdown.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["report.schema.json", "comparison.schema.json"])
def test_the_published_schemas_do_not_repeat_it(name: str) -> None:
    tool = json.loads((ROOT / "reports" / name).read_text(encoding="utf-8"))["$defs"]["Tool"]

    assert tool["properties"]["version"] == {"type": "string"}
