"""How the Wi-Fi lab's virtual machine starts: from whatever folder the checkout is in."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.wifi.vm import start_script


@pytest.mark.parametrize("name", ["np", "a b/np", "it's/$np", "link"])
def test_the_start_script_names_the_checkout_as_one_word(tmp_path: Path, name: str) -> None:
    repository = tmp_path / name
    if name == "link":
        (tmp_path / "real").mkdir()
        repository.symlink_to("real")
    else:
        repository.mkdir(parents=True)
    script = start_script(tmp_path / "modules", repository=repository)

    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    needed = next(line for line in script.splitlines() if line.startswith("for needed in"))
    words = shlex.split(needed.partition(";")[0])
    assert str(repository) in words
    assert words.index(str(repository.resolve())) <= words.index(str(repository))
    assert shlex.split(next(line for line in script.splitlines() if line.startswith("cd "))) == ["cd", str(repository)]
