"""A run in which this laptop plays the device (`--as device`).

`asked` reads the options, and refuses those that cannot work; `mac` and `secret` make the device's MAC address; `child`
is the process that plays the device; `both` combines what the laptop saw from its own address and what the device saw
into one run; `as_itself` is the run on systems where the laptop's own Wi-Fi station joins.
"""
