"""Addresses: watching money grow: balances, purchases and why each earned what it did, statements, proofs."""

from django.urls import URLPattern, path

from cagnotte.portal.watching.proof import entry_proof, proof, proof_of_balance, sealed
from cagnotte.portal.watching.purchase import purchase
from cagnotte.portal.watching.purchases import purchases, purchases_csv, purchases_pdf
from cagnotte.portal.watching.statements import statement, statement_pdf, statements
from cagnotte.portal.watching.wallet import made_of, wallet

urlpatterns: list[URLPattern] = [
    path("cagnotte/", wallet, name="portal_wallet"),
    path("cagnotte/made-of/", made_of, name="portal_made_of"),
    path("purchases/", purchases, name="portal_purchases"),
    path("purchases.csv", purchases_csv, name="portal_purchases_csv"),
    path("purchases.pdf", purchases_pdf, name="portal_purchases_pdf"),
    path("purchases/<str:purchase_id>/", purchase, name="portal_purchase"),
    path("purchases/<str:purchase_id>/proof.json", entry_proof, name="portal_purchase_proof"),
    path("statements/", statements, name="portal_statements"),
    path("statements/<str:period>/", statement, name="portal_statement"),
    path("statements/<str:period>.pdf", statement_pdf, name="portal_statement_pdf"),
    path("proof/", proof, name="portal_proof"),
    path("proof/balance.json", proof_of_balance, name="portal_proof_of_balance"),
    path("proof/seal.json", sealed, name="portal_seal"),
]
