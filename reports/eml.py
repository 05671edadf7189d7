"""A request as a mail that is not sent yet (RFC 5322): no sender and no recipient, which whoever sends it fills in.

`X-Unsent: 1` opens it as a draft in Outlook. Its date is that of the run.
"""

from email.message import EmailMessage
from email.policy import SMTP

from netpreflight.agent.report.requests import Request
from netpreflight.reports.requests import body, subject


def render(request: Request, contact: str) -> str:
    """The mail, with the line ends of RFC 5322.

    Nothing from the network gets into a header but the subject, which has no control characters.
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = subject(request)
    if request.made is not None:
        message["Date"] = request.made
    message["X-Unsent"] = "1"
    message.set_content("\n".join(body(request, contact)) + "\n", cte="quoted-printable")
    return message.as_bytes().decode("ascii")
