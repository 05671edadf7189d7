"""What was probably meant by a word that is not known."""

from collections.abc import Iterable


def suggested(word: str, known: Iterable[str], *, with_known: bool = False) -> str:
    """The end of a message about such a word: which ones are like it, or else, or too, all that are known."""
    from difflib import get_close_matches  # noqa: PLC0415 - most runs need none

    every = list(known)
    alike = [name for name in every if word in name.split(".")] or get_close_matches(word, every)
    listed = f"known: {', '.join(every)}"
    if not alike:
        return f"; {listed}"
    return f"; did you mean {' or '.join(alike)}?" + (f" ({listed})" if with_known else "")
