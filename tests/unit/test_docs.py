"""The documents for contributors are true: paths exist, links resolve, forms are valid, hooks are as in tests/run."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from netpreflight.agent.judging.registry import CHECKS
from tests.unit.systems_page import generated

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    str(file.relative_to(ROOT))
    for pattern in ("*.md", "docs/*.md", "docs/commands/*.md", "docs/decisions/*.md")
    for file in ROOT.glob(pattern)
)
PAGES = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs/checks").glob("*.md"))
DECISIONS = [name for name in DOCUMENTS if name.startswith("docs/decisions/")]
FORMS = sorted(file.name for file in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if file.name != "config.yml")

PATH = re.compile(r"(?<![\w/.-])(?:agent|docs|probes|reports|systems|tests|\.github)/[\w./-]*")
FILE_NAME = re.compile(r"(?<![\w/.>-])[\w.-]+\.(?:py|toml|md)(?![\w-])")
NEW_FILE = re.compile(r"^ *In a new file `([^`]+)`", re.MULTILINE)
EXAMPLES = {"FILE.toml", "ourproduct.toml", "report.md", "run.md"}
"""Files that a user has, or writes."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def file_names() -> set[str]:
    """The names of the files at the top and in the folders of the repository."""
    folders = ("agent", "docs", "fleet", "probes", "reports", "systems", "tests")
    found = [*ROOT.iterdir(), *(file for folder in folders for file in (ROOT / folder).rglob("*"))]
    return {file.name for file in found if file.is_file()}


def missing(text: str) -> set[str]:
    """What a document names, and the repository does not have."""
    new = {Path(path) for path in NEW_FILE.findall(text)}
    paths = {Path(path.rstrip(".")) for path in PATH.findall(text)} - new
    names = set(FILE_NAME.findall(text)) - {path.name for path in new} - EXAMPLES
    return {str(path) for path in paths if not (ROOT / path).exists()} | (names - file_names())


def links(text: str) -> Iterator[str]:
    """Where the links and pictures of a document lead."""
    for block in MarkdownIt("commonmark").parse(text):
        for token in block.children or ():
            if target := token.attrGet("href") or token.attrGet("src"):
                yield str(target)


def broken_links(name: str) -> list[str]:
    """The links to files that are not there."""
    targets = [target for target in links(read(name)) if not re.match(r"[a-z]+:|#", target)]
    return [target for target in targets if not ((ROOT / name).parent / target.partition("#")[0]).exists()]


def test_there_is_something_to_look_at() -> None:
    assert {"CONTRIBUTING.md", "README.md", "SECURITY.md", "docs/architecture.md", "docs/releasing.md"} <= set(
        DOCUMENTS
    )
    assert missing("`agent/nowhere.py`, `nowhere.py` and probes/net/.") == {"agent/nowhere.py", "nowhere.py"}
    assert list(links("[a](b.md) ![c](d.png)")) == ["b.md", "d.png"]


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "CHANGELOG.md"])  # it tells of what was
def test_a_document_names_only_what_exists(name: str) -> None:
    assert missing(read(name)) == set()


@pytest.mark.parametrize("name", [*DOCUMENTS, *PAGES])
def test_the_links_of_a_document_resolve(name: str) -> None:
    assert broken_links(name) == []


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    text = read("README.md")
    pages = {name for name in DOCUMENTS if name.count("/") <= 1} - {"README.md", "CHANGELOG.md"}

    assert pages <= set(links(text))
    assert len(text.splitlines()) <= 150


def test_the_example_of_a_first_change_finds_what_it_says() -> None:
    text = read("CONTRIBUTING.md")
    (word,) = re.findall(r'git grep -l "([^"]+)" agent', text)
    told = re.search(r"It stands in `([^`]+)`[^`]+`([^`]+)`", text)

    found = {file for file in (ROOT / "agent").rglob("*.py") if word in file.read_text("utf-8")}
    assert told is not None
    assert {ROOT / place for place in told.groups()} == found


def test_decisions_are_numbered_short_and_alike() -> None:
    numbers = [int(Path(name).name[:4]) for name in DECISIONS]

    assert numbers == list(range(1, len(numbers) + 1))
    for number, name in enumerate(DECISIONS, 1):
        text = read(name)
        assert text.startswith(f"# {number}. "), name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Rejected"], name
        assert len(text.splitlines()) < 40, name


def test_the_table_of_systems_is_what_the_doctor_says() -> None:
    again = "write it anew: .venv/bin/python -m tests.unit.systems_page"
    assert generated() == read("docs/systems.md"), again


