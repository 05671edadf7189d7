"""A network whose TCP servers say what a script says, whoever asks: for probes that make connections."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from typing import cast

from netpreflight.probes.net.payload_shapes import TCP_CONNECT, Shape
from tests.unit.fakes import Clock, FakeNetwork, Script

Says = Callable[[str, int], bytes | OSError]
"""What the server of a host name says on a port, before it closes the connection; or how connecting fails."""


class _Unsent:
    """Stands for the writing side, and drops what is written."""

    def write(self, data: bytes) -> None:
        """Drop it."""


class StreamNetwork(FakeNetwork):
    """Hands out connections to servers that exist only in `says`."""

    def __init__(self, says: Says, script: Script = lambda *_: []) -> None:
        super().__init__(Clock(), script)
        self.says = says

    @contextlib.asynccontextmanager
    async def tcp(
        self,
        purpose: str,
        host: str | None,
        address: str,
        port: int,
        *,
        timeout_s: float,
        tls: ssl.SSLContext | None = None,
        shape: Shape = TCP_CONNECT,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection that has already brought everything that it will bring."""
        said = self.says(host or address, port)
        if isinstance(said, OSError):
            raise said
        reader = asyncio.StreamReader()
        reader.feed_data(said)
        reader.feed_eof()
        yield reader, cast("asyncio.StreamWriter", _Unsent())
