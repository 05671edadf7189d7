"""Hides what others must not see of a report.

The levels of sharing are `complete` (nothing is hidden), `ticket` (what a ticket needs stays) and `public` (nothing
stays that reveals the place).
"""

from netpreflight.reports.sharing.share import hidden, shared
from netpreflight.reports.sharing.tokens import HIDDEN

__all__ = ["HIDDEN", "hidden", "shared"]
