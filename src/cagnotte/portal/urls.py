"""Addresses of the portal."""

from django.urls import path, re_path

from cagnotte.portal.explaining import banner, how_it_works
from cagnotte.portal.going import go
from cagnotte.portal.widgets import playground, widget_script

urlpatterns = [
    path("widgets/v1.js", widget_script, name="widget_script"),
    path("developers/widgets/", playground, name="playground"),
    path("p/<slug:programme>/how-it-works/", how_it_works, name="how_it_works"),
    re_path(r"^p/(?P<programme>[-a-zA-Z0-9_]+)/banner\.(?P<kind>svg|png)$", banner, name="banner"),
    # The last part may hold slashes, as references of offers may.
    path("go/<slug:programme>/<path:offer>", go, name="go"),
]
