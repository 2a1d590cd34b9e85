"""What members agree to and take back. The acts are the proof, so the database refuses to change or delete one."""

import django.db.models.deletion
from django.db import migrations, models

GUARD = """
CREATE FUNCTION identity_consents_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a consent, or its end, is never changed or deleted';
END $$;
CREATE TRIGGER identity_consents_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON identity_consent
    FOR EACH STATEMENT EXECUTE FUNCTION identity_consents_stay();
"""
UNGUARD = """
DROP TRIGGER identity_consents_stay ON identity_consent;
DROP FUNCTION identity_consents_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("identity", "0005_staff")]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(help_text="analytics or marketing.", max_length=20),
                ),
                ("granted", models.BooleanField()),
                ("at", models.DateTimeField()),
                (
                    "source",
                    models.CharField(
                        help_text="Where the member said so, such as checkout.", max_length=50
                    ),
                ),
                (
                    "text_version",
                    models.CharField(
                        blank=True, help_text="Which wording was agreed to.", max_length=50
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
                "indexes": [
                    models.Index(fields=["wallet", "purpose", "id"], name="consent_of_wallet")
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
