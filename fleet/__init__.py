"""The saved runs of many sites: gathered into tables, queried, and judged again.

This is an extra: `netpreflight[fleet]` brings DuckDB, which nothing else imports. The tables hold everything that a
complete report holds: they are for the user who made them, and for nobody else.
"""
