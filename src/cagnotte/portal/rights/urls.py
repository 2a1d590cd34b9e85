"""Addresses: a member's rights."""

from django.urls import URLPattern, path

from cagnotte.portal.rights import hub, leaving

urlpatterns: list[URLPattern] = [
    path("rights/", hub.rights, name="portal_rights"),
    path("rights/export/", hub.export, name="portal_export"),
    path("rights/close/", leaving.close, name="portal_close_account"),
    path("rights/erase/", leaving.erasure, name="portal_erase_account"),
    path("rights/erased/", leaving.erased, name="portal_erased"),
]
