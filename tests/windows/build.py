"""Builds dist/netpreflight.exe under Wine, from the wheel; `packaging/build-windows` calls it on Linux."""

import shutil
import subprocess
import zipfile

from tests.windows.set_up import PREFIX, REPOSITORY, environment, install_locked, must, set_up
from tests.windows.wine import of_drive

PLACE = PREFIX / "drive_c" / "build"
"""A Python of its own, because the tests' has no tools for building."""
MADE, DIST, PACKAGING = REPOSITORY / "build" / "executable", REPOSITORY / "dist", REPOSITORY / "packaging"


def build() -> None:
    """Build it."""
    set_up()
    must(str(PACKAGING / "build-wheel"))
    shutil.rmtree(PLACE, ignore_errors=True)
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir(parents=True)
    shutil.copytree(PREFIX / "drive_c" / "python", PLACE)
    packages = PLACE / "Lib" / "site-packages"
    install_locked(PACKAGING / "requirements.lock", packages)
    (wheel,) = DIST.glob("*.whl")
    with zipfile.ZipFile(wheel) as inside:
        inside.extractall(packages)
    searched = ["python313.zip", ".", "Lib\\site-packages", of_drive(str(PACKAGING)), "import site"]
    (PLACE / "python313._pth").write_text("\n".join(searched))
    env = environment(PREFIX) | {"SOURCE_DATE_EPOCH": _time_of_commit(), "PYTHONHASHSEED": "0"}
    must("sh", "-c", "wineserver -p && wine cmd /c exit", env=env)
    try:
        _python(env, of_drive(str(PACKAGING / "licences.py")), of_drive(str(MADE / "licences.txt")))
        _python(env, of_drive(str(PACKAGING / "windows" / "version.py")), of_drive(str(MADE / "version.txt")))
        _python(
            env, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", of_drive(str(DIST)),
            "--workpath", of_drive(str(MADE / "work")), of_drive(str(PACKAGING / "netpreflight.spec")),
        )  # fmt: skip
    finally:
        subprocess.run(["wineserver", "-k"], env=env, check=False)


def _python(env: dict[str, str], *arguments: str) -> None:
    """Run the Python that builds; its streams have to be pipes."""
    done = subprocess.run(
        ["wine", "C:\\build\\python.exe", *arguments], env=env, cwd=PLACE, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stdout}"


def _time_of_commit() -> str:
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=REPOSITORY, capture_output=True, encoding="ascii", check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    build()
