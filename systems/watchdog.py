"""Goes back to the laptop's own network where a run that has left it was killed.

It is a process of its own, which waits for its standard input to end: that ends with the run, whatever ends the run. A
run that has gone back itself says so first. It never has the passphrase.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence

from netpreflight.systems import SYSTEM
from netpreflight.systems.programs import outliving

WORD = "--go-back"
"""What the executable is called with to be this process; others run this module."""
_OVER = b"over\n"


def words() -> list[str]:
    """The command of this process; Python takes no module from the folder in which it is started (-P)."""
    frozen = getattr(sys, "frozen", False)
    return [sys.executable, WORD] if frozen else [sys.executable, "-P", "-m", "netpreflight.systems.watchdog"]


@contextlib.contextmanager
def watched(adapter: str, network: str | None, command: Sequence[str] | None = None) -> Iterator[None]:
    """Have it go back to a network if this process is killed before the end of the block.

    Args:
        adapter: as `System.rejoin` takes it.
        network: as there.
        command: tests pass another one.

    Raises:
        OSError: it cannot be started.
    """
    with outliving(command or words(), json.dumps([adapter, network]).encode() + b"\n") as say:
        yield
        say(_OVER)


def main() -> None:
    """Wait, and go back if need be."""
    adapter, network = json.loads(sys.stdin.buffer.readline())
    if sys.stdin.buffer.read() != _OVER:
        SYSTEM.rejoin(adapter, network)


if __name__ == "__main__":
    main()
