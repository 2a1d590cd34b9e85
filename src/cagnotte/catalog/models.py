"""How programmes show themselves, categories, products, and the versions of contracts and offers.

A version never changes, but for the note that a newer one or its removal closed it. Old versions stay, since
decisions made under them are explained by them and made again under them.
"""

from datetime import date
from typing import ClassVar

from django.db import models

from cagnotte.identity.models import Programme


class Storefront(models.Model):
    """How a programme shows itself to its members: its words, its colour, its mark. None of it touches money.

    Texts are by language: {"en": "…", "fr": "…"}; one that lacks a language is shown in the other.
    """

    programme = models.OneToOneField(Programme, on_delete=models.PROTECT, primary_key=True)
    joining = models.BooleanField(default=True, help_text="Whether anybody may become a member.")
    promise = models.JSONField(default=dict, help_text="One line on the front page, by language.")
    hue = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="0 to 359, of the accent in OKLCH; empty = our own."
    )
    logo = models.TextField(blank=True, help_text="An SVG drawing; empty = the name alone.")
    contact_email = models.EmailField(blank=True, help_text="Where members write to.")
    company = models.JSONField(
        default=dict, help_text="Who runs it, for the legal pages: name, address, register, …"
    )

    def __str__(self) -> str:
        return str(self.programme)


class Version(models.Model):
    """What contracts and offers share: a named thing's n-th definition, and the days it is in force."""

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    ref = models.CharField(max_length=100, help_text="The name the programme file uses for it.")
    version = models.PositiveIntegerField(help_text="1 for the first definition loaded.")
    definition = models.JSONField(help_text="The whole definition, as loaded.")
    valid_from = models.DateField(
        default=date.min,
        help_text="First day it is in force, unless a newer version starts before.",
    )
    valid_until = models.DateField(
        default=date.max,
        help_text="Last day it is in force, unless a newer version or its removal comes first.",
    )
    known_from = models.DateTimeField(help_text="When it was loaded.")
    closed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When a newer version or its removal was loaded; empty = the current one.",
    )
    removed_on = models.DateField(
        null=True,
        blank=True,
        help_text="First day it is no longer in force, when the file left it out.",
    )

    class Meta:
        """Shared by both tables; holds none of its own."""

        abstract = True


class Contract(Version):
    """One version of an agreement with a funder."""

    funder_kind = models.CharField(max_length=10)
    funder_ref = models.CharField(max_length=100)

    class Meta:
        """Versions are numbered per contract, and one of them at most is the current one."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme", "ref", "version"], name="contract_version_unique"
            ),
            models.UniqueConstraint(
                fields=["programme", "ref"],
                condition=models.Q(closed_at=None),
                name="contract_one_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} v{self.version}"


class Offer(Version):
    """One version of an offer."""

    name = models.CharField(max_length=200)
    role = models.CharField(max_length=10)

    class Meta:
        """Versions are numbered per offer, and one of them at most is the current one."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme", "ref", "version"], name="offer_version_unique"
            ),
            models.UniqueConstraint(
                fields=["programme", "ref"],
                condition=models.Q(closed_at=None),
                name="offer_one_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} v{self.version}"


class Category(models.Model):
    """A node of the tree of products; offers on a category reach everything below it."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    ref = models.CharField(max_length=200)
    parent_ref = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 - a root has no parent
    name = models.CharField(max_length=200)

    class Meta:
        """References are unique within a programme."""

        verbose_name_plural = "categories"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "ref"], name="category_ref_unique"),
        ]

    def __str__(self) -> str:
        return self.ref


class Product(models.Model):
    """An article as the shop's catalogue names it: what category and brand offers look at."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    sku = models.CharField(max_length=100)
    name = models.CharField(max_length=300, blank=True)
    category_ref = models.CharField(
        max_length=200, blank=True, help_text="Its leaf category; empty = none."
    )
    brand_ref = models.CharField(max_length=100, blank=True, help_text="Its brand; empty = none.")
    gift_card = models.BooleanField(default=False, help_text="The article is itself money.")

    class Meta:
        """Articles are unique within a programme."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "sku"], name="product_sku_unique"),
        ]

    def __str__(self) -> str:
        return self.sku


class MerchantAlias(models.Model):
    """One thing by which statements of banks and cards name a merchant; `cagnotte.domain.descriptors` reads them."""

    class Kind(models.TextChoices):
        """What it is."""

        MID = "mid"
        NAME = "name"
        ALIAS = "alias"

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    merchant_ref = models.CharField(max_length=100)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    value = models.CharField(
        max_length=200, help_text="A number with an acquirer, a name, or a whole wording."
    )
    mcc = models.CharField(
        max_length=4, blank=True, help_text="Of a name: a category code of the merchant."
    )
    told_by = models.CharField(
        max_length=150, blank=True, help_text="Who said so; empty = the programme file."
    )
    told_at = models.DateTimeField()

    class Meta:
        """Each thing is said of a merchant once."""

        verbose_name_plural = "merchant aliases"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme", "kind", "value", "merchant_ref", "mcc"],
                name="merchant_alias_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_ref}: {self.value}"


class OpeningBalance(models.Model):
    """What a member brought from another system: one version of one row of the programme file. Never changed."""

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    member_ref = models.CharField(max_length=100)
    row = models.CharField(max_length=100, help_text="Its name among the member's rows.")
    version = models.PositiveIntegerField(
        help_text="1, and one more each time the row was restated."
    )
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")
    opened_on = models.DateField(help_text="The day it was booked on.")
    pending_minor = models.BigIntegerField(help_text="Owed to the member, not validated.")
    confirmed_minor = models.BigIntegerField(
        help_text="Owed to the member, waiting for its release."
    )
    available_minor = models.BigIntegerField(help_text="The member's to spend.")
    available_on = models.DateField()
    expires_on = models.DateField(
        null=True, help_text="Last day it can be spent; empty = never expires."
    )
    recorded_at = models.DateTimeField()

    class Meta:
        """Versions of a row are numbered, and no amount is below zero."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme", "member_ref", "row", "version"],
                name="opening_balance_version_unique",
            ),
            models.CheckConstraint(
                name="opening_balance_not_negative",
                condition=models.Q(
                    pending_minor__gte=0, confirmed_minor__gte=0, available_minor__gte=0
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_ref}/{self.row} v{self.version}"
