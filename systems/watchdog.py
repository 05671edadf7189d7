"""Takes the laptop back to its own network if a run that has left that network is killed.

The watchdog is a process of its own. It waits for the end of its standard input, which comes when the run ends,
whatever the reason. A run that has gone back by itself says so first (`_OVER`). The watchdog never gets the passphrase.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence

from netpreflight.systems import SYSTEM
from netpreflight.systems.programs import outliving

WORD = "--go-back"
"""The argument that makes the one-file executable run as the watchdog; other installations run this module."""
_OVER = b"over\n"


def words() -> list[str]:
    """The command that starts the watchdog; with -P, Python loads no module from the folder in which it is started."""
    frozen = getattr(sys, "frozen", False)
    return [sys.executable, WORD] if frozen else [sys.executable, "-P", "-m", "netpreflight.systems.watchdog"]


@contextlib.contextmanager
def watched(adapter: str, network: str | None, command: Sequence[str] | None = None) -> Iterator[None]:
    """Start the watchdog, which goes back to a network if this process is killed before the end of the block.

    Args:
        adapter: as for `System.rejoin`.
        network: as for `System.rejoin`.
        command: tests pass another one.

    Raises:
        OSError: it cannot be started.
    """
    with outliving(command or words(), json.dumps([adapter, network]).encode() + b"\n") as say:
        yield
        say(_OVER)


def main() -> None:
    """Wait for the end of the run; go back to the network unless the run says that it has gone back itself."""
    adapter, network = json.loads(sys.stdin.buffer.readline())
    if sys.stdin.buffer.read() != _OVER:
        SYSTEM.rejoin(adapter, network)


if __name__ == "__main__":
    main()
