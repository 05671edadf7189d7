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


def by(name: str, seen: Wifi, statuses: str, says: tuple[str, ...] = (), owner: str | None = ADMIN) -> list[Case]:
    """One case per device; `statuses` for generic, photon and argon."""
    return [
        Case(name, "security", seen, status, says if status == "fail" or len(set(statuses.split())) == 1 else (),
             owner if status != "pass" else None, (device,))
        for device, status in zip(DEVICES, statuses.split(), strict=True)
    ]  # fmt: skip


REQUIRED: dict[str, Any] = {"pmf": "required"}
SECURITY = [
    *by("wpa2", secured(["wpa2-psk"], rsn("PSK")), "pass pass pass", ("wpa2-psk",)),
    *by("open", secured(["open"], privacy=False), "warn warn warn", ("is open", "anybody")),
    *by("wep", secured(["wep"]), "fail warn warn", ("wep",)),
    *by("wpa", secured(["wpa-psk"], None, wpa("PSK")), "fail warn warn", ("wpa-psk",)),
    *by("wpa-and-wpa2", secured(["wpa-psk", "wpa2-psk"], rsn("PSK", group="TKIP"), wpa("PSK")), "pass pass pass"),
    *by("wpa2-tkip", secured(["wpa2-psk"], rsn("PSK", pairwise=("TKIP",), group="TKIP")), "pass pass pass"),
    *by("wpa2-mixed", secured(["wpa2-psk"], rsn("PSK", pairwise=("TKIP", "CCMP"), group="TKIP")), "pass pass pass"),
    *by("transition", secured(["wpa2-psk", "wpa3-sae"], rsn("PSK", "SAE", pmf_capable=True), pmf="capable"),
        "warn warn warn", ("WPA2 and WPA3 together",)),
    *by("wpa3", secured(["wpa3-sae"], rsn("SAE", pmf_capable=True, pmf_required=True), **REQUIRED), "fail fail fail",
        ("wpa3-sae", "this device has", "WPA2-PSK with CCMP")),
    *by("pmf-required", secured(["wpa2-psk"], rsn("PSK", pmf_capable=True, pmf_required=True), **REQUIRED),
        "fail warn fail", ("protected management frames", "does not have PMF")),
    *by("pmf-capable", secured(["wpa2-psk"], rsn("PSK", pmf_capable=True), pmf="capable"), "pass pass pass"),
    *by("pmf-unknown", secured(["wpa2-psk"], rsn("PSK"), pmf=None), "unknown unknown unknown", ("PMF",), OWNER),
    *by("ft-only", secured(["wpa2-psk"], rsn("FT-PSK")), "fail fail fail", ("fast transition", "plain PSK")),
    *by("ft-beside", secured(["wpa2-psk"], rsn("PSK", "FT-PSK")), "pass pass pass"),
    *by("owe", secured(["owe"], rsn("OWE", pmf_capable=True, pmf_required=True), **REQUIRED), "fail fail fail",
        ("owe",)),
    *by("enterprise-and-psk", secured(["wpa2-psk", "wpa2-eap"], rsn("PSK", "EAP")), "pass pass pass"),
    *by("wpa-enterprise", secured(["wpa-eap"], None, wpa("EAP")), "fail fail fail", ("wpa-eap",)),
    *by("wpa3-enterprise", secured(["wpa3-eap"], rsn("EAP-SUITE-B-192")), "fail fail fail", ("wpa3-eap",)),
    *by("none-that-is-known", secured([], rsn("FILS-SHA256")), "fail fail fail", ("no device here has", "FILS-SHA256")),
    *by("none-at-all", secured([]), "fail fail fail", ("no RSN or WPA element",)),
    *by("gcmp", secured(["wpa2-psk"], rsn("PSK", pairwise=("GCMP-256",), group="GCMP-256")), "fail fail fail",
        ("cipher GCMP-256", "CCMP (AES)")),
    *by("gcmp-group", secured(["wpa2-psk"], rsn("PSK", group="GCMP-256")), "fail fail fail", ("GCMP-256 for groups",)),
    *by("wep-group", secured(["wpa2-psk"], rsn("PSK", group="WEP-40")), "fail warn warn", ("WEP-40 for groups",)),
    *by("no-group-traffic", secured(["wpa2-psk"], rsn("PSK", group="GTK-NOT-USED")), "pass pass pass"),
    *by("no-suites", secured(["wpa2-psk"]), "pass pass pass"),
    *by("no-suites-and-no-pmf", secured(["wpa2-psk"], pmf=None), "unknown unknown unknown", ("PMF",), OWNER),
    *by("not-told", secured(None), "unknown unknown unknown", ("does not tell the security",), OWNER),
    *by("the-best-of-several", wifi(bss(security=["wpa3-sae"], rsn=rsn("SAE")), bss(security=None), HEALTHY),
        "pass pass pass"),
    *by("only-the-device's-band", wifi(HIGH, bss(security=["wpa3-sae"], rsn=rsn("SAE"))), "fail fail fail"),
    Case("enterprise", "security", secured(["wpa2-eap"], rsn("EAP")), "fail", ("wpa2-eap",), ADMIN,
         ("generic", "argon")),
]  # fmt: skip


