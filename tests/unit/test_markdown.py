"""Markdown: what comes from the network stays text, as three other projects' parsers read it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.token import Token

from netpreflight.agent import profiles, report
from netpreflight.probes.observations import Cloud
from netpreflight.reports import FORMATS
from netpreflight.reports.markdown.text import fenced, listed, strong, table, text
from netpreflight.reports.safe_text import shown
from tests.unit import seen
from tests.unit.hostile import planted
from tests.unit.markdown_readers import HOSTILE_NAMES, PARSER, STRICT, every, pages
from tests.unit.rendered import raw, run

ROOT = Path(__file__).parents[2]
PIECES = [
    "|", "||", "\\", "\\|", "\\`", "`", "``", "```", "~~~", "*", "**", "_", "__", "~~", "^", "=", "==", "===", "---",
    "<", ">", "<b>", "</td>", "<!--", "-->", "<a href=x>", "<http://evil.example>", "&", "&amp;", "&#64;", "&lt;b&gt;",
    "[", "]", "[x](http://evil.example)", "![x](http://evil.example/i.png)", "[x]: http://evil.example", "[^1]", "[ ]",
    "[x]", "[[x]]", "(", ")", "http://evil.example", "https:", "//", "www.evil.example", "evil.example", "www", ".",
    "a@evil.example", "mailto:a@b.example", "xmpp:a@b.example", "ftp://evil.example", "javascript:alert(1)", "@ann",
    "@", "#12", "#", "# x", "GH-12", "ABC-12", "ann/repo#1", "deadbeef", "7f3a9c12", "1.", "1)", "2.5", "-", "+", "- x",
    "+ x", "> x", ":smile:", ":", ":)", ";", "!", "$x$", "$$", "{{x}}", "{% x %}", "::: x", "\n", "\r\n", "\t", " ",
    "  ", "    ", "\u00a0", "\u2028", "\u202e", "\u200b", "\ufeff", "\x00", "\x1b[31m", "é", "ß", "漢字", "a\u0301",
    "'", '"', "x", "f(", "f(a, b)", "(s)", "x(3000", "Home", "net work", "x" * 500, "(c)", "...", "%", "10.0.0.1",
    "192.168.77.0/24",
]  # fmt: skip
NAMES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=9).map("".join)
NOTHING_ELSE = {"text", "text_special", "code_inline"}
AFTERWARDS = re.compile(
    r"[@#]\w|://|www\.|\b[\w-]+\.[a-z]{2,}\b|\b[A-Za-z]+-\d|\b[0-9a-f]{7,}\b|:\w+:|[<>$^~*_\[\]`]", re.IGNORECASE
)
"""What GitHub and Discourse look for in the text that a parser leaves."""


def content(token: Token) -> str:
    return "".join(child.content for child in token.children or [])


@given(NAMES)
def test_a_name_is_one_line_of_text_that_says_what_it_says(name: str) -> None:
    made = text(name)
    says = shown(name)

    for parser in (PARSER, STRICT):
        tokens = parser.parse(f"Name {made} end")
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        assert {token.type for token in tokens[1].children or []} <= NOTHING_ELSE
        assert content(tokens[1]) == f"Name {says} end"
    for page in pages(f"Name {made} end"):
        assert set(page.tags) <= {"p", "code"}
        assert page.text.strip("\n") == f"Name {says} end"
        assert not AFTERWARDS.search(page.plain), page.plain


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("commit a48b7e2, conf_handshake_timeout(3000, 24000); mbedTLS 2",
         "commit `a48b7e2`, `conf_handshake_timeout(3000, 24000)`; mbedTLS 2"),
        ("the server(s), if any (or f(x)).", "the `server(s)`, if any (or `f(x)`)."),
        ("it calls f(x (y", "it calls `f(x` (y"),
        ("a (b c) d", "a (b c) d"),
        ('it logs "Could not receive nonce".', 'it logs "Could not receive nonce".'),
        ("f(a|b)", "`f(a`&#124;b)"),
        ("`a", "`` `a ``"),
    ],
)  # fmt: skip
def test_a_call_stays_whole(said: str, written: str) -> None:
    assert text(said) == written
    assert all(page.text.strip("\n") == said for page in pages(text(said)))


def literals(tree: ast.Module) -> Iterator[str]:
    """The texts in a file's code that are no docstrings."""
    comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in comments:
            yield node.value


@pytest.mark.more
def test_no_text_of_ours_has_the_backticks_of_markdown() -> None:
    """A terminal, a page and a firewall would show them as they are."""
    its_own_business = {
        "agent/check_pages.py",  # it takes them off a page's sentences
        "agent/judging/wifi/names.py",
        "probes/device_log.py",  # it takes them off lines that somebody pasted
        "reports/markdown/text.py",
        "reports/check_page.py",
    }
    found = {
        str(file.relative_to(ROOT))
        for folder in ("agent", "fleet", "probes", "reports", "systems")
        for file in (ROOT / folder).rglob("*.py")
        if any("`" in literal for literal in literals(ast.parse(file.read_text())))
    }
    stated = {str(file) for file in (ROOT / "agent/profiles").glob("*.toml") if "`" in file.read_text()}

    assert found == its_own_business
    assert stated == set()


