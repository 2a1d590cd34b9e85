"""Payout rules, methods, payouts and their events, batches, and what banks answered, as rows.

Amounts are minor units of the row's currency. Programmes, wallets and holds are known by plain ids: no foreign
key crosses books.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from cagnotte.domain.payouts import UNDER_WAY, PayoutEvent, PayoutState
from cagnotte.hooks.values import LineKind


class PayoutSettings(models.Model):
    """How a programme pays its members, and from which account."""

    programme_id = models.UUIDField(primary_key=True)
    currency = models.CharField(max_length=3)
    rail = models.CharField(max_length=30, default="sepa")
    debtor_name = models.CharField(max_length=70)
    debtor_iban = models.CharField(max_length=34)
    debtor_bic = models.CharField(max_length=11, blank=True)
    threshold_minor = models.BigIntegerField(help_text="The smallest amount that is paid out.")
    fee_minor = models.BigIntegerField(default=0, help_text="Kept back from each payout.")
    maximum_minor = models.BigIntegerField(null=True, help_text="The largest single payout.")
    method_kinds = ArrayField(models.CharField(max_length=30), default=list)
    method_change_hold_hours = models.PositiveIntegerField(
        default=72, help_text="No payout so soon after the bank account changed."
    )
    execution_days = models.PositiveSmallIntegerField(
        default=1, help_text="Days between making a file and the day the bank is asked to pay."
    )
    transfer_text = models.CharField(
        max_length=140, default="Cashback", help_text="What members read on their statement."
    )
    settles_on_report = models.BooleanField(
        default=False,
        help_text="Take the bank's word (pain.002) that a transfer is executed, without waiting for the "
        "account statement.",
    )

    class Meta:
        verbose_name_plural = "payout settings"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="payout_settings_amounts",
                condition=Q(threshold_minor__gte=0, fee_minor__gte=0)
                & (Q(maximum_minor__isnull=True) | Q(maximum_minor__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"payouts of {self.programme_id}"


class PayoutMethod(models.Model):
    """Where a member wants the money. A row never changes: a new account is a new row, the old one is retired."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=30)
    holder = models.CharField(max_length=140)
    iban_sealed = models.TextField(help_text="Encrypted; see platform.secrets_box.")
    iban_last4 = models.CharField(max_length=4)
    iban_fingerprint = models.CharField(
        max_length=64, help_text="Keyed hash, to recognise the same account."
    )
    bic = models.CharField(max_length=11, blank=True)
    changed_at = models.DateTimeField()
    usable_from = models.DateTimeField(
        null=True, help_text="The first payout may go there then; empty = as the rules say."
    )
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["wallet_id"],
                name="payout_method_in_use",
                condition=Q(retired_at__isnull=True),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["programme_id", "iban_fingerprint"], name="payout_method_iban"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} …{self.iban_last4}"


class PayoutBatch(models.Model):
    """Payouts that go to the bank in one file."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    rail = models.CharField(max_length=30)
    message_id = models.CharField(max_length=35, unique=True)
    currency = models.CharField(max_length=3)
    count = models.PositiveIntegerField()
    total_minor = models.BigIntegerField(help_text="What the bank is asked to pay; fees are out.")
    execution_on = models.DateField()
    debtor_name = models.CharField(max_length=70, default="", help_text="Fixed with the batch.")
    debtor_iban = models.CharField(max_length=34, default="")
    debtor_bic = models.CharField(max_length=11, default="", blank=True)
    transfer_text = models.CharField(max_length=140, default="", blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(
        null=True, help_text="Booked as sent; empty = file not made yet."
    )
    file_path = models.CharField(max_length=500, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "payout batches"
        indexes: ClassVar = [
            models.Index(
                fields=["programme_id"],
                name="payout_batch_unsent",
                condition=Q(sent_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.message_id


class Payout(models.Model):
    """Money of one wallet on its way to its member."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    hold_id = models.UUIDField(
        unique=True, null=True, help_text="Empty = out of what is kept aside for a closed account."
    )
    method_id = models.UUIDField()
    batch_id = models.UUIDField(null=True)
    end_to_end_id = models.CharField(max_length=35, unique=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Out of the wallet.")
    fee_minor = models.BigIntegerField(default=0, help_text="Of it, kept by the programme.")
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in PayoutState]
    )
    events = models.PositiveSmallIntegerField(default=0, help_text="How many events it has seen.")
    requested_at = models.DateTimeField()
    state_at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="payout_fee_within",
                condition=Q(fee_minor__gte=0) & Q(amount_minor__gt=F("fee_minor")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["batch_id"], name="payout_batch"),
            models.Index(fields=["wallet_id"], name="payout_wallet"),
            models.Index(
                fields=["programme_id", "state"],
                name="payout_under_way",
                condition=Q(state__in=[state.value for state in UNDER_WAY]),
            ),
        ]

    def __str__(self) -> str:
        return self.end_to_end_id


