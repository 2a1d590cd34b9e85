-- Posting with fewer look-ups, the same otherwise: each account of a batch is read once instead of once per leg, and a
-- balance row that was locked is updated where it was found instead of being looked up again.
--
-- Hash joins are allowed here, because no big table is in a join that could be planned as one: ledger_account and
-- ledger_balance are read by lists of keys, ledger_transaction one key at a time (LIMIT 1 forbids to pull it up).

CREATE OR REPLACE FUNCTION ledger_post(batch uuid, OUT posted integer, OUT duplicates integer, OUT conflicts uuid[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_hashjoin = on SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
-- Post the staged transactions of a batch. One already posted with the same content is a duplicate, with other
-- content a conflict; neither writes anything. Locks: programmes (shared), then balance rows by account id, last.
DECLARE
    known_buckets smallint[];
    known_ids uuid[];
    known_hashes bytea[];
    row_accounts uuid[];
    row_changes bigint[];
    balance record;
    short record;
    updated integer;
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
    ), account AS MATERIALIZED (
        SELECT id, programme_id, currency, mode = 'row' AS row_mode FROM ledger_account
        WHERE id = ANY (ARRAY(SELECT DISTINCT unnest(account_ids) FROM ordered))
    ), entry AS (
        INSERT INTO ledger_entry (bucket, transaction_id, leg, book_id, account_id, currency, amount_minor,
                                  effective_on, batch_id, row_mode)
        SELECT l.bucket, l.transaction_id, l.leg, l.book_id, l.account_id,
               CASE WHEN a.id IS NULL THEN ledger_refuse_account(l.account_id) ELSE a.currency END,
               l.amount_minor, l.effective_on, batch, a.row_mode
        FROM leg l LEFT JOIN account a ON a.id = l.account_id AND a.programme_id = l.programme_id
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
        FROM unnest(known_buckets, known_ids, known_hashes) AS k (bucket, id, payload_hash), LATERAL (
            SELECT payload_hash FROM ledger_transaction WHERE bucket = k.bucket AND id = k.id LIMIT 1
        ) t;
    END IF;

    IF row_accounts IS NULL THEN
        RETURN;
    END IF;
    -- Balance rows come last and in key order: opposite orders deadlock, and a lock held late is held briefly.
    -- What is read in that order stands in the order of row_accounts, and a row locked here keeps its place until the end.
    SELECT count(*) AS locked, array_agg(l.ctid) AS places, array_agg(l.amount_minor) AS amounts,
           array_agg(l.sign) AS signs, array_agg(l.never_negative) AS guarded
    INTO balance
    FROM (
        SELECT b.ctid, b.amount_minor, b.sign, b.never_negative FROM ledger_balance b
        WHERE b.account_id = ANY (row_accounts) ORDER BY b.account_id FOR NO KEY UPDATE
    ) l;
    IF balance.locked <> cardinality(row_accounts) THEN
        RAISE EXCEPTION 'a balance row is missing' USING ERRCODE = 'LG008';
    END IF;
    SELECT c.account_id AS id, c.amount_minor AS balance, c.sign * c.change AS change INTO short
    FROM unnest(row_accounts, row_changes, balance.amounts, balance.signs, balance.guarded)
        AS c (account_id, change, amount_minor, sign, never_negative)
    WHERE c.never_negative AND c.amount_minor + c.sign * c.change < 0
    LIMIT 1;
    IF short.id IS NOT NULL THEN
        RAISE EXCEPTION 'account % would go below zero', short.id
            USING ERRCODE = 'LG004', DETAIL = (
                SELECT json_build_object('account_id', a.id, 'kind', a.kind, 'owner_id', a.owner_id,
                    'currency', a.currency, 'balance_minor', short.balance, 'change_minor', short.change)
                FROM ledger_account a WHERE a.id = short.id);
    END IF;
    UPDATE ledger_balance b SET amount_minor = b.amount_minor + b.sign * c.change, updated_batch = batch
    FROM unnest(balance.places, row_changes) AS c (place, change)
    WHERE b.ctid = c.place;
    GET DIAGNOSTICS updated = ROW_COUNT;
    IF updated <> balance.locked THEN
        RAISE EXCEPTION 'a balance row moved under its lock' USING ERRCODE = 'LG008';
    END IF;
END $$;
