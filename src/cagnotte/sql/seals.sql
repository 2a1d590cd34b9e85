-- Seals and proofs. The tables, the texts that are hashed and the way in are in ledger/migrations/0003_seals.sql.

-- name: work_memory
-- Sorting for the queries that follow, until the database transaction ends.
SELECT set_config('work_mem', '64MB', true);

-- name: lock
-- One sealer at a time, until the database transaction ends. Advisory.
SELECT pg_advisory_xact_lock(hashtextextended('ledger_seal', 0));

-- name: next_batches
-- in: batches_max. out: mark, whether it is the last (everything finished is below it), and the batches below it that
-- are in no seal, by id, with their numbers of transactions: two arrays. Batches are taken in
-- the order their database transactions began, so that a mark has none behind it. Reads all of ledger_batch and the key of
-- ledger_sealed_batch: one row each per batch, once a night. No locks.
WITH edge AS MATERIALIZED (
    SELECT pg_snapshot_xmin(pg_current_snapshot()) AS mark
), unsealed AS MATERIALIZED (
    SELECT b.batch_id, b.transactions, b.x FROM ledger_batch AS b
    WHERE b.x < (SELECT mark FROM edge)
        AND NOT EXISTS (SELECT FROM ledger_sealed_batch AS s WHERE s.batch_id = b.batch_id)
), cut AS MATERIALIZED (
    SELECT u.x FROM unsealed AS u
    WHERE u.x > (SELECT x FROM unsealed ORDER BY x OFFSET %(batches_max)s - 1 LIMIT 1) ORDER BY u.x LIMIT 1
), step AS (
    SELECT coalesce((SELECT x FROM cut), edge.mark) AS mark, NOT EXISTS (SELECT FROM cut) AS is_last FROM edge
)
SELECT step.mark::text, step.is_last,
       coalesce(array_agg(u.batch_id ORDER BY u.batch_id) FILTER (WHERE u.x IS NOT NULL), '{}'),
       coalesce(array_agg(u.transactions ORDER BY u.batch_id) FILTER (WHERE u.x IS NOT NULL), '{}')
FROM step LEFT JOIN unsealed AS u ON u.x < step.mark
GROUP BY step.mark, step.is_last;

-- name: unsealed
-- out: how many batches are in no seal. Reads as next_batches. No locks.
SELECT count(*) FROM ledger_batch AS b
WHERE NOT EXISTS (SELECT FROM ledger_sealed_batch AS s WHERE s.batch_id = b.batch_id);

-- name: leaves
-- in: batch_ids, first, last (of them). out: batch_id, programme_id, and the hashes of its transactions in the order of the
-- batch's tree, one after the other. Index: ledger_transaction_batch and ledger_entry_batch (BRIN), which make the range
-- cheap. No locks.
WITH hashed AS (
    SELECT t.batch_id, t.programme_id, t.bucket, t.id,
           sha256('\x00'::bytea || convert_to(ledger_transaction_text(
               t, sha256(ledger_leg_salt(k.key, t.id, 0::smallint) || t.payload_hash),
               string_agg('"' || encode(
                   sha256(ledger_leg_salt(k.key, t.id, e.leg) || convert_to(ledger_leg_text(e, t), 'UTF8')), 'hex'
               ) || '"', ',' ORDER BY e.leg)), 'UTF8')) AS leaf
    FROM ledger_transaction AS t
    CROSS JOIN LATERAL (SELECT sha256(s.key || uuid_send(t.programme_id)) AS key FROM ledger_seal_key AS s) AS k
    LEFT JOIN ledger_entry AS e
        ON e.bucket = t.bucket AND e.transaction_id = t.id AND e.batch_id BETWEEN %(first)s AND %(last)s
    WHERE t.batch_id BETWEEN %(first)s AND %(last)s AND t.batch_id = ANY(%(batch_ids)s)
    GROUP BY t.bucket, t.id, k.key
)
SELECT batch_id, programme_id, string_agg(leaf, ''::bytea ORDER BY bucket, id)
FROM hashed GROUP BY batch_id, programme_id ORDER BY batch_id, programme_id;

