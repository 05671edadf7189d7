"""What a terminal shows during a run, on standard error: what is waited for, and each check as soon as it is known.

This progress is a region of the terminal that changes in place, and that vanishes at the end, so that the answer is the
last thing on the screen. If the cursor cannot be moved, or with `--debug`, which writes lines to the same terminal, it
is plain lines instead, each written once. A pipe gets nothing.

The region is drawn by a thread of its own, because the run must not wait for a terminal. The cursor is never hidden,
and is on a line of its own below the region: so nothing has to be restored if this process is killed.
"""

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from rich.console import Group
from rich.text import Text

from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Check
from netpreflight.probes.observations import Scope, WaitedFor, Waiting
from netpreflight.reports.console import TerminalConsole
from netpreflight.reports.safe_text import shown
from netpreflight.reports.terminal.styles import MARKS

if TYPE_CHECKING:
    from rich.live import Live

FIRST_S = 0.3
"""When the region is drawn first: the run has sent its first packets by then, and one that ends sooner needs none."""
REFRESH_S = 0.25
SHOWN_AFTER_S = 1.0
"""A wait is shown once it has lasted this long: most answers come sooner."""
AGAIN_S = 10.0
"""With plain lines, the time before the same wait is shown again."""
MOST_BLOCKED_S = 0.5
"""How long the end of the run waits for a terminal that accepts no output, for example after Ctrl-S."""
_WAITS: dict[WaitedFor, str] = {
    "scan": "Wi-Fi: scanning",
    "informed": "DHCP: no answer to INFORM yet",
    "offer": "DHCP: no OFFER yet",
    "lease": "DHCP: OFFER, no lease yet",
    "other-servers": "DHCP: other servers",
    "udp": "{name}: no answer yet",
    "tcp": "TCP {port}: no answer yet",
    "asked-again": "{name}: asked again",
    "silence": "NAT hold: silent on purpose",
    "path": "Path to port {port}: tracing",
}
"""What is waited for, in words that are short enough not to be cut at 40 columns."""
_NAMES = {53: "DNS (UDP 53)", 123: "NTP (UDP 123)"}


class _RegionConsole(TerminalConsole):
    """A console that ignores COLUMNS and LINES: if they are wrong, lines are too wide, and could not be erased."""

    def __init__(self, stream: TextIO) -> None:
        own = {name: value for name, value in self._environ.items() if name not in {"COLUMNS", "LINES"}}
        super().__init__(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=False, _environ=own)