@given(NAMES)
def test_a_name_at_the_beginning_of_a_line_begins_nothing(name: str) -> None:
    says = shown(name)

    for page in pages(text(name)):
        assert set(page.tags) <= {"p", "code"}
        assert page.text.strip("\n") == says
    for page in pages("\n".join(listed([name]))):
        assert set(page.tags) <= {"ul", "li", "p", "code"}
        assert page.tags.count("li") <= 1
    for page in pages(strong(name)):
        assert set(page.tags) <= {"p", "code", "strong"}
        assert page.text.strip("\n") == says


@given(st.lists(st.tuples(NAMES, NAMES, NAMES), min_size=1, max_size=4))
def test_a_table_keeps_its_cells(rows: list[tuple[str, str, str]]) -> None:
    markdown = "\n".join(["Before.", "", *table(("A", "B", "C"), rows), "After."])
    expected = [shown(cell) for row in rows for cell in row]

    tokens = PARSER.parse(markdown)
    cells = [tokens[number + 1] for number, token in enumerate(tokens) if token.type == "td_open"]
    assert [content(token) for token in cells] == expected
    assert {token.type for cell in cells for token in cell.children or []} <= NOTHING_ELSE
    for page in pages(markdown):
        assert set(page.tags) <= {"p", "code", "table", "thead", "tbody", "tr", "th", "td"}
        assert page.cells == expected
        assert not AFTERWARDS.search(page.plain), page.plain


@given(st.lists(NAMES, max_size=5))
def test_nothing_ends_a_block_of_code(lines: list[str]) -> None:
    tokens = PARSER.parse("\n".join([*fenced(lines), "After."]))

    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content == "".join(f"{shown(line)}\n" for line in lines)


BROKEN: dict[str, Any] = {
    "dhcp": seen.dhcp(seen.message(resolvers=[])),
    "ntp": seen.ntp(),
    "coap": seen.coap(seen.attempts(seen.COAP_ADDRESSES[0], 5683, "icmp", 2)),
    "wifi": seen.wifi(seen.bss(), seen.bss(11), target=None, target_from=None),
}


@pytest.mark.more
@pytest.mark.parametrize("own", [False, True], ids=["in-observations", "in-every-field"])
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_report_with_hostile_text_in_it_is_text_only(name: str, own: bool) -> None:  # noqa: FBT001
    hostile = HOSTILE_NAMES[name]
    for changed in ({}, BROKEN):
        observed = run(**changed)
        made = report.make(observed if own else planted(observed, hostile, own=False), profiles.load("generic"))
        if own:
            made = planted(made, hostile, own=True)
        document = FORMATS[".md"](made, ["nftables"])

        assert raw(document) == []
        assert {token.type for token in every(PARSER.parse(document))}.isdisjoint(
            {"link_open", "image", "html_inline", "html_block", "s_open", "em_open"}
        )
        for page in pages(document):
            assert set(page.tags) <= {
                "p", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "h2", "h3", "strong",
            }  # fmt: skip
            assert {attribute for attribute, _ in page.attributes} <= {"class", "lang"}
        if own:  # the same rows in the same tables as without
            harmless = FORMATS[".md"](report.make(observed, profiles.load("generic")), ["nftables"])
            assert rows_of(document) == rows_of(harmless)


def rows_of(document: str) -> list[int]:
    """The rows of each table, counted."""
    found: list[int] = []
    for token in PARSER.parse(document):
        if token.type == "table_open":
            found.append(0)
        elif token.type == "tr_open":
            found[-1] += 1
    return found


def test_the_report_has_the_same_parts_as_the_page() -> None:
    document = FORMATS[".md"](report.make(run(cloud=None), profiles.load("argon")))
    headings = [line for line in document.splitlines() if line.startswith("## ")]

    assert headings == [
        "## The request to the network administrator",
        "## What to change",
        "## The way to the cloud",
        "## The checks",
        "## The same network for each known device",
        "## What this run speaks for",
        "## What support asks",
        "## From power-on: Particle Argon, Device OS `6.2.0`",
        "## Its Internet Test (cloud echo, second form)",
        "## 2.4 GHz, channel by channel",
        "## Probe by probe",
    ]
    assert "It could not look at:" in document
    assert "`cloud.transport`" in document


def test_the_change_stands_in_the_report_as_text_for_the_product_asked_for() -> None:
    blocked = Cloud(endpoints=[seen.argon(*seen.attempts(seen.ARGON_ADDRESS, 5684, "timeout", 3))])
    made = report.make(run(cloud=blocked), profiles.load("argon"))

    code = [token.content for token in PARSER.parse(FORMATS[".md"](made, ["nftables"])) if token.type == "fence"]
    assert any("udp dport 5684" in row for row in code)
    assert not any(
        "udp dport" in token.content for token in PARSER.parse(FORMATS[".md"](made)) if token.type == "fence"
    )
    assert "Allow outbound UDP from `192.168.77.0/24` to `*.v6.udp.particle.io`" in FORMATS[".md"](made)
