"""What is odd about a network's name, and which names look alike: from the name, or from what a ticket keeps of it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from msgspec import UNSET

from netpreflight.probes.observations import LONGEST_SSID, Bss, HiddenName, Oddity

_WORDS: dict[Oddity, str] = {
    "not UTF-8": "bytes that are not valid UTF-8",
    "blank at an end": "begins or ends with a space",
    "control characters": "control characters",
    "direction of text": "invisible characters that set the direction of text",
    "not ASCII": "characters outside ASCII",
}
"""The oddities in words, except the length and punctuation."""
_MISTYPED_PUNCTUATION: dict[str, Oddity] = {",": "commas", '"': "quotes", "'": "quotes", "\\": "backslashes"}
"""Punctuation that set-up apps and command lines may treat as a separator, quote or escape."""
_BIDI_CONTROLS = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that set the direction of text (Unicode, UAX 9): invisible, and they can make a name look like another."""
_SHAPES = str.maketrans("I1|0\u041e\u039f5", "lllOOOS")
"""Characters that look alike in many typefaces; U+041E and U+039F are the Cyrillic and the Greek capital O."""
_FOREIGN = str.maketrans("аеорсухіјѕһοαρν", "aeopcyxijshoapv")  # noqa: RUF001 - Cyrillic and Greek on purpose
"""Cyrillic and Greek small letters, and the Latin letters that they look like."""
_MARKS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u02b9\u00b4\u0060\uff07", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02", '"')
)
"""Typographic apostrophes, accents and quotes, which phones and word processors put in place of the typed ones."""
_OVERLOOKED = {"Zs", "Pd", "Cf"}
"""Unicode's categories of blanks, dashes, and characters that are not shown: readers overlook these."""
_UNDECODED = re.compile(r"\\x([89a-f][0-9a-f])")
"""A byte of a name that is not valid UTF-8, as `Bss.ssid` shows it."""
_OTHERS_OVERLOOKED = "-_.\t\u2212\ufe0e\ufe0f"
"""Further characters that readers overlook: - _ . and tab, the minus sign, and the selectors that show a character as
text or as a picture."""


def oddities(raw: bytes | None, text: str) -> list[Oddity]:
    """What makes a network's name easy to mistype or to mistake for another one; empty: nothing does.

    `raw` is the name's bytes if they are known, and `text` the name as the scan source shows it.
    """
    found: list[Oddity] = []
    if octets_in(raw, text) > LONGEST_SSID:
        found.append("too long")
    try:
        decoded = text if raw is None else raw.decode()
    except UnicodeDecodeError:
        return [*found, "not UTF-8"]
    if decoded != decoded.strip():
        found.append("blank at an end")
    if any(unicodedata.category(character) == "Cc" for character in decoded):
        found.append("control characters")
    if _BIDI_CONTROLS & set(decoded):
        found.append("direction of text")
    elif not decoded.isascii():  # the controls for direction are outside ASCII, too
        found.append("not ASCII")
    punctuation = (_MISTYPED_PUNCTUATION[character] for character in decoded if character in _MISTYPED_PUNCTUATION)
    return [*found, *dict.fromkeys(punctuation)]


def octets_in(raw: bytes | None, text: str) -> int:
    """How many bytes a name has; if its bytes (`raw`) are not known, how many its text has in UTF-8."""
    return len(raw if raw is not None else text.encode("utf-8", "surrogatepass"))


def in_words(odd: Sequence[Oddity], octets: int) -> list[str]:
    """The oddities of a name in words; `octets` is its length in bytes."""
    words = [f"{octets} bytes long, more than the {LONGEST_SSID} allowed"] if "too long" in odd else []
    words += [_WORDS[each] for each in odd if each in _WORDS]
    punctuation = [each for each in odd if each in _MISTYPED_PUNCTUATION.values()]
    return [*words, " and ".join(punctuation)] if punctuation else words


def marks_in(text: str) -> str:
    """The printable ASCII characters of a name that are neither letters nor digits, each once, sorted."""
    return "".join(sorted({character for character in text if is_mark(character)}))


def is_mark(character: str) -> bool:
    """Whether `marks_in` includes a character; for others, a ticket does not tell whether a hidden name has them."""
    return character.isascii() and character.isprintable() and not character.isalnum()


def hidden_name_of(bsss: Iterable[Bss]) -> HiddenName | None:
    """What a ticket keeps of the hidden name of these BSSs; None: the name is not hidden, or this is no ticket."""
    told = (bss.hidden_name for bss in bsss if not bss.ssid_hex)
    return next((hidden for hidden in told if hidden is not UNSET), None)


def folded(name: str) -> list[tuple[str, str]]:
    """Two keys of a name, by which look-alikes are found: names that look alike have at least one key in common.

    The key `case` ignores upper and lower case, and the key `shape` also similar shapes, such as I, l and 1. Both
    ignore blanks, dashes, the kind of apostrophe or quote, the Unicode normal form, and whether the name is in UTF-8 or
    in Windows' Western encoding.
    """
    text = _UNDECODED.sub(lambda match: bytes.fromhex(match[1]).decode("cp1252", "replace"), name)
    shown = "".join(
        character
        for character in unicodedata.normalize("NFKC", text.translate(_MARKS))
        if unicodedata.category(character) not in _OVERLOOKED and character not in _OTHERS_OVERLOOKED
    )
    by_shape = shown.translate(_SHAPES).casefold().translate(_FOREIGN)
    return [("case", shown.casefold().translate(_FOREIGN)), ("shape", by_shape)]
