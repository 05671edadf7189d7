"""What a report says to whom: everything, what a ticket needs, or nothing of the place that it was made in."""

from netpreflight.reports.sharing.share import hidden, shared
from netpreflight.reports.sharing.tokens import HIDDEN

__all__ = ["HIDDEN", "hidden", "shared"]
