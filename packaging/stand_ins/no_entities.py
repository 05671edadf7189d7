"""Stands for Python's table of HTML entities by name, which only `html.unescape` asks for: no run does."""

html5: dict[str, str] = {}
