"""What a command takes, measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_SCRIPT = """
import json, resource, sys
sys.argv[0] = "netpreflight"
from netpreflight.agent.cli import main
if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    finally:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu_s = sum(each.ru_utime + each.ru_stime for each in used)
        with open("/proc/self/status") as status:
            own_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        sys.stderr.write(json.dumps([cpu_s, max(own_kib, used[1].ru_maxrss) << 10]))
"""
"""VmHWM begins anew with the program, unlike its own ru_maxrss, which remembers the process that started it."""


class Used(NamedTuple):
    """What a command took."""

    said: str
    cpu_s: float
    most_bytes: int
    """Of its largest process."""


def measured(folder: Path, *arguments: str) -> Used:
    """Run a command in a process of its own, and measure that and those that it starts.

    Args:
        folder: where a script is written.
        arguments: those of `netpreflight`.
    """
    script = folder / "measured.py"
    script.write_text(_SCRIPT)
    ran = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode in {0, 1, 3}, ran.stderr
    cpu_s, most_bytes = json.loads(ran.stderr.splitlines()[-1])
    return Used(ran.stdout, cpu_s, most_bytes)
