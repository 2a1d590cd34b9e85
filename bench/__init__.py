"""What is measured, and how; the last figures are in README.md. `make bench` measures everything.

Set up here: a data folder of its own, so that no bench touches anybody's database, and Django.
"""

import os
from pathlib import Path

os.environ.setdefault("CAGNOTTE_DATA_DIR", str(Path(__file__).parents[1] / ".data" / "bench"))

from cagnotte.cli.bootstrap import set_up_django

set_up_django()
