"""Devices' logs to open: a real one, and one in which names and lines are hostile and as wide as they can be."""

from collections.abc import Callable
from pathlib import Path

from netpreflight.agent.results import LogAnswer
from tests.unit.device_logs import of

REAL = Path(__file__).parents[1] / "unit" / "data" / "device-logs" / "06-p1-07-key-not-received.log"
SCRIPT = "<script>document.title='executed'</script>"


def _hostile() -> LogAnswer:
    tries = [
        f"0000005852 [hal.wlan] INFO: Joining {SCRIPT[:60]}\n"
        f"0000017269 [hal.wlan] ERROR: wiced_join_ap_specific(), result: {code}\n"
        f"0000017270 [system] WARN: Read Server Address = type:255,{'W' * 140}\n"
        f"0000017271 [system] INFO: Resetting WLAN due to {SCRIPT}\n"
        for code in (1024, 1006, 1025)
    ]
    return of("".join(tries).encode(), f"{'W' * 200}{SCRIPT}.log")


LOG_PAGES: dict[str, Callable[[], LogAnswer]] = {
    "keys": lambda: of(REAL.read_bytes(), REAL.name),
    "hostile": _hostile,
}
