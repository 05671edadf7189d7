"""The owners: who can change something on the network, for findings, requests and headlines."""

from typing import Literal

Owner = Literal["device owner", "network administrator", "internet provider", "nobody"]
ASKED: tuple[Owner, ...] = ("device owner", "network administrator", "internet provider")
"""Everybody who can be asked for something."""


def the_owner(owner: Owner | None) -> str:
    """The owner with its article, for use within a sentence."""
    return "nobody" if owner == "nobody" else f"the {owner}"
