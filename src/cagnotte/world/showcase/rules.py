"""The programme file of the showcase: what Colibri's shops pay, what its members get, what its pages say."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from cagnotte.world.showcase.marks import COLIBRI, mark
from cagnotte.world.showcase.shops import CATEGORIES, SHOPS, Shop

SLUG = "colibri"
NETWORKS = ("Affluent", "Réseau Delta", "Trois Rivières")

Entry = dict[str, Any]


def write(folder: Path, *, today: date, early: bool) -> Path:
    """Write the programme file and the marks it names; early: as it was before rates were raised. Return the file."""
    (folder / "marks").mkdir(parents=True, exist_ok=True)
    (folder / "marks" / "colibri.svg").write_text(COLIBRI, encoding="utf-8")
    for shop in SHOPS:
        (folder / "marks" / f"{shop.ref}.svg").write_text(mark(shop.name), encoding="utf-8")
    path = folder / "programme.yaml"
    written = yaml.dump(
        programme(today, early=early), sort_keys=False, allow_unicode=True, width=110
    )
    path.write_text(written, encoding="utf-8")
    return path


def programme(today: date, *, early: bool) -> Entry:
    """Return the programme."""
    return {
        "programme": {
            "slug": SLUG,
            "name": "Colibri",
            "currency": "EUR",
            "timezone": "Europe/Paris",
        },
        "storefront": _storefront(),
        "shop_categories": [
            {"ref": ref, "name": {"en": english, "fr": french}, "icon": icon}
            for ref, english, french, icon in CATEGORIES
        ],
        "merchants": [_merchant(shop, place) for place, shop in enumerate(SHOPS)],
        "networks": [{"ref": f"network-{n}", "name": name} for n, name in enumerate(NETWORKS)],
        "contracts": [_contract(shop) for shop in SHOPS],
        "offers": [offer for shop in SHOPS for offer in _offers(shop, today, early=early)]
        + [_welcome()],
        "payouts": {
            "debtor_name": "Colibri",
            "iban": "FR7630006000011234567890189",
            "bic": "AGRIFRPPXXX",
            "threshold": "10.00",
        },
        "sources": _SOURCES,
    }


def _storefront() -> Entry:
    return {
        "promise": {
            "en": "Buy where you already buy. A part of it comes back.",
            "fr": "Achetez là où vous achetez déjà. Une part vous revient.",
        },
        "accent": "180",
        "logo": "marks/colibri.svg",
        "contact_email": "bonjour@colibri.example",
        "company": {
            "name": "Colibri SAS (an example)",
            "address": "1 rue de l’Exemple, 75002 Paris",
            "register": "RCS Paris 000 000 000",
            "publisher": "Camille Exemple",
            "host": "This server",
        },
    }


def _merchant(shop: Shop, place: int) -> Entry:
    made: Entry = {"ref": shop.ref, "name": shop.name, "country": "FR"}
    if shop.network is not None:
        made["site"] = f"https://{shop.ref}.example/"
    made["page"] = {
        "description": {"en": shop.english, "fr": shop.french},
        "categories": [shop.category],
        "logo": f"marks/{shop.ref}.svg",
        "online": shop.network is not None,
        "in_store": shop.network is None,
        "gives": [
            {
                "en": "All articles at their price without delivery",
                "fr": "Tous les articles, hors livraison",
            }
        ],
        "gives_not": [
            {
                "en": "Orders that are cancelled or sent back",
                "fr": "Les commandes annulées ou renvoyées",
            },
        ],
        "coupons": "all" if place % 2 else "listed",
        "claims": {
            "accepted": shop.claims,
            "after_days": 7,
            "within_days": 90,
            "needs": ["order_number", "order_date", "amount"],
        },
    }
    if place % 3 == 0:
        made["page"]["featured"] = place // 3 + 1
    return made


def _percent(bps: int) -> str:
    whole, rest = divmod(bps, 100)
    return f"{whole}.{rest:02} %" if rest else f"{whole} %"


def _contract(shop: Shop) -> Entry:
    made: Entry = {
        "ref": shop.ref,
        "merchant": shop.ref,
        "release": {"days": 7, "from": "confirmed"},
        # Short at the shops in town, so that something is always about to expire.
        "lot_months": 12 if shop.network is not None else 4,
        "commissions": [
            {"fixed": f"{shop.fixed * 3 // 2 / 100:.2f}"}
            if shop.fixed
            else {"rate": _percent(max(shop.commission_bps, shop.boost_bps + 100))}
        ],
    }
    if shop.network is not None:
        made |= {"network": f"network-{shop.network}", "binding": "click"}
    return made


def _offers(shop: Shop, today: date, *, early: bool) -> list[Entry]:
    """Return what a shop gives: its rate, and an operation that is on now or was some months ago."""
    here: Entry = {"conditions": {"merchants": [shop.ref]}, "funding": _payer(shop)}
    if shop.fixed:
        effect: Entry = {"kind": "fixed_per_order", "amount": f"{shop.fixed / 100:.2f}"}
        return [{"ref": shop.ref, "name": f"{shop.name}: each order", "effect": effect, **here}]
    rate_bps = shop.before_bps if early and shop.before_bps else shop.rate_bps
    offers = [{"ref": shop.ref, "name": shop.name, "effect": _rate(rate_bps), **here}]
    if shop.boost_bps:
        days = 4 + len(shop.ref) % 9
        offers.append(
            _boost(shop, "now", today - timedelta(days=6), today + timedelta(days=days), here)
        )
    elif len(shop.ref) % 2:
        start = today - timedelta(days=150 + 9 * len(shop.ref))
        offers.append(_boost(shop, "then", start, start + timedelta(days=12), here))
    return offers


def _boost(shop: Shop, when: str, start: date, end: date, here: Entry) -> Entry:
    rate_bps = shop.boost_bps or min(shop.rate_bps * 3 // 2 // 50 * 50, shop.commission_bps)
    return {
        "ref": f"{shop.ref}-{when}",
        "name": f"{shop.name}: more for some days",
        "role": "boost",
        "mode": "replace",
        "effect": _rate(rate_bps),
        "valid_from": start.isoformat(),
        "valid_until": end.isoformat(),
        **here,
    }


def _rate(bps: int) -> Entry:
    return {"kind": "percent", "rate": _percent(bps)}


def _payer(shop: Shop) -> str:
    return "merchant" if shop.network is None else "network"


def _welcome() -> Entry:
    return {
        "ref": "welcome",
        "name": "A welcome gift",
        "role": "bonus",
        "effect": {"kind": "fixed_per_order", "amount": "3.00"},
        "conditions": {"first": "programme", "minimum_basket": "30.00"},
        "funding": "programme",
    }


_SOURCES: list[Entry] = [
    {
        "ref": "orders",
        "kind": "purchases",
        "format": "csv",
        "timezone": "Europe/Paris",
        "fields": {
            "order_ref": "order",
            "merchant": "shop",
            "member": "member",
            "occurred_at": "at",
            "currency": "currency",
            "amount": "amount",
            "status": "status",
        },
    },
    {
        "ref": "answers",
        "kind": "decisions",
        "format": "csv",
        "fields": {
            "order_ref": "order",
            "merchant": "shop",
            "decision": "answer",
            "reason": "why",
            "line": "line",
            "returned_quantity": "units",
            "returned_amount": "amount",
        },
    },
    {
        "ref": "members",
        "kind": "members",
        "format": "csv",
        "fields": {
            "ref": "number",
            "name": "name",
            "email": "email",
            "locale": "locale",
            "country": "country",
            "joined_on": "joined",
            "iban": "iban",
            "holder": "name",
        },
    },
]