@each(SECURITY)
def test_security(case: Case, device: str) -> None:
    verify(case, device)


SECURITY_NOT_JOINABLE = [
    *by("psk-sha256-only", secured(["wpa2-psk"], rsn("PSK-SHA256", pmf_capable=True), pmf="capable"),
        "fail fail fail", ("PSK-SHA256",)),
    *by("psk-sha384-only", secured(["wpa2-psk"], rsn("PSK-SHA384")), "fail fail fail", ("PSK-SHA384",)),
    *by("ft-psk-beside-sae", secured(["wpa2-psk", "wpa3-sae"], rsn("FT-PSK", "SAE", pmf_capable=True), pmf="capable"),
        "fail fail fail"),
    *by("ft-psk-beside-eap", secured(["wpa2-psk", "wpa2-eap"], rsn("FT-PSK", "EAP")), "fail warn fail"),
    *by("rsn-with-gcmp-beside-wpa", secured(["wpa-psk", "wpa2-psk"], rsn("PSK", pairwise=("GCMP-256",), group="TKIP"),
        wpa("PSK")), "fail warn warn"),
    # device-facts 3: Device OS for the Photon caps TLS at 1.1, which RADIUS servers of today refuse.
    Case("enterprise", "security", secured(["wpa2-eap"], rsn("EAP")), "warn", ("TLS",), None, ("photon",)),
    *by("pairwise-as-group", secured(["wpa2-psk"], rsn("PSK", pairwise=("GROUP",), group="TKIP")), "pass pass pass"),
    *by("wpa-beside-wpa3", secured(["wpa-psk", "wpa3-sae"], rsn("SAE"), wpa("PSK")), "fail warn warn"),
]  # fmt: skip


@each(SECURITY_NOT_JOINABLE)
def test_security_is_judged_by_akm_and_cipher_together(case: Case, device: str) -> None:
    verify(case, device)


def test_wpa_beside_wpa3_is_not_called_wpa2() -> None:
    seen = secured(["wpa-psk", "wpa3-sae"], rsn("SAE"), wpa("PSK"))

    assert "uses WPA2" not in check("wifi.security", seen, "photon").summary


@pytest.mark.parametrize("device", DEVICES)
def test_pmf_that_is_required_shuts_out_wpa_stations_too(device: str) -> None:
    robust = rsn("SAE", pmf_capable=True, pmf_required=True)
    made = check("wifi.security", secured(["wpa-psk", "wpa3-sae"], robust, wpa("PSK"), pmf="required"), device)

    assert made.status == ("warn" if device == "photon" else "fail")


def test_what_the_source_says_in_words_is_judged_with_its_pmf() -> None:
    for pmf, status in (("none", "pass"), ("capable", "pass"), ("required", "fail"), (None, "unknown")):
        assert check("wifi.security", secured(["wpa2-psk"], pmf=pmf)).status == status
    assert check("wifi.security", secured(["open"], pmf=None)).status == "warn"
    assert check("wifi.security", secured(["wep"], pmf=None), "photon").status == "warn"


def test_an_open_network_of_owe_transition_is_open() -> None:
    owe = bss(name=b"", security=["owe"], rsn=rsn("OWE", pmf_required=True), pmf="required", hidden=True)
    made = check("wifi.security", wifi(bss(security=["open"], rsn=None), owe))

    assert (made.status, made.summary) == ("warn", "'net' is open")
