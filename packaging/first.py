"""The first module of the executable: until agent/start.py takes Ctrl-C, it ends the program without a traceback."""

import _signal  # type: ignore[import-not-found]  # built in; typeshed does not know it

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
