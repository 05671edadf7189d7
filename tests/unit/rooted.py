"""Root's side of a run: the root helper in a thread, and whole runs that root starts, which send nothing."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from netpreflight.agent.privilege.helper import Helper, Server

TOOL = str(Path(sys.executable).with_name("netpreflight"))


class Served:
    """A helper in a thread, and the run's side of it."""

    def __init__(self, files: list[Path]) -> None:
        self.run, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.run.settimeout(60)
        self.client = Helper(self.run, files)
        self.server = Server(its, files, None)
        self._its = its
        self._thread = threading.Thread(target=self.server.serve)
        self._thread.start()

    def end(self) -> None:
        """End the run; the helper has done all that was asked of it when this returns."""
        self.run.close()
        self._thread.join(60)
        assert not self._thread.is_alive()
        self._its.close()


@contextlib.contextmanager
def served(*files: Path) -> Iterator[Served]:
    serving = Served(list(files))
    try:
        yield serving
    finally:
        serving.end()


def run_root(
    *arguments: str,
    before: tuple[str, ...] = (),
    start: tuple[str, ...] = (TOOL,),
    env: dict[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith(("SUDO_", "DOAS_"))}
    return subprocess.run(
        [*before, *start, "check", "--interface", "lo", "--only", "wifi", *arguments],
        env=own | (env or {}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
