"""How a number of things stands in a sentence."""


def counted(number: int, what: str) -> str:
    """`1 hop`, `2 hops`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
