"""Stands for rich's table of emoji by name, which no text of ours asks for."""

EMOJI: dict[str, str] = {}
