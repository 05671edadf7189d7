"""Parts of sentences: a number with its noun, several names, a device with its article, and a capital letter."""


def counted(number: int, what: str) -> str:
    """A number with its noun: `1 hop`, `2 hops`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def in_a_row(names: list[str]) -> str:
    """Names as a list in a sentence: `one`, `one and two`, `one, two and three`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def with_article(title: str) -> str:
    """A device's title with its article: `an Argon`, `a Photon 2`."""
    return f"{'an' if title[:1] in 'AEIOU' else 'a'} {title}"


def capitalised(text: str) -> str:
    """A text with a capital letter, to begin a sentence."""
    return f"{text[:1].upper()}{text[1:]}"
