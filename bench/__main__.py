"""Measure everything, one bench after the other: `make bench`, or `python -m bench [name …] [--quick]`.

Each runs in a process of its own: what one leaves in memory must not weigh on the next. The table is printed, and
written to bench/results.json unless sizes were small (`--quick`).
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import table

BENCHES = {
    "rating": "decisions per second, alone",
    "ledger_post": "posting against COPY of the same rows",
    "ledger_rival": "posting against another double-entry ledger for Django",
    "ingest": "from file to booked against COPY, and growth",
    "replay": "the same file again, against its first import",
    "footprint": "bytes and write-ahead log per purchase",
    "mature": "a night's releases against a bare UPDATE",
    "hot_merchant": "one merchant in every purchase against many",
    "movements": "a member's balance and last movements in small and large wallets",
    "one_purchase": "single purchases against pgbench",
    "go": "a link followed against a bare view that inserts one row",
    "quotes": "what a basket would earn, asked over the interface, against a bare view",
    "pages": "pages of the portal against one that holds nothing",
    "memory": "peak memory of a whole year against a tenth",
    "oracles": "other people's accounting programs read the books",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing is kept")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in BENCHES]
    if unknown:
        sys.exit(f"There is no bench {', '.join(unknown)}. They are: {', '.join(BENCHES)}.")
    results: dict[str, list[table.Row]] = {}
    failed = []
    for name in asked.names or BENCHES:
        print(f"== {name}: {BENCHES[name]}", file=sys.stderr, flush=True)
        rows = measured(name, quick=asked.quick)
        if rows is None:
            failed.append(name)
        else:
            results[name] = rows
    table.show(results)
    if results and not asked.quick:
        table.keep(results, now=table.now_utc())
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}.")


def measured(name: str, *, quick: bool) -> list[table.Row] | None:
    """Run one bench in a process of its own; return its rows, None when it failed."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.json"
        command = [sys.executable, "-m", f"bench.{name}", "--rows", str(rows)]
        if quick:
            command.append("--quick")
        done = subprocess.run(command, cwd=table.ROOT, check=False)
        return table.read_rows(rows) if done.returncode == 0 else None


if __name__ == "__main__":
    main()
