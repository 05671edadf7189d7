"""The process by which `hostile_neighbour` sends; it imports nothing of this project, so that it begins at once."""

import array
import mmap
import socket
import struct
import sys
import time
from pathlib import Path

COUNT_SIZE = 8
"""Bytes of the counter's file, in this machine's order."""
_TICK_S = 0.001
_MOST_BEHIND_S = 0.1
"""If this process had to wait for the processor, it makes up for this long at most: on a busy machine, too, it sends a
steady sweep, and no bursts that no buffer holds."""


def send(argv: list[str]) -> None:
    """Send one frame for each port in turn until somebody ends this process; see `hostile_neighbour.Attack`."""
    file, text, port_at, complement_at, first, end, per_second = argv
    frame, at, rate = bytearray.fromhex(text), int(port_at), int(per_second)
    other = None if complement_at == "none" else int(complement_at)
    ports = array.array("H", range(int(first), int(end)))
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind(("eth0", 0))
    with Path(file).open("r+b") as counter, mmap.mmap(counter.fileno(), COUNT_SIZE) as shared:
        last, due, sent = time.monotonic(), 1.0, 0
        while True:
            now = time.monotonic()
            due, last = due + min(now - last, _MOST_BEHIND_S) * rate, now
            while sent < int(due):
                port = ports[sent % len(ports)]
                struct.pack_into("!H", frame, at, port)
                if other is not None:
                    struct.pack_into("!H", frame, other, port ^ 0xFFFF)
                try:
                    sock.send(frame)
                except OSError:  # the queue is full: the frame was not sent
                    break
                sent += 1
            shared[:] = sent.to_bytes(COUNT_SIZE, sys.byteorder)
            time.sleep(_TICK_S)


if __name__ == "__main__":
    send(sys.argv[1:])
