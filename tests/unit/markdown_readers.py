"""Markdown as forums, GitHub and others read it, and names that try to be more than text."""

from collections.abc import Iterator
from html.parser import HTMLParser

import cmarkgfm
import mistune
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.unit.hostile import HOSTILE


def forum() -> MarkdownIt:
    """A parser as forums use it: HTML, tables, and links made of bare names."""
    return MarkdownIt("gfm-like", {"html": True, "linkify": True}).enable(["linkify", "table", "strikethrough"])


PARSER, STRICT = forum(), MarkdownIt("commonmark")
MISTUNE = mistune.create_markdown(
    escape=False,
    plugins=["strikethrough", "footnotes", "table", "url", "task_lists", "def_list", "abbr", "mark", "insert",
             "superscript", "subscript", "math", "spoiler"],
)  # fmt: skip


def every(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from every(token.children or [])


class Page(HTMLParser):
    """The tags of a page, the text in it, and the text that is outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text, self.plain = "", ""
        self.cells: list[str] = []
        self._code, self._in_cell = 0, False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.append(tag)
        self.attributes += attrs
        self._code += tag in {"code", "pre"}
        if tag == "td":
            self.cells.append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        """Note where code ends."""
        self._code -= tag in {"code", "pre"}
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text += data
        if self._in_cell:
            self.cells[-1] += data
        self.plain += " " if self._code else data


def pages(markdown: str) -> Iterator[Page]:
    yield Page(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
    made = MISTUNE(markdown)
    assert isinstance(made, str)
    yield Page(made)
    yield Page(PARSER.render(markdown))


HOSTILE_NAMES = {
    **HOSTILE,
    "links": "[x](http://evil.example) <http://evil.example> http://evil.example www.evil.example a@evil.example",
    "people": "@ann #12 GH-12 ann/repo#1 deadbeef1 :boom: $x$",
    "blocks": "1. a\n# b\n> c\n```\n~~~\n- d\n===\n| e |",
    "pipes": "a|b\\|c||`d|e`",
    "html": "<img src=x onerror=alert(1)></td></table><!-- --> &lt;b&gt;",
    "backticks": "`a``b```c````d",
}
