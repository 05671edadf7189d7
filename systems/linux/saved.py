"""The passphrase that NetworkManager has saved for a network, for whoever may see it (root, or the owner)."""

from collections.abc import Awaitable, Callable

from netpreflight.systems.programs import output_of

MOST_CONNECTIONS = 100
_WIFI = "802-11-wireless"
Output = Callable[..., Awaitable[str]]


async def passphrase(ssid: str, output: Output = output_of) -> str | None:
    """The passphrase of the first connection to a network that has one; None: there is none, or it is not told.

    Args:
        ssid: the network's name, as NetworkManager writes it.
        output: what a program prints.
    """
    listed = await output("nmcli", "--terse", "--escape", "no", "--fields", "TYPE,UUID", "connection", "show")
    for line in listed.splitlines()[:MOST_CONNECTIONS]:
        kind, _, uuid = line.partition(":")
        if kind != _WIFI:
            continue
        name = await output(*_asks(f"{_WIFI}.ssid", uuid))
        if name.rstrip("\n") != ssid:
            continue
        told = await output(*_asks(f"{_WIFI}-security.psk", uuid))
        if key := told.rstrip("\n"):
            return key
    return None


def _asks(field: str, uuid: str) -> tuple[str, ...]:
    return ("nmcli", "--show-secrets", "--escape", "no", "--get-values", field, "connection", "show", "uuid", uuid)
