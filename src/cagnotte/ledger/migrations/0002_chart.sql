-- The chart of accounts, as the database knows it: an account is of a kind in this table, with that kind's properties and
-- the id derived from its parts, or it is not opened. Whoever opened a member's account that may go below zero, or one
-- under another account's id, would else be found by the checks of the books only.
--
-- A kind added to domain/chart.py comes with a migration that inserts its row here; kinds do not change.

CREATE TABLE ledger_chart (
    kind text PRIMARY KEY,
    side text NOT NULL CHECK (side IN ('debit', 'credit', 'either')),
    mode text NOT NULL CHECK (mode IN ('row', 'delta')),
    never_negative boolean NOT NULL
);
SELECT ledger_keep('ledger_chart');
REVOKE ALL ON ledger_chart FROM PUBLIC, cagnotte_app;
GRANT SELECT ON ledger_chart TO cagnotte_app;

INSERT INTO ledger_chart (kind, side, mode, never_negative) VALUES
    ('member.pending', 'credit', 'row', true),
    ('member.confirmed', 'credit', 'row', true),
    ('member.available', 'credit', 'row', true),
    ('member.held', 'credit', 'row', true),
    ('member.owing', 'debit', 'row', true),
    ('funder.accrued', 'debit', 'delta', false),
    ('funder.due', 'either', 'delta', false),
    ('funder.billed', 'either', 'delta', false),
    ('funder.deposit', 'credit', 'delta', false),
    ('merchant.share_pending', 'credit', 'delta', false),
    ('merchant.clearing', 'either', 'delta', false),
    ('programme.margin_pending', 'credit', 'delta', false),
    ('programme.promotions_pending', 'debit', 'delta', false),
    ('programme.margin', 'credit', 'delta', false),
    ('programme.breakage', 'credit', 'delta', false),
    ('programme.promotions', 'debit', 'delta', false),
    ('programme.losses', 'debit', 'delta', false),
    ('programme.fees', 'debit', 'delta', false),
    ('programme.fx_result', 'either', 'delta', false),
    ('programme.rounding', 'either', 'delta', false),
    ('programme.vouchers', 'credit', 'delta', false),
    ('programme.donations', 'credit', 'delta', false),
    ('programme.unclaimed', 'credit', 'delta', false),
    ('programme.payouts', 'credit', 'delta', false),
    ('programme.suspense', 'credit', 'delta', false),
    ('programme.transit', 'either', 'delta', false),
    ('programme.bank', 'debit', 'delta', false),
    ('programme.vat', 'credit', 'delta', false),
    ('programme.fx', 'either', 'delta', false),
    ('programme.funding', 'credit', 'delta', false),
    ('opening.equity', 'either', 'delta', false);

-- The same as domain/ids.py, named_id('account', …).
CREATE FUNCTION ledger_account_id(programme_id uuid, kind text, owner_id uuid, currency text) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(
        set_byte(
            set_byte(substr(digest, 11, 6) || substr(digest, 1, 10), 6, get_byte(digest, 0) & 15 | 128),
            8, get_byte(digest, 2) & 63 | 128),
        'hex')::uuid
    FROM (
        SELECT sha256(convert_to(concat_ws(
            E'\x1f', 'account', replace(programme_id::text, '-', ''), kind, replace(owner_id::text, '-', ''), currency
        ), 'UTF8')) AS digest
    ) AS parts
$$;

CREATE FUNCTION ledger_guard_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT a.id, a.kind INTO wrong
    FROM arrived a
    LEFT JOIN ledger_chart c ON c.kind = a.kind
    WHERE (a.side, a.mode, a.never_negative) IS DISTINCT FROM (c.side, c.mode, c.never_negative)
       OR a.id <> ledger_account_id(a.programme_id, a.kind, a.owner_id, a.currency)
    LIMIT 1;
    IF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'account % is not what the chart says of %', wrong.id, wrong.kind
            USING ERRCODE = 'LG007', DETAIL = json_build_object('account_id', wrong.id, 'kind', wrong.kind);
    END IF;
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION ledger_account_id, ledger_guard_accounts FROM PUBLIC;

-- Last, and so held briefly: the lock that nobody may open accounts under.
CREATE TRIGGER ledger_as_charted AFTER INSERT ON ledger_account REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_accounts();
