"""The report as Markdown, for forums and tickets."""

from netpreflight.reports.markdown.report import MOST_CONTACTS, MOST_NETWORKS, render

__all__ = ["MOST_CONTACTS", "MOST_NETWORKS", "render"]
