"""Where the executable starts."""

import os
import sys

from netpreflight.agent.start import main

GO_BACK = "--go-back"
"""As in systems/watchdog.py, which is loaded only for it."""

# So that the commands that a report names can be run as they are.
os.environ["NETPREFLIGHT_CALLED"] = sys.argv[0]

if sys.argv[1:] == [GO_BACK]:
    from netpreflight.systems import watchdog

    watchdog.main()
else:
    main()
