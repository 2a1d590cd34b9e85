"""Claims of members. Their steps are never changed or deleted, their messages never changed: the database refuses it."""

from django.db import migrations, models

GUARD = """
CREATE FUNCTION claims_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was said and done of a claim is never changed';
END $$;
CREATE TRIGGER claims_steps_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON claims_claimstep
    FOR EACH STATEMENT EXECUTE FUNCTION claims_stay();
CREATE TRIGGER claims_messages_stay BEFORE UPDATE ON claims_claimmessage
    FOR EACH STATEMENT EXECUTE FUNCTION claims_stay();
"""
UNGUARD = """
DROP TRIGGER claims_steps_stay ON claims_claimstep;
DROP TRIGGER claims_messages_stay ON claims_claimmessage;
DROP FUNCTION claims_stay();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("programme_id", models.UUIDField()),
                ("wallet_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")),
                ("number", models.CharField(help_text="What people call the case.", max_length=12)),
                (
                    "kind",
                    models.CharField(help_text="See `domain.claims.ClaimKind`.", max_length=12),
                ),
                (
                    "state",
                    models.CharField(help_text="See `domain.claims.ClaimState`.", max_length=12),
                ),
                ("merchant_id", models.UUIDField()),
                (
                    "visit_ref",
                    models.CharField(
                        blank=True,
                        help_text="The click; empty = of a purchase that is known.",
                        max_length=20,
                    ),
                ),
                ("visited_at", models.DateTimeField(null=True)),
                ("device", models.CharField(blank=True, max_length=6)),
                (
                    "promised",
                    models.CharField(
                        blank=True, help_text="What the visit promised, in words.", max_length=200
                    ),
                ),
                (
                    "purchase_id",
                    models.UUIDField(
                        help_text="The purchase that is wrong, or the one that settled the claim.",
                        null=True,
                    ),
                ),
                (
                    "stood_minor",
                    models.BigIntegerField(
                        help_text="Its reward when the claim was sent, in minor units.", null=True
                    ),
                ),
                ("order_ref", models.CharField(blank=True, max_length=100)),
                ("ordered_on", models.DateField(null=True)),
                ("currency", models.CharField(max_length=3)),
                (
                    "amount_minor",
                    models.BigIntegerField(help_text="What the order cost.", null=True),
                ),
                (
                    "shop_email",
                    models.CharField(
                        blank=True, help_text="The address used at the shop.", max_length=254
                    ),
                ),
                ("coupon", models.CharField(blank=True, max_length=60)),
                (
                    "note",
                    models.TextField(
                        blank=True, help_text="The member's own words, until it is sent."
                    ),
                ),
                (
                    "checks",
                    models.JSONField(
                        default=list,
                        help_text="What our own facts said when it was sent: name, result, day.",
                    ),
                ),
                ("begun_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField()),
                ("due_on", models.DateField(help_text="By when the next step is due.", null=True)),
                ("appealed_at", models.DateTimeField(null=True)),
                (
                    "reason",
                    models.CharField(blank=True, help_text="Why it was declined.", max_length=30),
                ),
                (
                    "goodwill_minor",
                    models.BigIntegerField(help_text="What was granted instead.", null=True),
                ),
                (
                    "taken_by",
                    models.CharField(blank=True, help_text="Who sees to it.", max_length=254),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["wallet_id", "-begun_at"], name="claim_of_wallet"),
                    models.Index(
                        condition=models.Q(("due_on__isnull", False)),
                        fields=["programme_id", "due_on"],
                        name="claim_due",
                    ),
                    models.Index(
                        condition=models.Q(("order_ref", ""), _negated=True),
                        fields=["programme_id", "order_ref"],
                        name="claim_of_order",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("programme_id", "number"), name="claim_number_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_minor__isnull", True),
                                ("amount_minor__gt", 0),
                                _connector="OR",
                            ),
                            models.Q(
                                ("goodwill_minor__isnull", True),
                                ("goodwill_minor__gt", 0),
                                _connector="OR",
                            ),
                        ),
                        name="claim_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimDocument",
            fields=[
                ("claim_id", models.UUIDField()),
                ("programme_id", models.UUIDField()),
                ("wallet_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.CharField(
                        help_text="member, programme, or staff: and who it is of the staff.",
                        max_length=260,
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        help_text="Random; the name of the file.", primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(help_text="As its owner called it.", max_length=120)),
                ("kind", models.CharField(help_text="pdf, jpeg, png or webp.", max_length=4)),
                ("size_bytes", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("claim_id", "sha256"), name="claim_document_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("claim_id", models.UUIDField()),
                ("programme_id", models.UUIDField()),
                ("wallet_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.CharField(
                        help_text="member, programme, or staff: and who it is of the staff.",
                        max_length=260,
                    ),
                ),
                ("text", models.TextField()),
            ],
            options={
                "indexes": [models.Index(fields=["claim_id", "at"], name="claim_message_of")],
            },
        ),
        migrations.CreateModel(
            name="ClaimStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("claim_id", models.UUIDField()),
                ("programme_id", models.UUIDField()),
                ("wallet_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.CharField(
                        help_text="member, programme, or staff: and who it is of the staff.",
                        max_length=260,
                    ),
                ),
                ("n", models.PositiveIntegerField(help_text="From 1.")),
                (
                    "event",
                    models.CharField(help_text="See `domain.claims.ClaimEvent`.", max_length=10),
                ),
                ("state", models.CharField(help_text="The one it led to.", max_length=12)),
                ("due_on", models.DateField(null=True)),
                (
                    "facts",
                    models.JSONField(
                        default=dict, help_text="Reason, purchase, amount: what it says."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("claim_id", "n"), name="claim_step_unique")
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
