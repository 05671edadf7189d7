"""The options of a run as the device (`--as device`), and what is refused before anything is sent."""

import sys
from pathlib import Path
from typing import NamedTuple

from netpreflight.agent import judging
from netpreflight.agent.as_device.mac import ChosenMac, choose
from netpreflight.agent.as_device.secret import secret
from netpreflight.agent.judging.join import abilities_of
from netpreflight.agent.profiles import Profile
from netpreflight.agent.selection import Selection
from netpreflight.probes.join import way_for
from netpreflight.probes.join.as_itself import AsItself
from netpreflight.probes.join.denied import Denied
from netpreflight.probes.join.interface import Device, Passphrase, Way
from netpreflight.probes.observations import Scope, ipv4_networks
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.scope import mac_of
from netpreflight.probes.wifi.elements import ssid_text
from netpreflight.systems import SYSTEM

DEVICE = "device"
"""The only value that `--as` accepts."""
LONGEST_PASSPHRASE = 64
"""The characters of a key in hexadecimal; a passphrase has up to 63 characters (IEEE 802.11-2020, J.4)."""

_WHICH_MAC = "give the MAC address of the device, or leave --mac out"


class CannotError(ValueError):
    """This laptop cannot play the device; the message says why, and what would change that."""


class Asked(NamedTuple):
    """The options of a run as the device."""

    mac: str | None = None
    passphrase_file: Path | None = None
    uses_saved: bool = False
    is_forced: bool = False


def read(
    as_whom: str | None, mac: str | None, passphrase_file: Path | None, *, uses_saved: bool, is_forced: bool
) -> Asked | None:
    """The options of a run as the device; None: this is no such run.

    Raises:
        CannotError: the options make no sense together.
    """
    given = {
        "--mac": mac is not None,
        "--passphrase-file": passphrase_file is not None,
        "--saved-passphrase": uses_saved,
        "--force": is_forced,
    }
    if as_whom is None:
        for option, is_given in given.items():
            if is_given:
                raise CannotError(f"{option} is for --as {DEVICE}")
        return None
    if as_whom != DEVICE:
        raise CannotError(f"--as {as_whom}: give --as {DEVICE}, or leave --as out, and the run measures as this laptop")
    if passphrase_file is not None and uses_saved:
        raise CannotError("--passphrase-file and --saved-passphrase: give only one of them")
    return Asked(mac, passphrase_file, uses_saved, is_forced)


def prepare(
    asked: Asked, scope: Scope, profile: Profile, selection: Selection, ssid: str | None
) -> tuple[Way, ChosenMac]:
    """How this laptop can play the device, and the device's MAC address; nothing is sent.

    If the system denies it to this user (`Refusal.is_denied`), the way is `Denied`, and no passphrase is asked for.

    Raises:
        CannotError: playing the device is not possible here, or not with these options.
        OSError: the secret of this laptop cannot be read.
    """
    is_by_air = scope.medium == "wifi"
    if is_by_air:
        scope.ssid = scope.ssid or _joined(scope)
        ssid = ssid or scope.ssid
    only_joins = _only_joins(selection)
    if only_joins and not is_by_air:
        raise CannotError(
            f"--as {DEVICE} --only join: by cable ({scope.interface}) there is no Wi-Fi to join; leave --only out, or "
            "name a Wi-Fi interface: --interface IF"
        )
    if not only_joins:
        leases = [row.id for row in judging.CHECKS.values() if row.needs_lease]
        if "dhcp" not in judging.probes_for(selection) or all(check_id in selection.skip for check_id in leases):
            raise CannotError(f"--as {DEVICE} needs a lease, and this run leaves dhcp out")
    try:
        maker = profile.mac_prefix.value if profile.mac_prefix is not None else None
        chosen = choose(asked.mac, maker, _known_by(scope, ssid), secret())
    except ValueError as problem:
        raise CannotError(f"--mac {asked.mac}: {problem}") from problem
    if (whose := _of_here(chosen.mac, scope)) is not None:
        raise CannotError(f"--mac {chosen.mac}: {whose}")
    if not is_by_air and (asked.passphrase_file is not None or asked.uses_saved):
        raise CannotError(f"a passphrase is for Wi-Fi, and {scope.interface} is not a Wi-Fi interface")
    device = Device(scope=scope, mac=chosen.mac, ssid=ssid, radio=abilities_of(profile.radio))
    way = way_for(device)
    refusal = way.refusal()
    if refusal is not None and refusal.is_denied:
        return Denied(way.name, device, refusal), chosen
    if chosen.source == "given" and not scope.privileges.raw_sockets:
        raise CannotError(
            f"--mac {chosen.mac}: only root can check whether another host has this address just now; give its first "
            "three bytes, or leave --mac out"
        )
    if refusal is not None and not (refusal.can_be_forced and asked.is_forced):
        step = f" {refusal.step}" if refusal.step else ""
        raise CannotError(f"--as {DEVICE}: {refusal.reason}.{step}")
    if is_by_air:
        device.passphrase = read_passphrase(asked, ssid or "")
    return way, chosen


