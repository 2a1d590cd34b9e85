"""The settings of the tests: the product's own, in a data folder of their own."""

import os
from pathlib import Path

# Before the settings are read: tests never touch the database or the keys of the person who runs them.
os.environ["CAGNOTTE_DATA_DIR"] = str(Path(__file__).parents[1] / ".data" / "test")
os.environ.pop("CAGNOTTE_DATABASE_URL", None)
# Commands that tests start live today, their worlds on days of their own: no night of today falls on them.
os.environ["CAGNOTTE_NIGHT_HOUR"] = "-1"

from cagnotte.config.settings import *  # noqa: F403 - the settings, whole

SECRET_KEY = "for tests only"
# Slow hashing protects people's passwords, and tests have none.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
