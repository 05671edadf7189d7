"""Writes the licences that the executable prints, from what is installed in the environment that it is built in.

usage: python packaging/licences.py FILE
"""

import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from contents import LEFT_OUT

from netpreflight.agent import __version__, licences

HEADER = f"""\
netpreflight {__version__}, as one file

netpreflight itself is under GPL-2.0-or-later. This file also holds OpenSSL 3 (Apache-2.0), so that the whole of it is
distributed under the GNU General Public License, version 3 or later. It holds no scapy (GPL-2.0-only).

Source: for three years from the day on which you received this file, whoever gave it to you sends you, or anybody who
has it, the complete corresponding source, for no more than the cost of sending it. It is the source distribution of the
same version, netpreflight-{__version__}.tar.gz, which is published beside this file and has the scripts that build it
(packaging/) and the exact version of everything in it (requirements.lock).

"""


def of_python() -> str:
    """CPython's licence, which names what it holds of others; Debian keeps it elsewhere."""
    places = [Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt"]
    places += sorted(Path("/usr/share/doc").glob(f"python{sys.version_info[0]}.{sys.version_info[1]}*/copyright"))
    for place in places:
        if place.is_file():
            return place.read_text(encoding="utf-8", errors="replace")
    sys.exit("packaging/licences.py: CPython's licence is not where it is looked for")


def main() -> None:
    """Write the file."""
    here = Path(__file__).parent
    parts = [HEADER, (here.parent / "LICENSE").read_text(encoding="utf-8")]
    parts += [f"\n{'=' * 80}\nCPython {sys.version.partition(' ')[0]}\n{'=' * 80}\n\n{of_python()}"]
    parts += [
        f"\n{'=' * 80}\n{file.stem}\n{'=' * 80}\n\n{file.read_text()}" for file in sorted(here.glob("texts/*.txt"))
    ]
    left_out = frozenset(name.replace("_", "-") for name in LEFT_OUT) | {"markdown-it-py"}
    parts += [licences.of_distribution(found) for found in licences.distributions(left_out)]
    parts.append(licences.of_distribution(metadata.distribution("pyinstaller")))  # its bootloader
    Path(sys.argv[1]).write_text("".join(parts), encoding="utf-8")


main()
