"""The page of each check, installed with the code: what the check asks and sends, and what its problems mean."""

import re
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "docs" / "checks"
"""The same place in a checkout and in an installation, where `docs` is a package beside this one."""
COMMON = "common"
"""The page of the problems that any check can have."""
_SECTION = re.compile(r"^## (.+)\n(?:(?!## ).*\n)*", re.MULTILINE)


def names() -> list[str]:
    """The names of all pages: those of the checks, and at the end the common one."""
    return sorted((path.stem for path in _FOLDER.glob("*.md")), key=lambda name: (name == COMMON, name))


def page(check_id: str) -> str:
    """The page of a check, or of the common problems, as Markdown.

    Raises:
        KeyError: there is no such page.
    """
    pages = {path.stem: path for path in _FOLDER.glob("*.md")}
    return pages[check_id].read_text(encoding="utf-8")


def sections(check_id: str) -> dict[str, str]:
    """The section of each problem that a check can have, as Markdown: its own first, then the common ones.

    Raises:
        KeyError: there is no such page.
    """
    found: dict[str, str] = {}
    for name in (check_id, COMMON):
        for match in _SECTION.finditer(page(name)):
            found.setdefault(match[1], match[0].split("\n\nProblems that any check can have", 1)[0])
    return found
