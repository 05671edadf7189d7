"""Which of the checks a user chose."""

from msgspec import Struct, field

from netpreflight.agent.results import STAGES


class UnknownCheckError(ValueError):
    """A check id or group that does not exist, or that this version does not measure."""


class Selection(Struct, frozen=True, kw_only=True):
    """The checks that the user asked for, as ids; None: all."""

    only: list[str] | None = None
    skip: list[str] = field(default_factory=list)

    def includes(self, check_id: str) -> bool:
        """Whether a check is to be judged."""
        return check_id not in self.skip and (self.only is None or check_id in self.only)


def select(only: str | None, skip: str | None, measured: list[str]) -> Selection:
    """A selection from two comma-separated lists of check ids and groups.

    Raises:
        UnknownCheckError: a name is not in the contract, or `only` names nothing that is `measured`.
    """
    chosen = None
    if only is not None:
        chosen = [one for one in _expand(only) if one in measured]
        if not chosen:
            raise UnknownCheckError(f"{only!r} is not measured by this version; it measures: {', '.join(measured)}")
    return Selection(only=chosen, skip=_expand(skip) if skip is not None else [])


def in_groups(ids: list[str]) -> str:
    """Check ids as a list for people, whole groups by their name."""
    chosen, words = set(ids), []
    for check_id in ids:
        group = [one for one in STAGES if one.partition(".")[0] == check_id.partition(".")[0]]
        words.append(check_id.partition(".")[0] if len(group) > 1 and chosen.issuperset(group) else check_id)
    return ", ".join(dict.fromkeys(words))


def _expand(names: str) -> list[str]:
    found: list[str] = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        ids = [one for one in STAGES if one == name or one.partition(".")[0] == name]
        if not ids:
            groups = dict.fromkeys(one.partition(".")[0] for one in STAGES)
            raise UnknownCheckError(f"no check {name!r}; known: {', '.join(STAGES)}; groups: {', '.join(groups)}")
        found += ids
    return found
