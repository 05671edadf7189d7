"""What somebody saw of a device's light, in words, and what it may be: `netpreflight led`."""
