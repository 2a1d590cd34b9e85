"""Programmes, parties, wallets and members, as rows."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Programme(models.Model):
    """A set of rules and books run by one sponsor: a shop's own programme, a portal, a coalition."""

    id = models.UUIDField(primary_key=True)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64, default="Europe/Paris")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Party(models.Model):
    """A legal person that sells, funds or transmits: merchant, brand or network."""

    class Kind(models.TextChoices):
        """What the party is to the programme."""

        MERCHANT = "merchant"
        BRAND = "brand"
        NETWORK = "network"

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    ref = models.CharField(max_length=100, help_text="The name files and offers use for it.")
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2, blank=True)
    site = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="A merchant's front page, such as https://shop.example/.",
    )
    hosts = ArrayField(
        models.CharField(max_length=253),
        blank=True,
        db_default=[],
        help_text="Where links to a merchant may lead, besides its site's host; those below them too.",
    )

    class Meta:
        """Names of parties are unique within a programme and kind."""

        verbose_name_plural = "parties"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "kind", "ref"], name="party_ref_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class Wallet(models.Model):
    """A cagnotte: the book that all of a member's money is written in. Its row is the lock of its owner's facts."""

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    bucket = models.PositiveSmallIntegerField(help_text="Shard, from the id.")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    frozen = models.BooleanField(
        default=False, help_text="Earns, but can neither spend nor be paid."
    )

    def __str__(self) -> str:
        return str(self.id)


class Member(models.Model):
    """A shopper enrolled in a programme: the personal data behind a wallet."""

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT)
    ref = models.CharField(max_length=100, help_text="Member number, as shops and files give it.")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    locale = models.CharField(max_length=10, default="fr")
    segments = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    joined_on = models.DateField()

    class Meta:
        """Member numbers are unique within a programme."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "ref"], name="member_ref_unique"),
        ]

    def __str__(self) -> str:
        return self.ref


class MemberKey(models.Model):
    """Another way to recognise a member: an address as a hash, a card's token, a code, a receipt. See `keys`."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=128, help_text="Hashed where the value itself is personal.")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT)
    since = models.DateTimeField(
        null=True, help_text="When it was linked; of a receipt, when it was handed in."
    )

    class Meta:
        """A key leads to a wallet once; a code of one member's own leads to no other."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                "programme", "kind", "value", "wallet", name="member_key_of_wallet"
            ),
            models.UniqueConstraint(
                fields=["programme", "kind", "value"],
                condition=models.Q(kind__in=["promo_code", "qr_code"]),
                name="member_key_sole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"
