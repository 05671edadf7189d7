"""How a number of things, or several names, stand in a sentence."""


def counted(number: int, what: str) -> str:
    """`1 hop`, `2 hops`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def in_a_row(names: list[str]) -> str:
    """`one`, `one and two`, `one, two and three`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