class Terminal:
    """Shows the progress of a run."""

    def __init__(
        self,
        progress: TextIO | None,
        clock: Callable[[], float],
        *,
        discreet: bool = False,
        plain: bool = False,
    ) -> None:
        """Prepare to show progress; nothing is shown yet.

        Args:
            progress: the stream, which gets nothing if it is not a terminal.
            clock: the monotonic clock of the run.
            discreet: whether progress must show no names and addresses of this place; they cannot be replaced by
                tokens, because these are known only at the end.
            plain: whether to write plain lines only, because other output goes to the same terminal.
        """
        self._clock = clock
        self._discreet = discreet
        self._live = _RegionConsole(progress) if progress is not None and _is_terminal(progress) else None
        self._in_place = self._live is not None and self._live.is_interactive and not plain
        self._begun: list[Text] = []
        self._known: list[Text] = []
        self._waiting: tuple[Waiting, ...] = ()
        self._told_at: dict[tuple[WaitedFor, int | None], float] = {}
        self._region: Live | None = None
        self._drawn: list[Text] = []
        self._drawing = threading.Lock()
        self._ended = threading.Event()

    def begin(self, scope: Scope, profile: Profile, *, deep: bool = False, ahead: Sequence[str] = ()) -> None:
        """Show what is about to be measured, and (`ahead`) what is already known to stay open after the run."""
        where = scope.interface or "no interface"
        address = scope.addresses[0] if scope.addresses else "no IPv4 address"
        place = "this network" if self._discreet else f"{where} ({address})"
        patience = " (--deep: up to a minute or so)" if deep else ""
        self._progress(Text(shown(f"Checking {place} for: {profile.label}{patience}"), style="dim"), self._begun)
        for line in ahead:
            self._progress(Text(shown(line), style="yellow"), self._begun)
        if self._live is not None:
            threading.Thread(target=self._keep_drawing, name="progress", daemon=True).start()

    def known(self, check: Check) -> None:
        """Show a check whose result has just become known."""
        word, style = MARKS[check.status]
        summary = "" if self._discreet else f": {shown(check.summary)}"
        self._progress(Text.assemble((f"{word:>8}  ", style), f"{check.id}{summary}"), self._known)

    def waiting(self, waiting: tuple[Waiting, ...]) -> None:
        """Replace what is shown as waited for."""
        self._waiting = waiting

    def close(self) -> None:
        """Stop showing progress, and remove it from the screen; may be called at any moment, and more than once."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._drawing.acquire(timeout=MOST_BLOCKED_S):
            try:
                if self._region is not None:
                    with contextlib.suppress(OSError, ValueError, RuntimeError):
                        self._region.update(Text(), refresh=True)
                        self._region.stop()
            finally:
                self._drawing.release()

    def _progress(self, line: Text, part: list[Text]) -> None:
        """Add a line to a part of the region, or write it at once as a plain line; errors are ignored."""
        if self._in_place:
            part.append(line)
        elif self._live is not None and not self._ended.is_set():
            with contextlib.suppress(OSError, ValueError):
                self._live.print(self._encodable(line))

    def _keep_drawing(self) -> None:
        """Draw the progress again and again until the end of the run, or until drawing fails."""
        pause_s = FIRST_S
        while not self._ended.wait(pause_s):
            pause_s = REFRESH_S
            with self._drawing:
                if self._ended.is_set():
                    return
                try:
                    self.draw()
                except Exception:  # noqa: BLE001 - whatever fails here, the run goes on, and its report says all
                    return

    def draw(self) -> None:
        """Draw the region, or write what is waited for as plain lines."""
        if self._live is None:
            return
        if self._in_place:
            self._draw_region(self._live)
            return
        for key, words in self._waits():
            now = self._clock()
            if now - self._told_at.get(key, -math.inf) >= AGAIN_S:
                self._told_at[key] = now
                self._live.print(Text(words))

    def _draw_region(self, console: TerminalConsole) -> None:
        """Draw the region again if it has changed."""
        from rich.live import Live  # noqa: PLC0415 - only a terminal needs it, and the first packets do not wait for it

        frame = self._frame(console)
        if frame == self._drawn:
            return
        self._drawn = frame
        if self._region is None:
            self._region = Live(
                console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._region.start()
        self._region.update(Group(*frame, Text()), refresh=True)

    def _frame(self, console: TerminalConsole) -> list[Text]:
        """The lines of the region that fit: the heading, the latest results of checks, and what is waited for."""
        columns, rows = max(console.width - 1, 1), max(console.height - 2, 1)
        last = [self._cut(console, Text(words), columns) for _, words in self._waits()]
        last = last[: max(rows // 2, 1)]
        first = [part for line in self._begun for part in self._encodable(line).wrap(console, columns)]
        first = first[: rows - len(last)]
        room = rows - len(first) - len(last)
        known = [self._cut(console, line, columns) for line in self._known[-room:]] if room else []
        return [*first, *known, *last]

    def _cut(self, console: TerminalConsole, line: Text, columns: int) -> Text:
        """The line, cut at this width."""
        line = self._encodable(line)
        line.truncate(columns, overflow="ellipsis" if console.encoding.startswith("utf") else "crop")
        return line

    def _waits(self) -> Iterator[tuple[tuple[WaitedFor, int | None], str]]:
        """The waits that have lasted long enough to be shown: each once, with its duration and its longest duration."""
        spans: dict[tuple[WaitedFor, int | None], tuple[float, float]] = {}
        for entry in self._waiting:
            key = entry.what, entry.port
            since, until = spans.get(key, (entry.since, entry.until))
            spans[key] = min(since, entry.since), max(until, entry.until)
        now = self._clock()
        for (what, port), (since, until) in spans.items():
            if now - since >= SHOWN_AFTER_S:
                most = math.ceil(until - since)
                name = _NAMES.get(port or 0, f"UDP {port}")
                words = _WAITS[what].format(name=name, port=port)
                yield (what, port), f"{words}, {min(int(now - since), most)} of {most} s"

    def _encodable(self, line: Text) -> Text:
        """The line with a question mark for what the terminal's encoding lacks."""
        encoding = self._live.encoding if self._live is not None else "utf-8"
        line = line.copy()
        line.plain = line.plain.encode(encoding, "replace").decode(encoding)
        return line


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False
