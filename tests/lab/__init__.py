"""A whole small internet in network namespaces, with real servers and exact faults; see `lab.Lab`."""
