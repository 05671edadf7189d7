"""Installs the folders of code, and the checks' pages, under the name netpreflight; the rest is in pyproject.toml."""

from setuptools import find_packages, setup

FOUND = find_packages(include=["agent*", "fleet*", "probes*", "reports*", "systems*"])

setup(packages=[*(f"netpreflight.{package}" for package in FOUND), "netpreflight.docs.checks"])
