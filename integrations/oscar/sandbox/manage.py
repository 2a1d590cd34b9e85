"""`python sandbox/manage.py …`: Django's commands, for the small shop."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    root = Path(__file__).parents[1]
    sys.path[:0] = [str(root), str(root / "src")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")
    execute_from_command_line(sys.argv)
