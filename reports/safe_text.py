"""Text from the network, made safe to show."""

import re
import unicodedata

LONGEST = 400
"""Characters of one piece of text that are shown."""
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
"""Unicode categories that a terminal obeys or hides: controls, format characters (bidirectional overrides, zero
width), private use, surrogates, line and paragraph separators."""
_BEYOND_PRINTABLE_ASCII = re.compile("[\x7f-\U0010ffff]")


def shown(text: str) -> str:
    """The text with everything escaped that would act on a terminal, and cut where it is too long."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return escaped(text)


def escaped(text: str) -> str:
    """The text with everything escaped that would act on a terminal, however long it is."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) if _hidden(character) else character for character in text)


def json_shown(document: str) -> str:
    """A JSON document with the same characters as JSON escapes: the same document, safe on a terminal."""
    return _BEYOND_PRINTABLE_ASCII.sub(
        lambda match: _json_escape(match[0]) if _hidden(match[0]) else match[0], document
    )


def _hidden(text: str) -> bool:
    return unicodedata.category(text) in _HIDDEN_CATEGORIES


def _json_escape(text: str) -> str:
    units = text.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _escape(text: str) -> str:
    number = ord(text)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
