"""`python -m netpreflight.agent` is `netpreflight`."""

from netpreflight.agent.cli import main

main()
