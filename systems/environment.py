"""What the environment of this process says, on every system."""

import os

from netpreflight.probes.observations import Proxy

_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


def proxies() -> list[Proxy]:
    """The proxies that variables of the environment name, without user names and passwords."""
    return [
        Proxy(variable=variable, value=without_credentials(value))
        for variable, value in sorted(os.environ.items())
        if variable.lower() in _VARIABLES and value
    ]


def ssh_address() -> str | None:
    """This host's address to which the user is connected by SSH (SSH_CONNECTION, sshd(8)); None: the user is not."""
    words = os.environ.get("SSH_CONNECTION", "").split()
    return words[2] if len(words) == 4 else None


def without_credentials(url: str) -> str:
    """A proxy's scheme, host and port: all up to the last @ is cut off, because a password may hold any character."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    return f"{scheme}{separator}{rest.rpartition('@')[2].partition('/')[0]}"
