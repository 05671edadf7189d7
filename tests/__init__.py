"""Tests of netpreflight: unit, lab (network namespaces) and bench."""
