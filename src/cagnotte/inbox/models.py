"""Accounts at sources, their messages, and the orders and pieces read from them, as rows.

Messages, orders and pieces come in bulk and are written by the queries of `sql/inbox.sql`. They carry plain id columns.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cagnotte.identity.models import Programme
from cagnotte.platform.kept_secrets import KeptSecret


class Account(models.Model):
    """One connection to a source: which plugin reads it, with which settings, and how it has been doing.

    Its id is that of its source among the purchases, so that what it tells is found there by the same id.
    """

    id = models.UUIDField(primary_key=True, help_text="The id of its source.")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    ref = models.CharField(max_length=100, help_text="The name files and commands use for it.")
    plugin = models.CharField(max_length=50)
    settings = models.JSONField(
        default=dict, help_text="What was filled in, by name; secrets stand apart."
    )
    merchants = models.JSONField(
        default=dict, help_text="The source's word for a shop → our reference of the merchant."
    )
    merchant = models.CharField(
        max_length=100, blank=True, default="", help_text="Ours, when it speaks for one shop alone."
    )
    timezone = models.CharField(
        max_length=64, default="Europe/Paris", help_text="Of times that the source writes without."
    )
    rank = models.PositiveSmallIntegerField(
        default=100, help_text="Whose word counts when several tell of one order; lower first."
    )
    active = models.BooleanField(default=True)

    cursor = models.JSONField(
        default=dict, help_text="Where polling goes on from, as its plugin says."
    )
    receive_token_hash = models.CharField(
        max_length=64, blank=True, default="", help_text="SHA-256 of the token in its address."
    )
    poll_every_minutes = models.PositiveIntegerField(default=60)
    silent_after_hours = models.PositiveIntegerField(
        null=True, help_text="Silent for longer, it raises an alarm; empty = never."
    )

    last_message_at = models.DateTimeField(null=True)
    last_polled_at = models.DateTimeField(null=True, help_text="Of the last poll that ended well.")
    next_poll_at = models.DateTimeField(null=True, help_text="Not before; empty = at any time.")
    calls_booked_until = models.DateTimeField(
        null=True, help_text="The source's own pace is used up until then."
    )
    last_error = models.TextField(blank=True, default="")
    last_error_at = models.DateTimeField(null=True)
    errors_in_a_row = models.PositiveIntegerField(default=0)
    refused = models.PositiveBigIntegerField(
        default=0, help_text="Requests whose signature did not fit; nothing of them is kept."
    )
    last_refused_at = models.DateTimeField(null=True)

    class Meta:
        """An account has one name in its programme."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "ref"], name="inbox_account_ref_unique"),
        ]

    def __str__(self) -> str:
        return self.ref


class Secret(KeptSecret):
    """One secret of an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)

    class Meta:
        """Each secret has one present value."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "name"], name="inbox_secret_unique"),
        ]


class Tolerance(models.Model):
    """How far two sources may differ about one order in a programme. Without a row, the defaults hold."""

    programme = models.OneToOneField(Programme, on_delete=models.CASCADE, primary_key=True)
    amount_bps = models.PositiveIntegerField(default=100, help_text="Of the larger amount.")
    amount_minor = models.PositiveBigIntegerField(
        default=100, help_text="This much is always allowed."
    )
    hours = models.PositiveIntegerField(default=48)

    def __str__(self) -> str:
        return f"{self.amount_bps} bps, {self.hours} h"


class Body(models.Model):
    """The bytes of a message, once for all that are alike; deleted at retention or erasure."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    kept_at = models.DateTimeField(help_text="When it last arrived.")

    def __str__(self) -> str:
        return self.sha256


class Message(models.Model):
    """One message of a source, in order of arrival."""

    class State(models.TextChoices):
        """Where a message stands."""

        NEW = "new"
        READ = "read"
        UNREADABLE = "unreadable"
        """Wholly or in part; what of it could be read is taken."""
        IGNORED = "ignored"

    class Via(models.TextChoices):
        """How a message came."""

        POLL = "poll"
        PUSH = "push"
        FETCH = "fetch"
        FILE = "file"

    account_id = models.UUIDField()
    received_at = models.DateTimeField()
    topic = models.CharField(max_length=100, blank=True, default="")
    event_id = models.CharField(
        max_length=200, blank=True, default="", help_text="The source's own name of the message."
    )
    headers = models.JSONField(default=dict)
    body_sha256 = models.CharField(max_length=64)
    via = models.CharField(max_length=5, choices=Via.choices)
    signed = models.BooleanField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    reason = models.CharField(max_length=40, blank=True, default="")
    sentence = models.TextField(blank=True, default="")
    read_at = models.DateTimeField(null=True)

    class Meta:
        """A message that its source names is kept once; those to be read are found in order of arrival."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account_id", "event_id"],
                name="inbox_message_event_unique",
                condition=~models.Q(event_id=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account_id", "state", "id"],
                name="inbox_message_waiting",
                condition=models.Q(state__in=["new", "unreadable"]),
            ),
            models.Index(fields=["account_id", "id"], name="inbox_message_order"),
            models.Index(fields=["account_id", "received_at"], name="inbox_message_received"),
            models.Index(fields=["body_sha256"], name="inbox_message_body"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.topic}".strip()


