"""The Wi-Fi radios, as far as /sys shows them."""

from pathlib import Path

_MONITOR = "803"  # ARPHRD_IEEE80211_RADIOTAP, linux/if_arp.h


def has_radio(sysfs: Path = Path("/sys")) -> bool:
    """Whether the kernel knows a Wi-Fi radio; True, too, if /sys cannot be read."""
    if not (sysfs / "class/net").is_dir():
        return True
    try:
        return any((sysfs / "class/ieee80211").iterdir())
    except FileNotFoundError:
        return False
    except OSError:
        return True


def monitoring(sysfs: Path = Path("/sys")) -> list[str]:
    """The interfaces in monitor mode that are up."""
    found = []
    for path in sorted(sysfs.glob("class/net/*")):
        try:
            kind, flags = (path / "type").read_text().strip(), int((path / "flags").read_text(), 16)
        except (OSError, ValueError):
            continue
        if kind == _MONITOR and flags & 1:
            found.append(path.name)
    return found
