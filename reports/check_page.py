"""The page of a check for a terminal: the Markdown of docs/checks, without its marks."""

import re
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

NARROWEST, WIDEST = 30, 100
"""Columns; a narrower terminal breaks the lines itself, and longer ones are hard to read."""
_LINK = re.compile(r"\[([^]]+)\]\(([^)#]+)\.md#?(\w*)\)")
_OF_NO_CHECK = {"common", "routers"}
_ADDRESS = re.compile(r"<(https?://[^>]+)>")
_MARKED = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|`(?P<code>[^`]+)`")


def print_page(console: Console, page: str) -> None:
    """Print a page or a section: headings and first words in bold, and code in a colour."""
    before = ""
    for block in _blocks(page):
        is_item = block.startswith("* ")
        if before and not (is_item and before.startswith("* ")):
            console.print()
        before = block
        if block.startswith("#"):
            console.print(Text(block.lstrip("# "), style="bold"))
            continue
        first, rest = ("  - ", "    ") if is_item else ("", "")
        width = max(NARROWEST, min(console.width, WIDEST)) - len(rest)
        for number, line in enumerate(_marked(block.removeprefix("* ")).wrap(console, width)):
            line.rstrip()
            console.print(Text(rest if number else first) + line)


def _blocks(page: str) -> Iterator[str]:
    """Each heading, paragraph and item of a list, as one line."""
    for paragraph in re.split(r"\n{2,}", page.strip()):
        for block in re.split(r"\n(?=\* )", paragraph):
            yield " ".join(line.strip() for line in block.splitlines())


def _marked(block: str) -> Text:
    """A paragraph with its bold words and its code as styles."""
    plain = _ADDRESS.sub(r"\1", _LINK.sub(_command, block))
    text, end = Text(), 0
    for match in _MARKED.finditer(plain):
        text.append(plain[end : match.start()])
        if match["strong"]:
            text.append(match["strong"], style="bold")
        else:
            code = match["code"]
            text.append(f'"{code}"' if " " in code else code, style="cyan")
        end = match.end()
    text.append(plain[end:])
    return text


def _command(link: re.Match[str]) -> str:
    """What stands for a link: the command that prints that page."""
    command = " ".join(filter(None, ("netpreflight explain", link[2], link[3])))
    return f"`{command}`" if link[2] in _OF_NO_CHECK else link[1]
