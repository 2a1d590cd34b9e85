"""Three programmes in three currencies, said once: as the files that are loaded, and as the terms the model reads.

EUR has two decimals, JPY none, TND three. Between their six shops and two brands they hold every way of funding,
return policy, clawback policy, window, expiry and period that the machine should meet.
"""

from dataclasses import dataclass
from textwrap import dedent

FULL = 10_000
"""Basis points in a whole."""


@dataclass(frozen=True)
class Shop:
    """What a shop's contract and the offers on it come to.

    rate_bps: the member's part of what is bought, or of the commission where there is one. gift_bps: what the
    programme gives on top. returns, clawback, release…: as the contract says. voucher: (what it is worth, from which
    order on, its days); of shops that decide returns afresh.
    """

    ref: str
    rate_bps: int
    commission_bps: int = 0
    gift_bps: int = 0
    returns: str = "redecide"
    clawback: str = "go_negative"
    release_days: int = 0
    release_from: str = "purchased"
    answer_days: int | None = None
    refund_days: int = 365
    clawback_days: int = 365
    lot_months: int | None = None
    breakage_to: str = "programme"
    owing_days: int | None = None
    voucher: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Brand:
    """What a brand pays on its tea: a commission, of which the member has `rate_bps` of the price, the shop a share."""

    ref: str
    rate_bps: int
    commission_bps: int
    share_bps: int


@dataclass(frozen=True)
class Programme:
    """A programme; amounts in minor units of its currency."""

    slug: str
    currency: str
    timezone: str
    shops: tuple[Shop, ...]
    brand: Brand | None
    threshold_minor: int
    fee_minor: int
    decimals: int

    def shop(self, ref: str) -> Shop:
        """Return one of its shops."""
        return next(shop for shop in self.shops if shop.ref == ref)

    def text(self, minor: int) -> str:
        """Write an amount as files do."""
        if not self.decimals:
            return str(minor)
        whole, rest = divmod(minor, 10**self.decimals)
        return f"{whole}.{rest:0{self.decimals}d}"


CORNER = Programme(
    "corner",
    "EUR",
    "Europe/Paris",
    (
        Shop(
            "grocer",
            rate_bps=500,
            release_days=5,
            refund_days=60,
            clawback_days=90,
            lot_months=1,
            breakage_to="funder",
            owing_days=30,
            voucher=(700, 25_000, 12),
        ),
        Shop(
            "baker",
            rate_bps=750,
            gift_bps=150,
            returns="by_order",
            clawback="skip",
            refund_days=45,
            clawback_days=20,
            lot_months=2,
        ),
    ),
    Brand("acme", rate_bps=200, commission_bps=1000, share_bps=3000),
    threshold_minor=500,
    fee_minor=30,
    decimals=2,
)
TOKYO = Programme(
    "tokyo",
    "JPY",
    "Asia/Tokyo",
    (
        Shop(
            "depato",
            rate_bps=6000,
            commission_bps=800,
            clawback="take_available",
            release_days=3,
            release_from="confirmed",
            answer_days=20,
            refund_days=15,
            clawback_days=60,
        ),
        Shop(
            "konbini",
            rate_bps=4000,
            commission_bps=1250,
            gift_bps=100,
            returns="all_or_nothing",
            lot_months=1,
            breakage_to="funder",
        ),
    ),
    None,
    threshold_minor=300,
    fee_minor=100,
    decimals=0,
)
SOUK = Programme(
    "souk",
    "TND",
    "Africa/Tunis",
    (
        Shop(
            "spices",
            rate_bps=330,
            returns="by_order",
            release_days=10,
            lot_months=1,
            breakage_to="funder",
            owing_days=10,
        ),
        Shop(
            "silk",
            rate_bps=5000,
            commission_bps=2000,
            clawback="take_available",
            refund_days=30,
            clawback_days=10,
            answer_days=5,
        ),
    ),
    Brand("azur", rate_bps=400, commission_bps=600, share_bps=6000),
    threshold_minor=1000,
    fee_minor=0,
    decimals=3,
)
PROGRAMMES = (CORNER, TOKYO, SOUK)

MEMBERS = ("ana", "bob")
"""Ana has given a bank account, Bob has not."""
WITH_BANK = "ana"


