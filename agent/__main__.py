"""`python -m agent` is `netpreflight`."""

from agent.cli import main

main()
