"""CoAP messages, byte by byte."""

from typing import Any

from scapy.contrib.coap import CoAP

MID = 0x1234
ACK, RESET = 2, 3


def message(kind: int = RESET, code: int = 0, mid: int = MID, **fields: Any) -> bytes:
    return bytes(CoAP(ver=1, type=kind, code=code, msg_id=mid, **fields))
