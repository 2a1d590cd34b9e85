-- The ledger: append-only transactions and entries, balances, deltas and snapshots, and the only way in.
--
-- Neither table is partitioned yet: at 700 bytes a purchase a hundred million purchases fit one table, and a key that
-- must hold the partition column would weaken the identity (bucket, id). A partition made later calls
-- ledger_guard(partition), which attaches every trigger below: statements aimed at a partition bypass its parent's.
--
-- The functions forbid hash and merge joins to the big tables, so that their cost follows the size of the batch, never
-- the size of the ledger, even with a plan that was cached when the ledger was small.

CREATE TABLE ledger_account (
    id uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    kind text NOT NULL,
    owner_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    side text NOT NULL CHECK (side IN ('debit', 'credit', 'either')),
    mode text NOT NULL CHECK (mode IN ('row', 'delta')),
    never_negative boolean NOT NULL,
    x xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (id, currency),
    UNIQUE (programme_id, kind, owner_id, currency),
    CHECK (mode = 'row' OR NOT never_negative)
);
COMMENT ON COLUMN ledger_account.x IS 'the database transaction that opened the account';

CREATE TABLE ledger_transaction (
    bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 1023),
    id uuid NOT NULL,
    programme_id uuid NOT NULL,
    book_id uuid NOT NULL,
    kind text NOT NULL,
    fact_id uuid NOT NULL,
    step smallint NOT NULL,
    batch_id uuid NOT NULL,
    occurred_on date NOT NULL,
    effective_on date NOT NULL CHECK (effective_on >= occurred_on),
    recorded_at timestamptz NOT NULL,
    legs smallint NOT NULL CHECK (legs >= 2),
    payload_hash bytea NOT NULL,
    PRIMARY KEY (bucket, id)
);
CREATE INDEX ledger_transaction_fact ON ledger_transaction (fact_id);
CREATE INDEX ledger_transaction_batch ON ledger_transaction USING brin (batch_id);

CREATE TABLE ledger_entry (
    bucket smallint NOT NULL,
    transaction_id uuid NOT NULL,
    leg smallint NOT NULL CHECK (leg >= 1),
    book_id uuid NOT NULL,
    account_id uuid NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    effective_on date NOT NULL,
    batch_id uuid NOT NULL,
    row_mode boolean NOT NULL,
    PRIMARY KEY (bucket, transaction_id, leg)
);
COMMENT ON COLUMN ledger_entry.row_mode IS 'the account keeps a balance row: its statement is read entry by entry';
-- Only members read statements by account; the accounts every purchase touches would double the cost of this index.
CREATE INDEX ledger_entry_statement ON ledger_entry (account_id) WHERE row_mode;
CREATE INDEX ledger_entry_batch ON ledger_entry USING brin (batch_id);

CREATE TABLE ledger_balance (
    account_id uuid PRIMARY KEY,
    bucket smallint NOT NULL,
    currency text NOT NULL,
    sign smallint NOT NULL CHECK (sign IN (-1, 1)),
    amount_minor bigint NOT NULL,
    never_negative boolean NOT NULL,
    updated_batch uuid,
    FOREIGN KEY (account_id, currency) REFERENCES ledger_account (id, currency),
    CONSTRAINT ledger_balance_not_negative CHECK (NOT never_negative OR amount_minor >= 0)
) WITH (fillfactor = 70);
COMMENT ON COLUMN ledger_balance.amount_minor IS 'in the account''s own side: sign × the sum of its entries';

CREATE TABLE ledger_delta (
    account_id uuid NOT NULL,
    bucket smallint NOT NULL,
    batch_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    entries integer NOT NULL,
    x xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (account_id, bucket, batch_id)
);
COMMENT ON COLUMN ledger_delta.amount_minor IS 'sum of the batch''s entries, debit positive';
COMMENT ON COLUMN ledger_delta.bucket IS 'the lowest bucket of the batch: a batch is cut by shard, so its deltas are there too';
CREATE INDEX ledger_delta_account_x ON ledger_delta (account_id, x);
CREATE INDEX ledger_delta_x ON ledger_delta (x);

CREATE TABLE ledger_snapshot (
    account_id uuid PRIMARY KEY,
    amount_minor bigint NOT NULL,
    entries bigint NOT NULL,
    mark xid8 NOT NULL,
    folded_at timestamptz NOT NULL
);
COMMENT ON TABLE ledger_snapshot IS 'sum of an account''s deltas whose x is below mark, debit positive';

