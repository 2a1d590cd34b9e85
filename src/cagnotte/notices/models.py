"""Events, who wants to hear them, and how they got there, as rows.

Programmes, wallets and members are known by plain ids in what is written for every event: no foreign key crosses books.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cagnotte.identity.models import Programme
from cagnotte.platform.kept_secrets import KeptSecret


class OutboxRow(models.Model):
    """Facts that no ledger entry tells of, written in the transaction that made them; see `platform.outbox`."""

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=60)
    programme_id = models.UUIDField()
    keys = ArrayField(models.UUIDField(), help_text="What it happened to, all of one set.")
    at = models.DateTimeField(help_text="The recording time of the facts.")

    class Meta:
        db_table = "platform_outbox"

    def __str__(self) -> str:
        return f"{self.topic} × {len(self.keys)}"


class Event(models.Model):
    """One thing that happened, as it is told. Deleted after its days; erasure alone changes it: the member's number."""

    number = models.BigAutoField(
        primary_key=True, help_text="Its place: events are numbered as they become visible."
    )
    id = models.UUIDField(unique=True, help_text="Drawn from the fact: the same for ever.")
    programme_id = models.UUIDField()
    type = models.CharField(max_length=60, help_text="One of the catalogue.")
    object_id = models.CharField(
        max_length=40, help_text="The public id of what it is about; it is told in order."
    )
    wallet_id = models.UUIDField(null=True, help_text="Whose it is; empty = nobody's.")
    fact_id = models.UUIDField(help_text="The row that caused it: a version, a hold, a step.")
    created_at = models.DateTimeField(help_text="The recording time of the fact.")
    made_at = models.DateTimeField(help_text="When it was written here.")
    data = models.JSONField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["programme_id", "number"], name="event_of_programme"),
            models.Index(fields=["programme_id", "object_id", "number"], name="event_of_object"),
            models.Index(fields=["made_at"], name="event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.object_id}"


class WebhookEndpoint(models.Model):
    """An address that is told of events."""

    class Envelope(models.TextChoices):
        """What a body looks like."""

        STANDARD = "standard"
        CLOUDEVENTS = "cloudevents"

    class Off(models.TextChoices):
        """Why nothing is sent there any more."""

        BY_HAND = "by_hand"
        GONE = "gone"
        FAILING = "failing"

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    event_types = ArrayField(models.CharField(max_length=60), help_text="Empty = all of them.")
    envelope = models.CharField(max_length=11, choices=Envelope.choices)
    sealed_secret = models.TextField(help_text="Signs what is sent; see `platform.secrets_box`.")
    sealed_before = models.TextField(blank=True, help_text="The one before, while it signs too.")
    before_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_because = models.CharField(max_length=10, choices=Off.choices, blank=True)
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="Of the first failure after the last success."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["programme", "created_at"], name="webhook_endpoint_of_programme"),
        ]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """An event on its way to one recipient, and how it went."""

    class State(models.TextChoices):
        """Whether it got there."""

        PENDING = "pending"
        DELIVERED = "delivered"
        SKIPPED = "skipped"
        FAILED = "failed"

    number = models.BigAutoField(primary_key=True)
    programme_id = models.UUIDField()
    recipient_id = models.UUIDField(help_text="A webhook endpoint, or a listener.")
    event_number = models.BigIntegerField()
    object_id = models.CharField(max_length=40, help_text="Of its event.")
    state = models.CharField(max_length=10, choices=State.choices)
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Since it was last asked for: of a replay they begin anew."
    )
    next_at = models.DateTimeField(help_text="Not before.")
    leased_until = models.DateTimeField(
        null=True, help_text="A worker is at it; past that, another one may."
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    sentence = models.CharField(max_length=500, blank=True, help_text="Why it is not there.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["recipient_id", "event_number"], name="delivery_unique"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["recipient_id", "next_at"],
                name="delivery_due",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["recipient_id", "object_id", "event_number"],
                name="delivery_order",
                condition=models.Q(state="pending"),
            ),
            models.Index(fields=["event_number"], name="delivery_of_event"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id}/{self.event_number}: {self.state}"


class Attempt(models.Model):
    """One call of an endpoint, and what it answered."""

    id = models.BigAutoField(primary_key=True)
    delivery_number = models.BigIntegerField()
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status = models.PositiveIntegerField(null=True, help_text="Empty: there was no answer.")
    sentence = models.CharField(max_length=500, blank=True, help_text="What went wrong.")
    answer = models.CharField(max_length=1000, blank=True, help_text="The answer's beginning.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["delivery_number", "id"], name="attempt_of_delivery"),
            models.Index(fields=["at"], name="attempt_age"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_number}: {self.status or self.sentence}"


class ConnectedListener(models.Model):
    """A service that is told of a programme's events by a plugin, with the settings it works with.

    Its id is the recipient of its deliveries. One that is removed rests, and keeps its name and its deliveries.
    """

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    ref = models.CharField(max_length=100, help_text="The name that commands use for it.")
    plugin = models.CharField(max_length=50)
    settings = models.JSONField(
        default=dict, help_text="What was filled in, by name; secrets stand apart."
    )
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "ref"], name="listener_ref_unique"),
        ]

    def __str__(self) -> str:
        return self.ref


