"""The secret of this laptop from which the device's MAC address is derived: 32 random bytes in a file of the user.

The file is beside the folder of kept runs. It belongs to the user who started the run or called sudo, and nobody else
may read it.
"""

import secrets

from netpreflight.agent.kept_runs import as_owner, place
from netpreflight.agent.output_files import make_folder, write

NAME = "secret"
_SIZE = 32


def secret() -> bytes:
    """The secret; a new one is made and saved if there is none yet.

    Raises:
        OSError: the file can be neither read nor written.
    """
    runs = place()
    file = runs.folder.parent / NAME
    with as_owner(runs.owner):
        try:
            with file.open("rb") as opened:
                found = bytes.fromhex(opened.read(2 * _SIZE).decode("ascii"))
            if len(found) == _SIZE:
                return found
        except (FileNotFoundError, ValueError):
            pass
        made = secrets.token_bytes(_SIZE)
        make_folder(file.parent)
        write(file, made.hex(), private=True)
        return made