CREATE TABLE ledger_batch (
    batch_id uuid PRIMARY KEY,
    bucket smallint NOT NULL,
    transactions integer NOT NULL,
    first_recorded_at timestamptz NOT NULL,
    last_recorded_at timestamptz NOT NULL,
    x xid8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE TABLE ledger_period (
    programme_id uuid NOT NULL,
    ends_on date NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by text NOT NULL,
    PRIMARY KEY (programme_id, ends_on)
);

-- Transactions on their way in, one row each. Unlogged: what a crash loses here was never acknowledged. Emptied by
-- every post, so its space is taken back early.
CREATE UNLOGGED TABLE ledger_stage (
    batch_id uuid NOT NULL,
    bucket smallint NOT NULL,
    transaction_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    book_id uuid NOT NULL,
    kind text NOT NULL,
    fact_id uuid NOT NULL,
    step smallint NOT NULL,
    occurred_on date NOT NULL,
    effective_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    payload_hash bytea NOT NULL,
    account_ids uuid[] NOT NULL,
    amounts_minor bigint[] NOT NULL,
    CONSTRAINT ledger_stage_legs CHECK (cardinality(account_ids) = cardinality(amounts_minor))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX ledger_stage_batch ON ledger_stage (batch_id);

-- Errors. SQLSTATE class LG is ours; DETAIL is JSON, read by ledger/services.py.

CREATE FUNCTION ledger_refuse_account(account_id uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'account % is not open in this programme', account_id
        USING ERRCODE = 'LG005', DETAIL = json_build_object('account_id', account_id);
END $$;

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger is append-only', tg_op, tg_table_name USING ERRCODE = 'LG006';
END $$;

-- The guards of both tables, over all rows of a statement at once: far cheaper than one call per row.

CREATE FUNCTION ledger_guard_transactions() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    arrival record;
    closed_until date;
    bare uuid;
BEGIN
    -- In the order of programmes, like every lock. The closer of a period holds the same lock exclusively.
    FOR arrival IN
        SELECT programme_id, min(effective_on) AS first_on FROM arrived GROUP BY programme_id ORDER BY programme_id
    LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger_period ' || arrival.programme_id, 0));
        SELECT max(ends_on) INTO closed_until FROM ledger_period WHERE programme_id = arrival.programme_id;
        IF arrival.first_on <= closed_until THEN
            RAISE EXCEPTION 'the books are closed until %', closed_until
                USING ERRCODE = 'LG003', DETAIL = json_build_object(
                    'programme_id', arrival.programme_id, 'closed_until', closed_until, 'day', arrival.first_on);
        END IF;
    END LOOP;
    -- The guard of entries has counted the legs that came; here it is enough that the last one is there.
    SELECT a.id INTO bare FROM arrived a
    WHERE NOT EXISTS (
        SELECT FROM ledger_entry e WHERE e.bucket = a.bucket AND e.transaction_id = a.id AND e.leg = a.legs)
    LIMIT 1;
    IF bare IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % comes without all its legs', bare
            USING ERRCODE = 'LG002', DETAIL = json_build_object('transaction_id', bare);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_guard_entries() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    wrong record;
BEGIN
    -- count = max(leg) = legs: nothing missing, nothing appended later; the primary key forbids a leg twice.
    SELECT g.transaction_id, g.off INTO wrong
    FROM (
        SELECT bucket, transaction_id, batch_id, sum(n) AS n, max(last) AS last, bool_or(total <> 0) AS off
        FROM (
            SELECT bucket, transaction_id, batch_id, currency,
                   sum(amount_minor) AS total, count(*)::integer AS n, max(leg) AS last
            FROM arrived GROUP BY bucket, transaction_id, batch_id, currency
        ) per_currency
        GROUP BY bucket, transaction_id, batch_id
    ) g
    LEFT JOIN ledger_transaction t ON t.bucket = g.bucket AND t.id = g.transaction_id
    WHERE g.off OR t.legs IS NULL OR t.legs <> g.n OR t.legs <> g.last OR t.batch_id <> g.batch_id
    LIMIT 1;
    IF wrong.off THEN
        RAISE EXCEPTION 'the legs of transaction % do not sum to zero in each currency', wrong.transaction_id
            USING ERRCODE = 'LG001', DETAIL = json_build_object('transaction_id', wrong.transaction_id);
    ELSIF wrong.transaction_id IS NOT NULL THEN
        RAISE EXCEPTION 'the legs of transaction % are not complete, or not of its batch', wrong.transaction_id
            USING ERRCODE = 'LG002', DETAIL = json_build_object('transaction_id', wrong.transaction_id);
    END IF;
    -- The currency of a leg is its account's: a foreign key without its cost per row.
    SELECT d.account_id INTO wrong
    FROM (SELECT DISTINCT account_id, currency FROM arrived) d
    WHERE NOT EXISTS (SELECT FROM ledger_account a WHERE a.id = d.account_id AND a.currency = d.currency)
    LIMIT 1;
    IF wrong.account_id IS NOT NULL THEN
        RAISE EXCEPTION 'account % does not exist in the currency of its leg', wrong.account_id
            USING ERRCODE = 'LG005', DETAIL = json_build_object('account_id', wrong.account_id);
    END IF;
    RETURN NULL;
END $$;

-- Attach every guard to ledger_transaction, ledger_entry, or a partition of one of them.
CREATE FUNCTION ledger_guard(target regclass, guard text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER ledger_complete AFTER INSERT ON %s REFERENCING NEW TABLE AS arrived '
                   'FOR EACH STATEMENT EXECUTE FUNCTION %I()', target, 'ledger_guard_' || guard);
    PERFORM ledger_keep(target);
END $$;

-- Refuse every UPDATE, DELETE and TRUNCATE of a table, whoever asks.
CREATE FUNCTION ledger_keep(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', target);
END $$;

SELECT ledger_guard('ledger_transaction', 'transactions');
SELECT ledger_guard('ledger_entry', 'entries');
SELECT ledger_keep('ledger_account');
SELECT ledger_keep('ledger_delta');
SELECT ledger_keep('ledger_batch');
SELECT ledger_keep('ledger_period');
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_balance
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- The ways in. Each fixes its search_path: a SECURITY DEFINER function must not be led to other tables.

CREATE FUNCTION ledger_open_accounts(
    ids uuid[], programme_ids uuid[], kinds text[], owner_ids uuid[], currencies text[], sides text[], modes text[],
    never_negatives boolean[], buckets smallint[]
) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Open what is missing, with a balance row where the account keeps one; return those that were committed before.
BEGIN
    INSERT INTO ledger_account (id, programme_id, kind, owner_id, currency, side, mode, never_negative)
    SELECT n.* FROM unnest(ids, programme_ids, kinds, owner_ids, currencies, sides, modes, never_negatives)
        AS n (id, programme_id, kind, owner_id, currency, side, mode, never_negative)
    ORDER BY n.id
    -- Without a target: of two sessions at the same moment one would else stumble over the second unique key.
    ON CONFLICT DO NOTHING;
    -- Nothing to do when another transaction opened the account: it wrote both rows.
    INSERT INTO ledger_balance (account_id, bucket, currency, sign, amount_minor, never_negative)
    SELECT n.id, n.bucket, a.currency, CASE a.side WHEN 'credit' THEN -1 ELSE 1 END, 0, a.never_negative
    FROM unnest(ids, buckets) AS n (id, bucket)
    JOIN ledger_account a ON a.id = n.id AND a.mode = 'row' AND a.x = pg_current_xact_id()
    ORDER BY n.id
    ON CONFLICT (account_id) DO NOTHING;
    RETURN QUERY SELECT a.id FROM ledger_account a WHERE a.id = ANY (ids) AND a.x <> pg_current_xact_id();
END $$;

CREATE FUNCTION ledger_post(batch uuid, OUT posted integer, OUT duplicates integer, OUT conflicts uuid[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
-- Post the staged transactions of a batch. One already posted with the same content is a duplicate, with other
-- content a conflict; neither writes anything. Locks: programmes (shared), then balance rows by account id, last.
DECLARE
    known_buckets smallint[];
    known_ids uuid[];
    known_hashes bytea[];
    row_accounts uuid[];
    row_changes bigint[];
    locked integer;
    short record;
BEGIN
    -- One statement fills both tables, so that the guards see transactions with all their legs. The CASE keeps the
    -- test for new transactions a hashed lookup: a join could be planned as a loop, the stage having no statistics.
    WITH stage AS (
        DELETE FROM ledger_stage s WHERE s.batch_id = batch RETURNING s.*
    ), ordered AS MATERIALIZED (
        SELECT * FROM stage ORDER BY bucket, transaction_id
    ), fresh AS (
        INSERT INTO ledger_transaction (bucket, id, programme_id, book_id, kind, fact_id, step, batch_id, occurred_on,
                                        effective_on, recorded_at, legs, payload_hash)
        SELECT bucket, transaction_id, programme_id, book_id, kind, fact_id, step, batch_id, occurred_on,
               effective_on, recorded_at, cardinality(account_ids), payload_hash
        FROM ordered
        ON CONFLICT (bucket, id) DO NOTHING
        RETURNING bucket, id, recorded_at
    ), leg AS (
        SELECT bucket, transaction_id, programme_id, book_id, effective_on,
               unnest(account_ids) AS account_id, unnest(amounts_minor) AS amount_minor,
               generate_subscripts(account_ids, 1) AS leg
        FROM ordered
        WHERE CASE WHEN (bucket, transaction_id) IN (SELECT bucket, id FROM fresh) THEN true ELSE false END
    ), entry AS (
        INSERT INTO ledger_entry (bucket, transaction_id, leg, book_id, account_id, currency, amount_minor,
                                  effective_on, batch_id, row_mode)
        SELECT l.bucket, l.transaction_id, l.leg, l.book_id, l.account_id,
               CASE WHEN a.id IS NULL THEN ledger_refuse_account(l.account_id) ELSE a.currency END,
               l.amount_minor, l.effective_on, batch, a.mode = 'row'
        FROM leg l LEFT JOIN ledger_account a ON a.id = l.account_id AND a.programme_id = l.programme_id
        RETURNING account_id, amount_minor, row_mode
    ), change AS MATERIALIZED (
        SELECT account_id, row_mode, sum(amount_minor)::bigint AS amount_minor, count(*)::integer AS entries
        FROM entry GROUP BY account_id, row_mode
    ), arrived AS MATERIALIZED (
        SELECT min(bucket) AS bucket, count(*)::integer AS n, min(recorded_at) AS first_at, max(recorded_at) AS last_at
        FROM fresh
    ), written_batch AS (
        INSERT INTO ledger_batch (batch_id, bucket, transactions, first_recorded_at, last_recorded_at)
        SELECT batch, bucket, n, first_at, last_at FROM arrived WHERE n > 0
    ), written_delta AS (
        INSERT INTO ledger_delta (account_id, bucket, batch_id, amount_minor, entries)
        SELECT c.account_id, (SELECT bucket FROM arrived), batch, c.amount_minor, c.entries
        FROM change c WHERE NOT c.row_mode
    ), known AS (
        SELECT bucket, transaction_id, payload_hash FROM ordered
        WHERE CASE WHEN (bucket, transaction_id) IN (SELECT bucket, id FROM fresh) THEN false ELSE true END
    )
    SELECT (SELECT n FROM arrived), k.buckets, k.ids, k.hashes, r.accounts, r.changes
    INTO posted, known_buckets, known_ids, known_hashes, row_accounts, row_changes
    FROM (
        SELECT array_agg(bucket) AS buckets, array_agg(transaction_id) AS ids, array_agg(payload_hash) AS hashes
        FROM known
    ) k, (
        SELECT array_agg(account_id ORDER BY account_id) AS accounts,
               array_agg(amount_minor ORDER BY account_id) AS changes
        FROM change WHERE row_mode AND amount_minor <> 0
    ) r;

    duplicates := 0;
    conflicts := '{}';
    IF known_ids IS NOT NULL THEN
        SELECT count(*) FILTER (WHERE t.payload_hash = k.payload_hash),
               coalesce(array_agg(k.id) FILTER (WHERE t.payload_hash <> k.payload_hash), '{}')
        INTO duplicates, conflicts
        FROM unnest(known_buckets, known_ids, known_hashes) AS k (bucket, id, payload_hash)
        JOIN ledger_transaction t ON t.bucket = k.bucket AND t.id = k.id;
    END IF;

    IF row_accounts IS NULL THEN
        RETURN;
    END IF;
    -- Balance rows come last and in key order: opposite orders deadlock, and a lock held late is held briefly.
    SELECT count(*), (array_agg(l.account_id) FILTER (WHERE l.never_negative AND l.balance + l.change < 0))[1] AS id,
           (array_agg(l.balance) FILTER (WHERE l.never_negative AND l.balance + l.change < 0))[1] AS balance,
           (array_agg(l.change) FILTER (WHERE l.never_negative AND l.balance + l.change < 0))[1] AS change
    INTO short
    FROM (
        SELECT b.account_id, b.amount_minor AS balance, b.sign * c.amount_minor AS change, b.never_negative
        FROM unnest(row_accounts, row_changes) AS c (account_id, amount_minor)
        JOIN ledger_balance b ON b.account_id = c.account_id
        ORDER BY b.account_id
        FOR NO KEY UPDATE OF b
    ) l;
    locked := short.count;
    IF locked <> cardinality(row_accounts) THEN
        RAISE EXCEPTION 'a balance row is missing' USING ERRCODE = 'LG008';
    END IF;
    IF short.id IS NOT NULL THEN
        RAISE EXCEPTION 'account % would go below zero', short.id
            USING ERRCODE = 'LG004', DETAIL = (
                SELECT json_build_object('account_id', a.id, 'kind', a.kind, 'owner_id', a.owner_id,
                    'currency', a.currency, 'balance_minor', short.balance, 'change_minor', short.change)
                FROM ledger_account a WHERE a.id = short.id);
    END IF;
    UPDATE ledger_balance b SET amount_minor = b.amount_minor + b.sign * c.amount_minor, updated_batch = batch
    FROM unnest(row_accounts, row_changes) AS c (account_id, amount_minor)
    WHERE b.account_id = c.account_id;
END $$;

CREATE FUNCTION ledger_lock_balances(ids uuid[]) RETURNS TABLE (account_id uuid, amount_minor bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Lock balance rows in key order until the end of the transaction, and read them.
    SELECT b.account_id, b.amount_minor FROM ledger_balance b
    WHERE b.account_id = ANY (ids) ORDER BY b.account_id FOR NO KEY UPDATE
$$;

CREATE FUNCTION ledger_fold(moment timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Fold deltas into snapshots, up to the oldest database transaction still running: a slower one that started
-- earlier is folded next time, never lost. Returns the number of accounts whose snapshot moved.
DECLARE
    folded integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_fold', 0));
    INSERT INTO ledger_snapshot AS s (account_id, amount_minor, entries, mark, folded_at)
    SELECT d.account_id, sum(d.amount_minor)::bigint, sum(d.entries), pg_snapshot_xmin(pg_current_snapshot()), moment
    FROM ledger_delta d
    WHERE d.x < pg_snapshot_xmin(pg_current_snapshot())
      AND d.x >= coalesce((SELECT mark FROM ledger_snapshot ORDER BY mark DESC LIMIT 1), '0'::xid8)
    GROUP BY d.account_id
    ORDER BY d.account_id
    ON CONFLICT (account_id) DO UPDATE SET amount_minor = s.amount_minor + excluded.amount_minor,
        entries = s.entries + excluded.entries, mark = excluded.mark, folded_at = excluded.folded_at;
    GET DIAGNOSTICS folded = ROW_COUNT;
    RETURN folded;
END $$;

CREATE FUNCTION ledger_close_period(programme uuid, last_day date, moment timestamptz, closer text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Close the books up to and with last_day; false when they are closed that far already. Waits for posts under way.
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_period ' || programme, 0));
    IF EXISTS (SELECT FROM ledger_period WHERE programme_id = programme AND ends_on >= last_day) THEN
        RETURN false;
    END IF;
    INSERT INTO ledger_period (programme_id, ends_on, closed_at, closed_by) VALUES (programme, last_day, moment, closer);
    RETURN true;
END $$;

-- Privileges: the application reads, fills the stage, and calls the ways in. Nothing else.
REVOKE ALL ON FUNCTION ledger_refuse_account, ledger_guard, ledger_keep, ledger_open_accounts, ledger_post,
    ledger_lock_balances, ledger_fold, ledger_close_period FROM PUBLIC;
REVOKE ALL ON ledger_account, ledger_transaction, ledger_entry, ledger_balance, ledger_delta, ledger_snapshot,
    ledger_batch, ledger_period, ledger_stage FROM PUBLIC, cagnotte_app;
GRANT SELECT ON ledger_account, ledger_transaction, ledger_entry, ledger_balance, ledger_delta, ledger_snapshot,
    ledger_batch, ledger_period TO cagnotte_app;
GRANT INSERT ON ledger_stage TO cagnotte_app;
GRANT EXECUTE ON FUNCTION ledger_open_accounts, ledger_post, ledger_lock_balances, ledger_fold, ledger_close_period
    TO cagnotte_app;
