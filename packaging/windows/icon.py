"""Draws netpreflight.ico: three arcs of radio waves over a dot, in white on blue.

usage: python packaging/windows/icon.py FILE
"""

import math
import struct
import sys
import zlib
from pathlib import Path

SIZES = (16, 32, 48, 256)
BLUE, WHITE = (24, 90, 157), (255, 255, 255)
SAMPLES = 4
DOT, ARCS, HALF_WIDTH = 0.09, (0.24, 0.42, 0.60), 0.05
CENTRE_X, CENTRE_Y, OPENING = 0.5, 0.76, math.pi / 4


def is_white(x: float, y: float) -> bool:
    """Whether a point of the unit square is in the dot or an arc."""
    across, up = x - CENTRE_X, CENTRE_Y - y
    distance = math.hypot(across, up)
    in_sector = abs(math.atan2(across, up)) <= OPENING
    return distance <= DOT or (in_sector and any(abs(distance - arc) <= HALF_WIDTH for arc in ARCS))


def pixel(size: int, column: int, row: int) -> bytes:
    """The colour of a pixel, by how much of it is white."""
    steps = [(step + 0.5) / SAMPLES for step in range(SAMPLES)]
    white = sum(is_white((column + x) / size, (row + y) / size) for x in steps for y in steps) / SAMPLES**2
    return bytes([*(round(b + (w - b) * white) for b, w in zip(BLUE, WHITE, strict=True)), 255])


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def png(size: int) -> bytes:
    """The picture, as a PNG file."""
    rows = b"".join(b"\0" + b"".join(pixel(size, column, row) for column in range(size)) for row in range(size))
    header = struct.pack("!IIBBBBB", size, size, 8, 6, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def main() -> None:
    """Write the icon in all sizes."""
    pictures = [png(size) for size in SIZES]
    at = 6 + 16 * len(SIZES)
    entries = []
    for size, picture in zip(SIZES, pictures, strict=True):
        entries.append(struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(picture), at))
        at += len(picture)
    Path(sys.argv[1]).write_bytes(struct.pack("<HHH", 0, 1, len(SIZES)) + b"".join(entries) + b"".join(pictures))


main()
