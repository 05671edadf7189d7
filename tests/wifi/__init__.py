"""The Wi-Fi lab: a throw-away virtual machine with simulated radios and real access points."""
