"""Build the vendor's server once: `python -m tests.lab.vendor.build` says where it is.

It is compiled against the headers of the node that runs it, and anew for another node, or when what is pinned changes.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(sys.prefix) / "vendor-lab"
PINNED = ("package.json", "package-lock.json")
NPM = ("npm", "ci", "--foreground-scripts", "--ignore-scripts=false", "--no-audit", "--no-fund", "--no-update-notifier")
DEADLINE_S = 300.0


class BuildError(RuntimeError):
    """The vendor's server could not be built."""


@dataclass(frozen=True)
class Built:
    """The node that runs the server, and the package."""

    node: Path
    package: Path


def _output(*argv: str, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=DEADLINE_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{' '.join(argv)}: {error}") from error
    output = done.stdout.decode(errors="replace").strip()
    if done.returncode:
        raise BuildError(f"{' '.join(argv)}: exit {done.returncode}\n{output}")
    return output


def _node() -> tuple[Path, str]:
    """The node that npm runs by, and what a build depends on of it."""
    found = shutil.which("node")
    if not found:
        raise BuildError("there is no node: tests/run installs Debian's")
    says = "process.execPath + '\\n' + [process.version, process.versions.modules, process.arch].join('-')"
    path, version = _output(found, "-p", says).splitlines()
    return Path(path), version


def _compile(node: Path, folder: Path) -> None:
    """Let npm fetch and compile it in `folder`, with node's own headers instead of downloaded ones."""
    prefix = node.parents[1]
    if not (prefix / "include" / "node" / "node_api.h").exists():
        raise BuildError(f"{node} has no headers in {prefix / 'include' / 'node'}: the vendor's server cannot be built")
    for name in PINNED:
        shutil.copy(HERE / name, folder)
    environment = os.environ | {"npm_config_nodedir": str(prefix), "JOBS": str(os.cpu_count() or 1)}
    log = _output(*NPM, cwd=folder, environment=environment)
    if not list(folder.glob("node_modules/node-mbed-dtls/build/Release/*.node")):
        raise BuildError(f"npm has built nothing:\n{log}")


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    """Let one of the test workers that start together build, while the others wait for it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(cache: Path = CACHE) -> Built:
    """Return the built package; it takes about 15 s, the first time."""
    node, version = _node()
    recipe = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINNED) + str(node).encode())
    folder = cache / f"{version}-{recipe.hexdigest()[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        if not folder.exists():
            for old in cache.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            unfinished = Path(tempfile.mkdtemp(dir=cache))
            _compile(node, unfinished)
            unfinished.rename(folder)
    return Built(node, folder / "node_modules" / "node-mbed-dtls")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{build().package}\n")
    except BuildError as failed:
        sys.exit(f"tests/lab/vendor: {failed}")
