"""How much of a report others may see: everything, what a ticket needs, or nothing that reveals the place."""

from netpreflight.reports.sharing.share import hidden, shared
from netpreflight.reports.sharing.tokens import HIDDEN

__all__ = ["HIDDEN", "hidden", "shared"]
