"""Rewards, their parts by funder, the counters behind progressive rates and caps, and lots.

Wallet rows carry `wallet_id` (the book) and `bucket` (its shard) as plain columns: no foreign key crosses
books, and the hot path pays for none. `cagnotte ledger verify` looks for orphans instead.
"""

from typing import ClassVar

from django.db import models


class Reward(models.Model):
    """What one purchase earns its member now, and the decision that says why."""

    purchase_id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    merchant_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    base_minor = models.BigIntegerField(help_text="The amount the rates applied to.")
    amount_minor = models.BigIntegerField(
        help_text="R: the member's reward as it stands, all funders together."
    )
    released_minor = models.BigIntegerField(
        default=0, help_text="L: made available so far, net of clawbacks."
    )
    voucher_minor = models.BigIntegerField(default=0, help_text="Of R, what is given as vouchers.")
    vouchered_minor = models.BigIntegerField(
        default=0, db_default=0, help_text="Of L, what was issued as vouchers."
    )
    kept_minor = models.BigIntegerField(
        default=0, help_text="K: what the member keeps at the programme's loss."
    )
    decision_id = models.UUIDField(
        help_text="The decision that says why: the version it was made for."
    )

    def __str__(self) -> str:
        return str(self.purchase_id)


class Decision(models.Model):
    """Why a purchase earns what it earns: made once for each version that changes its facts, never changed.

    Apart from the reward, so that a confirmation rewrites a narrow row, and that older explanations stay.
    """

    id = models.UUIDField(primary_key=True, help_text="The purchase version it was made for.")
    purchase_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    decision = models.JSONField(
        help_text="The whole Decision: lines, offers, caps, funders, why and why not."
    )
    frozen = models.JSONField(
        help_text="Member facts, counters and room under caps that the decision read."
    )
    rules_at = models.DateTimeField(
        help_text="The contracts and offers read are those known at this moment."
    )

    def __str__(self) -> str:
        return str(self.id)


class RewardPart(models.Model):
    """One funder's share of a reward: C = R + S + M, all ≥ 0, seen from the funder."""

    id = models.BigAutoField(primary_key=True)
    purchase_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    funder_kind = models.CharField(
        max_length=10, help_text="merchant, brand, network or programme."
    )
    funder_id = models.UUIDField()
    contract_id = models.UUIDField(null=True)
    commission_minor = models.BigIntegerField(
        help_text="C: what the funder owes for this purchase."
    )
    reward_minor = models.BigIntegerField(help_text="R: of which the member's.")
    share_minor = models.BigIntegerField(help_text="S: of which the shop's.")
    margin_minor = models.BigIntegerField(help_text="M: of which the programme's.")
    billed_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(default=0)
    written_off_minor = models.BigIntegerField(default=0)

    class Meta:
        """C = R + S + M, and the parts of a purchase are numbered."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["purchase_id", "position"], name="reward_part_unique"),
            models.CheckConstraint(
                name="reward_part_adds_up",
                condition=models.Q(
                    commission_minor=models.F("reward_minor")
                    + models.F("share_minor")
                    + models.F("margin_minor")
                )
                & models.Q(
                    commission_minor__gte=0,
                    reward_minor__gte=0,
                    share_minor__gte=0,
                    margin_minor__gte=0,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purchase_id}/{self.position}"


class Counter(models.Model):
    """A member's running total in one period: spend behind a progressive rate, use of a cap, purchases made."""

    id = models.BigAutoField(primary_key=True)
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80, help_text="Such as spend:grocery-2026 or cap:first-aid.")
    period = models.DateField(help_text="First day of the period; 0001-01-01 for a lifetime.")
    amount_minor = models.BigIntegerField(default=0)
    count = models.IntegerField(default=0)

    class Meta:
        """One row per wallet, counter and period."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["wallet_id", "name", "period"], name="counter_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.period}"


class BudgetSlice(models.Model):
    """Part of an offer's budget, held in escrow by one writer, so that writers do not wait for each other.

    Slot 0 is the pool: granted_minor is what slices took out of the budget. Writer n holds slot n.
    """

    id = models.BigAutoField(primary_key=True)
    programme_id = models.UUIDField()
    offer = models.CharField(max_length=100)
    slot = models.PositiveSmallIntegerField()
    granted_minor = models.BigIntegerField(default=0)
    used_minor = models.BigIntegerField(default=0)

    class Meta:
        """A writer holds one slice of a budget, and never uses more than it was granted."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme_id", "offer", "slot"], name="budget_slice_unique"
            ),
            models.CheckConstraint(
                name="budget_slice_within",
                condition=models.Q(used_minor__lte=models.F("granted_minor"))
                & models.Q(granted_minor__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer}/{self.slot}"


class Lot(models.Model):
    """Money made available at one time, with one expiry. What is left of all lots is the available balance."""

    id = models.UUIDField(primary_key=True)
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    purchase_id = models.UUIDField(
        null=True, help_text="The purchase that earned it; empty for other origins."
    )
    origin = models.CharField(max_length=20, default="purchase_rebate")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Put in when it became available.")
    remaining_minor = models.BigIntegerField(
        help_text="Neither spent, held, expired nor taken back."
    )
    expired_minor = models.BigIntegerField(default=0)
    available_on = models.DateField()
    expires_on = models.DateField(
        null=True, help_text="Last day it can be spent; empty = never expires."
    )
    breakage_to = models.CharField(
        max_length=10, default="programme", help_text="Who gains by expiry."
    )
    breakage_account = models.JSONField(
        default=dict, help_text="The account that gains, frozen: kind and owner."
    )

    class Meta:
        """Nothing below zero, nothing above what was put in; open lots of a wallet are found by index."""

        constraints: ClassVar = [
            models.CheckConstraint(
                name="lot_remaining_within",
                condition=models.Q(remaining_minor__gte=0, expired_minor__gte=0)
                & models.Q(
                    remaining_minor__lte=models.F("amount_minor") - models.F("expired_minor")
                ),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["wallet_id", "expires_on"],
                name="lot_open",
                condition=models.Q(remaining_minor__gt=0),
            ),
            models.Index(fields=["purchase_id"], name="lot_purchase"),
        ]

    def __str__(self) -> str:
        return str(self.id)
