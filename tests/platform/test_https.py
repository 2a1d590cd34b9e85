"""What a browser is told behind a proxy that ends TLS."""

import os
import subprocess
import sys

import pytest

ASK = """
import django
from django.conf import settings
django.setup()
print(settings.SECURE_HSTS_SECONDS, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE)
"""


@pytest.mark.parametrize(
    ("https", "told"), [("true", "31536000 True True"), ("false", "0 False False")]
)
def test_browsers_keep_to_https_for_a_year(https: str, told: str) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASK],
        env={
            **os.environ,
            "CAGNOTTE_HTTPS": https,
            "DJANGO_SETTINGS_MODULE": "cagnotte.config.settings",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip() == told
