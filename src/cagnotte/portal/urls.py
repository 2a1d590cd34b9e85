"""Addresses of the portal."""

from django.urls import path

from cagnotte.portal.going import go
from cagnotte.portal.widgets import playground, widget_script

urlpatterns = [
    # The last part may hold slashes, as references of offers may.
    path("widgets/v1.js", widget_script, name="widget_script"),
    path("developers/widgets/", playground, name="playground"),
    path("go/<slug:programme>/<path:offer>", go, name="go"),
]
