"""Judging a store again without other processes, for tests of what is done with the rows."""

from collections.abc import Iterable, Iterator, Sequence

from netpreflight.agent.profiles import Profile
from netpreflight.fleet.pool import Document, Pool, Result
from netpreflight.fleet.rejudge import judge_each


class Here(Pool):
    """Judges in this process."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def __exit__(self, *_: object) -> None:
        """Nothing was started."""

    def results(self, batches: Iterable[Sequence[Document]]) -> Iterator[list[Result]]:
        """The results of each batch, in order."""
        for batch in batches:
            yield judge_each(batch, self._profile)
