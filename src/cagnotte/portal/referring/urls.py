"""Addresses: bringing friends."""

from django.urls import URLPattern, re_path

from cagnotte.portal.referring.sponsor import refer, refer_qr

urlpatterns: list[URLPattern] = [
    re_path(r"^refer/$", refer, name="portal_refer"),
    re_path(r"^refer/qr\.(?P<kind>svg|png)$", refer_qr, name="portal_refer_qr"),
]
