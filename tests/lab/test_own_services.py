"""A hostile DHCP server and resolver that name this laptop itself: its own services are not asked."""

from typing import Any

import pytest

from tests.lab.lab import LAPTOP, PORTAL_API, PORTAL_NAME, VENDOR_NAMES, CheckRun, Lab
from tests.lab.servers import Dhcp

pytestmark = pytest.mark.lab


def api(run: CheckRun) -> dict[str, Any]:
    found: dict[str, Any] = run.report["observations"]["portal"]["api"]
    return found


def only_portal(lab: Lab) -> CheckRun:
    return lab.check("--only", "portal", env={"SSL_CERT_FILE": str(lab.ca)})


def test_the_laptops_own_services_are_not_asked() -> None:
    """By name, after resolution; beside the vendors' names, which lead to the laptop's port 80."""
    names = dict.fromkeys((PORTAL_NAME, *VENDOR_NAMES), LAPTOP)
    with Lab(names=names, dhcp=Dhcp(captive_portal=PORTAL_API)) as lab:
        own = lab.own_services(LAPTOP)
        run = only_portal(lab)
        connections = {name: len(fake.received) for name, fake in own.items()}

    assert api(run)["url"] == PORTAL_API, "the announcement did not get here, so this shows nothing"
    assert {witness["address"] for witness in run.report["observations"]["portal"]["http"]} == {LAPTOP}
    assert connections == {"own_http": 0, "own_https": 0}
    assert f"{LAPTOP} is this laptop's own address" in api(run)["error"]
    assert [contact for contact in run.report["footprint"] if contact["address"] == LAPTOP] == []


@pytest.mark.parametrize("url", [f"https://{LAPTOP}/admin/reboot", f"https://[::ffff:{LAPTOP}]/admin/reboot"])
def test_nor_by_an_address_in_the_announcement(url: str) -> None:
    with Lab(dhcp=Dhcp(captive_portal=url)) as lab:
        own = lab.own_services(LAPTOP)
        run = only_portal(lab)
        connections = [len(fake.received) for fake in own.values()]

    assert (api(run)["url"], connections) == (url, [0, 0])
    assert {row["id"]: (row["status"], row["problem"]) for row in run.report["checks"]}["portal"] == (
        "unknown", "api-unreachable",
    )  # fmt: skip


@pytest.mark.parametrize("sends_back", [True, False])
def test_the_same_announcement_of_another_host_is_followed_and_no_redirect_is(sends_back: bool) -> None:  # noqa: FBT001 - a variant
    with Lab(dhcp=Dhcp(captive_portal=PORTAL_API)) as lab:
        own = lab.own_services(LAPTOP)
        elsewhere = f"https://{LAPTOP}/admin/reboot" if sends_back else None
        lab.captive_api("open", elsewhere=elsewhere)
        run = only_portal(lab)
        connections, log = [len(fake.received) for fake in own.values()], lab.http_log("captive_api")

    assert connections == [0, 0]
    assert [line.partition(" -> ")[2][:3] for line in log] == ["302" if sends_back else "200"]
    assert api(run)["status"] == (302 if sends_back else 200)