-- name: transaction_texts
-- in: programme_id, buckets, ids. out: id, batch_id, its seal (null while unsealed) and the text that was hashed, by id.
-- Index: primary keys. No locks.
SELECT t.id, t.batch_id, s.number, ledger_transaction_text(
    t, sha256(ledger_leg_salt(k.key, t.id, 0::smallint) || t.payload_hash),
    string_agg('"' || encode(
        sha256(ledger_leg_salt(k.key, t.id, e.leg) || convert_to(ledger_leg_text(e, t), 'UTF8')), 'hex'
    ) || '"', ',' ORDER BY e.leg))
FROM ledger_transaction AS t
CROSS JOIN LATERAL (SELECT sha256(s.key || uuid_send(t.programme_id)) AS key FROM ledger_seal_key AS s) AS k
LEFT JOIN ledger_entry AS e ON e.bucket = t.bucket AND e.transaction_id = t.id
LEFT JOIN ledger_sealed_batch AS s ON s.batch_id = t.batch_id AND s.programme_id = t.programme_id
WHERE t.bucket = ANY(%(buckets)s) AND t.id = ANY(%(ids)s) AND t.programme_id = %(programme_id)s
GROUP BY t.bucket, t.id, k.key, s.number
ORDER BY t.id;

-- name: leg_texts
-- in: programme_id, buckets, ids. out: transaction id, leg, salt, text, and the account's id, kind, owner and currency.
-- Index: primary keys. No locks.
SELECT t.id, e.leg, ledger_leg_salt(sha256(k.key || uuid_send(t.programme_id)), t.id, e.leg), ledger_leg_text(e, t),
       a.id, a.kind, a.owner_id, a.currency
FROM ledger_seal_key AS k
CROSS JOIN ledger_transaction AS t
JOIN ledger_entry AS e ON e.bucket = t.bucket AND e.transaction_id = t.id
JOIN ledger_account AS a ON a.id = e.account_id AND a.programme_id = t.programme_id
WHERE t.bucket = ANY(%(buckets)s) AND t.id = ANY(%(ids)s) AND t.programme_id = %(programme_id)s
ORDER BY t.id, e.leg;

-- name: places
-- in: ids of transactions. out: bucket and id of those that exist. Index: primary key, one look per bucket. No locks.
SELECT t.bucket, t.id FROM generate_series(0, 1023) AS b
JOIN ledger_transaction AS t ON t.bucket = b::smallint AND t.id = ANY(%(ids)s);

-- name: places_of_facts
-- in: programme_id, fact_ids. out: bucket and id of the transactions they caused. Index: ledger_transaction_fact.
SELECT bucket, id FROM ledger_transaction
WHERE fact_id = ANY(%(fact_ids)s) AND programme_id = %(programme_id)s;

-- name: currencies
-- in: programme_id. out: the currencies it has accounts in. Reads its accounts, as owed does. No locks.
SELECT DISTINCT currency FROM ledger_account WHERE programme_id = %(programme_id)s ORDER BY currency;

