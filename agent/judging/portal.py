"""Judging captive portals: `portal`, from several witnesses."""

from typing import Literal, NamedTuple

from msgspec import UNSET

from netpreflight.agent.judging.addresses import is_address, is_local
from netpreflight.agent.judging.cloud import transport
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.let_through import only_laptop
from netpreflight.agent.judging.signature import has_signed
from netpreflight.agent.judging.unseen import not_looked, on_same_network
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding, Named
from netpreflight.probes.observations import UNRESTRICTED, HttpWitness, Observations, Portal
from netpreflight.probes.urls import joined, parts

State = Literal["none", "portal", "suspected", "unknown"]
_NETWORK_AUTHENTICATION_REQUIRED = 511  # RFC 6585 section 6


class _Conclusion(NamedTuple):
    """The state that the witnesses show together, with the words and the problem for the finding."""

    state: State
    summary: str
    reason: str = ""
    problem: str | None = None
    named: Named | None = None
    knows_laptop: bool = False
    """Whether the portal lets this laptop pass already, so that a new device may fare worse."""


def portal(view: DeviceView) -> Finding:
    """Whether a captive portal stands in the way of a device, which cannot click through a log-in page."""
    seen, profile = view.seen, view.profile
    observed = seen.portal
    if observed is None or observed.not_run:
        return not_looked(observed, "Captive portals were not looked for")
    state, summary, reason, problem, named, knows_laptop = _conclude(seen, observed)
    evidence = [f"state: {state}", *_evidence(observed)]
    if state == "none":
        return Finding(status="pass", summary=summary, evidence=evidence)
    mac = f"the device's MAC address ({mac_of(profile)})"
    if state == "portal":
        remedy = f"Let {mac} past the captive portal (MAC bypass), or give devices a network without one."
    elif state == "suspected":
        remedy = (
            f"Ask whoever runs this network whether a new device meets a captive portal here; if so, let {mac} past."
        )
    elif transport(view).status in {"pass", "warn"}:
        summary = f"{summary}, though the device's cloud answers"
        reason = (
            f"{reason} So this laptop gets to the device's cloud; that does not show whether a captive portal lets a "
            "new device pass as well."
        )
        remedy = "Try one device here: a browser on this laptop would fetch no more than this run did."
    else:
        remedy = (
            "Open http://captive.apple.com in a browser on this network: if a log-in page comes up, there is a portal."
        )
    return Finding(
        status="fail" if state == "portal" else "unknown",
        summary=summary,
        problem=problem,
        named=named,
        reason=reason
        + (
            " The portal already lets this laptop through; it would not let a new device through."
            if knows_laptop or (state == "portal" and _is_let_in(seen))
            else ""
        )
        + (
            " The device's own cloud, which its signature proves, answers this MAC address all the same: the portal "
            "did not stop that during this run. Ask whoever runs the portal whether it always lets the device through."
            if state == "portal" and _gets_to_cloud(view)
            else ""
        ),
        remedy=remedy,
        owner="device owner" if state == "unknown" else "network administrator",
        due_to="dns.resolve" if not any(witness.address for witness in observed.http) and not observed.api else None,
        evidence=evidence,
    )


def _is_let_in(seen: Observations) -> bool:
    """Whether web servers answer this laptop but not the device, on the same network."""
    return on_same_network(seen) and "page" in {exchange.what for exchange in only_laptop(seen)}


def _gets_to_cloud(view: DeviceView) -> bool:
    """Whether, in a run as the device, the device's cloud is proved to answer although nobody logged in at the portal.

    The check fails all the same: a run lasts only seconds, and the device cannot log in once the portal asks for it.
    """
    run = view.seen.as_device
    return (
        run is not UNSET
        and run.not_run is None
        and transport(view).standing == "pass"
        and any(has_signed(endpoint, view.profile) for endpoint in view.endpoints)
    )


def mac_of(profile: Profile) -> str:
    """How the device's MAC address begins, as far as it is known, and where to read it."""
    where = mac_told_by(profile.name)
    return f"{where}; it begins with {profile.mac_prefix.value}" if profile.mac_prefix else where


def mac_told_by(device: str) -> str:
    """Where to read the MAC address of a device, by the name of its profile."""
    return "it is on its label" if device == "generic" else "particle serial mac prints it"


def _conclude(seen: Observations, observed: Portal) -> _Conclusion:
    """What the Captive Portal API says, if DHCP names one; else what the vendors' HTTP checks show."""
    api = observed.api
    if api is not None and api.captive is not None:
        page = api.portal_url or api.url
        if api.captive:
            return _Conclusion(
                "portal",
                f"A captive portal: {page}",
                f"The Captive Portal API at {api.url} (RFC 8908) says captive.",
                "api-says-captive",
            )
        if api.session:
            return _Conclusion(
                "portal",
                f"A captive portal that already knows this laptop: {page}",
                f"The Captive Portal API at {api.url} (RFC 8908) reports a session of this laptop.",
                "api-knows-laptop",
                knows_laptop=True,
            )
        if api.url.strip() != UNRESTRICTED:
            return _Conclusion(
                "suspected",
                f"A captive portal may await new devices: {page}",
                f"DHCP names a Captive Portal API ({api.url}), as networks with a portal do (RFC 8910); it says that "
                "this laptop may pass.",
                "api-lets-laptop-pass",
                knows_laptop=True,
            )
    by_http = _by_http(seen, observed)
    if by_http.state == "none" and api is not None and api.captive is None:
        return _Conclusion(
            "suspected",
            f"DHCP names a captive portal, {api.url}, but it gave no answer",
            f"DHCP option 114 names {api.url}: {api.error}.",
            "api-unreachable",
        )
    return by_http


