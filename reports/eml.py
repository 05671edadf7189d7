"""A request as a mail that is not sent yet (RFC 5322): no sender and no recipient, which whoever sends it fills in.

`X-Unsent: 1` opens it as a draft in Outlook. Its date is that of the run.
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

    Nothing from the network gets into a header but the subject. It is encoded (RFC 2047) where it is not plain ASCII,
    or has what would be read as encoded already: a network can be called `=?utf-8?q?=0ABcc:…?=`.
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
