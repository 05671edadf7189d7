"""Durations in words."""


def in_words(seconds: float) -> str:
    """A duration in its two largest units, such as `3 min 20 s` or `2 d 4 h`, rounded to seconds."""
    left = round(seconds)
    parts = []
    for unit, unit_s in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, unit_s)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def between(least_s: float, most_s: float | None) -> str:
    """A duration between two bounds; `most_s` is None if there is no upper bound."""
    least = in_words(least_s)
    if most_s is None:
        return f"{least} or longer"
    most = in_words(most_s)
    if least_s < 0.5:
        return f"up to {most}"
    return most if least == most else f"{least} to {most}"
