"""Limits of time, memory and traffic."""
