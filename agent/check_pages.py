"""The page of each check: what it asks and sends, and what each of its problems means; installed beside the code."""

from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "docs" / "checks"
"""In a checkout as in what is installed, where `docs` is a package beside this one."""
COMMON = "common"
"""The page of the problems that any check can have."""


def page(check_id: str) -> str:
    """The page of a check, or that of the common problems, as Markdown.

    Raises:
        KeyError: there is no such page.
    """
    pages = {path.stem: path for path in _FOLDER.glob("*.md")}
    return pages[check_id].read_text(encoding="utf-8")
