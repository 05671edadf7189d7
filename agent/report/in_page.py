"""The run within an HTML page of its report, so that one attachment is enough: packed for the page, and read from it.

The run is JSON, compressed by zlib, as base64 in a `<template>` element, which browsers do not show. A page may come
from anybody: only this element is read, and both its packed and its unpacked size are limited.
"""

import base64
import zlib

ELEMENT_ID = "netpreflight-run"
LARGEST_PACKED = 200_000
"""How many characters of base64 a page may hold, not counting line breaks."""
_OPENING, _CLOSING = f'<template id="{ELEMENT_ID}">'.encode(), b"</template>"
_LINE = 100
_DAMAGED = "the run in this page is damaged"


def packed(document: bytes) -> str | None:
    """A document as lines of base64; None: it is too large for a page."""
    text = base64.b64encode(zlib.compress(document, 9)).decode()
    if len(text) > LARGEST_PACKED:
        return None
    return "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))


def is_page(content: bytes) -> bool:
    """Whether a file is an HTML page: it begins with `<`, which JSON never does."""
    return content[:100].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def unpacked(page: bytes, largest: int) -> bytes:
    """The document in a page.

    Raises:
        ValueError: the page has no document, a damaged one, or one of more than `largest` bytes; the message says
            which.
    """
    if (found := page.count(_OPENING)) != 1:
        raise ValueError(_DAMAGED if found else "this page has no run in it")
    begin = page.index(_OPENING) + len(_OPENING)
    inner, closing, _ = page[begin : begin + 2 * LARGEST_PACKED].partition(_CLOSING)
    text = b"".join(inner.split())
    if not closing or len(text) > LARGEST_PACKED:
        raise ValueError(_DAMAGED)
    unpacking = zlib.decompressobj()
    try:
        document = unpacking.decompress(base64.b64decode(text, validate=True), largest + 1)
    except (ValueError, zlib.error):
        raise ValueError(_DAMAGED) from None
    if len(document) > largest:
        raise ValueError(f"the run in this page is larger than {largest >> 20} MiB")
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError(_DAMAGED)
    return document
