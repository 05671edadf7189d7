"""Where the executable starts."""

import os
import sys

from netpreflight.agent.start import main

# So that the commands that a report names can be run as they are.
os.environ["NETPREFLIGHT_CALLED"] = sys.argv[0]

main()
