"""`netpreflight watch`: looks at a network for hours or days, and says what broke when.

The engine (`engine.py`) is pure: samples and times in, outages and gaps out. The store keeps what it says.
"""
