"""A run that is the device (`--as device`): what it is asked, its child process, and the run of both.

`asked` reads the options and refuses; `mac` and `secret` make the device's MAC address; `child` is the process in which
the device lives; `both` makes one run of what the laptop saw from its own address, and what the device saw.
"""
