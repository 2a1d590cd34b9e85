"""The entry point of ASGI servers; the database must be running (see `cagnotte db start`)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")

application = get_asgi_application()
