"""How programmes and shops show themselves, categories, products, and the versions of contracts and offers.

A version never changes, but for the note that a newer one or its removal closed it. Old versions stay, since
decisions made under them are explained by them and made again under them.
"""

from datetime import date
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func

from cagnotte.identity.models import Party, Programme


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


class Folded(Func):
    """Text in small letters without accents, as the database's own function makes it for shops and questions alike."""

    function = "catalog_folded"
    output_field = models.TextField()


class ShopCategory(models.Model):
    """A kind of shop, by which people look around. Not to be taken for `Category`, which is of products."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    ref = models.SlugField(max_length=50)
    name = models.JSONField(help_text="By language.")
    icon = models.CharField(max_length=40, blank=True, help_text="A name of our sprite.")
    position = models.PositiveSmallIntegerField(help_text="In the programme file, from 0.")

    class Meta:
        """References are unique within a programme."""

        verbose_name_plural = "shop categories"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "ref"], name="shop_category_ref_unique"),
        ]

    def __str__(self) -> str:
        return self.ref


class ShopPage(models.Model):
    """What a shop's page tells, and by which words it is found. Every merchant of a loaded programme has one."""

    merchant = models.OneToOneField(Party, on_delete=models.PROTECT, primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    name = models.CharField(max_length=200, help_text="The merchant's, as it is sorted by.")
    told = models.JSONField(
        default=dict, help_text="The `page` of the programme file; texts by language."
    )
    logo = models.TextField(blank=True, help_text="An SVG drawing; empty = none.")
    words = models.TextField(
        help_text="What it is found by, one a line: its name, other names, hosts, kinds."
    )
    sort_key = models.GeneratedField(
        expression=Folded(F("name")), output_field=models.TextField(), db_persist=True
    )
    folded = models.GeneratedField(
        expression=Folded(F("words")), output_field=models.TextField(), db_persist=True
    )
    changed_at = models.DateTimeField()

    class Meta:
        """Found by any piece of its words, also mistyped ones."""

        indexes: ClassVar = [
            GinIndex(
                fields=["folded"],
                name="shop_page_words",
                opclasses=["gin_trgm_ops"],
                # Read far more often than written: nothing is left aside for later.
                fastupdate=False,
            ),
            models.Index(fields=["programme", "changed_at"], name="shop_page_of_programme"),
        ]

    def __str__(self) -> str:
        return self.name


class Favourite(models.Model):
    """A shop that a member keeps. See `favourites`."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")
    merchant = models.ForeignKey(Party, on_delete=models.PROTECT)
    since = models.DateTimeField()
    alert = models.BooleanField(default=False, help_text="Tell when it gives more.")
    seen_worth = models.BigIntegerField(
        null=True, help_text="What it gave at best when last told of; empty = nothing."
    )
    seen = models.JSONField(null=True, help_text="The same as `rates.Given`; empty = nothing.")

    class Meta:
        """A member keeps a shop once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["wallet_id", "merchant"], name="favourite_unique"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["programme", "merchant"],
                name="favourite_with_alert",
                condition=models.Q(alert=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}: {self.merchant_id}"


class ShopSuggestion(models.Model):
    """A shop that somebody misses. See `suggestions`."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    wallet_id = models.UUIDField(null=True, help_text="Who said so; empty = a visitor.")
    bucket = models.PositiveSmallIntegerField(
        null=True, help_text="Shard, from the wallet; empty = a visitor."
    )
    text = models.CharField(max_length=200, help_text="The shop, in the person's own words.")
    site = models.CharField(max_length=300, blank=True, help_text="An address of it, if told.")
    folded = models.CharField(max_length=253, help_text="By which the same shop is known again.")
    at = models.DateTimeField()

    class Meta:
        """The same person names a shop once; visitors together do."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme", "wallet_id", "folded"],
                name="shop_suggestion_unique",
                nulls_distinct=False,
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["programme", "at"], name="shop_suggestion_by_age"),
        ]

    def __str__(self) -> str:
        return self.text


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