class ListenerSecret(KeptSecret):
    """One secret of a connected listener."""

    listener = models.ForeignKey(ConnectedListener, on_delete=models.CASCADE)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["listener", "name"], name="listener_secret_unique"),
        ]


# ---- what members are told ---------------------------------------------------------------------------------------


class Notice(models.Model):
    """One thing that a member was told. Written once; only that it was read is noted on it."""

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(
        unique=True, help_text="Drawn from whose it is and its key: never told twice."
    )
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=40, help_text="One of `kinds.KINDS`.")
    facts = models.JSONField(help_text="What its words are made of, in any language.")
    at = models.DateTimeField(help_text="When it happened.")
    in_centre = models.BooleanField(help_text="Whether the member wanted it among the notices.")
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["wallet_id", "-number"], name="notice_of_wallet"),
            models.Index(
                fields=["wallet_id"],
                name="notice_unread",
                condition=models.Q(read_at=None, in_centre=True),
            ),
            models.Index(fields=["at"], name="notice_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.wallet_id}"


class Letter(models.Model):
    """One or several notices on their way to a member, by e-mail or to the member's devices.

    While it gathers, further notices of its kind are added to it; once a sender took it, they begin another one.
    """

    class Channel(models.TextChoices):
        """Which way it goes."""

        EMAIL = "email"
        PUSH = "push"

    class State(models.TextChoices):
        """Whether it got there."""

        GATHERING = "gathering"
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        DROPPED = "dropped"
        FAILED = "failed"

    OPEN: ClassVar = (State.GATHERING, State.WAITING, State.SENDING)

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(
        unique=True, help_text="Also in its Message-ID, so that a second copy is known."
    )
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=5, choices=Channel.choices)
    kind = models.CharField(max_length=40, help_text="Of its notices; or digest.daily, …weekly.")
    notice_ids = ArrayField(models.UUIDField(), help_text="In the order in which they were told.")
    state = models.CharField(max_length=9, choices=State.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(help_text="Not before.")
    leased_until = models.DateTimeField(
        null=True, help_text="A worker is at it; past that, another one may."
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    sentence = models.CharField(max_length=500, blank=True, help_text="Why it is not there.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["wallet_id", "channel", "kind"],
                name="letter_gathers_alone",
                condition=models.Q(state="gathering"),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["channel", "next_at"],
                name="letter_due",
                condition=models.Q(state__in=["gathering", "waiting", "sending"]),
            ),
            models.Index(fields=["wallet_id", "number"], name="letter_of_wallet"),
            models.Index(fields=["finished_at"], name="letter_age"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.kind}: {self.state}"


class Choice(models.Model):
    """How a member wants to be told of a topic, where that differs from what is usual."""

    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    topic = models.CharField(max_length=20, help_text="One of `kinds.TOPICS`.")
    email = models.CharField(max_length=6, help_text="now, daily, weekly or off.")
    push = models.BooleanField()
    in_centre = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["wallet_id", "topic"], name="choice_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.topic}: {self.email}"


class QuietHours(models.Model):
    """When nothing is sent to a member, where that differs from what is usual."""

    wallet_id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    kept = models.BooleanField(help_text="Whether there are any.")
    begins = models.PositiveSmallIntegerField(help_text="The hour, in the programme's zone.")
    ends = models.PositiveSmallIntegerField(help_text="The hour; digests are sent then.")

    def __str__(self) -> str:
        return f"{self.begins}–{self.ends}" if self.kept else "none"


class PushDevice(models.Model):
    """A browser that a member asked to be told on. Its address and keys are sealed: who has them may write to it."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(max_length=64, unique=True, help_text="Of its address.")
    sealed = models.TextField(help_text="Address and keys; see `platform.secrets_box`.")
    name = models.CharField(max_length=60, blank=True, help_text="Browser and system, for people.")
    since = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["wallet_id"], name="device_of_wallet")]

    def __str__(self) -> str:
        return self.name


class ServerKey(KeptSecret):
    """A key that this server has for all programmes, made once: the one that signs what browsers are sent."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name"], name="server_key_unique"),
        ]
