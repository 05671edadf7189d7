"""What was probably meant by a word that is not known."""

from collections.abc import Iterable


def suggested(word: str, known: Iterable[str], *, listing: str | None = None) -> str:
    """The end of a message about such a word: which ones are like it, or else all that are known.

    Args:
        word: the word.
        known: those that are known.
        listing: how they are listed, also beside those that are like it; None: only where none is.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - most runs need none

    every = list(known)
    alike = [name for name in every if word in name.split(".")] or get_close_matches(word, every)
    if not alike:
        return "; " + (listing or f"known: {', '.join(every)}")
    return f"; did you mean {' or '.join(alike)}?" + (f" ({listing})" if listing else "")
