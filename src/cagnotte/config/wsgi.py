"""The entry point of WSGI servers; the database must be running (see `cagnotte db start`)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")

application = get_wsgi_application()
