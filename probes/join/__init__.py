"""Being the device on its network: a way a file, behind one interface (`interface.py`).

`cable`: a second interface on the laptop's port, with the device's MAC address, in a network namespace of the run.
"""
