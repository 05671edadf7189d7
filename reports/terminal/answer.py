"""The answer on one screen, after a run: what is in the way, who can change it, what to do, and where the rest is.

So that it always fits, less important parts are shortened or only counted. What fits is decided for a terminal of 80
columns, or for a wider one's own columns. Below 70 columns the same parts are shown in more lines.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from netpreflight.agent.next_step import Invocation, Options, as_device, next_step
from netpreflight.agent.report import NetworkVerdict, Report
from netpreflight.agent.results import IS_IT_THE_CLOUD, Check
from netpreflight.agent.selection import in_groups
from netpreflight.agent.sentences import counted
from netpreflight.reports.safe_text import escaped, shown
from netpreflight.reports.terminal.rows import NARROW
from netpreflight.reports.terminal.styles import MARKS, NETWORKS, STYLES, VERDICT_STYLES, WORST_FIRST
from netpreflight.reports.words import due_to

MOST_LINES = 23
"""The most lines of the answer: on a terminal of 24 lines, the last one is for the shell's prompt."""
WIDTH = 80
"""The least columns for which it is decided what fits; for a wider terminal, it is decided for its own columns."""
_WORD, _ID = 9, 20
"""How many columns the result and the check's id have in a row."""
_BRACKETS = re.compile(r" \([^()]*\)")
_LONG_NAME = re.compile(r"(\S{7})\S{8,}(\S{12})")
_MOST_NAMED = 3


_LINES_OF_CLOUD = 3
"""The least lines of the note on the vendor's services: in fewer lines, it would not say where to look."""


class Shown(NamedTuple):
    """How much is shown of the parts that may be shortened or left out; notes, networks and checks are then counted."""

    why: bool = True
    plain: bool = True
    enough: bool = True
    note_lines: int = 9
    """The most lines of each note."""
    notes: int = 9
    networks: int = 6
    rows: int = 30
    change_lines: int = 9
    headline_lines: int = 9
    light_lines: int = 9
    blank: bool = True
    by_cause: bool = False
    """Whether all consequences of one check share a row."""


_LEFT_OUT_IN_TURN: tuple[dict[str, Any], ...] = (
    {},
    {"why": False},
    {"by_cause": True},
    {"note_lines": 2},
    {"note_lines": 1},
    {"plain": False},
    {"networks": 3},
    {"change_lines": 4},
    {"notes": 3},
    {"enough": False},
    {"notes": 2, "networks": 1},
    {"change_lines": 2, "blank": False},
    *({"rows": rows} for rows in range(9, -1, -1)),
    {"notes": 0, "change_lines": 1},
    {"headline_lines": 4, "light_lines": 2},
)
"""The changes to `Shown` that leave out more and more: they are made one after the other until the answer fits."""


_SHOWN_IF_ROOM = ("plain", "enough", "change_lines", "note_lines", "why")
"""The parts that are shown after all if there is room for them in the end."""


class Line(NamedTuple):
    """A paragraph, or, if it has a `word`, the row of a check or network."""

    text: Text
    indent: int = 0
    """The indentation of the lines after the first."""
    word: str = ""
    """The result of a row's check or network, such as `FAIL`; empty: this is a paragraph."""
    style: str = ""
    label: str = ""
    """The ids of a row's checks, or the name of its network."""
    checks: int = 0
    """How many checks share the row."""
    whole: bool = False
    """Whether the paragraph is a command or path to copy, which must not be broken into lines."""


def print_answer(
    console: Console,
    report: Report,
    by: Invocation,
    *,
    file: Path | None = None,
    kept: Path | None = None,
    full: bool = False,
    page: Path | None = None,
) -> None:
    """Print the answer, in at most `MOST_LINES` lines of 80 columns.

    Args:
        console: where to print it.
        report: the report.
        by: how the user calls this program.
        file: the saved run that was judged; None: the run has just been measured.
        kept: the file in which this run was kept; None: it was not kept.
        full: whether the full report has just been printed, so that nothing need say where it is.
        page: the HTML page that the user asked for; None: none.
    """
    for line in lines(report, console.width, by, file=file, kept=kept, full=full, page=page):
        console.print(line, soft_wrap=True)


