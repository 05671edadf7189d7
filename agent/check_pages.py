"""The page of each check, installed with the code: what the check asks and sends, and what its problems mean."""

from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "docs" / "checks"
"""The same place in a checkout and in an installation, where `docs` is a package beside this one."""
COMMON = "common"
"""The page of the problems that any check can have."""


def page(check_id: str) -> str:
    """The page of a check, or of the common problems, as Markdown.

    Raises:
        KeyError: there is no such page.
    """
    pages = {path.stem: path for path in _FOLDER.glob("*.md")}
    return pages[check_id].read_text(encoding="utf-8")
