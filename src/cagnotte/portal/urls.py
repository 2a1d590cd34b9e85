"""Addresses of the portal: `/p/PROGRAMME/…` for members, and what shops embed or link to."""

from django.urls import include, path, re_path

from cagnotte.portal.explaining import banner, how_it_works
from cagnotte.portal.front import front
from cagnotte.portal.going import go
from cagnotte.portal.look import colours, logo
from cagnotte.portal.widgets import playground, widget_script

AREAS = (
    "finding",
    "accounts",
    "watching",
    "spending",
    "claiming",
    "telling",
    "rights",
    "referring",
    "helping",
)
"""Packages of pages; each has its addresses in `urls`, below `/p/PROGRAMME/`."""

urlpatterns = [
    path("", front, name="front"),
    path("widgets/v1.js", widget_script, name="widget_script"),
    path("developers/widgets/", playground, name="playground"),
    path("p/<slug:programme>/how-it-works/", how_it_works, name="how_it_works"),
    re_path(r"^p/(?P<programme>[-a-zA-Z0-9_]+)/banner\.(?P<kind>svg|png)$", banner, name="banner"),
    path("p/<slug:programme>/colours.css", colours, name="portal_colours"),
    path("p/<slug:programme>/logo.svg", logo, name="portal_logo"),
    *[path("p/<slug:programme>/", include(f"cagnotte.portal.{area}.urls")) for area in AREAS],
    # The last part may hold slashes, as references of offers may.
    path("go/<slug:programme>/<path:offer>", go, name="go"),
]
