"""Understanding how somebody describes a device's light, and what the light may mean: `netpreflight led`."""
