"""Every software and form that the contract of vouchers at shops is tried with, and how its fake is connected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.hooks import manager
from cagnotte.hooks.sources import SourceContext
from cagnotte.hooks.vouchers import Can, Form, ShopVoucher, VoucherShop, Whose
from tests.sources.calls import Calls
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.vendure import NAME, PASSWORD
from tests.vouchers.fakes import (
    medusa,
    oscar,
    prestashop,
    pretix,
    saleor,
    shopify,
    stripe,
    vendure,
    woocommerce,
)
from tests.vouchers.fakes.counter import VoucherFake

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
LAST_DAY = date(2026, 12, 31)


@dataclass(frozen=True)
class Case:
    """A form of a software. address: where its fake is asked, after the fake's own. customer: one that it knows."""

    software: str
    form: Form
    fake: type[VoucherFake]
    secrets: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    url_setting: str = "api_url"
    address: str = ""
    customer: str = ""

    @property
    def shop(self) -> VoucherShop:
        return manager.voucher_shop(self.software)

    @property
    def can(self) -> Can:
        return self.shop.forms[self.form]

    @property
    def owner(self) -> str:
        """Whose vouchers are where that must be said."""
        return self.customer if self.can.whose is Whose.MUST else ""

    def all_settings(self, fake: VoucherFake) -> dict[str, str]:
        return {**self.settings, self.url_setting: fake.url + self.address}

    def context(self, fake: VoucherFake, clock: Clock) -> SourceContext:
        source = manager.source_plugin(self.software)
        defaults = {one.name: one.default for one in source.settings if one.default is not None}
        return SourceContext(
            settings={**defaults, **self.all_settings(fake)},
            secrets={name: [value] for name, value in self.secrets.items()},
            zone=PARIS,
            now=clock.now,
            http=Calls(clock=clock),
        )

    def voucher(self, **changes: Any) -> ShopVoucher:
        """Return a voucher of 5.00, from today until the end of the year."""
        told: dict[str, Any] = {
            "id": "vou_06a1b2c3d4e5f6g7h8j9k0m1n2",
            "form": self.form,
            "code": "K7P2M-9XQ4T-0ABC",
            "amount": Decimal("5.00"),
            "currency": "EUR",
            "starts_at": datetime(2026, 11, 20, tzinfo=PARIS),
            "ends_at": datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), PARIS),
            "customer": self.owner,
        }
        return ShopVoucher(**{**told, **changes})


SHOPIFY = {"access_token": shopify.TOKEN}

CASES: Sequence[Case] = (
    Case(
        "woocommerce",
        Form.CODE,
        woocommerce.WooCommerceFake,
        {"consumer_key": woocommerce.KEY, "consumer_secret": woocommerce.SECRET},
        customer="ana@mail.example",
    ),
    Case("shopify", Form.GIFT_CARD, shopify.ShopifyCards, SHOPIFY, customer=shopify.CUSTOMER),
    Case("shopify", Form.CODE, shopify.ShopifyFake, SHOPIFY, customer=shopify.CUSTOMER),
    Case("shopify", Form.CREDIT, shopify.ShopifyFake, SHOPIFY, customer=shopify.CUSTOMER),
    Case(
        "prestashop",
        Form.CODE,
        prestashop.PrestaShopFake,
        {"webservice_key": prestashop.KEY},
        customer="17",
    ),
    Case("medusa", Form.CODE, medusa.MedusaFake, {"api_key": medusa.KEY}),
    Case(
        "saleor",
        Form.GIFT_CARD,
        saleor.SaleorFake,
        {"token": saleor.TOKEN},
        address="/graphql/",
        customer="ana@mail.example",
    ),
    Case(
        "vendure",
        Form.CODE,
        vendure.VendureFake,
        {"password": PASSWORD},
        {"username": NAME},
        address="/admin-api",
    ),
    Case(
        "oscar",
        Form.CODE,
        oscar.OscarFake,
        {"secret": oscar.SECRET},
        url_setting="vouchers_url",
        address="/cagnotte/",
    ),
    Case(
        "pretix",
        Form.GIFT_CARD,
        pretix.PretixFake,
        {"token": pretix.TOKEN},
        {"organizer": pretix.ORGANIZER},
    ),
    Case(
        "stripe", Form.CREDIT, stripe.StripeFake, {"api_key": stripe.KEY}, customer=stripe.CUSTOMER
    ),
)


def named(case: Case) -> str:
    """Name a case in the list of tests."""
    return f"{case.software}-{case.form}"
