"""Fuzzing: random and mutated inputs for everything that reads what others wrote; see `__main__`."""