def _by_http(seen: Observations, observed: Portal) -> _Conclusion:
    """What the vendors' HTTP and TLS checks show: no portal, a portal, signs of one, or nothing."""
    answered = [witness for witness in observed.http if witness.status is not None]
    right = [witness for witness in answered if witness.right]
    # An HTTP error shows no portal (except 511 of RFC 6585): it may come from the vendor, or from a proxy on the way.
    wrong = [
        witness
        for witness in answered
        if (not witness.right and (witness.status or 0) < 400) or witness.status == _NETWORK_AUTHENTICATION_REQUIRED
    ]
    if right and not wrong:
        return _Conclusion("none", f"{len(right)} of {len(observed.http)} vendors' addresses give their right answer")
    pages = [joined(witness.url, witness.location) for witness in wrong if witness.location]
    ours = [page for page in pages if _is_ours(seen, parts(page).host)]
    agreed = len(pages) > 1 and len({parts(page).host for page in pages}) == 1
    if pages and (not right or ours or agreed):
        page = (ours or pages)[0]
        redirected = next(witness for witness in wrong if witness.location)
        some = f" {len(right)} other vendors' checks are let through." if right else ""
        host = parts(page).host
        return _Conclusion(
            "portal",
            f"A captive portal: {page}",
            f"{redirected.url} is redirected to {redirected.location}.{some}",
            "redirected",
            Named(address=host) if is_address(host) else None,
        )
    if any(witness.status == _NETWORK_AUTHENTICATION_REQUIRED for witness in wrong):
        return _Conclusion(
            "portal", "A captive portal: status 511", f"{wrong[0].url} gives status 511 (RFC 6585).", "status-511"
        )
    pointed = next((witness for witness in observed.http if witness.address and _is_ours(seen, witness.address)), None)
    if pointed and pointed in wrong:
        return _Conclusion(
            "portal",
            f"A captive portal at {pointed.address}, to which the resolver points",
            f"The resolver gives {pointed.url} the address {pointed.address}, which answers with a page of its own.",
            "by-dns",
            Named(address=pointed.address or ""),
        )
    mismatch = next((witness for witness in observed.tls if witness.mismatch), None)
    if len(wrong) > 1 and not right:
        also = f", and the TLS certificate for {mismatch.host} belongs to another name" if mismatch else ""
        return _Conclusion(
            "portal",
            f"Something answers in place of {len(wrong)} vendors: a captive portal or a filter",
            f"{wrong[0].url} gives status {wrong[0].status} with content that is not the vendor's{also}.",
            "others-answer",
        )
    if wrong or pointed or mismatch:
        return _Conclusion(
            "suspected",
            "A captive portal is suspected",
            _suspicion(wrong, pointed),
            "suspected",
            Named(address=pointed.address) if pointed and pointed.address else None,
        )
    failed = ", ".join(dict.fromkeys(_why_not(witness) for witness in observed.http)) or "none was asked"
    return _Conclusion(
        "unknown",
        "No portal check of a vendor was answered over HTTP",
        f"None of them could be asked: {failed}.",
        "no-answer",
    )


def _why_not(witness: HttpWitness) -> str:
    """Why a vendor's address gave no page."""
    return witness.error or (f"status {witness.status}" if witness.status is not None else "it was not asked")


def _suspicion(wrong: list[HttpWitness], pointed: HttpWitness | None) -> str:
    """The sign that points at a portal: a local address, wrong content, or else a certificate."""
    if pointed:
        return f"The resolver gives {pointed.url} the address {pointed.address}, which is on this network."
    if wrong:
        return (
            f"{wrong[0].url} gives status {wrong[0].status} instead of {wrong[0].expected_status} with the vendor's "
            "content."
        )
    return "The TLS certificate for a vendor's address belongs to another name."


def _is_ours(seen: Observations, address: str) -> bool:
    """Whether an address is this network's own: the gateway, or any local address."""
    return address == seen.scope.gateway or is_local(address)


def _evidence(observed: Portal) -> list[str]:
    """A line of evidence for the Captive Portal API and for each vendor's check."""
    lines = []
    if observed.api:
        api = observed.api
        trust = {True: "", False: " (its certificate does not verify)", None: ""}[api.tls_verified]
        lines.append(f"option 114: {api.url}{trust}: captive {api.captive}, {api.error or f'page {api.portal_url}'}")
    for witness in observed.http:
        at = f" at {witness.address}" if witness.address else ""
        if witness.status is None:
            lines.append(f"{witness.url}{at}: {_why_not(witness)}")
        else:
            verdict = (
                "right" if witness.right else f"wrong, location {witness.location}" if witness.location else "wrong"
            )
            lines.append(f"{witness.url}{at}: status {witness.status}, {verdict}")
    lines += [
        f"TLS to {witness.host}{f' at {witness.address}' if witness.address else ''}: "
        + ("verified" if witness.verified else witness.mismatch or witness.error or "failed")
        for witness in observed.tls
    ]
    return lines
