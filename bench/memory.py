"""The peak memory of an import: for all baskets, against a tenth of them.

    PYTHONPATH=src .venv/bin/python -m bench.memory [--quick]

Each import runs in a process of its own (`bench.import_once`), whose peak the kernel keeps.
"""

from bench import table
from bench.scene import BASKETS, in_a_process, purchases, scene
from bench.table import Row


def measure(*, quick: bool = False) -> list[Row]:
    """Import a tenth of the baskets, then all, each into a fresh database."""
    baskets = BASKETS // 10 if quick else BASKETS
    peaks, details = [], []
    with scene() as made:
        for count in (baskets // 10, baskets):
            table.say(f"{count:,} baskets")
            with made.fresh() as name:
                told = in_a_process("import_once", name, str(purchases(count)))
            peak, seconds = map(float, told.split())
            peaks.append(peak)
            details.append(f"{peak:.0f} MiB and {seconds:.1f} s for {count:,} baskets")
    name = "peak memory of an import, ten times the baskets"
    return [Row.at_most(name, peaks[1] / peaks[0], 1.3, detail="; ".join(details))]


if __name__ == "__main__":
    table.main(measure)
