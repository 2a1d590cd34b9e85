"""What happened to a payout stays written: the database refuses to change or delete a step."""

from django.db import migrations

GUARD = """
CREATE FUNCTION payouts_steps_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a step of a payout is never changed or deleted';
END $$;
CREATE TRIGGER payouts_steps_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts_payoutstep
    FOR EACH STATEMENT EXECUTE FUNCTION payouts_steps_stay();
"""
UNGUARD = """
DROP TRIGGER payouts_steps_stay ON payouts_payoutstep;
DROP FUNCTION payouts_steps_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0002_batches_fix_their_debtor")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
