"""Addresses: joining a programme, signing in, and a member's own account: profile, security, consents."""

from django.urls import URLPattern, path

from cagnotte.portal.accounts import (
    account,
    confirming,
    consents,
    entering,
    joining,
    profile,
    second_factors,
    security,
)

urlpatterns: list[URLPattern] = [
    path("join/", joining.join, name="portal_join"),
    path("join/you/", joining.details, name="portal_join_details"),
    path("welcome/", joining.welcome, name="portal_welcome"),
    path("sign-in/", entering.sign_in, name="portal_sign_in"),
    path("sign-in/code/", entering.code_sent, name="portal_code_sent"),
    path("sign-in/passkey/", entering.passkey, name="portal_passkey_in"),
    path("sign-in/password/", entering.password, name="portal_password_in"),
    path("sign-in/passkey-options/", second_factors.passkey_options, name="portal_passkey_options"),
    path("arrive/", entering.arrive, name="portal_arrive"),
    path("sign-out/", entering.sign_out, name="portal_sign_out"),
    path("account/", account.account, name="portal_account"),
    path("account/confirm/", confirming.confirm, name="portal_confirm"),
    path("account/profile/", profile.profile, name="portal_profile"),
    path("account/profile/address/", profile.address, name="portal_address"),
    path("account/consents/", consents.consents, name="portal_consents"),
    path("account/security/", security.security, name="portal_security"),
    path("account/security/password/", security.password, name="portal_password"),
    path("account/security/sessions/", security.end_sessions_elsewhere, name="portal_sessions"),
    path("account/security/app/", second_factors.add_app, name="portal_add_app"),
    path("account/security/app/remove/", second_factors.remove_app, name="portal_remove_app"),
    path("account/security/recovery/", second_factors.recovery, name="portal_recovery"),
    path("account/security/passkeys/new/", second_factors.add_passkey, name="portal_add_passkey"),
    path(
        "account/security/passkeys/new/options/",
        second_factors.new_passkey_options,
        name="portal_new_passkey_options",
    ),
    path("account/security/passkeys/<int:number>/", second_factors.passkey, name="portal_passkey"),
]
