"""Which unit tests Windows and macOS run."""

from pathlib import Path

from tests.unit.conftest import NEEDS_LINUX

HERE = Path(__file__).parent


def test_what_needs_linux_is_there_and_is_named_once() -> None:
    names = [name for named in NEEDS_LINUX.values() for name in named]

    assert [name for name in names if not (HERE / f"test_{name}.py").is_file()] == []
    assert len(set(names)) == len(names) < len(list(HERE.glob("test_*.py"))) / 2
