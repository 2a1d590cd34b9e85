"""The command `stock`: fills the small shop."""

from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand
from oscar.core.loading import get_class, get_model

ARTICLES = (
    ("TEA-250", "Earl Grey, 250 g", "Tea", "12.50"),
    ("POT-1", "Tea pot", "Tableware", "33.00"),
)
"""Number, title, category, price with tax."""


class Command(BaseCommand):
    """Puts articles on the shelves, and says where the shop delivers."""

    help = "Fill the small shop with a few articles."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run the command."""
        get_model("address", "Country").objects.get_or_create(
            iso_3166_1_a2="FR",
            defaults={
                "iso_3166_1_a3": "FRA", "name": "France", "printable_name": "France", "is_shipping_country": True,
            },
        )  # fmt: skip
        kind, _ = get_model("catalogue", "ProductClass").objects.get_or_create(name="Article")
        partner, _ = get_model("partner", "Partner").objects.get_or_create(name="The shop")
        create = get_class("catalogue.categories", "create_from_breadcrumbs")
        for number, title, category, price in ARTICLES:
            product, _ = get_model("catalogue", "Product").objects.get_or_create(
                upc=number, defaults={"title": title, "product_class": kind}
            )
            product.categories.set([create(category)])
            get_model("partner", "StockRecord").objects.update_or_create(
                product=product,
                partner=partner,
                partner_sku=number,
                defaults={"price": Decimal(price), "price_currency": "EUR", "num_in_stock": 1000},
            )
            self.stdout.write(f"{product.pk} {number}")
