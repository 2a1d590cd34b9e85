"""Every address of the web server."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from cagnotte.api.problems import status_of_kind
from cagnotte.api.receiving import receive
from cagnotte.api.v1 import api
from cagnotte.desk import urls as desk
from cagnotte.platform.health import livez, readyz
from cagnotte.ui.styleguide import styleguide

# One way in: the admin asks for the same code or password, and the same second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("v1/", api.urls),
    path("", include("cagnotte.portal.urls")),
    path("in/<slug:programme>/<slug:source>/<str:token>", receive, name="receive"),
    path("styleguide/", styleguide, name="styleguide"),
    path("admin/", admin.site.urls),
    *desk.addresses(desk.Interface(api.get_openapi_schema, status_of_kind)),
]
