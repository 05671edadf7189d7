"""Can a TCP connection to 8.8.8.8 port 53 be opened? This is the Internet Test of Device OS up to 1.5.

One connection to a fixed address, without DNS: nothing is sent or read, and it is closed at once
(system_cloud_connection_compat.cpp:255-290). A Photon waits 5 s for it to open (socket_hal.cpp:741-742).
"""

from netpreflight.probes.net.sockets import Network, how_it_failed
from netpreflight.probes.observations import Connection, TcpConnect

ADDRESS = "8.8.8.8"
PORT = 53
CONNECT_S = 5.0


async def tcp(network: Network) -> TcpConnect:
    """Connect once, and close the connection at once."""
    begun = network.clock.monotonic()
    connect_ms: float | None = None
    error: str | None = None
    try:
        async with network.tcp("Internet Test", None, ADDRESS, PORT, timeout_s=CONNECT_S):
            connect_ms = round((network.clock.monotonic() - begun) * 1000, 2)
    except OSError as problem:
        error = how_it_failed(problem)
    waited_s = round(network.clock.monotonic() - begun, 3)
    connection = Connection(at_s=network.elapsed(begun), connect_ms=connect_ms, error=error, waited_s=waited_s)
    return TcpConnect(address=ADDRESS, port=PORT, connection=connection)
