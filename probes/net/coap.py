"""CoAP messages (RFC 7252): checking the reply to an empty message."""

_TYPES = ("Confirmable", "Non-confirmable", "Acknowledgement", "Reset")
MESSAGE_ID_AT = 2
_PAYLOAD_MARKER = 0xFF
_EXTENSION = {13: 1, 14: 2}
"""How many bytes follow to extend an option's delta or length, by the value of its nibble."""


def reply_to(message_id: int, payload: bytes) -> str:
    """Type and code of a reply to our empty message, in words such as `Reset`.

    Raises:
        ValueError: the payload is not CoAP, or no answer to this message (RFC 7252 sections 3 and 4.2).
    """
    if len(payload) < 4 or payload[0] >> 6 != 1:
        raise ValueError("not a CoAP message")
    kind, token_length, code = _TYPES[payload[0] >> 4 & 3], payload[0] & 15, payload[1]
    if int.from_bytes(payload[2:4]) != message_id:
        raise ValueError("a CoAP message with another message id")
    if kind not in {"Acknowledgement", "Reset"}:
        raise ValueError(f"a CoAP message of type {kind}, which answers nothing")
    if code == 0 and len(payload) != 4:
        raise ValueError("a CoAP message with the code of an empty message, but with content")
    if kind == "Reset" and code != 0:
        raise ValueError("a CoAP Reset that is not empty")
    if code >> 5 not in {0, 2, 4, 5} or (code >> 5 == 0 and code):
        raise ValueError(f"a CoAP message with the code {code >> 5}.{code & 31:02}, which is no response")
    if token_length:
        raise ValueError("a CoAP message with a token that was not sent")
    _skip_options(payload[4 + token_length :])
    return kind if code == 0 else f"{kind} {code >> 5}.{code & 31:02}"


def _skip_options(rest: bytes) -> None:
    """Walk the options (RFC 7252 section 3.1); raises ValueError if they are malformed."""
    position = 0
    while position < len(rest):
        if rest[position] == _PAYLOAD_MARKER:
            if position + 1 == len(rest):
                raise ValueError("a CoAP message with an empty payload")
            return
        delta, length = rest[position] >> 4, rest[position] & 15
        if 15 in {delta, length}:
            raise ValueError("a CoAP message with a reserved option")
        position += 1 + _EXTENSION.get(delta, 0)
        if length in _EXTENSION:
            size = _EXTENSION[length]
            length = (13 if size == 1 else 269) + int.from_bytes(rest[position : position + size])
            position += size
        position += length
    if position > len(rest):
        raise ValueError("a CoAP message with a broken option")