def lines(
    report: Report,
    columns: int,
    by: Invocation,
    *,
    file: Path | None = None,
    kept: Path | None = None,
    full: bool = False,
    page: Path | None = None,
) -> list[Text]:
    """The lines of the answer for a terminal with this many columns."""
    columns_for = max(columns, WIDTH) if columns < NARROW else columns
    end = list(_end(report, by, file, kept, full=full, page=page))

    def beginning(fitting: Shown) -> list[Line] | None:
        """All lines before those that say where the rest is; None: they do not fit."""
        found = list(_beginning(report, by, fitting, columns_for))
        return found if sum(_height(line, columns_for) for line in [*found, *end]) <= MOST_LINES else None

    fitting = Shown()
    for change in _LEFT_OUT_IN_TURN:
        fitting = fitting._replace(**change)
        if beginning(fitting) is not None:
            break
    for part in _SHOWN_IF_ROOM:  # leaving out the last part may have made room for a smaller one
        more = fitting._replace(**{part: getattr(Shown(), part)})
        if beginning(more) is not None:
            fitting = more
    found = [*_beginning(report, by, fitting, columns_for), *end]
    return list(chain.from_iterable(_laid_out(line, columns, columns_for) for line in found))


def _beginning(report: Report, by: Invocation, fitting: Shown, columns: int) -> Iterator[Line]:
    """The lines of the answer before those that say where the rest is."""
    answer, style = report.answer, VERDICT_STYLES[report.verdict]
    yield Line(Text())
    yield Line(Text(_cut(shown(report.headline), fitting.headline_lines, columns, 0), style=style))
    if answer.plain and fitting.plain:
        yield Line(Text(shown(answer.plain)))
    for note in report.notes[: fitting.notes]:
        most = max(fitting.note_lines, _LINES_OF_CLOUD) if note.startswith(IS_IT_THE_CLOUD) else fitting.note_lines
        yield Line(Text(_cut(shown(note), most, columns, 0), style="yellow"))
    if len(report.notes) > fitting.notes:
        more = counted(len(report.notes) - fitting.notes, "more note" if fitting.notes else "note")
        yield Line(Text(f"And {more} (--full)." if fitting.notes else f"{more} (--full).", style="yellow"))
    if fitting.blank:
        yield Line(Text())
    yield from _to_do(report, by, fitting, columns)
    light = report.startup.led if report.startup.online is not None else None
    yield _labelled("Its light at the end: ", shown(light or "not known"), fitting.light_lines, columns)
    if fitting.blank:
        yield Line(Text())
    for network in report.networks[: fitting.networks]:
        yield _network_row(network)
    if (more_networks := len(report.networks) - fitting.networks) > 0 and fitting.networks:
        yield Line(Text(f"and {counted(more_networks, 'more network')}", style="dim"), word=" ")
    rows = list(_rows(report, by_cause=fitting.by_cause))
    yield from rows[: fitting.rows]
    if more_checks := sum(row.checks for row in rows[fitting.rows :]):
        yield Line(Text(f"and {counted(more_checks, 'more check')} that did not pass", style="dim"), word=" ")
    yield Line(Text(_counts(report.checks), style="dim"), 2)


def _to_do(report: Report, by: Invocation, fitting: Shown, columns: int) -> Iterator[Line]:
    """The lines with the one thing to do, the reason, whether it is enough, and the command to run next."""
    answer = report.answer
    if answer.change:
        whose = f" ({answer.owner})" if answer.owner else ""
        yield _labelled(f"To do{whose}: ", shown(answer.change), fitting.change_lines, columns)
    check = next((check for check in report.checks if check.id == answer.check), None)
    if fitting.why and check is not None and check.reason:
        yield _labelled("Why: ", shown(check.reason), fitting.change_lines, columns)
    if fitting.enough and report.enough is not None:
        yield Line(Text(shown(report.enough.sentence)), 2)
    step = next_step(report, by)
    if step is not None:
        yield _command("Then run: " if step.afterwards else "Run: ", step.command)