-- name: owed
-- in: programme_id, number, mark, wallet_id (or null). out: what each member is owed as of the seal, wallets that are owed
-- nothing left out: currency, leaf, pending, confirmed, available and held, whether it is that wallet's, and only then
-- salt and text. By currency, then in an order that only the key tells. Balances less what batches from the mark on moved:
-- one statement, so of one moment. Reads the programme's accounts and those batches' entries (BRIN). Server-side cursor.
WITH later AS MATERIALIZED (
    SELECT batch_id FROM ledger_batch WHERE x >= %(mark)s::xid8
), moved AS (
    SELECT e.account_id, sum(e.amount_minor) AS debit_minor FROM ledger_entry AS e
    WHERE e.row_mode AND e.batch_id IN (SELECT batch_id FROM later)
        AND e.batch_id BETWEEN (SELECT batch_id FROM later ORDER BY batch_id LIMIT 1)
                           AND (SELECT batch_id FROM later ORDER BY batch_id DESC LIMIT 1)
    GROUP BY e.account_id
), account AS (
    SELECT a.owner_id AS wallet_id, a.currency, a.kind,
           b.amount_minor - b.sign * coalesce(m.debit_minor, 0) AS amount_minor
    FROM ledger_account AS a
    JOIN ledger_balance AS b ON b.account_id = a.id
    LEFT JOIN moved AS m ON m.account_id = a.id
    WHERE a.programme_id = %(programme_id)s
), wallet AS (
    SELECT wallet_id, currency,
           coalesce(sum(amount_minor) FILTER (WHERE kind = 'member.pending'), 0)::bigint AS pending,
           coalesce(sum(amount_minor) FILTER (WHERE kind = 'member.confirmed'), 0)::bigint AS confirmed,
           coalesce(sum(amount_minor) FILTER (WHERE kind = 'member.available'), 0)::bigint AS available,
           coalesce(sum(amount_minor) FILTER (WHERE kind = 'member.held'), 0)::bigint AS held
    FROM account GROUP BY wallet_id, currency
), salted AS (
    SELECT w.*, sha256(sha256(k.key || uuid_send(%(programme_id)s)) || int4send(%(number)s) || uuid_send(w.wallet_id)
                       || convert_to(w.currency, 'UTF8')) AS salt,
           ledger_owed_text(%(programme_id)s, %(number)s, w.currency, w.wallet_id, w.pending, w.confirmed, w.available,
                            w.held) AS told
    FROM wallet AS w CROSS JOIN ledger_seal_key AS k
    WHERE (w.pending, w.confirmed, w.available, w.held) <> (0, 0, 0, 0)
)
SELECT currency, sha256('\x00'::bytea || salt || convert_to(told, 'UTF8')), pending, confirmed, available, held,
       coalesce(wallet_id = %(wallet_id)s, false), CASE WHEN wallet_id = %(wallet_id)s THEN salt END,
       CASE WHEN wallet_id = %(wallet_id)s THEN told END
FROM salted ORDER BY currency, sha256('\x02'::bytea || salt);

-- name: standing
-- in: programme_id, kinds, mark. out: kind, currency, sum of the accounts of each kind in its own side, as of the mark.
-- Snapshots and deltas, as balance_now, but from the mark on neither counts. Index: ledger_delta_account_x. No locks.
SELECT a.kind, a.currency, (CASE a.side WHEN 'credit' THEN -1 ELSE 1 END * sum(
    coalesce(s.amount_minor, 0)
    + coalesce((SELECT sum(d.amount_minor) FROM ledger_delta AS d
                WHERE d.account_id = a.id AND d.x >= coalesce(s.mark, '0'::xid8) AND d.x < %(mark)s::xid8), 0)
    - coalesce((SELECT sum(d.amount_minor) FROM ledger_delta AS d
                WHERE d.account_id = a.id AND d.x < s.mark AND d.x >= %(mark)s::xid8), 0)))::bigint
FROM ledger_account AS a LEFT JOIN ledger_snapshot AS s ON s.account_id = a.id
WHERE a.programme_id = %(programme_id)s AND a.kind = ANY(%(kinds)s)
GROUP BY a.kind, a.side, a.currency;

-- name: append_seal
-- in: one value per parameter. out: the seal's hash. Writes ledger_seal and ledger_sealed_batch. Advisory lock as above.
SELECT ledger_append_seal(
    %(programme_id)s, %(number)s, %(body)s, %(mark)s::xid8, %(batch_ids)s::uuid[], %(counts)s::integer[],
    %(roots)s::bytea[]
);

