"""Addresses: claims of what is missing or wrong, from the first question to the last answer."""

from django.urls import URLPattern, path

from cagnotte.portal.claiming.beginning import new, why
from cagnotte.portal.claiming.case import appeal, case, document, say, withdraw
from cagnotte.portal.claiming.filling import checks, drop_proof, order, proofs, review
from cagnotte.portal.claiming.listing import claims

urlpatterns: list[URLPattern] = [
    path("claims/", claims, name="portal_claims"),
    path("claims/new/", new, name="portal_new_claim"),
    path("claims/why/", why, name="portal_why"),
    path("claims/<str:claim>/", case, name="portal_claim"),
    path("claims/<str:claim>/order/", order, name="portal_claim_order"),
    path("claims/<str:claim>/checks/", checks, name="portal_claim_checks"),
    path("claims/<str:claim>/proofs/", proofs, name="portal_claim_proofs"),
    path("claims/<str:claim>/review/", review, name="portal_claim_review"),
    path("claims/<str:claim>/say/", say, name="portal_claim_say"),
    path("claims/<str:claim>/appeal/", appeal, name="portal_claim_appeal"),
    path("claims/<str:claim>/withdraw/", withdraw, name="portal_claim_withdraw"),
    path("claims/<str:claim>/files/<uuid:named>/", document, name="portal_claim_file"),
    path("claims/<str:claim>/files/<uuid:named>/drop/", drop_proof, name="portal_claim_drop_file"),
]
