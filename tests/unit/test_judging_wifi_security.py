"""Judging the air: AKM, ciphers and PMF, for each device."""

from typing import Any

import pytest

from netpreflight.probes.observations import Suites, Wifi
from tests.unit.air import (
    ADMIN,
    DEVICES,
    HEALTHY,
    HIGH,
    OWNER,
    Case,
    bss,
    check,
    each,
    rsn,
    verify,
    wifi,
    wpa,
)

# --- wifi.security -------------------------------------------------------------------------------------------------


def secured(modes: list[str] | None, robust: Suites | None = None, old: Suites | None = None, **more: Any) -> Wifi:
    return wifi(bss(**{"security": modes, "rsn": robust, "wpa": old, **more}))


def by(name: str, seen: Wifi, found: str) -> list[Case]:
    """One case per device; `found` has status and problem for generic, photon and argon, or one for all of them."""
    statuses = found.split() * (1 if " " in found else len(DEVICES))
    cases = []
    for device, told in zip(DEVICES, statuses, strict=True):
        status, _, problem = told.partition(":")
        owner = None if status == "pass" else OWNER if status == "unknown" else ADMIN
        cases.append(Case(name, "security", seen, status, problem or None, owner, (device,)))
    return cases


REQUIRED: dict[str, Any] = {"pmf": "required"}
OLD = "fail:no-common-security warn:wep-or-wpa warn:wep-or-wpa"
ENTERPRISE = "fail:no-common-security warn:enterprise-limits fail:no-common-security"
SECURITY = [
    *by("wpa2", secured(["wpa2-psk"], rsn("PSK")), "pass"),
    *by("open", secured(["open"], privacy=False), "warn:open"),
    *by("wep", secured(["wep"]), OLD),
    *by("wpa", secured(["wpa-psk"], None, wpa("PSK")), OLD),
    *by("wpa-and-wpa2", secured(["wpa-psk", "wpa2-psk"], rsn("PSK", group="TKIP"), wpa("PSK")), "pass"),
    *by("wpa2-tkip", secured(["wpa2-psk"], rsn("PSK", pairwise=("TKIP",), group="TKIP")), "pass"),
    *by("wpa2-mixed", secured(["wpa2-psk"], rsn("PSK", pairwise=("TKIP", "CCMP"), group="TKIP")), "pass"),
    *by("transition", secured(["wpa2-psk", "wpa3-sae"], rsn("PSK", "SAE", pmf_capable=True), pmf="capable"),
        "warn:wpa3-transition"),
    *by("wpa3", secured(["wpa3-sae"], rsn("SAE", pmf_capable=True, pmf_required=True), **REQUIRED),
        "fail:no-common-security"),
    *by("pmf-required", secured(["wpa2-psk"], rsn("PSK", pmf_capable=True, pmf_required=True), **REQUIRED),
        "fail:pmf-required warn:pmf-required fail:pmf-required"),
    *by("pmf-capable", secured(["wpa2-psk"], rsn("PSK", pmf_capable=True), pmf="capable"), "pass"),
    *by("pmf-unknown", secured(["wpa2-psk"], rsn("PSK"), pmf=None), "unknown:pmf-not-told"),
    *by("ft-only", secured(["wpa2-psk"], rsn("FT-PSK")), "fail:fast-transition-only"),
    *by("ft-beside", secured(["wpa2-psk"], rsn("PSK", "FT-PSK")), "pass"),
    *by("owe", secured(["owe"], rsn("OWE", pmf_capable=True, pmf_required=True), **REQUIRED),
        "fail:no-common-security"),
    *by("enterprise", secured(["wpa2-eap"], rsn("EAP")), ENTERPRISE),
    *by("enterprise-and-psk", secured(["wpa2-psk", "wpa2-eap"], rsn("PSK", "EAP")), "pass"),
    *by("wpa-enterprise", secured(["wpa-eap"], None, wpa("EAP")), "fail:no-common-security"),
    *by("wpa3-enterprise", secured(["wpa3-eap"], rsn("EAP-SUITE-B-192")), "fail:no-common-security"),
    *by("none-that-is-known", secured([], rsn("FILS-SHA256")), "fail:no-common-security"),
    *by("none-at-all", secured([]), "fail:no-common-security"),
    *by("gcmp", secured(["wpa2-psk"], rsn("PSK", pairwise=("GCMP-256",), group="GCMP-256")), "fail:no-common-cipher"),
    *by("gcmp-group", secured(["wpa2-psk"], rsn("PSK", group="GCMP-256")), "fail:no-common-cipher"),
    *by("wep-group", secured(["wpa2-psk"], rsn("PSK", group="WEP-40")),
        "fail:no-common-cipher warn:wep-for-groups warn:wep-for-groups"),
    *by("no-group-traffic", secured(["wpa2-psk"], rsn("PSK", group="GTK-NOT-USED")), "pass"),
    *by("no-suites", secured(["wpa2-psk"]), "pass"),
    *by("no-suites-and-no-pmf", secured(["wpa2-psk"], pmf=None), "unknown:pmf-not-told"),
    *by("not-told", secured(None), "unknown:not-told"),
    *by("the-best-of-several", wifi(bss(security=["wpa3-sae"], rsn=rsn("SAE")), bss(security=None), HEALTHY), "pass"),
    *by("only-the-device's-band", wifi(HIGH, bss(security=["wpa3-sae"], rsn=rsn("SAE"))), "fail:no-common-security"),
]  # fmt: skip


