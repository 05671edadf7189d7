"""The numbers of many sites, as a company may have them: for the picture in docs/fleet.md."""

import datetime as dt

from netpreflight.fleet.answers import DeviceCount, FleetSummary
from netpreflight.fleet.overview import ChangeCount, MakerShare, Month, Overview, OwnerCauses

ADMINISTRATOR, OWNER = "network administrator", "network owner"


def _device(device: str, version: str, *, works: int, warns: int, unknown: int, fails: int) -> DeviceCount:
    return DeviceCount(
        device=device,
        os_version=version,
        compatible=works,
        compatible_with_warnings=warns,
        undetermined=unknown,
        incompatible=fails,
    )


def shops() -> Overview:
    """A chain of 412 shops."""
    broke = (2, 1, 0, 4, 3, 1, 12, 2, 0, 5, 1, 2)
    repaired = (0, 2, 1, 0, 5, 2, 1, 9, 4, 1, 3, 1)
    return Overview(
        summary=FleetSummary(
            runs=2871, sites=412, duplicates=63, quarantined=2, logs=38, watches=11, without_site=17,
            not_judged_again=9, cut_short=4, rules={"7": 2871},
            verdicts=[
                _device("photon2", "6.2.0", works=298, warns=41, unknown=14, fails=59),
                _device("argon", "6.2.0", works=301, warns=44, unknown=14, fails=53),
            ],
        ),
        changes=[
            ChangeCount("UDP 5684 to *.v5.udp.particle.io", "firewall", ADMINISTRATOR, 31, 29),
            ChangeCount("2.4 GHz on for this network", "access point", ADMINISTRATOR, 12, 10),
            ChangeCount("The device's MAC address past the portal", "captive portal", ADMINISTRATOR, 9, 9),
            ChangeCount("UDP idle timeout of 30 s or more", "firewall", OWNER, 5, 4),
        ],
        owners=[
            OwnerCauses(ADMINISTRATOR, [("cloud.transport", 31), ("wifi.band", 12), ("portal", 9)]),
            OwnerCauses(OWNER, [("path.egress", 5), ("dhcp.lease", 2)]),
        ],
        months=[Month(dt.datetime(2026, at + 1, 1, tzinfo=dt.UTC), broke[at], repaired[at], 0) for at in range(12)],
        makers=[MakerShare("Acme Networks", 120, 31), MakerShare("Example Routers", 64, 5)],
    )  # fmt: skip
