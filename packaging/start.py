"""Where the executable starts."""

from netpreflight.agent.start import main

main()
