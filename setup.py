"""The packages in the folders at the top, under the one name; all else stands in pyproject.toml."""

from setuptools import find_packages, setup

setup(packages=[f"netpreflight.{one}" for one in find_packages(include=["agent*", "probes*", "reports*"])])
