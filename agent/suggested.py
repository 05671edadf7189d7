"""What was probably meant by a word that is not known."""

from collections.abc import Iterable


def suggested(word: str, known: Iterable[str], *, listing: str | None = None) -> str:
    """The end of an error about an unknown word: the known words that are similar, or else all known words.

    Args:
        word: the unknown word.
        known: the known words.
        listing: a text that lists the known words; the error then ends with it even if some words are similar.
            None: the error lists `known`, and only if no word is similar.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - most runs need none

    every = list(known)
    similar = [name for name in every if word in name.split(".")] or get_close_matches(word, every)
    if not similar:
        return "; " + (listing or f"known: {', '.join(every)}")
    return f"; did you mean {' or '.join(similar)}?" + (f" ({listing})" if listing else "")
