"""Who can change something: the words for it, in findings, requests and headlines."""

from typing import Literal

Owner = Literal["device owner", "network administrator", "internet provider", "nobody"]


def the_owner(owner: Owner | None) -> str:
    """Who it is, within a sentence."""
    return "nobody" if owner == "nobody" else f"the {owner}"
