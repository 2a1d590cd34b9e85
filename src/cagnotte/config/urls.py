"""Every address of the web server."""

from django.contrib import admin
from django.urls import path

from cagnotte.platform.health import livez, readyz

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
]
