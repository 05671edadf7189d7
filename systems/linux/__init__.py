"""Linux."""

from netpreflight.systems.interface import System


class Linux(System):
    """Linux, on real machines and in network namespaces."""

    name = "linux"