def test_the_table_of_systems_has_each_check_once() -> None:
    head, _, *rows = [line.strip("| ").split(" | ") for line in read("docs/systems.md").splitlines() if line[:1] == "|"]
    table = {name: dict(zip(head, row, strict=True)) for row in rows for name in re.findall("`(.+?)`", row[0])}

    assert all((check.id in table) != (check.group in table) for check in CHECKS.values() if check.id != check.group)
    assert {check.group for check in CHECKS.values()} == {name.partition(".")[0] for name in table}
    assert sum(len(re.findall("`(.+?)`", row[0])) for row in rows) == len(table)
    parts = {block.type for block in MarkdownIt("commonmark").enable("table").parse(read("docs/systems.md"))}
    assert {"table_open", "ordered_list_open"} <= parts
    assert not {"blockquote_open", "code_block", "html_block"} & parts
    for group in ("dhcp", "path.egress"):
        assert table[group]["Linux, root"] == "yes"
        assert table[group]["Linux, user"] != "yes"


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def faults(form: dict[str, Any]) -> list[str]:
    """What GitHub would refuse in an issue form ("Syntax for issue forms" and "form schema" in its documentation)."""
    found = [f"no {key}" for key in ("name", "description") if not is_text(form.get(key))]
    body = form.get("body") or []
    identifiers = [part["id"] for part in body if "id" in part]
    if len(set(identifiers)) < len(identifiers):
        found.append("two parts have the same id")
    if all(part.get("type") == "markdown" for part in body):
        found.append("nothing can be filled in")
    for part in body:
        kind, attributes = part.get("type"), part.get("attributes") or {}
        needed = {
            "markdown": "value",
            "textarea": "label",
            "input": "label",
            "dropdown": "label",
            "checkboxes": "label",
        }
        if kind not in needed:
            found.append(f"type {kind}")
        elif not is_text(attributes.get(needed[kind])):
            found.append(f"{kind} without {needed[kind]}")
        options = attributes.get("options")
        if kind in {"dropdown", "checkboxes"} and not options:
            found.append(f"{kind} without options")
        if kind == "dropdown" and options and not (all(map(is_text, options)) and len(set(options)) == len(options)):
            found.append("dropdown with options that are no texts, or the same")
        if kind == "checkboxes" and not all(is_text(option.get("label")) for option in options or []):
            found.append("checkbox without label")
        if not re.fullmatch(r"[\w-]+", part.get("id", "none")):
            found.append(f"id {part['id']}")
    return found


@pytest.mark.parametrize("name", FORMS)
def test_an_issue_form_has_what_github_requires(name: str) -> None:
    assert faults(yaml.safe_load(read(f".github/ISSUE_TEMPLATE/{name}"))) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"name": ""}, "no name"),
        ({"description": True}, "no description"),
        ({"body": []}, "nothing can be filled in"),
        ({"body": [{"type": "text", "attributes": {"label": "a"}}]}, "type text"),
        ({"body": [{"type": "input", "attributes": {}}]}, "input without label"),
        ({"body": [{"type": "dropdown", "attributes": {"label": "a"}}]}, "dropdown without options"),
        ({"body": [{"type": "input", "id": "a b", "attributes": {"label": "a"}}]}, "id a b"),
        ({"body": [{"type": "input", "id": "a", "attributes": {"label": "a"}}] * 2}, "two parts have the same id"),
    ],
    ids=str,
)
def test_a_form_that_github_would_refuse_is_seen(changed: dict[str, Any], fault: str) -> None:
    form = {"name": "a", "description": "b", "body": [{"type": "input", "attributes": {"label": "c"}}]}

    assert faults(form) == []
    assert faults(form | changed) == [fault]


def test_the_form_for_a_wrong_answer_asks_for_the_json_and_for_what_the_device_shows() -> None:
    body = yaml.safe_load(read(".github/ISSUE_TEMPLATE/wrong-answer.yml"))["body"]
    parts = {part["id"]: part for part in body if "id" in part}

    assert parts["run"]["validations"]["required"]
    assert "--share ticket -o ticket.json" in parts["run"]["attributes"]["description"]
    assert re.search("log.*LED", parts["device-evidence"]["attributes"]["label"])


def test_the_choice_of_forms_has_what_github_requires() -> None:
    settings = yaml.safe_load(read(".github/ISSUE_TEMPLATE/config.yml"))

    assert set(settings) <= {"blank_issues_enabled", "contact_links"}
    assert isinstance(settings["blank_issues_enabled"], bool)
    assert all({"name", "url", "about"} == set(link) for link in settings.get("contact_links", []))


def test_the_hooks_of_pre_commit_are_the_tools_of_tests_run() -> None:
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    hooks = {hook["entry"].removeprefix(".venv/bin/") for hook in repository["hooks"]}

    assert repository["repo"] == "local"  # else the versions could differ
    assert all(hook["entry"].startswith(".venv/bin/") and hook["language"] == "system" for hook in repository["hooks"])
    assert hooks == set(re.findall(r"^\s*stage (ruff \w+|mypy)\b", read("tests/run"), re.MULTILINE))
