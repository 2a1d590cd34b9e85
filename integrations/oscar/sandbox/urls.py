"""Addresses of the shop: Oscar's own, and the one for vouchers of Cagnotte."""

from django.apps import apps
from django.urls import include, path

urlpatterns = [
    path("cagnotte/", include("cagnotte_oscar.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
