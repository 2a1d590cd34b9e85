"""Addresses: help, legal pages, how the programme earns, whether the money is safe; the app on a phone."""

from django.urls import URLPattern, path

from cagnotte.portal.helping import asking, contact, installing, legal, reading, safe

urlpatterns: list[URLPattern] = [
    path("help/", reading.help_home, name="portal_help"),
    path("help/where/", asking.where, name="portal_where"),
    path("help/where/<slug:place>/", asking.where, name="portal_where_at"),
    path("help/<slug:name>/", reading.help_article, name="portal_article"),
    path("contact/", contact.contact, name="portal_contact"),
    path("terms/", legal.terms, name="portal_terms"),
    path("privacy/", legal.privacy, name="portal_privacy"),
    path("legal/", legal.notice, name="portal_legal"),
    path("accessibility/", legal.accessibility, name="portal_accessibility"),
    path("earning/", legal.earning, name="portal_earning"),
    path("safe/", safe.safe, name="portal_safe"),
    # The helper's reach is the folder it stands in, which is all pages of the programme and none of another.
    path("manifest.webmanifest", installing.manifest, name="portal_manifest"),
    path("sw.js", installing.worker, name="portal_worker"),
    path("offline/", installing.offline, name="portal_offline"),
    path("icon-<slug:kind>-<int:size>.png", installing.icon, name="portal_icon"),
]