class PayoutStep(models.Model):
    """Something that happened to a payout; never changed, never deleted."""

    id = models.UUIDField(primary_key=True)
    payout_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    n = models.PositiveSmallIntegerField(help_text="1 for the first.")
    event = models.CharField(
        max_length=10,
        choices=[(event.value, event.value) for event in (*PayoutEvent,)],
    )
    occurred_on = models.DateField()
    at = models.DateTimeField(help_text="When it was recorded.")
    code = models.CharField(max_length=35, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    source = models.CharField(
        max_length=100, blank=True, help_text="The file or person it is from."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payout_id", "n"], name="payout_step_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.payout_id}/{self.n} {self.event}"


class PayoutRule(models.Model):
    """When a member is paid without asking; one for a wallet, off until the member turns it on."""

    class Kind(models.TextChoices):
        """What the rule waits for."""

        ABOVE = "above"
        MONTHLY = "monthly"

    wallet_id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    above_minor = models.BigIntegerField(
        null=True, help_text="Paid once so much is available; of `above` alone."
    )
    month_day = models.PositiveSmallIntegerField(
        null=True, help_text="Paid on this day, or the last of a shorter month; of `monthly` alone."
    )
    active = models.BooleanField()
    changed_at = models.DateTimeField()
    changed_on = models.DateField(
        help_text="The programme's day; a rule looks at later days alone."
    )
    tried_on = models.DateField(null=True, help_text="The day it was last carried out.")
    outcome = models.CharField(
        max_length=30, blank=True, help_text="What came of it: asked, or why not."
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="payout_rule_says_when",
                condition=Q(kind="above", above_minor__gt=0, month_day__isnull=True)
                | Q(
                    kind="monthly",
                    above_minor__isnull=True,
                    month_day__gte=1,
                    month_day__lte=31,
                ),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["programme_id"], name="payout_rule_active", condition=Q(active=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.above_minor or self.month_day}"


class Charity(models.Model):
    """An organisation to which members of a programme may give."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    ref = models.SlugField(max_length=50)
    name = models.CharField(max_length=100)
    cause = models.JSONField(default=dict, help_text="What it does, in a sentence, by language.")
    site = models.URLField(max_length=300, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "charities"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme_id", "ref"], name="charity_ref_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Donation(models.Model):
    """Money that a member gave; the programme owes it to the charity until it is passed on."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    hold_id = models.UUIDField(unique=True)
    charity_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    given_at = models.DateTimeField()
    passed_on = models.DateField(null=True, help_text="When the charity was paid.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="donation_above_zero", condition=Q(amount_minor__gt=0)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wallet_id", "given_at"], name="donation_of_wallet"),
            models.Index(
                fields=["charity_id"], name="donation_owed", condition=Q(passed_on__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class BankFile(models.Model):
    """A bank's answer that was read, by the hash of its bytes: reading it again changes nothing."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    programme_id = models.UUIDField()
    name = models.CharField(max_length=300)
    lines = models.PositiveIntegerField()
    booked = models.PositiveIntegerField(help_text="Steps of payouts booked because of it.")
    imported_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class BankLine(models.Model):
    """A line of a bank's answer that a person must look at; nothing was booked for it."""

    id = models.BigAutoField(primary_key=True)
    sha256 = models.CharField(max_length=64)
    programme_id = models.UUIDField()
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in LineKind])
    end_to_end_id = models.CharField(max_length=100, blank=True)
    message_id = models.CharField(max_length=100, blank=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    problem = models.CharField(max_length=20)
    sentence = models.CharField(max_length=500)
    settled_at = models.DateTimeField(null=True, help_text="When somebody dealt with it.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sha256", "number", "end_to_end_id"], name="bank_line_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.sentence
