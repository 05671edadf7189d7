"""`.venv/bin/python -m tests.fuzz`: feed mutated inputs to everything that reads what others wrote.

Ends with exit code 1 if an input raised what it must not raise, took more than a second, or took the process beyond
200 MB; each finding says what repeats it.
"""

import argparse
import sys

from tests.fuzz.harness import Fuzzer, Input, report
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Run the command."""
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, help="how many inputs in all")
    parser.add_argument("--seconds", type=float, help="for how long")
    parser.add_argument("--seed", type=int, default=1, help="other seeds make other inputs (default: 1)")
    parser.add_argument("--only", action="append", choices=names, metavar="TARGET", help=f"one of {', '.join(names)}")
    parser.add_argument("--number", type=int, help="repeat this one input of the target that --only names")
    chosen = parser.parse_args()
    if chosen.inputs is None and chosen.seconds is None and chosen.number is None:
        parser.error("say how many --inputs, or for how many --seconds")
    fuzzer = Fuzzer([target for target in TARGETS if target.name in (chosen.only or names)], chosen.seed)
    if chosen.number is not None:
        if len(chosen.only or ()) != 1:
            parser.error("--number needs one --only")
        fuzzer.run(0, None)
        fuzzer.feed(Input(chosen.only[0], chosen.seed, chosen.number))
    else:
        fuzzer.run(chosen.inputs, chosen.seconds, lambda outcome: report(outcome, whole=False))
    report(fuzzer.outcome, whole=True)
    return 1 if fuzzer.outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
