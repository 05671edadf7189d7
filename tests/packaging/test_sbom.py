"""What is in a release, as packaging/sbom lists it, held against the lock file."""

import json
import re
import subprocess
from pathlib import Path

from netpreflight.agent import __version__

ROOT = Path(__file__).parents[2]


def test_it_names_each_locked_package_with_the_hashes_of_its_files(tmp_path: Path) -> None:
    file = tmp_path / "netpreflight.cdx.json"
    told = subprocess.run(
        [ROOT / "packaging" / "sbom", file.name], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert (told.stdout, told.stderr, told.returncode) == ("", "", 0)
    bom = json.loads(file.read_text(encoding="utf-8"))
    entries = re.findall(
        r"^([\w.-]+)==(\S+)[^\n]*\n((?: +--hash=.*\n)+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE
    )

    assert bom["bomFormat"] == "CycloneDX"
    assert [bom["metadata"]["component"][key] for key in ("name", "version")] == ["netpreflight", __version__]
    assert len(entries) > 20
    assert sorted(
        (
            component["name"],
            component["version"],
            component["purl"],
            sorted(each["content"] for place in component["externalReferences"] for each in place["hashes"]),
        )
        for component in bom["components"]
    ) == sorted(
        (name, version, f"pkg:pypi/{name}@{version}", sorted(re.findall(r"sha256:([0-9a-f]{64})", hashes)))
        for name, version, hashes in entries
    )
