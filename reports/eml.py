"""A request as a draft of a mail (RFC 5322), without sender and recipient: whoever sends it fills them in.

`X-Unsent: 1` makes Outlook open it as a draft. Its date is that of the run.
"""

from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.policy import compat32
from email.utils import format_datetime
from typing import Any

from netpreflight.agent.report.requests import Request
from netpreflight.reports.requests import body, subject

_UTF_8 = Charset("utf-8")
_UTF_8.body_encoding = QP


def render(request: Request, contact: str) -> str:
    """The mail, with the line ends of RFC 5322.

    The subject is the only header that can contain text from the network. It is encoded (RFC 2047) if it is not plain
    ASCII, or if it contains `=?`: a network can be called `=?utf-8?q?=0ABcc:…?=`, which would be decoded otherwise.
    """
    message: Message[Any, Any] = Message()
    message.set_payload("\n".join(body(request, contact)) + "\n", _UTF_8)
    told = subject(request)
    is_plain = told.isascii() and told.isprintable() and "=?" not in told
    message["Subject"] = Header(told, "us-ascii" if is_plain else "utf-8", header_name="Subject")
    if request.made is not None:
        message["Date"] = format_datetime(request.made)
    message["X-Unsent"] = "1"
    return message.as_bytes(policy=compat32.clone(linesep="\r\n")).decode("ascii")