def prepare_itself(asked: Asked, scope: Scope, profile: Profile, selection: Selection, ssid: str | None) -> AsItself:
    """How this laptop itself joins the network, on systems that cannot play the device; nothing is sent.

    Raises:
        CannotError: the join is not possible here, or not with these options.
    """
    if asked.mac is not None:
        raise CannotError("--mac: on this system, a run cannot choose the MAC address that joins")
    if asked.uses_saved:
        raise CannotError(
            "--saved-passphrase: this system does not hand out saved passphrases; leave the option out, and type the "
            "passphrase"
        )
    if "join" not in judging.probes_for(selection):
        raise CannotError(f"--as {DEVICE}: on this system it only joins the Wi-Fi, and this run leaves the join out")
    device = Device(scope=scope, mac=scope.mac or "", ssid=ssid or scope.ssid, radio=abilities_of(profile.radio))
    way = AsItself(device)
    refusal = way.refusal()
    if refusal is not None:
        raise CannotError(f"--as {DEVICE}: {refusal.reason}. {refusal.step}")
    device.passphrase = read_passphrase(asked, device.ssid or "")
    return way


def words_of_holder(address: str, scope: Scope) -> str:
    """What to do about a `--mac` that the host with this IPv4 address on the link already has."""
    if address == scope.gateway:
        return f"this is the MAC address of the router ({address}), which cannot be the device; {_WHICH_MAC}"
    return (
        f"{address} has this MAC address just now. If that is the device, switch it off for this run; if not, "
        f"{_WHICH_MAC}"
    )


def _of_here(mac: str, scope: Scope) -> str | None:
    """What to do about a MAC address that is this laptop's own, or known to be its router's; None: it is neither."""
    own = next((adapter.name for adapter in SYSTEM.adapters() if adapter.mac == mac), None)
    if own is not None or mac == scope.mac:
        return f"this is the MAC address of this laptop ({own or scope.interface}), not of a device; {_WHICH_MAC}"
    is_router = scope.gateway is not None and mac_of(scope.gateway, scope.interface or "") == mac
    return words_of_holder(scope.gateway or "", scope) if is_router else None


def _only_joins(selection: Selection) -> bool:
    """Whether a run selects only the Wi-Fi checks, the join among them: these need no lease."""
    asked = [row for row in judging.CHECKS.values() if selection.includes(row.id)]
    return all(row.stage == "scan" for row in asked) and any("join" in row.probes for row in asked)


def read_passphrase(asked: Asked, ssid: str) -> Passphrase | None:
    """The network's passphrase: the saved one, from the file, from standard input (-), or typed at a hidden prompt.

    None: the passphrase is empty, because the network is open.

    Raises:
        CannotError: the passphrase cannot be read, or is too long.
    """
    try:
        if asked.uses_saved:
            content = bytearray(_saved(ssid).encode(errors="surrogateescape"))
        elif asked.passphrase_file is None:
            typed = SYSTEM.ask_hidden(f"Passphrase of {in_quotes(ssid)} (empty: none is needed): ")
            content = bytearray(typed.encode(errors="surrogateescape"))
        elif str(asked.passphrase_file) == "-":
            content = bytearray(sys.stdin.buffer.read(LONGEST_PASSPHRASE + 3))
        else:
            with asked.passphrase_file.open("rb") as file:
                content = bytearray(file.read(LONGEST_PASSPHRASE + 3))
    except (OSError, EOFError) as problem:
        why = getattr(problem, "strerror", None) or "nothing was given"
        raise CannotError(f"the passphrase cannot be read: {why}") from problem
    for ending in (b"\n", b"\r"):
        if content.endswith(ending):
            del content[-1:]
    if len(content) > LONGEST_PASSPHRASE:
        raise CannotError(f"a passphrase has at most {LONGEST_PASSPHRASE} characters")
    return Passphrase(content) if content else None


def _joined(scope: Scope) -> str | None:
    """The Wi-Fi network that this laptop is on, which a run judges if none is named; None: none, or it is not known."""
    try:
        joined = SYSTEM.joined(scope.interface or "")
    except (OSError, ValueError):  # pyroute2 reads a network's name as text, but it is up to 32 arbitrary bytes
        return None
    return ssid_text(joined.name) if joined is not None and any(joined.name) else None


def _saved(ssid: str) -> str:
    """The passphrase that this laptop has saved for a network.

    Raises:
        CannotError: none is saved, or the system does not hand it out.
    """
    if "networkmanager" not in SYSTEM.joiners:
        raise CannotError(
            "--saved-passphrase: this system does not hand out saved passphrases. Leave the option out, and type the "
            "passphrase."
        )
    from netpreflight.probes.join.saved import passphrase  # noqa: PLC0415 - jeepney, for few runs

    try:
        return passphrase(ssid)
    except OSError as problem:
        raise CannotError(f"--saved-passphrase: {problem}. Leave it out, and type the passphrase.") from problem


def _known_by(scope: Scope, ssid: str | None) -> str:
    """A text that identifies the network, the same on each run; the device's MAC address is derived from it.

    An ordinary user's runs get another MAC address than root's: for them NetworkManager joins, which may send probe
    requests from this address on 5 GHz, too, and an access point with band steering would then take the address for
    that of a device with 5 GHz.
    """
    if ssid is not None:
        return ssid if SYSTEM.is_privileged() else f"{ssid}\0by NetworkManager"
    networks = [str(network) for network in ipv4_networks(scope.addresses)]
    return f"{' '.join(networks)} {scope.gateway}"
