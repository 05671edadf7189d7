"""The packages in the folders at the top, and the checks' pages, under the one name; all else is in pyproject.toml."""

from setuptools import find_packages, setup

FOUND = find_packages(include=["agent*", "probes*", "reports*"])

setup(packages=[*(f"netpreflight.{one}" for one in FOUND), "netpreflight.docs.checks"])
