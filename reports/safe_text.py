"""Makes text from the network safe to show: characters that act on a terminal or are invisible become escapes.

With an invisible character in it, a name that is not "Home" could look like "Home". Letters of all scripts, with their
marks, and emoji stay as they are. (An emoji's variation selectors and joiners are escaped, because they are invisible
themselves.)
"""

import re
import unicodedata
from collections.abc import Callable

LONGEST = 400
"""The most characters that are shown of one piece of text."""
MOST_MARKS = 4
"""The most marks (such as accents) that are shown on one character: as many as living scripts use (Vietnamese 2, Thai
2, Hindi 3, vocalised Hebrew 4), and so few that they do not cover the line above."""
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"}
"""Unicode categories that a terminal acts on or hides: controls, format characters (bidirectional overrides, zero
width), private use, surrogates, line and paragraph separators, and spaces that look like the usual one or like none."""
_MARKS = {"Mn", "Me"}
"""Unicode categories of marks that are drawn onto the character before them."""
_BASES = "LMNS"
"""The first letters of the Unicode categories of characters that can have marks: letters, spacing marks, numbers,
symbols."""
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): fillers, joiners and variation selectors, which
are invisible where they have no effect. Code points that Unicode reserves for more of them are included, so the list
need not be updated."""
_BLANK = "\u2800\ufffc\U00013441\U00013442\U00016fe4\U0001d159"
"""Letters and symbols that have no ink: the empty Braille pattern, the object replacement character, Egyptian blanks, a
Khitan filler, the null notehead."""
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_UNSEEN = re.compile(f"[{_IGNORABLE}{_BLANK}{_NONCHARACTERS}]")
_NOT_PRINTABLE_ASCII = re.compile("[^ -~]+")
_BEYOND_PRINTABLE_ASCII = re.compile("[\x7f-\U0010ffff]+")


def shown(text: str) -> str:
    """The text with everything escaped that acts on a terminal or is not seen, and cut after `LONGEST` characters."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return escaped(text)


def escaped(text: str) -> str:
    """The text with everything escaped that acts on a terminal or is not seen, at full length."""
    if text.isascii() and text.isprintable():
        return text
    return _NOT_PRINTABLE_ASCII.sub(lambda match: _escaped_run(match, _escape), text)


def json_shown(document: str) -> str:
    """A JSON document with the same characters as JSON escapes: the content is the same, but safe on a terminal."""
    if document.isascii() and "\x7f" not in document:  # true for most documents, which may be large
        return document
    return _BEYOND_PRINTABLE_ASCII.sub(lambda match: _escaped_run(match, _json_escape), document)


def _escaped_run(match: re.Match[str], escape: Callable[[str], str]) -> str:
    """The matched part of a text, with invisible characters escaped, and marks that do not belong to a character.

    A second mark of the same kind on one character is escaped, too: it is drawn over the first, so it is invisible.
    """
    before = match.string[match.start() - 1] if match.start() else ""
    marks: list[str] | None = [] if _is_base(before) else None
    made = []
    for character in match[0]:
        category = unicodedata.category(character)
        if category in _HIDDEN_CATEGORIES or _UNSEEN.match(character):
            marks = None
        elif category not in _MARKS:
            marks = [] if category[0] in _BASES else None
            made.append(character)
            continue
        elif marks is not None and len(marks) < MOST_MARKS and character not in marks:
            marks.append(character)
            made.append(character)
            continue
        made.append(escape(character))
    return "".join(made)


def _is_base(character: str) -> bool:
    """Whether this is a character that can have marks."""
    return bool(character) and unicodedata.category(character)[0] in _BASES


def _json_escape(character: str) -> str:
    """A character as JSON escapes, one for each UTF-16 unit."""
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
