"""Every address of the web server."""

from django.contrib import admin
from django.urls import include, path

from cagnotte.api.receiving import receive
from cagnotte.api.v1 import api
from cagnotte.platform.health import livez, readyz
from cagnotte.ui.styleguide import styleguide

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("v1/", api.urls),
    path("", include("cagnotte.portal.urls")),
    path("in/<slug:programme>/<slug:source>/<str:token>", receive, name="receive"),
    path("styleguide/", styleguide, name="styleguide"),
    path("admin/", admin.site.urls),
]
