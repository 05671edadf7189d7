"""The checks that the user chose with --only and --skip."""

from collections.abc import Iterable

from msgspec import Struct, field

from netpreflight.agent.suggested import suggested

OPTIONAL = {"vendor-status": "vendor_status"}
"""What a run asks although it belongs to no check: the word by which --skip names it, and its probe."""


class UnknownCheckError(ValueError):
    """A check id or group that does not exist, or that this version does not measure."""


class Selection(Struct, frozen=True, kw_only=True):
    """The checks that the user asked for, as ids; None: all."""

    only: list[str] | None = None
    skip: list[str] = field(default_factory=list)

    def includes(self, check_id: str) -> bool:
        """Whether the selection includes a check."""
        return check_id not in self.skip and (self.only is None or check_id in self.only)


def select(only: str | None, skip: str | None) -> Selection:
    """Make a selection from two comma-separated lists of check ids and groups.

    Raises:
        UnknownCheckError: a name is neither a check nor a group, or nothing is left to measure.
    """
    chosen = _expand(only) if only is not None else None
    if chosen == []:
        raise UnknownCheckError(f"{only!r} is not measured by this version; it measures: {', '.join(_groups())}")
    skipped = _expand(skip, OPTIONAL) if skip is not None else []
    if chosen is not None and set(skipped) >= set(chosen):
        raise UnknownCheckError(f"--skip leaves out all that --only names ({only}): nothing is left to measure")
    return Selection(only=chosen, skip=skipped)


def in_groups(ids: list[str]) -> str:
    """List check ids in words; a whole group is given by its name."""
    chosen, groups = set(ids), _groups()
    words = []
    for check_id in ids:
        group = check_id.partition(".")[0]  # a saved run may name a check that is not known here
        members = [member for member, its_group in groups.items() if its_group == group]
        words.append(group if len(members) > 1 and chosen.issuperset(members) else check_id)
    return ", ".join(dict.fromkeys(words))


def _groups() -> dict[str, str]:
    """The group of every check, by check id."""
    from netpreflight.agent.judging.registry import CHECKS  # noqa: PLC0415 - judging imports this module

    return {row.id: row.group for row in CHECKS.values()}


def _only_groups(groups: dict[str, str]) -> list[str]:
    """The groups whose name is not also the id of a check."""
    return [group for group in dict.fromkeys(groups.values()) if group not in groups]


def _expand(names: str, more: Iterable[str] = ()) -> list[str]:
    """The check ids that these comma-separated ids and groups stand for, and the names that are in `more`."""
    groups = _groups()
    found: list[str] = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        ids = [check_id for check_id, group in groups.items() if name in {check_id, group}]
        ids += [word for word in more if word == name]
        if not ids:
            groups_only = _only_groups(groups)
            also = f"; also: {', '.join(more)}" if more else ""
            listing = f"known: {', '.join(groups)}; groups: {', '.join(dict.fromkeys(groups.values()))}{also}"
            raise UnknownCheckError(
                f"no check {name!r}{suggested(name, [*groups, *groups_only, *more], listing=listing)}"
            )
        found += ids
    return found
