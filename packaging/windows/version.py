"""Writes the version resource of netpreflight.exe, as PyInstaller reads it.

usage: python packaging/windows/version.py FILE
"""

import sys
from pathlib import Path

from netpreflight.agent import __version__

NUMBERS = (*map(int, __version__.split(".")[:3]), 0)
STRINGS = {
    "FileDescription": "Will this network let an IoT device online?",
    "FileVersion": __version__,
    "InternalName": "netpreflight",
    "LegalCopyright": "GPL-3.0-or-later as a whole; netpreflight.exe --licences",
    "OriginalFilename": "netpreflight.exe",
    "ProductName": "netpreflight",
    "ProductVersion": __version__,
}
ENGLISH, UNICODE = 0x0409, 1200

structs = ", ".join(f"StringStruct({name!r}, {text!r})" for name, text in STRINGS.items())
Path(sys.argv[1]).write_text(
    f"""VSVersionInfo(
  ffi=FixedFileInfo(filevers={NUMBERS}, prodvers={NUMBERS}, mask=0x3F, flags=0, OS=0x40004, fileType=1),
  kids=[
    StringFileInfo([StringTable("{ENGLISH:04X}{UNICODE:04X}", [{structs}])]),
    VarFileInfo([VarStruct("Translation", [{ENGLISH}, {UNICODE}])]),
  ],
)
""",
    encoding="utf-8",
)
