"""The checkout run by the CPython for Windows, under Wine, in the lab's networks."""