-- name: heads
-- out: the latest seal of every programme. Index: primary key. No locks.
SELECT DISTINCT ON (programme_id) programme_id, number, hash, body, mark::text
FROM ledger_seal ORDER BY programme_id, number DESC;

-- name: seals
-- in: programme_id, last (or null). out: a programme's seals up to that number, the latest first. Index: primary key.
SELECT programme_id, number, hash, body, mark::text FROM ledger_seal
WHERE programme_id = %(programme_id)s AND number <= coalesce(%(last)s, 2147483647)
ORDER BY number DESC;

-- name: seal_hashes
-- in: programme_id, before. out: the hashes of the seals before that number, in order. Index: primary key. No locks.
SELECT hash FROM ledger_seal WHERE programme_id = %(programme_id)s AND number < %(before)s ORDER BY number;

-- name: batches_of_seal
-- in: programme_id, number. out: batch_id, transactions, root of the seal's batches, in order. Index: the unique key.
SELECT batch_id, transactions, root FROM ledger_sealed_batch
WHERE programme_id = %(programme_id)s AND number = %(number)s ORDER BY batch_id;

-- name: all_seals
-- out: every seal, by programme and number, for the checks. Server-side cursor.
SELECT programme_id, number, hash, body, mark::text FROM ledger_seal ORDER BY programme_id, number;

-- name: all_sealed_batches
-- out: every sealed batch by its id, for the checks: batch_id, programme_id, number, transactions, root.
-- Server-side cursor.
SELECT batch_id, programme_id, number, transactions, root FROM ledger_sealed_batch ORDER BY batch_id, programme_id;

-- name: misplaced_batches
-- What no seal says: finished batches older than the latest mark that are in no seal; sealed ones that are gone, or that
-- finished before the seal before theirs or after theirs. After a dump was restored, x and marks are 0 and say nothing.
-- Whole tables, no locks.
WITH seal AS (
    SELECT programme_id, number, mark, lag(mark, 1, '0'::xid8) OVER (PARTITION BY programme_id ORDER BY number) AS since
    FROM ledger_seal
), wrong AS MATERIALIZED (
    SELECT b.batch_id, NULL::integer AS number, 'is in no seal, though later ones are' AS what
    FROM ledger_batch AS b
    WHERE b.x < (SELECT mark FROM seal ORDER BY mark DESC LIMIT 1)
        AND NOT EXISTS (SELECT FROM ledger_sealed_batch AS s WHERE s.batch_id = b.batch_id)
    UNION ALL
    SELECT s.batch_id, s.number, 'is in seal ' || s.number || ', and gone from the ledger'
    FROM ledger_sealed_batch AS s WHERE NOT EXISTS (SELECT FROM ledger_batch AS b WHERE b.batch_id = s.batch_id)
    UNION ALL
    SELECT s.batch_id, s.number, 'is in seal ' || s.number || ', which is not the one of its time'
    FROM ledger_sealed_batch AS s
    JOIN ledger_batch AS b ON b.batch_id = s.batch_id AND b.x <> '0'::xid8
    LEFT JOIN seal ON seal.programme_id = s.programme_id AND seal.number = s.number
    WHERE (b.x >= seal.since AND b.x < seal.mark) IS NOT TRUE
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY batch_id LIMIT 20;

-- name: untrue_batches
-- Batches whose row says another bucket or other times of recording than their transactions. Whole tables, no locks.
WITH held AS (
    SELECT batch_id, min(bucket) AS bucket, min(recorded_at) AS first_at, max(recorded_at) AS last_at
    FROM ledger_transaction GROUP BY batch_id
), wrong AS MATERIALIZED (
    SELECT b.batch_id FROM ledger_batch AS b JOIN held AS h ON h.batch_id = b.batch_id
    WHERE (b.bucket, b.first_recorded_at, b.last_recorded_at) IS DISTINCT FROM (h.bucket, h.first_at, h.last_at)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY batch_id LIMIT 20;
