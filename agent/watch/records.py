"""What the engine takes and gives: moments and answers in, records for the store out.

Times are seconds since the laptop was started, those asleep included, which no step of its clock changes.
"""

from typing import NamedTuple

from msgspec import Struct, field

from netpreflight.agent.watch.watched import Blind, Layer, NoteKind, OutageProblem
from netpreflight.probes.observations import Bssid, Plain, Words

LONGEST_SAID = 500
"""The most characters that are kept of what a layer said: a redirect's target may be of any length."""


def kept(text: str) -> str:
    """A text as it can be kept, whatever the network put into it: within limits, and no half of a character."""
    return text[:LONGEST_SAID].encode(errors="backslashreplace").decode()


class Moment(NamedTuple):
    """What this laptop's clocks show.

    Attributes:
        boot: which start of the laptop `at` counts from.
        at: seconds since then, those asleep included.
        awake: seconds since any moment, those asleep not included.
        wall: seconds since 1970, as its clock shows, which people and NTP set.
    """

    boot: str
    at: float
    awake: float
    wall: float


class Answer(NamedTuple):
    """What asking a layer once came to.

    Attributes:
        good: whether it worked; None: it could not be asked, which says nothing either way.
        said: what was seen, in words.
        problem: what broke, where it did not work.
        ms: how long the answer took.
        again_in_s: in how many seconds it is asked again; None: as always.
    """

    good: bool | None
    said: str = ""
    problem: OutageProblem | None = None
    ms: float | None = None
    again_in_s: float | None = None


class Heard(Struct, frozen=True, kw_only=True):
    """What a layer said, and when; see `watched.Asked`."""

    layer: Layer
    good: bool | None
    said: Words
    at: float


class Ran(Struct, frozen=True, kw_only=True):
    """A full run that was made because of an outage; see `watched.FullRun`."""

    at: float
    is_over: bool
    verdict: Plain | None
    said: Words


class Outage(Struct, kw_only=True):
    """An outage, as far as it is known; see `watched.Outage`.

    Attributes:
        number: tells it from others of the same start of the watch.
        symptoms: the layers that did not work; it is over when each of them works again.
    """

    number: int
    layer: Layer
    problem: OutageProblem
    symptoms: list[Layer]
    last_good: float | None
    first_bad: float
    last_bad: float
    first_good: float | None = None
    ended_by: Blind | None = None
    asked: list[Heard] = field(default_factory=list)
    ladder: Words | None = None
    lost_behind: int | None = None
    runs: list[Ran] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it goes on, as far as is known."""
        return self.first_good is None and self.ended_by is None


class Sample(NamedTuple):
    """One answer that counts."""

    at: float
    layer: Layer
    good: bool
    ms: float | None


class Gap(NamedTuple):
    """A stretch in which nothing was observed."""

    begin: float
    end: float
    why: Blind


class Unasked(NamedTuple):
    """A layer could not be asked, and why."""

    layer: Layer
    said: Words


class Note(NamedTuple):
    """Something else that was noticed."""

    at: float
    kind: NoteKind
    said: Words
    bssid: Bssid | None = None


class Peer(NamedTuple):
    """With whom the watch exchanges packets."""

    protocol: str
    host: str
    address: str
    port: int


class Counts(NamedTuple):
    """What was sent to a peer, and heard from it; bytes with the headers of IP and UDP."""

    packets_out: int = 0
    bytes_out: int = 0
    packets_in: int = 0
    bytes_in: int = 0

    def plus(self, more: "Counts") -> "Counts":
        """The sum of both."""
        return Counts(*(count + other for count, other in zip(self, more, strict=True)))


Record = Outage | Sample | Gap | Unasked | Note
