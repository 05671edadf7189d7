"""`python -m netpreflight.agent` is `netpreflight`."""

from netpreflight.agent.start import main

main()
