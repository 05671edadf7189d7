"""Measurements: each file asks the network one question and returns what it saw, without an opinion."""
