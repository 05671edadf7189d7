"""The host-side agent: command line, run loop, device profiles and judging."""

__version__ = "0.1.0"
