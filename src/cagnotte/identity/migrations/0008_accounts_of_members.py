"""What a member accepted and told, and what touched how a person signs in.

An acceptance of terms is the proof, so the database refuses to change or delete one.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARD = """
CREATE FUNCTION identity_terms_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an acceptance of terms is never changed or deleted';
END $$;
CREATE TRIGGER identity_terms_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON identity_termsacceptance
    FOR EACH STATEMENT EXECUTE FUNCTION identity_terms_stay();
"""
UNGUARD = """
DROP TRIGGER identity_terms_stay ON identity_termsacceptance;
DROP FUNCTION identity_terms_stay();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0007_memberships"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "wallet",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="identity.wallet",
                    ),
                ),
                ("bucket", models.PositiveSmallIntegerField(help_text="The wallet's shard.")),
                ("birthday", models.DateField(blank=True, null=True)),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="identity.programme"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SecurityEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as signed_in or passkey_added.", max_length=40
                    ),
                ),
                (
                    "device",
                    models.CharField(
                        blank=True,
                        help_text="Browser and system, such as Firefox, Android.",
                        max_length=60,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        db_index=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["person", "-at"], name="security_event_of_person")
                ],
            },
        ),
        migrations.CreateModel(
            name="TermsAcceptance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bucket", models.PositiveSmallIntegerField(help_text="The wallet's shard.")),
                (
                    "version",
                    models.CharField(help_text="Of the terms, as they name it.", max_length=50),
                ),
                ("at", models.DateTimeField()),
                (
                    "source",
                    models.CharField(
                        help_text="Where the member said so, such as joining.", max_length=50
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="identity.programme"
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="identity.wallet"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("wallet", "version"), name="terms_accepted_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
