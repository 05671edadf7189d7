"""What the engine gets and returns: moments and answers in, records for the store out.

Times are seconds since the laptop was started, including sleep; a step of the laptop's clock does not change them.
"""

from typing import NamedTuple

from msgspec import Struct, field

from netpreflight.agent.watch.watched import Blind, Layer, NoteKind, OutageProblem
from netpreflight.probes.observations import Bssid, Plain, Words

LONGEST_SAID = 500
"""The most characters that are kept of what a layer said: a redirect's target may be of any length."""


def kept(text: str) -> str:
    """A text in a form that can be stored, whatever the network put into it: not too long, and valid UTF-8."""
    return text[:LONGEST_SAID].encode(errors="backslashreplace").decode()


class Moment(NamedTuple):
    """What this laptop's clocks show.

    Attributes:
        boot: which start of the laptop `at` counts from.
        at: seconds since that start, including sleep.
        awake: seconds since some fixed moment, without sleep.
        wall: seconds since 1970 by the laptop's clock, which people and NTP can set.
    """

    boot: str
    at: float
    awake: float
    wall: float


class Answer(NamedTuple):
    """The result of asking a layer once.

    Attributes:
        good: whether the layer worked; None: it could not be asked, which says nothing either way.
        said: what was seen, in words.
        problem: what broke, if the layer did not work.
        ms: how long the answer took.
        again_in_s: in how many seconds to ask the layer again; None: at the usual interval.
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
        number: the number of the outage, unique within its store.
        symptoms: the layers that did not work; the outage is over when each of them works again.
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
        """Whether the outage is still going on, as far as is known."""
        return self.first_good is None and self.ended_by is None


class Sample(NamedTuple):
    """An answer of a layer that worked, or a miss that counts; samples are counted by the hour."""

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
    """That a layer could not be asked, and why."""

    layer: Layer
    said: Words


class Note(NamedTuple):
    """Something else that was noticed; see `watched.Note`."""

    at: float
    kind: NoteKind
    said: Words
    bssid: Bssid | None = None


class Peer(NamedTuple):
    """A host and port with which the watch exchanges packets."""

    protocol: str
    host: str
    address: str
    port: int


class Counts(NamedTuple):
    """What was sent to a peer and received from it; bytes include the IP and UDP headers."""

    packets_out: int = 0
    bytes_out: int = 0
    packets_in: int = 0
    bytes_in: int = 0

    def plus(self, more: "Counts") -> "Counts":
        """The sum of these counts and `more`."""
        return Counts(*(count + other for count, other in zip(self, more, strict=True)))


Record = Outage | Sample | Gap | Unasked | Note
