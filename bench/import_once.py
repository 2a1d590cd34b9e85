"""Import one file into a database that is there; print this process's peak memory in MiB, and the seconds.

python -m bench.import_once DATABASE FILE
"""

import sys
from pathlib import Path

from bench.scene import ingest_seconds
from cagnotte.cli.bootstrap import running_database
from cagnotte.platform import database


def peak_mib() -> float:
    """Return the highest resident memory of this process so far, in MiB (Linux only: VmHWM)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not say")


def main() -> None:
    name, path = sys.argv[1:]
    with running_database(check_tables=False):
        database.use_database(database.embedded_server().url(name))
        seconds = ingest_seconds(Path(path), jobs=1)
        print(peak_mib(), seconds)


if __name__ == "__main__":
    main()
