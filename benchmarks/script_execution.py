"""How far the walk of training scripts agrees with real runs: the scripts of `tests/scripts/oracle` under stubs of their libraries.

    python benchmarks/script_execution.py

Prints what was compared, what was decided, and every disagreement; the exit status is 1 where there is one.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from tests.scripts.oracle.agreement import Agreement, compare, walked  # noqa: E402
from tests.scripts.oracle.real import Runner, cases  # noqa: E402

_SHARES = (
    ("errors of the script that depend on options only, found certain", "raises asked and found", "raises asked"),
    ("certain errors whose whole message is told", "messages told", "raises found"),
    ("runs of which it is decided whether training is reached", "training decided", "runs"),
    ("conditions that are decided", "branches decided", "branches"),
    ("weights of which it is decided whether they are trained", "weights decided", "weights"),
)


def main() -> int:
    """Runs every case and prints the figures."""
    found = Agreement()
    scripts: set[str] = set()
    with Runner() as runner:
        for case in cases():
            outcome = runner.run(case)
            if outcome.outcome != "refused":
                scripts.add(case.script)
                compare(case, outcome, walked(case, outcome), found)
    counts = found.counts
    print(f"{len(scripts)} scripts, {counts['runs']} runs: {counts['trains']} train, {counts['raises']} fail, {counts['ends']} end before")
    for what, part, whole in _SHARES:
        print(f"{counts[part]:6d} of {counts[whole]:6d}  {what}")
    print(f"{counts['calls']:6d} calls of libraries with {counts['call values']} known values, compared")
    print(f"{len(found.wrong):6d} disagreements")
    print("\n".join(f"  {each}" for each in found.wrong))
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
