"""Root's rights: what a run that was started as root does with them, and how it gives them up.

`caller` says who started the run, `helper` keeps root's rights for a few requests, `drop` gives up the rest.
"""
