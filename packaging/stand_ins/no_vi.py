"""Stands for prompt_toolkit's keys of vi, which is not offered where a network is picked."""

from prompt_toolkit.key_binding.key_bindings import KeyBindings


def load_vi_bindings() -> KeyBindings:
    """No keys."""
    return KeyBindings()


def load_vi_search_bindings() -> KeyBindings:
    """No keys."""
    return KeyBindings()
