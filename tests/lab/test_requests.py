"""The request as a mail, from the network to the file: what it asks for, what proves it, and how it is verified."""

import email
import json
import os
import shlex
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from tests.lab.lab import ARGON_CLOUD, Lab
from tests.lab.servers import GATEWAY

pytestmark = pytest.mark.lab


def test_a_dropped_port_becomes_a_request_and_its_verification_says_when_it_is_done(tmp_path: Path) -> None:
    file = tmp_path / "request.eml"
    with Lab() as lab:
        lab.gateway.drop("udp", 5684)
        run = lab.check("--device", "photon2", "-o", str(file), "--contact", "Ana Diaz, ana@example.org")
    assert (run.exit_code, run.report["verdict"]) == (1, "incompatible")
    assert [path.name for path in tmp_path.iterdir()] == ["request.eml"]
    assert file.stat().st_uid == os.geteuid()

    mail = email.message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)
    assert mail.defects == []
    assert (mail["Subject"], mail["X-Unsent"], mail["To"], mail["From"]) == (
        "Please allow outbound UDP 5684 to *.v6.udp.particle.io for a Particle Photon 2", "1", None, None,
    )  # fmt: skip
    assert mail["Date"].datetime.isoformat().replace("+00:00", "Z") == run.report["started"]
    text = " ".join(mail.get_content().split())
    (change,) = run.report["changes"]
    assert change["line"] in text
    for part in (
        "To the network administrator (",
        f"Look first at {GATEWAY} (hop 1 from the laptop)",
        f"UDP 5684 is dropped at or after {GATEWAY}",
        f"to {ARGON_CLOUD}, UDP 5684, at ",
        "(control",
        "94:94:4A:__:__:__",
        "Asked by: Ana Diaz, ana@example.org",
    ):
        assert part in text, part

    command = next(line for line in mail.get_content().splitlines() if "./netpreflight" in line)
    with Lab() as lab:
        checked = lab.check(*shlex.split(command)[2:])
    assert checked.exit_code == 0
    assert f'"{checked.report["answer"]["sentence"].partition(" (")[0]}", and ends with exit code 0' in text


def test_where_nobody_is_asked_there_is_no_file_and_one_line_says_so(tmp_path: Path) -> None:
    file = tmp_path / "request.eml"
    with Lab() as lab:
        run = lab.check("--device", "photon2", "-o", str(file))

    assert (run.exit_code, run.report["verdict"]) == (0, "compatible")
    assert json.loads(run.stdout)["changes"] == []
    assert run.stderr == (
        f"netpreflight: nothing was found that anybody has to change: no request is written to {file}\n"
    )
    assert list(tmp_path.iterdir()) == []