class Problem(models.Model):
    """A part of a message that could not be read; the rest of it was taken."""

    message_id = models.BigIntegerField()
    place = models.CharField(max_length=100, blank=True, default="")
    reason = models.CharField(max_length=40)
    sentence = models.TextField()

    class Meta:
        """Found by their message."""

        indexes: ClassVar = [models.Index(fields=["message_id"], name="inbox_problem_of_message")]

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" if self.place else self.reason


class Order(models.Model):
    """One order of a source, as it stands after all of its pieces, and what became of it."""

    class State(models.TextChoices):
        """What became of an order. Only one that stands is recorded as a purchase."""

        STANDING = "standing"
        WAITING = "waiting"
        UNATTRIBUTED = "unattributed"
        DOUBTFUL = "doubtful"
        DUPLICATE = "duplicate"
        REJECTED = "rejected"
        TEST = "test"

    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    programme_id = models.UUIDField()
    object_id = models.CharField(max_length=120, help_text="What the source calls it.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=40, blank=True, default="")
    sentence = models.TextField(blank=True, default="")
    due = models.BooleanField(help_text="Something changed since it was last settled.")
    revision = models.PositiveIntegerField(default=0, help_text="How often it was recorded anew.")
    content_hash = models.BinaryField(
        max_length=16, null=True, help_text="Of what was recorded last."
    )
    purchase_id = models.UUIDField(null=True)
    order_ref = models.CharField(
        max_length=100, blank=True, default="", help_text="The shop's own number of the order."
    )
    order_key = models.CharField(
        max_length=100, blank=True, default="", help_text="That number as compared across sources."
    )
    merchant = models.CharField(max_length=100, blank=True, default="", help_text="Ours.")
    occurred_at = models.DateTimeField(null=True)
    amount_minor = models.BigIntegerField(null=True, help_text="What the order cost.")
    amounts = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="Also without tax or delivery, for comparison.",
    )
    currency = models.CharField(max_length=3, blank=True, default="")
    validation = models.CharField(
        max_length=10, blank=True, default="", help_text="As its source tells it."
    )
    native_status = models.CharField(max_length=50, blank=True, default="")
    wallet_id = models.UUIDField(null=True, help_text="Whose it is, once that is known.")
    attribution = models.JSONField(
        null=True, help_text="What decided, and what was passed over, with the reasons."
    )
    first_message_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        """Known by its source's name; found by its number at the shop, by its member, and by what it waits for."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account_id", "object_id"], name="inbox_order_unique"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["account_id", "id"],
                name="inbox_order_due",
                condition=models.Q(due=True),
            ),
            models.Index(
                fields=["programme_id", "merchant", "order_key"],
                name="inbox_order_of_shop",
                condition=~models.Q(order_key=""),
            ),
            models.Index(
                fields=["wallet_id", "merchant", "occurred_at"],
                name="inbox_order_of_wallet",
                condition=models.Q(wallet_id__isnull=False),
            ),
            models.Index(
                fields=["wallet_id", "merchant", "occurred_at"],
                name="inbox_order_unnumbered",
                condition=models.Q(wallet_id__isnull=False, order_key=""),
            ),
            models.Index(
                fields=["account_id", "state", "last_message_at"],
                name="inbox_order_queue",
            ),
            models.Index(fields=["purchase_id"], name="inbox_order_of_purchase"),
        ]

    def __str__(self) -> str:
        return self.object_id


class Piece(models.Model):
    """One fact about one order, in its latest telling."""

    order_id = models.UUIDField()
    key = models.CharField(max_length=200)
    version_at = models.DateTimeField(null=True, help_text="The source's own time of this telling.")
    version_number = models.BigIntegerField(null=True, help_text="Or its number.")
    weight = models.SmallIntegerField(default=0)
    data = models.TextField(help_text="JSON, keys sorted.")
    message_id = models.BigIntegerField(help_text="Which told it.")

    class Meta:
        """An order has each fact once; pieces are found by the message that told them."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "key"], name="inbox_piece_unique"),
        ]
        indexes: ClassVar = [models.Index(fields=["message_id"], name="inbox_piece_of_message")]

    def __str__(self) -> str:
        return self.key


class Link(models.Model):
    """Whether two orders of different sources are one; `order_id` is the smaller of the two ids."""

    class Verdict(models.TextChoices):
        """What was found or decided."""

        SAME = "same"
        DOUBTFUL = "doubtful"
        DISTINCT = "distinct"

    order_id = models.UUIDField()
    other_id = models.UUIDField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.CharField(max_length=40)
    sentence = models.TextField(blank=True, default="")
    decided_by = models.CharField(
        max_length=100, blank=True, default="", help_text="Who decided; empty = the rules."
    )
    decided_at = models.DateTimeField()

    class Meta:
        """Two orders are linked once, found from either."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "other_id"], name="inbox_link_unique"),
            models.CheckConstraint(
                condition=models.Q(order_id__lt=models.F("other_id")), name="inbox_link_ordered"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["other_id"], name="inbox_link_of_other")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.verdict} {self.other_id}"


class Wanted(models.Model):
    """An order that is to be fetched from its source, since a message only hinted at it."""

    account_id = models.UUIDField()
    object_id = models.CharField(max_length=120)
    since = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        """An order is wanted once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account_id", "object_id"], name="inbox_wanted_unique"),
        ]

    def __str__(self) -> str:
        return self.object_id
