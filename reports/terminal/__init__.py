"""The report for a terminal, and for a text file."""

from netpreflight.reports.terminal.report import MARKS, Terminal, TerminalConsole, plain_text, render

__all__ = ["MARKS", "Terminal", "TerminalConsole", "plain_text", "render"]
