"""What the user calls the place of a run (`--site`, `--place`): bounded before anything is measured."""

from msgspec import UNSET, UnsetType

from netpreflight.probes.observations import LONGEST_LABEL, Label


def read(option: str, said: str | None) -> Label | UnsetType:
    """The label that the user gave with an option, on one line; absent: none.

    Raises:
        ValueError: it is empty or too long; the message names the option.
    """
    if said is None:
        return UNSET
    label = " ".join(said.split())
    if not 0 < len(label) <= LONGEST_LABEL:
        raise ValueError(f"{option}: 1 to {LONGEST_LABEL} characters; this has {len(label)}")
    return label
