"""What nobody sees is shown as an escape, and what people write and read stays as it is."""

import json
import re
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netpreflight.reports.safe_text import LONGEST, MOST_MARKS, escaped, json_shown, shown

IGNORABLE = r'for $c (0..0xd7ff, 0xe000..0x10ffff) { print "$c\n" if chr($c) =~ /\p{Default_Ignorable_Code_Point}/ }'
"""A program in Perl, which knows the properties that Unicode publishes."""
ALPHABET = "aZ '\u0301\u0302\u0303\u0304\u0305\u0e35\u0338\u20dd\u0903\u3164\ufe0f\u2800📶"
UNSEEN = [
    ("Home\u3164", r"Home\u3164"),  # Hangul filler
    ("Ho\u115f\u1160\uffa0me", r"Ho\u115f\u1160\uffa0me"),
    ("Home\u2800", r"Home\u2800"),  # empty Braille pattern
    ("Home\ufe0f", r"Home\ufe0f"),  # variation selectors
    ("Home\ufe00\U000e0100", r"Home\ufe00\U000e0100"),
    ("Ho\u034fme", r"Ho\u034fme"),  # combining grapheme joiner
    ("Ho\u00adme\u200b\u2060\ufeff", r"Ho\xadme\u200b\u2060\ufeff"),
    ("Home\u180b\u17b4", r"Home\u180b\u17b4"),  # Mongolian selector, Khmer inherent vowel
    ("My\u00a0Home\u2003\u3000", r"My\xa0Home\u2003\u3000"),  # other spaces
    ("Home\U000e0041\U0001d159\ufffc\U0001d173", r"Home\U000e0041\U0001d159\ufffc\U0001d173"),
    ("Home\uffff\ufdd0\U0001ffff", r"Home\uffff\ufdd0\U0001ffff"),  # noncharacters
    ("e\u0301\u0301x", "e\u0301\\u0301x"),  # the same mark, drawn over the first
    ("\u0301Home", r"\u0301Home"),  # a mark on what is not the name's
    ("'\u0338 \u0301", "'\\u0338 \\u0301"),
    ("\u3164\u0301", r"\u3164\u0301"),
    ("\u2764\ufe0f", "\u2764\\ufe0f"),  # the heart is seen, its selector is not
]
SEEN = [
    "Café Übermut",
    unicodedata.normalize("NFD", "Quán Cà Phê Việt Nữ Nghệ Tường"),
    "ร้านกาแฟที่นี่ เปิดแล้ว ผู้ใหญ่",
    "हिन्दी में बड़ें क्षेत्र",
    "বাংলা ওয়াইফাই",
    "தமிழ் இணையம்",
    "בְּרֵאשִׁ֖ית",
    "مُحَمَّدٌ شَبَكَةٌ",
    "བསྒྲུབས་",
    "ស្ត្រី",
    "မြွှေ့ကြွေး",
    unicodedata.normalize("NFD", "ᾧ"),
    unicodedata.normalize("NFD", "한국어"),
    "日本語が、中文。",
    "📶 Home 👍🏽 🇩🇪 ☕ ❤",
    "½ ≠ ∑̸",
    "a b",
]


@pytest.mark.parametrize(("text", "made"), UNSEEN, ids=[made for _, made in UNSEEN])
def test_what_is_not_seen_is_an_escape(text: str, made: str) -> None:
    assert shown(text) == escaped(text) == made


@pytest.mark.parametrize("text", SEEN)
def test_what_people_write_stays(text: str) -> None:
    assert shown(text) == escaped(text) == text
    document = json.dumps({"name": text}, ensure_ascii=False)
    assert json_shown(document) == document


def test_unicode_has_no_ignorable_character_that_is_not_an_escape() -> None:
    told = subprocess.run(["perl", "-e", IGNORABLE], capture_output=True, check=True, text=True).stdout.split()

    assert len(told) > 4000
    for code in map(int, told):
        assert re.fullmatch(r"a\\(x|u|U)[0-9a-f]+b", shown(f"a{chr(code)}b")), hex(code)


@pytest.mark.parametrize("spaces", ["\u00a0", "\u1680", *map(chr, range(0x2000, 0x200B)), "\u202f", "\u205f", "\u3000"])
def test_no_other_space_passes_for_a_space(spaces: str) -> None:
    assert spaces not in shown(f"My{spaces}Home")


def test_a_stack_of_marks_ends() -> None:
    stack = "".join(map(chr, range(0x300, 0x320)))
    made = shown(f"Z{stack}algo")

    assert made.startswith(f"Z{stack[:MOST_MARKS]}\\u0304")
    assert made.endswith("\\u031falgo")
    assert sum(unicodedata.category(character) == "Mn" for character in made) == MOST_MARKS


@given(st.text(st.sampled_from(ALPHABET), max_size=80))
def test_no_text_stacks_more_or_hides_anything(text: str) -> None:
    made = shown(text)

    assert not set(made) & set("\u3164\ufe0f\u2800")
    assert not re.search("[\u0301-\u0305\u0e35\u0338\u20dd]{5}", made)
    assert not re.search("(?:^|[ '])[\u0301-\u0305\u0e35\u0338\u20dd]", made)
    document = json.dumps(text, ensure_ascii=False)
    assert json.loads(json_shown(document)) == text
    assert not set(json_shown(document)) & set("\u3164\ufe0f\u2800")


def test_the_longest_text_is_still_bounded() -> None:
    assert len(shown("\U000e0100" * 1000)) <= (LONGEST + 1) * 10
