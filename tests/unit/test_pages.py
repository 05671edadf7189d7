"""The page of each check explains the problems of its row, each in a section of its own."""

import re
from pathlib import Path

import pytest

from netpreflight.agent.check_pages import COMMON, ROUTERS, SOURCES, page, router_settings
from netpreflight.agent.judging import CHECKS
from netpreflight.agent.judging.registry import COMMON_PROBLEMS

ROOT = Path(__file__).parents[2]
PAGED = {row.id: row.problems for row in CHECKS.values()}
PARTS = ("**Seen:**", "**For the device:**", "**Who changes what:**")
WIDEST = 120


def sections(text: str) -> dict[str, str]:
    """What stands under each heading of the second level."""
    return dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", text, re.MULTILINE))


@pytest.mark.parametrize("check", PAGED)
def test_a_page_has_a_section_for_each_problem_of_its_row_in_that_order(check: str) -> None:
    text = page(check)

    assert text.startswith(f"# {check}\n")
    assert tuple(sections(text)) == PAGED[check]
    assert [text.count(f"\n**{part}") for part in ("Asks:", "The device", "Sent:", "Passes")] == [1] * 4
    assert "[common.md](common.md)" in text


def test_the_common_page_has_the_problems_that_any_check_can_have() -> None:
    assert tuple(sections(page(COMMON))) == COMMON_PROBLEMS


@pytest.mark.parametrize("name", [*PAGED, COMMON])
def test_each_section_says_what_was_seen_what_that_means_and_who_changes_what(name: str) -> None:
    text = page(name)

    for problem, said in sections(text).items():
        assert [said.count(part) for part in PARTS] == [1, 1, 1], problem
    assert max(map(len, text.splitlines())) <= WIDEST
    assert text.isascii()


@pytest.mark.parametrize("check", PAGED)
def test_what_a_page_refers_to_is_there(check: str) -> None:
    text = page(check)

    known = {*PAGED[check], *COMMON_PROBLEMS}
    for problem in re.findall(r"[Aa]s for `([a-z0-9-]+)`|[Ss]ee `([a-z0-9-]+)`", text):
        assert {named for named in problem if named} <= known
    for name in re.findall(r"`((?:wifi|dhcp|dns|ntp|coap|cloud|path)\.[a-z0-9-]+)`", text):
        assert name in CHECKS


@pytest.mark.parametrize("check", [check for check in PAGED if CHECKS[check].stage is not None])
def test_a_page_says_where_common_routers_keep_what_somebody_else_changes(check: str) -> None:
    introduction = page(check).partition("\n## ")[0]

    (part,) = re.findall(
        r"^\*\*On common routers:\*\* \[routers\.md\]\(routers\.md#(\w+)\) ", introduction, re.MULTILINE
    )
    assert part in {*router_settings()} - {SOURCES}


def items(part: str) -> dict[str, str]:
    """What a part of the page of routers has about each router."""
    return dict(re.findall(r"^\* \*\*(.+?):\*\*((?:.*\n)(?:  .*\n)*)", part, re.MULTILINE))


def sourced() -> set[tuple[str, str]]:
    """For which part and router the page of routers has an address where that is documented."""
    groups = [
        (router, group)
        for router, sources in items(router_settings()[SOURCES]).items()
        for group in re.split(r";\s+", sources)
    ]
    assert all(re.fullmatch(r"\s*[\w, ]+?(\s+<https?://[\w.-]+\.[a-z]+/[^\s>]+>)+\s*", group) for _, group in groups), (
        groups
    )
    return {(part, router) for router, group in groups for part in re.findall(r"\w+", group.partition("<")[0])}


def test_every_setting_of_a_router_has_a_source_and_every_source_a_setting() -> None:
    settings = {part: text for part, text in router_settings().items() if part != SOURCES}

    told = {(part, router) for part, text in settings.items() for router in items(text)}
    assert {("band", "eero"), ("outbound", "UniFi")} <= told
    assert sourced() == told


def test_each_part_of_the_page_of_routers_says_what_is_wanted_and_lists_routers_in_one_order() -> None:
    order = list(items(router_settings()[SOURCES]))
    for part, text in router_settings().items():
        if part != SOURCES:
            assert text.startswith(f"## {part}\n\n**Wanted:** ")
            assert list(items(text)) == [router for router in order if router in items(text)]
            assert text.count("\n* ") == len(items(text))


def test_the_page_of_routers_is_plain_text_that_markdown_reads_as_it_is_meant() -> None:
    lines = page(ROUTERS).splitlines()

    assert page(ROUTERS).isascii()
    assert max(len(line) for line in lines if "<http" not in line) <= WIDEST
    assert not [line for line in lines if re.match(r" *(>|[+-] |\d+[.)] )", line)]


def test_every_page_is_of_a_check() -> None:
    assert {path.stem for path in (ROOT / "docs" / "checks").glob("*")} <= {*CHECKS, COMMON, ROUTERS}


@pytest.mark.parametrize("name", ["", "nonsense", "../adding", "dhcp.offer.md", "/etc/passwd"])
def test_there_is_no_other_page(name: str) -> None:
    with pytest.raises(KeyError):
        page(name)
