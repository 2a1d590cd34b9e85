"""Measure everything, one bench after the other: `make bench`, or `python -m bench [name …]`."""

import subprocess
import sys
from pathlib import Path

BENCHES = {
    "rating": "decisions per second, alone",
    "ledger_post": "posting against COPY",
    "ingest": "from file to booked against COPY, and growth",
    "memory": "peak memory of a whole year against a tenth",
}


def main() -> None:
    chosen = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in chosen if name not in BENCHES]
    if unknown:
        sys.exit(f"There is no bench {', '.join(unknown)}. They are: {', '.join(BENCHES)}.")
    failed = []
    for name in chosen:
        print(f"\n== {name}: {BENCHES[name]}", flush=True)
        # Each in a process of its own: what one leaves in memory must not weigh on the next.
        done = subprocess.run(
            [sys.executable, "-m", f"bench.{name}"], cwd=Path(__file__).parents[1], check=False
        )
        if done.returncode:
            failed.append(name)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
