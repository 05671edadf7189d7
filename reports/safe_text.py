"""Text from the network, made safe to show."""

import re
import unicodedata

LONGEST = 400
"""The most characters that are shown of one piece of text."""
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
"""Unicode categories that a terminal acts on or hides: controls, format characters (bidirectional overrides, zero
width), private use, surrogates, line and paragraph separators."""
_BEYOND_PRINTABLE_ASCII = re.compile("[\x7f-\U0010ffff]")


def shown(text: str) -> str:
    """The text with everything escaped that would act on a terminal, and cut after `LONGEST` characters."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return escaped(text)


def escaped(text: str) -> str:
    """The text with everything escaped that would act on a terminal, at full length."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) if _hidden(character) else character for character in text)


def json_shown(document: str) -> str:
    """A JSON document with those characters as JSON escapes: the same content, safe on a terminal."""
    return _BEYOND_PRINTABLE_ASCII.sub(
        lambda match: _json_escape(match[0]) if _hidden(match[0]) else match[0], document
    )


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN_CATEGORIES


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
