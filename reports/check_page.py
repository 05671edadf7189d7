"""The page of a check, for a terminal and in the HTML report: the Markdown of docs/checks, without its marks."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from rich.console import Console
from rich.text import Text

from netpreflight.agent.called import as_called

NARROWEST, WIDEST = 30, 100
"""The least and most columns for which lines are broken: a narrower terminal breaks them again itself, and longer lines
are hard to read."""
_LINK = re.compile(r"\[([^]]+)\]\(([^)#]+)\.md#?(\w*)\)")
_OF_NO_CHECK = {"common", "routers"}
_ADDRESS = re.compile(r"<(https?://[^>]+)>")
_STYLES = {"plain": "", "strong": "bold", "code": "cyan"}
_MARKED = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|`(?P<code>[^`]+)`")


Kind = Literal["heading", "item", "paragraph"]
Style = Literal["plain", "strong", "code"]


class Block(NamedTuple):
    """A heading, an item of a list or a paragraph."""

    kind: Kind
    spans: list[tuple[Style, str]]


def print_page(console: Console, page: str, program: str = "netpreflight") -> None:
    """Print a page or a section: headings and first words in bold, and code in a colour.

    Args:
        console: where to print it.
        page: its Markdown.
        program: how the user calls this program.
    """
    before: Kind | None = None
    for block in blocks(page):
        if before and not block.kind == before == "item":
            console.print()
        before = block.kind
        if block.kind == "heading":
            console.print(Text("".join(text for _, text in block.spans), style="bold"))
            continue
        first, rest = ("  - ", "    ") if block.kind == "item" else ("", "")
        width = max(NARROWEST, min(console.width, WIDEST)) - len(rest)
        for number, line in enumerate(_styled(block, program).wrap(console, width)):
            line.rstrip()
            console.print(Text(rest if number else first) + line)


def blocks(page: str) -> Iterator[Block]:
    """The parts of a page or a section, without the marks of Markdown."""
    for paragraph in re.split(r"\n{2,}", page.strip()):
        for text in re.split(r"\n(?=\* )", paragraph):
            line = " ".join(line.strip() for line in text.splitlines())
            if line.startswith("#"):
                yield Block("heading", [("plain", line.lstrip("# "))])
            elif line.startswith("* "):
                yield Block("item", list(_spans(line.removeprefix("* "))))
            else:
                yield Block("paragraph", list(_spans(line)))


def _spans(block: str) -> Iterator[tuple[Style, str]]:
    """The words of a block: bold ones, code, and all others."""
    plain, end = _ADDRESS.sub(r"\1", _LINK.sub(_command, block)), 0
    for match in _MARKED.finditer(plain):
        yield "plain", plain[end : match.start()]
        yield ("strong", match["strong"]) if match["strong"] else ("code", match["code"])
        end = match.end()
    yield "plain", plain[end:]


def _styled(block: Block, program: str) -> Text:
    """A block with its bold words and its code as styles, and this program's name in its commands."""
    text = Text()
    for style, words in block.spans:
        told = as_called(words, program)
        quoted = f'"{told}"' if style == "code" and " " in told else told
        text.append(quoted, style=_STYLES[style])
    return text


def _command(link: re.Match[str]) -> str:
    """The text that replaces a link: the link's own text, or the command that prints the page, if it is of no check."""
    command = " ".join(filter(None, ("netpreflight explain", link[2], link[3])))
    return f"`{command}`" if link[2] in _OF_NO_CHECK else link[1]
