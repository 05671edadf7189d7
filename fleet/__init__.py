"""Many sites' saved runs: gathered into tables, asked, judged again.

An extra: `netpreflight[fleet]` brings DuckDB, which nothing else imports. What is in the tables is complete-level: they
are for the user who made them, and for nobody else.
"""
