"""Files that commands write: whole, or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

output_option = click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    help="A file, or - for the terminal.",
)


@contextmanager
def written(output: Path) -> Iterator[IO[str]]:
    """Open a file that takes its name only once it is complete; - is the terminal."""
    if str(output) == "-":
        with click.open_file("-", "w", encoding="utf-8") as out:
            yield out
        return
    descriptor, unfinished = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
        Path(unfinished).chmod(0o640)
        Path(unfinished).replace(output)
    finally:
        Path(unfinished).unlink(missing_ok=True)
