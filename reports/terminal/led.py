"""What a light may mean (`netpreflight led`), for a terminal: its meaning, what to do, and a question to know more."""

from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.called import as_called
from netpreflight.agent.results import HeardLight, Led, LightRow, LightVersions
from netpreflight.agent.sentences import capitalised
from netpreflight.reports.console import on_terminal, plain_text
from netpreflight.reports.safe_text import shown

_MOST, _IN_FULL = 6, 3
"""The most lights that are shown, and the most that are shown with all details."""
_INDENT = 2
_EVERY = 4
"""If more devices than this show a light, all of them from their first version on, the devices are not listed."""


def show(led: Led, stream: TextIO, program: str = "netpreflight", explained: str | None = None) -> None:
    """Show on a terminal what a light may mean.

    Args:
        led: the lights that it may be.
        stream: the terminal.
        program: how the user calls this program.
        explained: the page of a check about the one light that is left; None: there is none.
    """
    print_led(on_terminal(stream), led, program, explained)


def render(led: Led) -> str:
    """What a light may mean, as plain text."""
    return plain_text(lambda console: print_led(console, led, "netpreflight", None))


def print_led(console: Console, led: Led, program: str, explained: str | None) -> None:
    """Print what the light means, or all that it may mean, and then the question that is left."""
    if led.heard:
        console.print(Text(f"Understood: {', then '.join(map(_in_words, led.heard))}", style="dim"))
    if len(led.rows) == 1:
        _print_row(console, led.rows[0], program, in_full=True)
        if explained is not None:
            console.print(Text(as_called(f"What that means: netpreflight explain {explained}", program)))
    elif led.rows:
        console.print(Text(f"It may be one of {len(led.rows)}:"))
        for row in led.rows[:_MOST]:
            _print_row(console, row, program, in_full=len(led.rows) <= _IN_FULL)
        if len(led.rows) > _MOST:
            console.print(Text(f"and {len(led.rows) - _MOST} more. The answer to the question leaves fewer."))
    elif led.heard:
        console.print(Text("No light of Device OS is like that, or this version does not have it.", style="bold"))
    if led.question is not None:
        console.print(Text(f"To know more: {led.question}", style="bold"))


def _print_row(console: Console, row: LightRow, program: str, *, in_full: bool) -> None:
    """Print a light: what it means, and, in full, what to do and which checks it may be about."""
    console.print(Text(capitalised(row.light), style="bold"))
    _indented(console, row.means)
    if row.look and in_full:
        _indented(console, as_called(f"To do: {row.look}", program))
    if row.checks and in_full:
        _indented(console, f"May be about: {_in_short(row.checks)}", "dim")
    if not _is_everywhere(row.versions):
        _indented(console, f"Shown by: {_devices(row.versions)}", "dim")
    if row.certainty != "confirmed":
        _indented(console, f"Not sure: {row.certainty}.", "yellow")


def _indented(console: Console, text: str, style: str = "") -> None:
    console.print(Padding(Text(shown(text), style=style), (0, 0, 0, _INDENT), expand=False))


def _in_words(light: HeardLight) -> str:
    """A signal as it was understood: `blinking red or orange, 2 times`."""
    colours = " or ".join(light.colours)
    words = " ".join(filter(None, [light.rhythm, colours])) or "a light"
    return f"{words}, {light.times} {'time' if light.times == 1 else 'times'}" if light.times is not None else words


def _is_everywhere(versions: list[LightVersions]) -> bool:
    """Whether many devices show the light in all their versions, so that listing them would say nothing."""
    return (
        len(versions) > _EVERY
        and len({span.device for span in versions}) == len(versions)
        and not any(span.before for span in versions)
    )


def _devices(versions: list[LightVersions]) -> str:
    """The devices and versions that show a light: `p1, photon (0.4.6 to before 2.0.0); argon (from 5.6.0)`."""
    spans: dict[tuple[str | None, str | None], list[str]] = {}
    for span in versions:
        spans.setdefault((span.since, span.before), []).append(span.device)
    return "; ".join(
        f"{', '.join(names)} ({'from ' if before is None else ''}{since}{f' to before {before}' if before else ''})"
        if since
        else ", ".join(names)
        for (since, before), names in spans.items()
    )


def _in_short(checks: list[str]) -> str:
    """The ids of checks; more than two of one group are shown as `wifi.*`, except those of the group `device`."""
    groups: dict[str, list[str]] = {}
    for check in checks:
        groups.setdefault(check.partition(".")[0], []).append(check)
    return ", ".join(
        name
        for group, ids in groups.items()
        for name in ([f"{group}.*"] if len(ids) > 2 and group != "device" else ids)
    )
