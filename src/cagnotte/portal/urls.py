"""Addresses of the portal."""

from django.urls import path

from cagnotte.portal.going import go

urlpatterns = [
    # The last part may hold slashes, as references of offers may.
    path("go/<slug:programme>/<path:offer>", go, name="go"),
]