def _network_row(network: NetworkVerdict) -> Line:
    """The row of a network in range."""
    signal = f"{network.signal_dbm:.0f} dBm, " if network.signal_dbm is not None else ""
    channels = f"channel {', '.join(map(str, network.channels)) or 'not known'}"
    word, status = NETWORKS[network.verdict]
    first = next((row.summary for wanted in WORST_FIRST for row in network.checks if row.status == wanted), "")
    text = f"{signal}{channels}" + (f": {shown(first)}" if first else "")
    return Line(Text(text), word=word, style=STYLES[status], label=shown(network.ssid))


def _rows(report: Report, *, by_cause: bool) -> Iterator[Line]:
    """A row for each check that did not pass and counts, the worst first; checks with the same words share a row.

    With `by_cause`, all checks that fail because of the same other check share a row.
    """
    listed = [check for check in report.checks if check.status in WORST_FIRST and not check.is_needless]
    by_id = {check.id: check for check in listed}
    alike: dict[tuple[object, ...], list[Check]] = {}
    for check in sorted(listed, key=lambda check: (WORST_FIRST.index(check.status), check.due_to in by_id)):
        said = check.due_to if by_cause and check.due_to in by_id else check.summary
        alike.setdefault((check.status, check.due_to, said), []).append(check)
    for same in alike.values():
        first = same[0]
        cause = f"{due_to(by_id[first.due_to])}: " if first.due_to in by_id else ""
        text = f"{cause}{shown(first.summary)}"
        word, style = MARKS[first.status]
        yield Line(Text(text), word=word, style=style, label=_label(same), checks=len(same))


def _label(same: list[Check]) -> str:
    """The ids of a row's checks: all of them if they fit, else one or their group, and how many there are."""
    label = in_groups([check.id for check in same])
    if cell_len(label) < _ID or len(same) == 1:
        return label
    group = same[0].id.partition(".")[0]
    is_one_group = all(check.id.partition(".")[0] == group for check in same)
    return f"{group} ({len(same)} checks)" if is_one_group else f"{same[0].id} +{len(same) - 1}"


def _counts(checks: list[Check]) -> str:
    """How many checks passed, were left out, or are not needed."""
    passed = sum(check.status == "pass" for check in checks)
    skipped = [check.id for check in checks if check.status == "skip"]
    not_needed = [check.id for check in checks if check.is_needless]
    parts = [f"{counted(passed, 'check')} passed"]
    if skipped:
        parts.append(f"{len(skipped)} left out ({_named(skipped)})")
    if not_needed:
        others = "1 other does" if len(not_needed) == 1 else f"{len(not_needed)} others do"
        parts.append(f"{others} not count: this device does not need {_them(not_needed)}")
    return f"{'; '.join(parts)}."


def _them(ids: list[str]) -> str:
    return f"it ({ids[0]})" if len(ids) == 1 else f"them ({_named(ids)})"


def _named(ids: list[str]) -> str:
    """Check ids in words: the first ones are named, the others counted."""
    words = in_groups(ids).split(", ")
    more = len(words) - _MOST_NAMED
    return ", ".join(words) if more <= 1 else f"{', '.join(words[:_MOST_NAMED])} and {more} more"


