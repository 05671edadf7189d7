"""Feeds mutated inputs to targets, and reports an escape, a hang, or too much memory with what repeats it.

An input is made from the target's name, the seed and its number alone, so it is the same in every run.
"""

import contextlib
import gc
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import NamedTuple

MOST_S = 1.0
"""Of the processor's time: an input that takes longer hangs."""
MOST_MEMORY = 200 << 20
"""Bytes of the whole process."""
_KIB = 1024


class Target(NamedTuple):
    """Something that reads what others wrote.

    Attributes:
        name: in the command and in findings.
        seeds: well-formed inputs, to mutate.
        feed: reads one input; what it raises is an escape.
        share: how many inputs it gets in a round, so that a slow reader does not take all the time.
    """

    name: str
    seeds: Sequence[bytes]
    feed: Callable[[bytes, Random], None]
    share: int = 1


class Input(NamedTuple):
    """What repeats an input."""

    target: str
    seed: int
    number: int

    def __str__(self) -> str:
        return f"--only {self.target} --seed {self.seed} --number {self.number}"


class Finding(NamedTuple):
    """An input that is not dealt with as it should be."""

    which: Input
    what: str
    """`escape`, `hang` or `memory`."""
    details: str


@dataclass
class Outcome:
    """What became of a run."""

    inputs: dict[str, int] = field(default_factory=dict)
    """How many each target got."""
    findings: list[Finding] = field(default_factory=list)
    slowest: tuple[float, Input | None] = (0.0, None)
    """Seconds of the processor's time, and the input."""
    took_s: float = 0.0
    peak: int = 0
    """Bytes of memory, of the whole process."""


class Hang(BaseException):
    """An input took more than MOST_S; no handler of `Exception` stops it."""


def _hangs(_signal: int, _frame: FrameType | None) -> None:
    raise Hang


def mutate(made: bytes, source: Random) -> bytes:
    """Flip bits, change, cut out, put in or repeat bytes, or leave the end away; sometimes do nothing."""
    changed = bytearray(made)
    for _ in range(source.randrange(6)):
        at = source.randrange(len(changed) + 1)
        other = at + source.randrange(1, 40)
        match source.randrange(7):
            case 0 if at < len(changed):
                changed[at] ^= 1 << source.randrange(8)
            case 1 if at < len(changed):
                changed[at] = source.choice(b"\x00\x01\x30\x7f\x80\xdd\xff\"'[]{}\\:/%\n")
            case 2:
                del changed[at:other]
            case 3:
                changed[at:at] = source.randbytes(source.randrange(1, 12))
            case 4:
                changed[at:at] = changed[at:other] * source.choice((1, 2, 64))
            case 5:
                del changed[max(at, 1) :]
            case _:
                changed[at:other] = source.randbytes(other - at)
    return bytes(changed)


def peak_memory() -> int:
    """The most memory that this process has had, in bytes.

    On Linux from its own record: the other one counts what its parent had when it was forked.
    """
    with contextlib.suppress(FileNotFoundError):
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


class Fuzzer:
    """One run over some targets.

    Args:
        targets: what to feed.
        seed: of all inputs.
        most_s: of the processor's time, for one input.
        most_memory: of the whole process, in bytes.
    """

    def __init__(
        self, targets: Sequence[Target], seed: int, *, most_s: float = MOST_S, most_memory: int = MOST_MEMORY
    ) -> None:
        self._targets = {target.name: target for target in targets}
        self._seed, self._most_s, self._most_memory = seed, most_s, most_memory
        self.outcome = Outcome(inputs=dict.fromkeys(self._targets, 0))

    def run(
        self, inputs: int | None, seconds: float | None, tell: Callable[[Outcome], None] = lambda _: None
    ) -> Outcome:
        """Feed so many inputs, or for so long; whichever comes first."""
        begun = told = time.perf_counter()
        signal.signal(signal.SIGPROF, _hangs)
        for target in self._targets.values():  # whatever is imported or compiled at the first use is no input's fault
            for made in target.seeds:
                target.feed(made, Random(0))
        total = 0
        while (inputs is None or total < inputs) and (seconds is None or time.perf_counter() - begun < seconds):
            for target in self._targets.values():
                for _ in range(target.share):
                    if inputs is not None and total >= inputs:
                        break
                    self.feed(Input(target.name, self._seed, self.outcome.inputs[target.name]))
                    self.outcome.inputs[target.name] += 1
                    total += 1
            self.outcome.took_s, self.outcome.peak = time.perf_counter() - begun, peak_memory()
            if time.perf_counter() - told > 30:
                told = time.perf_counter()
                tell(self.outcome)
        return self.outcome

    def feed(self, which: Input) -> None:
        """Feed one input, and note what is wrong with what became of it."""
        target = self._targets[which.target]
        source = Random(f"{which.seed}/{which.target}/{which.number}")
        made = mutate(source.choice(target.seeds), source)
        begun = time.thread_time()
        signal.setitimer(signal.ITIMER_PROF, self._most_s)
        try:
            target.feed(made, source)
        except Hang:
            self._note(which, "hang", "".join(traceback.format_exc(limit=-8)))
        except Exception:  # noqa: BLE001 - whatever it is, it escaped
            self._note(which, "escape", "".join(traceback.format_exc(limit=-8)))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        took_s = time.thread_time() - begun
        if took_s > self.outcome.slowest[0]:
            self.outcome.slowest = (took_s, which)
        if (peak := peak_memory()) > self._most_memory:
            self._note(which, "memory", f"{peak >> 20} MB")
            self._most_memory = peak + (16 << 20)  # it does not shrink: only more than that is a further finding
            gc.collect()

    def _note(self, which: Input, what: str, details: str) -> None:
        self.outcome.findings.append(Finding(which, what, details))


def report(outcome: Outcome, *, whole: bool) -> None:
    """Say on standard output how a run went."""
    total = sum(outcome.inputs.values())
    slowest_s, which = outcome.slowest
    sys.stdout.write(
        f"{total:,} inputs in {outcome.took_s:,.0f} s, {len(outcome.findings)} findings; slowest "
        f"{slowest_s * 1000:.0f} ms ({which}), memory {outcome.peak >> 20} MB\n"
    )
    if whole:
        for name, count in outcome.inputs.items():
            sys.stdout.write(f"  {name}: {count:,}\n")
        for finding in outcome.findings[:100]:
            sys.stdout.write(f"\n{finding.what}: {finding.which}\n{finding.details}\n")
    sys.stdout.flush()
