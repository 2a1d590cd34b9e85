"""The peak memory of an import: for all baskets, against a tenth of them.

    .venv/bin/python -m bench.memory [baskets]

Each import runs in a process of its own, whose peak the kernel keeps (VmHWM in /proc/self/status).
"""

import sys
from pathlib import Path

from bench.scene import BASKETS, in_a_process, ingest_seconds, purchases, scene
from cagnotte.cli.bootstrap import running_database
from cagnotte.platform import database

PEAK_RATIO_MAX = 1.3


def peak_mib() -> float:
    """Return the highest resident memory of this process so far, in MiB (Linux only)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not say")


def import_here(name: str, path: str) -> None:
    """Import a file into a database; print peak and seconds."""
    with running_database(check_tables=False):
        database.use_database(database.embedded_server().url(name))
        seconds = ingest_seconds(Path(path), jobs=1)
        print(peak_mib(), seconds)


def main() -> None:
    if len(sys.argv) == 3:
        import_here(sys.argv[1], sys.argv[2])
        return
    baskets = int(sys.argv[1]) if len(sys.argv) > 1 else BASKETS
    peaks = []
    with scene() as made:
        for count in (baskets // 10, baskets):
            with made.fresh() as name:
                told = in_a_process("memory", name, str(purchases(count)))
            peak, seconds = map(float, told.split())
            peaks.append(peak)
            print(f"| import of {count:,} baskets | {seconds:.1f} s | {peak:.0f} MiB | | |")
    ratio = peaks[1] / peaks[0]
    met = "met" if ratio <= PEAK_RATIO_MAX else "missed"
    print(f"| ten times the baskets | | × {ratio:.2f} | | ≤ {PEAK_RATIO_MAX}: {met} |")


if __name__ == "__main__":
    main()
