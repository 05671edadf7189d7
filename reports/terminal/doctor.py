"""What a laptop can and cannot measure (`netpreflight doctor`), for a terminal: each ability, and how to unlock it."""

from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netpreflight.agent.results import AbilityState, Doctor
from netpreflight.reports.console import on_terminal, plain_text
from netpreflight.reports.safe_text import shown

_MARKS: dict[AbilityState, tuple[str, str]] = {
    "yes": ("ok", "green"),
    "limited": ("limited", "yellow"),
    "no": ("NO", "bold red"),
}
_MARK_WIDTH = 9


def show(doctor: Doctor, stream: TextIO) -> None:
    """Show on a terminal what a laptop can measure."""
    print_doctor(on_terminal(stream), doctor)


def render(doctor: Doctor) -> str:
    """What a laptop can measure, as plain text."""
    return plain_text(lambda console: print_doctor(console, doctor))


def print_doctor(console: Console, doctor: Doctor) -> None:
    """Print each ability, what was found, and how to unlock it; the last lines say what is missing or limited."""
    console.print(Text("What this laptop can measure (nobody was contacted)", style="bold"))
    for ability in doctor.abilities:
        word, style = _MARKS[ability.state]
        console.print(Text.assemble((f"{word:{_MARK_WIDTH}}", style), (ability.id, "bold")))
        _indented(console, ability.why)
        if ability.unlock is not None:
            _indented(console, f"To do: {ability.unlock}", style)
            if ability.checks:
                _indented(console, f"Checks: {_in_short(ability.checks)}", "dim")
    console.print()
    missing = [ability.id for ability in doctor.abilities if ability.state == "no"]
    limited = [ability.id for ability in doctor.abilities if ability.state == "limited"]
    if missing:
        console.print(Text(f"Missing: {', '.join(missing)}", style="bold red"))
    if limited:
        console.print(Text(f"Limited: {', '.join(limited)}", style="yellow"))
    if not missing:
        console.print(Text("Every check can be made on this laptop.", style="green"))


def _indented(console: Console, text: str, style: str = "") -> None:
    console.print(Padding(Text(shown(text), style=style), (0, 0, 0, _MARK_WIDTH), expand=False))


def _in_short(checks: list[str]) -> str:
    """The ids of checks; several checks of one group are shown as `wifi.*`."""
    groups: dict[str, list[str]] = {}
    for check in checks:
        groups.setdefault(check.partition(".")[0], []).append(check)
    return ", ".join(f"{group}.*" if len(ids) > 1 else ids[0] for group, ids in groups.items())
