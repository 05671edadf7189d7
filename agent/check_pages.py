"""The page of each check, installed with the code: what the check asks and sends, and what its problems mean."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "docs" / "checks"
"""The folder of the pages. `docs` stands beside `agent` in a checkout, and as a package in an installation, too."""
COMMON = "common"
"""The page of the problems that any check can have."""
ROUTERS = "routers"
"""The page that says where common routers keep the settings that the checks ask for."""
SOURCES = "sources"
"""The title of the last part of the page of routers: for each router, where its settings are documented."""
_SECTION = re.compile(r"^## (.+)\n(?:(?!## ).*\n)*", re.MULTILINE)
_ASKS = re.compile(r"^\*\*Asks:\*\* (.+(?:\n.+)*)", re.MULTILINE)
_ITEM = re.compile(r"^\* \*\*(.+?):\*\*.*\n(?:  .*\n)*", re.MULTILINE)
_WHO = re.compile(r"^\* \*\*Who changes what:\*\* (.+(?:\n  .+)*)", re.MULTILINE)
_SENTENCE = re.compile(r"(?:[^.]|\.(?! |$))+\.?")
_LEAST_WORDS = 5
"""A sentence with fewer words only names who has to act, such as `you.`; the next sentence says what to do."""
_PART = re.compile(rf"^\*\*On common routers:\*\* \[{ROUTERS}\.md\]\({ROUTERS}\.md#(\w+)\)", re.MULTILINE)
"""The link from a check's page to a part of the page of routers."""


@cache
def _paths() -> dict[str, Path]:
    """The file of each page, by its name."""
    return {path.stem: path for path in _FOLDER.glob("*.md")}


def names() -> list[str]:
    """The names of all pages: those of the checks, and at the end those that belong to no check."""
    return sorted(_paths(), key=lambda name: (name in {COMMON, ROUTERS}, name))


@cache
def page(check_id: str) -> str:
    """The page of a check, of the common problems, or of routers, as Markdown.

    Raises:
        KeyError: there is no such page.
    """
    return _paths()[check_id].read_text(encoding="utf-8")


def of_group(group: str) -> str:
    """The checks of a group, each with what it asks, as Markdown; empty: there is no such group."""
    asked = {name: _ASKS.search(page(name)) for name in names() if name.partition(".")[0] == group}
    items = [f"* **{name}:** {match[1]}" for name, match in asked.items() if match]
    return f"# {group}\n\n{chr(10).join(items)}\n" if items else ""


def sections(check_id: str) -> dict[str, str]:
    """Keyed by problem: the section about it, as Markdown. The check's own problems come first, then the common ones.

    Raises:
        KeyError: there is no such page.
    """
    found: dict[str, str] = {}
    for name in (check_id, COMMON):
        for match in _SECTION.finditer(page(name)):
            found.setdefault(match[1], match[0].split("\n\nProblems that any check can have", 1)[0])
    return found


def who_changes_what(check_id: str, problem: str) -> str | None:
    """What has to change for a problem of a check, and who does that, in a sentence; None: the page does not say.

    Raises:
        KeyError: there is no such page.
    """
    match = _WHO.search(sections(check_id).get(problem, ""))
    if match is None:
        return None
    sentences = ""
    for sentence in _SENTENCE.findall(" ".join(match[1].replace("`", "").split())):
        sentences += sentence
        if len(sentences.split()) >= _LEAST_WORDS:
            break
    return sentences


def router_settings() -> dict[str, str]:
    """Keyed by title: the parts of the page of routers, as Markdown: one for each kind of setting, then the sources."""
    return {match[1]: match[0] for match in _SECTION.finditer(page(ROUTERS))}


def settings_of(check_id: str) -> str:
    """The part of the page of routers that a check's page refers to, as Markdown; empty: it refers to none.

    Raises:
        KeyError: there is no such page.
    """
    part = _PART.search(page(check_id))
    return "## On common routers\n" + router_settings()[part[1]].partition("\n")[2] if part else ""


def with_settings(check_id: str, problem: str | None = None) -> str:
    """The page of a check, or its section about one problem, and where common routers keep the setting to change.

    With a problem, the settings follow only if the check's own page has it, and an administrator has to change
    something.

    Raises:
        KeyError: there is no such page, or no such problem.
    """
    text = page(check_id)
    if problem is None:
        return f"{text}\n{settings_of(check_id)}"
    section = sections(check_id)[problem]
    changes_router = f"\n## {problem}\n" in text and "administrator" in section.partition("**Who changes what:**")[2]
    return f"# {check_id}\n\n{section}\n\n{settings_of(check_id) if changes_router else ''}"


def routers() -> list[str]:
    """The names of all routers on the page of routers."""
    return list(dict.fromkeys(name for part in router_settings().values() for name, _ in _items(part)))


def of_router(word: str) -> str:
    """The settings of the routers whose name contains this word, as Markdown; empty: no router's name does."""
    found = []
    for title, part in router_settings().items():
        if title == SOURCES:  # left out: a terminal wraps URLs, and the page has them
            break
        items = [item for name, item in _items(part) if _plain(word) and _plain(word) in _plain(name)]
        if items:
            found.append(f"## {title}\n\n{''.join(items)}")
    return "\n".join(found)


def _items(part: str) -> Iterator[tuple[str, str]]:
    """The items of a part of the page of routers, each as (name of the router, item in Markdown)."""
    return ((match[1], match[0]) for match in _ITEM.finditer(part))


def _plain(name: str) -> str:
    """A name without case and punctuation, so that all spellings match: FRITZ!Box and fritzbox, TP-Link and tplink."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())
