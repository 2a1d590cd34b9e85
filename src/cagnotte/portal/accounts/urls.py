"""Addresses: joining a programme, signing in, and a member's own account: profile, security, consents."""

from django.urls import URLPattern, path

from cagnotte.portal.accounts import confirming, passkeys

urlpatterns: list[URLPattern] = [
    path("account/confirm/", confirming.confirm, name="portal_confirm"),
    path("account/passkey-options/", passkeys.options, name="portal_passkey_options"),
]
