"""Stands for pyroute2/__init__.py, which would load all of pyroute2; a run asks for pyroute2.netlink.nl80211 only."""
