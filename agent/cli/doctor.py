"""`netpreflight doctor`: what this laptop can measure."""

import typer

from netpreflight.agent.cli.options import Json
from netpreflight.agent.cli.screen import standard_output


def doctor(context: typer.Context, *, as_json: Json = False) -> int:
    """Say what this laptop can and cannot measure, and the one step that unlocks each; contacts nobody.

    A run as the same user goes by the same findings. Exit codes: 0 every check can be made, 3 something cannot be
    measured.
    """
    from netpreflight.agent.doctor import examine  # noqa: PLC0415 - loaded only where it is needed
    from netpreflight.agent.kept_runs import KeptRun  # noqa: PLC0415
    from netpreflight.agent.privilege import give_up, start_helper  # noqa: PLC0415
    from netpreflight.probes.scope import scope  # noqa: PLC0415
    from netpreflight.reports.documents import render_json  # noqa: PLC0415
    from netpreflight.reports.safe_text import shown  # noqa: PLC0415
    from netpreflight.reports.terminal.doctor import show  # noqa: PLC0415

    kept_in = KeptRun().folder  # as root, before root's rights are given up
    # Give up root's rights as a run does, so that the same rights are left.
    rights = give_up(start_helper([]) if context.obj else None)
    laptop_scope = scope()
    if rights is not None:
        laptop_scope.privileges = rights.told(laptop_scope.privileges)
    found = examine(laptop_scope, shown(str(kept_in)) if kept_in else None)
    screen = standard_output("show what this laptop can measure")
    if as_json:
        screen.buffer.write(render_json(found).encode())
    else:
        show(found, screen)
    return 0 if found.can_all else 3