def programme_file(programme: Programme) -> str:
    """Return the programme file that says all this."""
    contracts = "".join(map(_contract, programme.shops))
    offers = "".join(map(_offers, programme.shops))
    brands = ""
    if programme.brand:
        brand = programme.brand
        brands = f"brands: [{{ref: {brand.ref}}}]"
        contracts += dedent(f"""
            - ref: {brand.ref}
              brand: {brand.ref}
              commissions: [{{rate: {_percent(brand.commission_bps)}}}]
              merchant_share: {_percent(brand.share_bps)}
            """)
        offers += dedent(f"""
            - ref: {brand.ref}-tea
              role: boost
              effect: {{kind: percent, rate: {_percent(brand.rate_bps)}}}
              conditions: {{categories: [tea], brands: [{brand.ref}]}}
              funding: brand
            """)
    shops = ", ".join(f"{{ref: {shop.ref}}}" for shop in programme.shops)
    return f"""
programme: {{slug: {programme.slug}, name: {programme.slug}, currency: {programme.currency},
            timezone: {programme.timezone}}}
merchants: [{shops}]
{brands}
categories: [{{ref: tea}}, {{ref: jam}}]
contracts:{contracts}
offers:{offers}
payouts: {{debtor_name: Marché, iban: FR7630006000011234567890189, bic: AGRIFRPP,
          threshold: "{programme.text(programme.threshold_minor)}", fee: "{programme.text(programme.fee_minor)}"}}
{SOURCES}"""


def _percent(bps: int) -> str:
    return f"{bps // 100}.{bps % 100:02d} %"


def _contract(shop: Shop) -> str:
    lines = [
        f"- ref: {shop.ref}",
        f"  merchant: {shop.ref}",
        f"  release: {{days: {shop.release_days}, from: {shop.release_from}}}",
        f"  returns: {shop.returns}",
        f"  clawback: {shop.clawback}",
        f"  funder_refund_days: {shop.refund_days}",
        f"  member_clawback_days: {shop.clawback_days}",
        f"  breakage_to: {shop.breakage_to}",
    ]
    if shop.commission_bps:
        lines.append(f"  commissions: [{{rate: {_percent(shop.commission_bps)}}}]")
    for name, value in (
        ("auto_confirm_days", shop.answer_days),
        ("lot_months", shop.lot_months),
        ("give_up_owing_days", shop.owing_days),
    ):
        if value is not None:
            lines.append(f"  {name}: {value}")
    return "\n" + "\n".join(lines) + "\n"


def _offers(shop: Shop) -> str:
    kind = "commission_share, share" if shop.commission_bps else "percent, rate"
    text = dedent(f"""
        - ref: {shop.ref}
          effect: {{kind: {kind}: {_percent(shop.rate_bps)}}}
          conditions: {{merchants: [{shop.ref}]}}
        """)
    if shop.gift_bps:
        text += dedent(f"""
            - ref: {shop.ref}-gift
              role: boost
              effect: {{kind: percent, rate: {_percent(shop.gift_bps)}}}
              conditions: {{merchants: [{shop.ref}]}}
              funding: programme
            """)
    if shop.voucher:
        worth, threshold, days = (str(part) for part in shop.voucher)
        gives = f'amount: "{worth[:-2]}.{worth[-2:]}", minimum_basket: "10.00", valid_days: {days}'
        text += dedent(f"""
            - ref: {shop.ref}-voucher
              role: bonus
              effect: {{kind: voucher, {gives}}}
              conditions: {{merchants: [{shop.ref}], minimum_basket: "{threshold[:-2]}.{threshold[-2:]}"}}
            """)
    return text


VOUCHER_BASKET = 1_000
"""What an order must come to where a voucher that an offer gave is used."""


SOURCES = """
sources:
  - ref: web
    kind: purchases
    format: jsonl
    lines: lines
    fields: {order_ref: id, merchant: shop, member: member, occurred_at: at, currency: currency, status: status,
             updated_at: said_at}
    line_fields: {sku: sku, quantity: qty, amount: price, category: category, brand: brand,
                  returned_quantity: returned.qty, returned_amount: returned.price}
    unknown_products: accept
  - ref: members
    kind: members
    format: csv
    fields: {ref: number, name: name, iban: iban, holder: name}
  - ref: answers
    kind: decisions
    format: csv
    fields: {order_ref: order, merchant: shop, decision: answer, reason: why, line: line,
             returned_quantity: units, returned_amount: amount}
"""
