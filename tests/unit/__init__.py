"""Pure tests: no privilege, no network, no waiting."""