@each(SECURITY)
def test_security(case: Case, device: str) -> None:
    verify(case, device)


SECURITY_NOT_JOINABLE = [
    *by("psk-sha256-only", secured(["wpa2-psk"], rsn("PSK-SHA256", pmf_capable=True), pmf="capable"),
        "fail:no-common-akm"),
    *by("psk-sha384-only", secured(["wpa2-psk"], rsn("PSK-SHA384")), "fail:no-common-akm"),
    *by("ft-psk-beside-sae", secured(["wpa2-psk", "wpa3-sae"], rsn("FT-PSK", "SAE", pmf_capable=True), pmf="capable"),
        "fail:no-common-akm"),
    # device-facts 3: Device OS for the Photon caps TLS at 1.1, which RADIUS servers of today refuse.
    *by("ft-psk-beside-eap", secured(["wpa2-psk", "wpa2-eap"], rsn("FT-PSK", "EAP")),
        "fail:no-common-akm warn:enterprise-limits fail:no-common-akm"),
    *by("rsn-with-gcmp-beside-wpa", secured(["wpa-psk", "wpa2-psk"], rsn("PSK", pairwise=("GCMP-256",), group="TKIP"),
        wpa("PSK")), "fail:no-common-cipher warn:wep-or-wpa warn:wep-or-wpa"),
    *by("pairwise-as-group", secured(["wpa2-psk"], rsn("PSK", pairwise=("GROUP",), group="TKIP")), "pass"),
    *by("wpa-beside-wpa3", secured(["wpa-psk", "wpa3-sae"], rsn("SAE"), wpa("PSK")), OLD),
]  # fmt: skip


@each(SECURITY_NOT_JOINABLE)
def test_security_is_judged_by_akm_and_cipher_together(case: Case, device: str) -> None:
    verify(case, device)


def test_wpa_beside_wpa3_is_not_called_wpa2() -> None:
    seen = secured(["wpa-psk", "wpa3-sae"], rsn("SAE"), wpa("PSK"))

    assert check("wifi.security", seen, "photon").problem == "wep-or-wpa"


@pytest.mark.parametrize("device", DEVICES)
def test_pmf_that_is_required_shuts_out_wpa_stations_too(device: str) -> None:
    robust = rsn("SAE", pmf_capable=True, pmf_required=True)
    made = check("wifi.security", secured(["wpa-psk", "wpa3-sae"], robust, wpa("PSK"), pmf="required"), device)

    problem = "no-common-security" if device == "generic" else "pmf-required"
    assert (made.status, made.problem) == ("warn" if device == "photon" else "fail", problem)


def test_what_the_source_says_in_words_is_judged_with_its_pmf() -> None:
    for pmf, status in (("none", "pass"), ("capable", "pass"), ("required", "fail"), (None, "unknown")):
        assert check("wifi.security", secured(["wpa2-psk"], pmf=pmf)).status == status
    assert check("wifi.security", secured(["open"], pmf=None)).status == "warn"
    assert check("wifi.security", secured(["wep"], pmf=None), "photon").status == "warn"


def test_an_open_network_of_owe_transition_is_open() -> None:
    owe = bss(name=b"", security=["owe"], rsn=rsn("OWE", pmf_required=True), pmf="required", hidden=True)
    made = check("wifi.security", wifi(bss(security=["open"], rsn=None), owe))

    assert (made.status, made.problem) == ("warn", "open")
