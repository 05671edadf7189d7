"""`netpreflight watch`: observes a network for hours or days, and says what broke when.

The engine (`engine.py`) is pure: answers and times in, outages and gaps out. The store keeps them.
"""
