"""Virtual environments of software that is tested against: made from a lock of their own, when it changed.

Shops bring dependencies that Cagnotte does not want, so they run as processes of their own Python.
"""

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
VENVS = ROOT / ".data" / "venvs"
UV = Path(sys.executable).parent / "uv"


def python_of(name: str) -> Path:
    """Return the Python of the environment that `requirements/NAME.txt` describes, installing it first if need be."""
    lock, venv = ROOT / "requirements" / f"{name}.txt", VENVS / name
    stamp = venv / ".installed"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    VENVS.mkdir(parents=True, exist_ok=True)
    with (VENVS / f"{name}.lock").open("w") as held:
        # Several processes test at once, and one of them installs.
        fcntl.flock(held, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _run(UV, "venv", "--quiet", "--clear", "--python", sys.executable, venv)
            _run(
                UV, "pip", "install", "--quiet", "--require-hashes",
                "--python", venv / "bin" / "python", "-r", lock,
            )  # fmt: skip
            stamp.write_text(wanted)
    return venv / "bin" / "python"


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, cwd=ROOT)
