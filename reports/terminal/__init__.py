"""The report for a terminal, and for a text file."""

from netpreflight.reports.console import on_terminal, plain_text
from netpreflight.reports.terminal.progress import Terminal
from netpreflight.reports.terminal.report import render
from netpreflight.reports.terminal.styles import MARKS

__all__ = ["MARKS", "Terminal", "on_terminal", "plain_text", "render"]
