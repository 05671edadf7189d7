"""Is it the cloud? What the vendor's status page says, in sentences; no verdict depends on it."""

from typing import NamedTuple

from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.probes.observations import CloudEndpoint
from netpreflight.probes.quoting import in_quotes
from netpreflight.probes.urls import parts


class Told(NamedTuple):
    """What this run knows about the vendor's services; only one of the two is set."""

    says: str | None = None
    """What the status page says, and as of when."""
    how: str | None = None
    """Why the state of the services is not known, and where to look."""


def cloud_is_silent(endpoints: list[CloudEndpoint]) -> bool:
    """Whether a cloud was asked, and none of its endpoints answered in the cloud's protocol."""
    asked = any(endpoint.attempts or endpoint.connections for endpoint in endpoints)
    return asked and not any(endpoint.record or endpoint.nonce for endpoint in endpoints)


def is_it_the_cloud(view: DeviceView) -> Told | None:
    """What the vendor's status page says; None: the cloud answers, was not asked, or has no status page."""
    page, seen = view.profile.cloud.status_page, view.seen.vendor_status
    if page is None or view.laptop_network or not cloud_is_silent(view.endpoints):
        return None
    host = parts(page.value).authority
    where = f"Look at https://{host}/ by another network, such as a phone's mobile data."
    if seen is None or seen.not_run or seen.host != host:
        return Told(how=f"This run did not ask {host}. {where}")
    if seen.indicator is None:
        return Told(how=f"{host} could not be asked from here: {seen.error or 'no answer'}. {where}")
    says = f"{host} says {in_quotes(seen.description or '')} ({in_quotes(seen.indicator)})"
    says += f", as of {seen.updated}" if seen.updated else ", without a time"
    if seen.incidents:
        says += f"; not resolved: {', '.join(map(in_quotes, seen.incidents))}"
    return Told(says=f"{says}.")
