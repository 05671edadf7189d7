"""Puts text from the network into Markdown so that no renderer turns it into markup, a link, a mention or an image.

Escaping with backslashes is not enough: GitHub and Discourse look for addresses, `@name` and `#123` after they have
removed the backslashes. They never look into a code span. So plain words stay as they are, and everything else becomes
code, which also suits host names, addresses and ports. A `|` ends a table cell even within code, so it becomes an
entity.
"""

import re
from collections.abc import Iterable, Sequence

from netpreflight.reports.safe_text import escaped, shown

_WORD = re.compile(r"""(?P<before>[("']*)(?P<core>.*?)(?P<after>[)"',.;:?!]*)""", re.DOTALL)
_PLAIN = re.compile(r"[^\W_]+(?:['-][^\W\d_]+)*%?|[-+]?\d+(?:\.\d+)?|→")
"""Plain words and numbers: letters and digits, with apostrophes, and with hyphens only before letters, because `GH-12`
would become a link to an issue."""
_REFERENCE = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)
"""What a renderer might treat as the hash of a commit."""
_PIECE = re.compile(r" +|\||(?:\w\([^()|]*\)|[^ |])+")
"""Spaces, a pipe, or a word; `call(3000, 24000)` counts as one word."""
_LIST_MARK = re.compile(r"\d+[.)]")
"""A text that begins an ordered list if a line begins with it."""
_PIPE = "&#124;"


def text(value: str) -> str:
    """One line of Markdown that shows exactly this text, whatever it contains."""
    pieces: list[tuple[str, bool]] = []  # text, and whether it is to be code
    for piece in _PIECE.findall(shown(value)):
        if piece == "|":
            pieces.append((_PIPE, False))
        elif not piece.strip(" "):
            pieces.append((piece, len(piece) > 1))  # several spaces would be shown as one
        elif not pieces and _LIST_MARK.fullmatch(piece):
            pieces.append((piece, True))
        else:
            pieces += _word(piece)
    for edge in (0, -1):  # a space at either end would be lost
        if pieces and pieces[edge][0] == " ":
            pieces[edge] = (" ", True)
    return "".join(_code(piece) if is_code else piece for piece, is_code in _merged(pieces))


def strong(value: str) -> str:
    """Like `text`, in bold (an empty text stays empty); the result has to stand alone on its line."""
    made = text(value)
    return f"**{made}**" if made else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, made: bool = False) -> list[str]:
    """A table; the cells of `rows` are plain text, or, with `made`, already Markdown."""
    lines = [f"| {' | '.join(headings)} |", f"|{' --- |' * len(headings)}"]
    return [*lines, *(f"| {' | '.join(row if made else map(text, row))} |" for row in rows), ""]


def listed(lines: Iterable[str], *, depth: int = 0) -> list[str]:
    """A bulleted list of plain texts."""
    made = [f"{'  ' * depth}- {text(line)}" for line in lines if line]
    return [*made, ""] if made and not depth else made


def fenced(lines: Iterable[str], *, whole: bool = False) -> list[str]:
    """A code block whose content cannot end it early; with `whole`, long lines are not cut."""
    kept = [escaped(line) if whole else shown(line) for line in lines]
    fence = "`" * max(3, 1 + max((len(run) for line in kept for run in re.findall("`+", line)), default=0))
    return [f"{fence}text", *kept, fence, ""]


def _word(word: str) -> list[tuple[str, bool]]:
    """A word as (text, whether it is to be code) pieces: punctuation around it stays plain."""
    match = _WORD.fullmatch(word)
    if match is None or not match["core"]:
        return [(word, True)]
    core, after = match["core"], match["after"]
    while after.startswith(")") and core.count("(") > core.count(")"):  # the bracket of a call, or of "server(s)"
        core, after = core + ")", after[1:]
    plain = _PLAIN.fullmatch(core) is not None and _REFERENCE.fullmatch(core) is None
    pieces = [(match["before"], False), (core, not plain), (after, False)]
    return [piece for piece in pieces if piece[0]]


def _merged(pieces: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Join adjacent pieces of code, because two code spans cannot touch."""
    merged: list[tuple[str, bool]] = []
    for piece, is_code in pieces:
        if is_code and merged and merged[-1][1]:
            merged[-1] = (merged[-1][0] + piece, True)
        else:
            merged.append((piece, is_code))
    return merged


def _code(piece: str) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", piece)), default=0))
    # A renderer strips one space from each end of a code span, unless it is all spaces.
    pad = " " if piece.strip(" ") and (piece[0] in "` " or piece[-1] in "` ") else ""
    return f"{fence}{pad}{piece}{pad}{fence}"
