"""Programmes, parties, wallets and members, as rows."""

from typing import ClassVar

from django.conf import settings
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
    sandbox_of = models.UUIDField(
        null=True,
        blank=True,
        help_text="The programme it is the test copy of; empty = members earn real money here.",
    )

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


class Membership(models.Model):
    """Who signs in as a member. Members that shops and files tell of may have none."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    member = models.OneToOneField(Member, on_delete=models.PROTECT)
    since = models.DateTimeField()

    class Meta:
        """A person is one member of a programme."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "programme"], name="membership_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.member})"


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


class Staff(models.Model):
    """A person who works for a programme, and as what. See `staff`."""

    class Role(models.TextChoices):
        """What the person may do; `staff.ABILITIES` says it in full."""

        OWNER = "owner"
        DEVELOPER = "developer"
        SUPPORT = "support"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    role = models.CharField(max_length=10, choices=Role.choices)
    since = models.DateTimeField()
    added_by = models.CharField(max_length=254, blank=True, help_text="Whoever invited the person.")

    class Meta:
        """A person has one role in a programme."""

        verbose_name_plural = "staff"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "programme"], name="staff_role_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.role})"


class ApiKey(models.Model):
    """A key to the REST interface; what is kept of its secret is a hash. See `api_keys`."""

    class Kind(models.TextChoices):
        """Who may hold it: a server, or any browser."""

        SECRET = "secret"  # noqa: S105 - the name of the kind
        PUBLISHABLE = "publishable"

    class Mode(models.TextChoices):
        """Whose data it opens: a live programme's, or a sandbox's."""

        LIVE = "live"
        TEST = "test"

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    name = models.CharField(max_length=100, help_text="Who uses it, for people.")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    origins = ArrayField(
        models.CharField(max_length=300),
        default=list,
        blank=True,
        help_text="Of a publishable key: pages that may use it, such as https://shop.example.",
    )
    secret_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key.")
    last4 = models.CharField(
        max_length=4, help_text="Its last four characters, to tell keys apart."
    )
    api_version = models.CharField(
        max_length=10, help_text="What it gets unless it asks for another."
    )
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.UUIDField(null=True, blank=True, help_text="The key it was rotated to.")

    def __str__(self) -> str:
        return f"{self.name} ({self.shown})"

    @property
    def shown(self) -> str:
        """The key as people may see it: what begins it and its last four characters."""
        short = "sk" if self.kind == self.Kind.SECRET else "pk"
        return f"cag_{self.mode}_{short}_…{self.last4}"


class ApiCall(models.Model):
    """One request to the REST interface: who, what, how it ended. No bodies, no queries. See `api_calls`."""

    id = models.UUIDField(primary_key=True, help_text="The request's id, as its answer says.")
    at = models.DateTimeField()
    programme_id = models.UUIDField()
    key_id = models.UUIDField()
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=500)
    status = models.PositiveIntegerField()
    duration_ms = models.PositiveIntegerField()
    code = models.CharField(max_length=60, blank=True, help_text="Of the problem, if any.")
    objects_named = ArrayField(
        models.CharField(max_length=40), default=list, help_text="What path and answer name."
    )

    class Meta:
        """Read by programme, newest first."""

        indexes: ClassVar = [
            models.Index(fields=["programme_id", "-at"], name="api_call_of_programme"),
            models.Index(fields=["at"], name="api_call_age"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status}"


class ApiAnswer(models.Model):
    """What a request with an Idempotency-Key was answered; the same request again is answered the same."""

    programme_id = models.UUIDField()
    token = models.CharField(max_length=255, help_text="The Idempotency-Key.")
    fingerprint = models.BinaryField(max_length=32, help_text="SHA-256 of method, path and body.")
    status = models.PositiveIntegerField()
    headers = models.JSONField(default=dict)
    sealed_body = models.TextField(help_text="See `platform.secrets_box`.")
    answered_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        """A token is used once in a programme."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme_id", "token"], name="api_answer_unique"),
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="api_answer_age")]

    def __str__(self) -> str:
        return self.token


class ApiBucket(models.Model):
    """How many requests a key may still make at once. An unlogged table: after a crash every bucket is full."""

    id = models.CharField(
        primary_key=True, max_length=80, help_text="The key, and of a publishable one the address."
    )
    level = models.FloatField(help_text="Requests left at `filled_at`.")
    filled_at = models.DateTimeField()
    admitted = models.BooleanField(help_text="Whether the last request was.")

    def __str__(self) -> str:
        return self.id


class Consent(models.Model):
    """One act of a member: agreed to a purpose, or taken back. Never changed or deleted: it is the proof.

    The last act for a purpose counts. See `consents`.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT)
    purpose = models.CharField(max_length=20, help_text="analytics or marketing.")
    granted = models.BooleanField()
    at = models.DateTimeField()
    source = models.CharField(
        max_length=50, help_text="Where the member said so, such as checkout."
    )
    text_version = models.CharField(
        max_length=50, blank=True, help_text="Which wording was agreed to."
    )

    class Meta:
        """The acts of a member for a purpose are found in their order."""

        indexes: ClassVar = [
            models.Index(fields=["wallet", "purpose", "id"], name="consent_of_wallet"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {'agreed' if self.granted else 'taken back'}"


class TermsAcceptance(models.Model):
    """A member accepted a version of a programme's terms. Never changed or deleted: it is the proof. See `terms`."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT)
    bucket = models.PositiveSmallIntegerField(help_text="The wallet's shard.")
    version = models.CharField(max_length=50, help_text="Of the terms, as they name it.")
    at = models.DateTimeField()
    source = models.CharField(max_length=50, help_text="Where the member said so, such as joining.")

    class Meta:
        """A version is accepted once by a member."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["wallet", "version"], name="terms_accepted_once"),
        ]

    def __str__(self) -> str:
        return self.version


class Profile(models.Model):
    """What a member told of themselves that nothing needs. See `profiles`."""

    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    bucket = models.PositiveSmallIntegerField(help_text="The wallet's shard.")
    birthday = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.wallet_id)


class SecurityEvent(models.Model):
    """Something that touched how a person signs in. See `security_events`."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    kind = models.CharField(max_length=40, help_text="Such as signed_in or passkey_added.")
    device = models.CharField(
        max_length=60, blank=True, help_text="Browser and system, such as Firefox, Android."
    )

    class Meta:
        """Read by person, newest first."""

        indexes: ClassVar = [
            models.Index(fields=["person", "-at"], name="security_event_of_person"),
        ]

    def __str__(self) -> str:
        return self.kind
