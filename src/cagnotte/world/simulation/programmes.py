"""The programme of a world: a realistic one for each model, or one so plain that anybody can reckon its rewards."""

from collections.abc import Callable
from typing import Any

import yaml

from cagnotte.world.simulation import writers
from cagnotte.world.simulation.plan import TIMEZONE, Model, Plan
from cagnotte.world.simulation.shopping import CODE
from cagnotte.world.simulation.shops import BRANDS, CATEGORIES, HOUSE, PARENTS, Network, Shop

PLAIN_RATE_BPS, PLAIN_SHARE_BPS = 500, 6_000
"""Of a plain programme: of what counts, rounded half up; of the commission, rounded down."""

SILENCE_CONFIRMS_AFTER_DAYS = 30
SLUG = "simulated"
SEPA_CURRENCY = "EUR"
"""The one currency that bank files are made in."""

Entry = dict[str, Any]
Rules = tuple[list[Entry], list[Entry]]
"""Contracts and offers."""

COUNTS_ALL: Entry = {"with_tax": True, "with_delivery": False, "discounts_deducted": True}


def text(plan: Plan, shops: list[Shop], networks: list[Network]) -> str:
    """Return the programme file."""
    head = (
        f"# A simulated programme ({plan.model.value}), seed {plan.seed}. Change what you like, then run\n"
        "#     cagnotte programme check programme.yaml\n"
    )
    programme = _programme(plan, shops, networks)
    return head + yaml.dump(
        programme, Dumper=_Plainly, sort_keys=False, allow_unicode=True, width=110
    )


class _Plainly(yaml.SafeDumper):
    """Writes what two contracts share twice, for the reader."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True


def source_refs(plan: Plan) -> dict[str, str]:
    """Return the name of the source that reads each format of orders: the first is `orders`."""
    first, *others = plan.formats
    return {first: "orders", **{name: f"orders-{name}" for name in others}}


def _programme(plan: Plan, shops: list[Shop], networks: list[Network]) -> Entry:
    made: Entry = {
        "programme": {
            "slug": SLUG,
            "name": f"Simulated {plan.model.value.replace('_', ' ')}",
            "currency": plan.currency,
            "timezone": TIMEZONE,
        },
        "merchants": _merchants(plan, shops),
    }
    if plan.tells_lines:
        made["brands"] = [{"ref": brand, "name": brand.capitalize()} for brand in BRANDS]
        made["categories"] = _categories()
    else:
        made["networks"] = [{"ref": network.ref, "name": network.name} for network in networks]
    contracts, offers = _RULES[plan.model](plan, shops, networks)
    made["contracts"] = contracts
    made["offers"] = _plain_offers(plan) if plan.plain else offers
    if plan.plain:
        for contract in contracts:
            contract["base"] = COUNTS_ALL
    if plan.currency == SEPA_CURRENCY:
        made["payouts"] = {
            "debtor_name": "Simulated programme",
            "iban": "FR7630006000011234567890189",
            "bic": "AGRIFRPPXXX",
            "threshold": "10.00",
        }
    made["sources"] = _sources(plan)
    return made


def _merchants(plan: Plan, shops: list[Shop]) -> list[Entry]:
    if plan.model is Model.IN_HOUSE:
        return [{"ref": HOUSE, "name": "The house", "country": "FR"}]
    return [{"ref": shop.ref, "name": shop.name, "country": "FR"} for shop in shops]


def _categories() -> list[Entry]:
    """Return the categories as a flat list with their parents."""
    parents: list[Entry] = [{"ref": parent} for parent in PARENTS]
    return parents + [
        {"ref": category.ref, "parent": category.parent}
        if category.parent
        else {"ref": category.ref}
        for category in CATEGORIES
    ]


def _percent(bps: int) -> str:
    whole, rest = divmod(bps, 100)
    return f"{whole}.{rest:02} %" if rest else f"{whole} %"


def _rate(bps: int) -> Entry:
    return {"kind": "percent", "rate": _percent(bps)}


def _plain_offers(plan: Plan) -> list[Entry]:
    if plan.tells_lines:
        return [{"ref": "plain", "effect": _rate(PLAIN_RATE_BPS)}]
    share: Entry = {"kind": "commission_share", "share": _percent(PLAIN_SHARE_BPS)}
    return [{"ref": "plain", "effect": share, "funding": "network"}]


# ---- rules, by model ----


def _amounts(plan: Plan) -> Callable[[int], str]:
    """Return what writes an amount, given in the currency's minor units."""
    return writers.Amounts(plan.currency).text


