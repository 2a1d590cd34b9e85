"""Addresses: finding a shop and leaving for it."""

from django.urls import URLPattern, path

from cagnotte.portal.finding.home import home

urlpatterns: list[URLPattern] = [
    path("", home, name="portal_home"),
]
