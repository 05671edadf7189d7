"""Text from the network, made safe to show."""

import re
import unicodedata

LONGEST = 400
"""Characters of one piece of text that are shown."""
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
"""Unicode categories that a terminal obeys or hides: controls, format characters (bidirectional overrides, zero
width), private use, surrogates, line and paragraph separators."""
_CONTROL_IN_JSON = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def shown(text: str) -> str:
    """The text with everything escaped that would act on a terminal, and cut where it is too long."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return "".join(_escape(one) if unicodedata.category(one) in _HIDDEN_CATEGORIES else one for one in text)


def json_shown(document: str) -> str:
    """A JSON document with the same characters as JSON escapes: the same document, safe on a terminal."""
    return _CONTROL_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def _escape(one: str) -> str:
    number = ord(one)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
