"""How a number of things, several names, or a device stand in a sentence, and how a sentence begins."""


def counted(number: int, what: str) -> str:
    """`1 hop`, `2 hops`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def in_a_row(names: list[str]) -> str:
    """`one`, `one and two`, `one, two and three`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def with_article(title: str) -> str:
    """A device by its title: `an Argon`, `a Photon 2`."""
    return f"{'an' if title[:1] in 'AEIOU' else 'a'} {title}"


def capitalised(text: str) -> str:
    """A text as it begins a sentence."""
    return f"{text[:1].upper()}{text[1:]}"