def _end(
    report: Report, by: Invocation, file: Path | None, kept: Path | None, *, full: bool, page: Path | None
) -> Iterator[Line]:
    """The lines that say where the rest is: what the problem means, how to ask for a change, the full report."""
    check = next((check for check in report.checks if check.id == report.answer.check and check.problem), None)
    if check is not None:
        yield _command("What that means: ", by.command("explain", check.id, check.problem or ""))
    judged_for = Options(device=by.options.device, os_version=by.options.os_version)
    run_words = [str(file), *judged_for.words()] if file else []
    asks_another = report.answer.change and report.answer.owner in {"network administrator", "internet provider"}
    if asks_another and (run_words or kept is not None) and report.sharing != "public":
        yield _command("To ask for it by mail: ", by.command("report", *run_words, "-o", "request.eml"))
    if full:
        pass
    elif page is not None:
        yield Line(Text.assemble("Everything: ", escaped(str(page))), whole=True)
    elif file is not None or kept is not None:
        yield _command("Everything: ", by.command("report", *run_words, "--full"))
    else:
        yield Line(Text("Everything: with --full on the screen, with -o report.html as a page."), 2)
    if kept is not None:
        yield Line(Text.assemble("Kept: ", escaped(str(kept))), whole=True)
    if (command := as_device(report, by)) is not None:
        yield _command("To be sure, be the device: ", command)


def _command(label: str, command: str) -> Line:
    """A line with a label and a command; it is not broken."""
    return Line(Text.assemble(label, (escaped(command), "cyan")), whole=True)


def _labelled(label: str, text: str, most: int, columns: int) -> Line:
    """A paragraph with a label, cut to at most `most` lines."""
    return Line(Text.assemble((label, "bold"), _cut(f"{label}{text}", most, columns, 2)[len(label) :]), 2)


def _cut(text: str, most: int, columns: int, indent: int) -> str:
    """The text; if it would take more than `most` lines, it is cut and ends with an ellipsis."""
    wrapped = _wrapped(Text(text), columns, indent)
    if len(wrapped) <= most:
        return text
    *whole, last = (line.plain[indent if number else 0 :] for number, line in enumerate(wrapped[:most]))
    room = columns - indent - 1
    if cell_len(last) > room:
        last = set_cell_size(last, room)
    return f"{' '.join([*whole, last]).rstrip(' .,;:')}…"


def _shortened(text: Text, room: int) -> Text:
    """The text, shortened to `room` columns: first without what is in brackets and without the middle of long names.

    If that is not enough, the end is cut.
    """
    plain = text.plain
    for found, shorter in ((_BRACKETS, ""), (_LONG_NAME, r"\1…\2")):
        if cell_len(plain) > room:
            plain = found.sub(shorter, plain)
    made = text.copy() if plain == text.plain else Text(plain)
    made.truncate(room, overflow="ellipsis")
    return made


@cache
def _plain_console() -> Console:
    """The console that rich needs to break lines; its width does not matter."""
    return Console(color_system=None)


def _wrapped(text: Text, columns: int, indent: int) -> list[Text]:
    """A text broken into lines of at most this many columns, the later ones indented."""
    width = max(columns - indent, 1)
    found = text.wrap(_plain_console(), width, overflow="fold")
    for line in found:
        line.rstrip()
    return [Text(" " * indent if number else "") + line for number, line in enumerate(found)] or [Text()]


def _height(line: Line, columns: int) -> int:
    """How many lines of a terminal with this many columns a paragraph or row takes."""
    if line.word:
        return 1
    if line.whole:
        return max(1, -(-cell_len(line.text.plain) // columns))
    return len(_wrapped(line.text, columns, line.indent))


def _laid_out(line: Line, columns: int, columns_for: int) -> Iterable[Text]:
    """The lines of a paragraph or row on a terminal with this many columns; a row is cut as for `columns_for`."""
    if line.whole:
        return [line.text]
    if not line.word:
        return _wrapped(line.text, columns, line.indent)
    label = line.label
    if cell_len(label) >= _ID:
        label = f"{set_cell_size(label, _ID - 2)}…"
    start = Text.assemble((f"{line.word:<{_WORD}}", line.style), label)
    start.pad_right(max(0, _WORD + _ID - cell_len(start.plain)))
    text = _shortened(line.text, columns_for - _WORD - _ID - 1)
    if columns >= NARROW:
        return [start + text]
    return [
        *_wrapped(Text.assemble((line.word, line.style), " ", label), columns, 2),
        *_wrapped(Text("  ") + text, columns, 2),
    ]