def _in_house(plan: Plan, _shops: list[Shop], _networks: list[Network]) -> Rules:
    amount = _amounts(plan)
    contract = {
        "ref": HOUSE,
        "merchant": HOUSE,
        "same_entity": True,
        "base": {**COUNTS_ALL, "excluded": {"categories": ["fuel"]}},
        "release": {"days": 30, "from": "purchased"},
        "auto_confirm_days": SILENCE_CONFIRMS_AFTER_DAYS,
        "lot_months": 12,
    }
    offers: list[Entry] = [
        {"ref": "standard", "effect": _rate(150), "priority": -1},
        {
            "ref": "tea-and-coffee",
            "effect": _rate(400),
            "conditions": {"categories": ["tea", "coffee"]},
            "limits": {"per_purchase": amount(500)},
        },
        {
            "ref": "home-club",
            "effect": _climbing(
                "amount", "home-club", ("0", 200), (amount(10_000), 400), (amount(40_000), 700)
            ),
            "conditions": {"categories": ["home"]},
            "limits": {"per_member": {"window": "month", "amount": amount(4000)}},
        },
        {
            "ref": "saturday",
            "role": "boost",
            "effect": _rate(100),
            "conditions": {"weekdays": ["saturday"]},
            "limits": {"per_purchase": amount(400)},
        },
        {
            "ref": "spring-code",
            "role": "boost",
            "effect": _rate(300),
            "conditions": {"coupon": CODE.lower()},
        },
        {
            "ref": "first-order",
            "role": "bonus",
            "effect": {"kind": "fixed_per_order", "amount": amount(500)},
            "conditions": {"first": "programme", "minimum_basket": amount(3000)},
        },
    ]
    return [contract], offers


def _climbing(by: str, counter: str, *tiers: tuple[str, int]) -> Entry:
    """Return a rate that climbs within a month with what was bought before."""
    return {
        "kind": "progressive",
        "window": "month",
        "by": by,
        "counter": counter,
        "tiers": [{"from": start, "rate": _percent(bps)} for start, bps in tiers],
    }


AFTER_CONFIRMATION: Entry = {"days": 14, "from": "confirmed"}


def _two_stage(_plan: Plan, shops: list[Shop], _networks: list[Network]) -> Rules:
    contracts: list[Entry] = [
        {"ref": shop.ref, "merchant": shop.ref, "release": AFTER_CONFIRMATION, "lot_months": 18}
        for shop in shops
    ]
    contracts += [
        {
            "ref": f"brand-{brand}",
            "brand": brand,
            "commissions": [{"rate": _percent(800 + 100 * place)}],
            "merchant_share": _percent(4_000),
            "release": AFTER_CONFIRMATION,
        }
        for place, brand in enumerate(BRANDS)
    ]
    offers: list[Entry] = [{"ref": "standard", "effect": _rate(100)}]
    offers += [
        {
            "ref": f"{brand}-gives",
            "role": "boost",
            "effect": _rate(200 + 50 * place),
            "conditions": {"brands": [brand]},
            "funding": "brand",
            "group": "brands",
        }
        for place, brand in enumerate(BRANDS)
    ]
    return contracts, offers


def _coalition(_plan: Plan, shops: list[Shop], _networks: list[Network]) -> Rules:
    contracts: list[Entry] = [
        {
            "ref": shop.ref,
            "merchant": shop.ref,
            "base": {**COUNTS_ALL, "excluded": {"categories": ["fuel"]}},
            "release": AFTER_CONFIRMATION,
            "lot_months": 24,
            "redemption_fee": "1 %",
        }
        for shop in shops
    ]
    offers: list[Entry] = [
        {
            "ref": f"{shop.ref}-gives",
            "effect": _rate(100 + 50 * (place % 7)),
            "conditions": {"merchants": [shop.ref]},
        }
        for place, shop in enumerate(shops)
    ]
    offers.append(
        {
            "ref": "round-trip",
            "name": "More from the third order of a month on, wherever it is made",
            "role": "boost",
            "effect": _climbing("purchases", "orders", ("0", 0), ("2", 50), ("5", 100)),
        }
    )
    return contracts, offers


def _portal(plan: Plan, shops: list[Shop], networks: list[Network]) -> Rules:
    amount = _amounts(plan)
    contracts: list[Entry] = [
        {
            "ref": shop.ref,
            "network": networks[shop.network].ref,
            "merchant": shop.ref,
            "binding": "click",
            "commissions": [{"rate": _percent(shop.commission_bps)}],
            "release": {"days": 7, "from": "confirmed"},
            "lot_months": 36,
        }
        for shop in shops
    ]
    offers: list[Entry] = [
        {
            "ref": "share",
            "name": "70 % of what the network pays",
            "effect": {"kind": "commission_share", "share": "70 %"},
            "funding": "network",
        },
        {
            "ref": "welcome",
            "name": "A gift for the first order that is large enough",
            "role": "bonus",
            "effect": {"kind": "fixed_per_order", "amount": amount(300)},
            "conditions": {"first": "programme", "minimum_basket": amount(5000)},
            "funding": "programme",
        },
    ]
    return contracts, offers


_RULES = {
    Model.IN_HOUSE: _in_house,
    Model.TWO_STAGE: _two_stage,
    Model.COALITION: _coalition,
    Model.PORTAL: _portal,
}


# ---- files that come in ----


def _sources(plan: Plan) -> list[Entry]:
    refs = source_refs(plan)
    formats = writers.formats_of(plan)
    made = [
        writers.source(refs[name], "purchases", formats[name].source, plan.currency)
        for name in plan.formats
    ]
    read = {name: name for name in ("name", "email", "country", "locale", "segments", "iban")}
    members: Entry = {"fields": {"ref": "number", "joined_on": "joined", **read}}
    made.append(writers.source("members", "members", members, plan.currency))
    if plan.tells_lines:
        products: Entry = {
            "fields": {
                "sku": "article",
                "category": "category",
                "brand": "brand",
                "gift_card": "gift_card",
            }
        }
        made.append(writers.source("products", "products", products, plan.currency))
        answers = writers.source("answers", "decisions", writers.ANSWER_SOURCE, plan.currency)
        made.append(answers)
    return made
