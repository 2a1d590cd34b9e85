"""The disk of the database runs full: a sentence says so, nothing stands in part, and with room again all goes on."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.faults import small_disk
from tests.faults.test_killed import FIRST_SEED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_jobs_on_a_disk_that_runs_full_end_clean_once_there_is_room_again() -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("this machine has no unshare")
    # Mounted where only the script sees it: whatever becomes of the script, the mount ends with it.
    folder = Path(tempfile.mkdtemp(prefix="cagnotte-disk-"))
    folder.chmod(0o711)
    script = [sys.executable, small_disk.__file__, str(folder), str(FIRST_SEED)]
    done = subprocess.run(
        [unshare, "--mount", *script],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=280,
    )
    shutil.rmtree(folder)
    sys.stdout.write(f"CAGNOTTE_FAULT_SEED={FIRST_SEED}\n{done.stdout}")
    if "mount" in done.stderr and "AssertionError" not in done.stderr and not done.stdout:
        pytest.skip("this machine does not let us mount")
    assert done.returncode == 0, done.stderr
