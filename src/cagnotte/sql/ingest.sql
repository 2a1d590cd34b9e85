-- Ingest: from reports to booked rewards. One database transaction per chunk.

-- name: plan_for_chunks
-- Until the transaction ends: plans whose cost follows the size of the chunk, never the size of the tables, even
-- while their statistics lag behind a large import.
SELECT set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'jit'])
    AS n (name);

-- name: known_deliveries
-- in: source_id, keys. out: the keys already received. Index: observation_delivery_unique. No locks.
SELECT delivery_key FROM purchases_observation WHERE source_id = %(source_id)s AND delivery_key = ANY(%(keys)s);

-- name: lock_purchases
-- in: programme_id, source_id, native_ids. out: what stands. Index: purchase_key.
-- Locks those purchases in key order until the end of the transaction; first in the global lock order.
SELECT native_id, id, wallet_id, bucket, member_id, merchant_id, order_ref, occurred_on, currency, validation, reason,
       version, content_hash, reported_at, file_id, confirmed_on, release_on, answer_by, event_on
FROM purchases_purchase
WHERE programme_id = %(programme_id)s AND source_id = %(source_id)s AND native_id = ANY(%(native_ids)s)
ORDER BY native_id
FOR NO KEY UPDATE;

-- name: said_again
-- in: ids, moments. Writes the source's own time of purchases, locked before, that it told once more.
UPDATE purchases_purchase AS p SET reported_at = n.moment
FROM unnest(%(ids)s::uuid[], %(moments)s::timestamptz[]) AS n (id, moment) WHERE p.id = n.id;

-- name: members
-- in: programme_id, refs. out: who they are. Index: member_ref_unique. No locks.
SELECT m.ref, m.wallet_id, m.id, w.bucket, m.segments
FROM identity_member AS m JOIN identity_wallet AS w ON w.id = m.wallet_id
WHERE m.programme_id = %(programme_id)s AND m.ref = ANY(%(refs)s);

-- name: lock_wallets
-- in: wallet_ids. out: which of them are closed. Index: primary key.
-- Locks wallet rows in key order; second in the global lock order.
SELECT id, closed_at IS NOT NULL FROM identity_wallet WHERE id = ANY(%(wallet_ids)s) ORDER BY id FOR NO KEY UPDATE;

-- name: counters
-- in: wallet_ids, names, since. out: running totals of these counters, from each one's first period on.
-- Index: counter_unique. Guarded by the wallets' locks.
SELECT c.wallet_id, c.name, c.period, c.amount_minor, c.count
FROM unnest(%(names)s::text[], %(since)s::date[]) AS n (name, since)
JOIN rewards_counter AS c ON c.wallet_id = ANY(%(wallet_ids)s) AND c.name = n.name AND c.period >= n.since;

-- name: add_counters
-- in: one array per column. Writes rewards_counter in key order. Guarded by the wallets' locks.
INSERT INTO rewards_counter AS c (wallet_id, bucket, name, period, amount_minor, count)
SELECT * FROM unnest(%(wallet_ids)s::uuid[], %(buckets)s::smallint[], %(names)s::text[], %(periods)s::date[],
                     %(amounts)s::bigint[], %(counts)s::integer[]) AS n (wallet_id, bucket, name, period, amount, count)
ORDER BY n.wallet_id, n.name, n.period
ON CONFLICT (wallet_id, name, period)
DO UPDATE SET amount_minor = c.amount_minor + excluded.amount_minor, count = c.count + excluded.count;

-- name: reject
-- in: one array per column. Writes purchases_rejection, once per file, row and reason.
INSERT INTO purchases_rejection (file_id, row_number, reason, sentence, raw, rejected_at)
SELECT %(file_id)s, n.row_number, n.reason, n.sentence, n.raw, %(now)s
FROM unnest(%(rows)s::bigint[], %(reasons)s::text[], %(sentences)s::text[], %(raws)s::bytea[])
    AS n (row_number, reason, sentence, raw)
ORDER BY n.row_number
ON CONFLICT (file_id, row_number, reason) DO NOTHING;

-- name: open_file
-- in: id, source_id, sha256, name, size, now. Writes purchases_importedfile; a file known by its bytes keeps its row.
INSERT INTO purchases_importedfile (id, source_id, sha256, name, size_bytes, first_seen_at)
VALUES (%(id)s, %(source_id)s, %(sha256)s, %(name)s, %(size)s, %(now)s)
-- Whichever key it is: two that begin the same file at the same moment also give it the same id.
ON CONFLICT DO NOTHING;

-- name: opened_file
-- in: source_id, sha256. A row of `open_file`, by imported_file_unique.
SELECT id, finished_at FROM purchases_importedfile WHERE source_id = %(source_id)s AND sha256 = %(sha256)s;

-- name: finish_file
-- in: id, now. Marks a file as read to its end.
UPDATE purchases_importedfile SET finished_at = coalesce(finished_at, %(now)s) WHERE id = %(id)s;

-- name: open_slices
-- in: programme_id, slot, offers. Writes a slot's slices where missing, so that they can be locked.
-- A row that another writer of the same slot is just writing is waited for.
INSERT INTO rewards_budgetslice (programme_id, offer, slot, granted_minor, used_minor)
SELECT %(programme_id)s, offer, %(slot)s, 0, 0 FROM unnest(%(offers)s::text[]) AS n (offer) ORDER BY offer
ON CONFLICT (programme_id, offer, slot) DO NOTHING;

-- name: budget_slices
-- in: programme_id, slot. out: what a writer holds of each budget; of slot 0, the pools, what all writers hold.
-- Locks them by offer until the end of the transaction: a writer's own before all else, the pools after the wallets.
SELECT offer, granted_minor, used_minor FROM rewards_budgetslice
WHERE programme_id = %(programme_id)s AND slot = %(slot)s ORDER BY offer FOR NO KEY UPDATE;

-- name: see_pool
-- in: programme_id, offer. out: how much of the budget slices hold, as last committed. No locks.
SELECT granted_minor FROM rewards_budgetslice
WHERE programme_id = %(programme_id)s AND offer = %(offer)s AND slot = 0;

-- name: move_pool
-- in: programme_id, offer, change. Writes the pool row, locked before.
UPDATE rewards_budgetslice SET granted_minor = granted_minor + %(change)s
WHERE programme_id = %(programme_id)s AND offer = %(offer)s AND slot = 0;

-- name: save_slice
-- in: programme_id, offer, slot, granted, used. Writes this writer's slice.
INSERT INTO rewards_budgetslice (programme_id, offer, slot, granted_minor, used_minor)
VALUES (%(programme_id)s, %(offer)s, %(slot)s, %(granted)s, %(used)s)
ON CONFLICT (programme_id, offer, slot)
DO UPDATE SET granted_minor = excluded.granted_minor, used_minor = excluded.used_minor;

-- name: take_slot
-- in: programme_id, first, last. out: a number no other session has. Advisory lock of the session, one per recorder.
SELECT slot FROM generate_series(%(first)s::integer, %(last)s::integer) AS n (slot)
WHERE pg_try_advisory_lock(hashtextextended('budget_slot ' || %(programme_id)s, slot)) LIMIT 1;

-- name: free_slots
-- Gives back every slot of the session.
SELECT pg_advisory_unlock_all();

-- name: plan_for_session
-- As plan_for_chunks, for a session that takes small chunks only; each statement is planned once.
SELECT set_config(name, value, false) FROM (VALUES
    ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('jit', 'off'),
    ('plan_cache_mode', 'force_generic_plan')
) AS n (name, value);

-- name: lock_few
-- in: programme_id, source_id, keys, native_ids, refs, arrays as text. out: one row per member: whether anything is known of the
-- messages or their orders, who the member is, whether the account is closed, and which of the ledger accounts are open that new purchases move.
-- Index: unique keys only. Locks purchases, then wallets, each in key order: the wallets wait for the count.
WITH received AS MATERIALIZED (
    SELECT FROM purchases_observation
    WHERE source_id = %(source_id)s AND delivery_key = ANY(%(keys)s::text::bytea[])
), standing AS MATERIALIZED (
    SELECT id FROM purchases_purchase
    WHERE programme_id = %(programme_id)s AND source_id = %(source_id)s AND native_id = ANY(%(native_ids)s::text::text[])
    ORDER BY native_id FOR NO KEY UPDATE
), member AS MATERIALIZED (
    SELECT ref, wallet_id, id, segments FROM identity_member
    WHERE programme_id = %(programme_id)s AND ref = ANY(%(refs)s::text::text[])
), wallet AS MATERIALIZED (
    SELECT id, bucket, closed_at IS NOT NULL AS is_closed FROM identity_wallet
    WHERE id = ANY(ARRAY(SELECT wallet_id FROM member)) AND (SELECT count(*) FROM standing) >= 0
    ORDER BY id FOR NO KEY UPDATE
)
SELECT (SELECT count(*) FROM standing) + (SELECT count(*) FROM received) > 0,
       m.ref, m.wallet_id, m.id, w.bucket, m.segments, w.is_closed, (
           SELECT array_agg(a.id) FROM ledger_account AS a
           WHERE a.programme_id = %(programme_id)s AND a.kind IN ('member.pending', 'member.confirmed') AND a.owner_id = m.wallet_id
       )
FROM member AS m JOIN wallet AS w ON w.id = m.wallet_id;

-- name: counters_of
-- in: programme_id, refs, names, since, arrays as text. out: as counters, of the members with these numbers.
-- Index: member_ref_unique, counter_unique. Guarded by the wallets' locks.
SELECT c.wallet_id, c.name, c.period, c.amount_minor, c.count
FROM rewards_counter AS c
JOIN unnest(%(names)s::text::text[], %(since)s::text::date[]) AS n (name, since) ON c.name = n.name AND c.period >= n.since
WHERE c.wallet_id = ANY(ARRAY(
    SELECT wallet_id FROM identity_member
    WHERE programme_id = %(programme_id)s AND ref = ANY(%(refs)s::text::text[])
));

-- name: write_few
-- in: arrays of whole rows, as text, of the seven tables and the stage; then those of add_counters. One shape for any number
-- of rows, so that it is planned once. Writes all tables of a purchase and the counters, which the wallets' locks guard.
WITH observation AS (
    INSERT INTO purchases_observation SELECT * FROM unnest($1::text::purchases_observation[])
), body AS (
    INSERT INTO purchases_observationbody SELECT * FROM unnest($2::text::purchases_observationbody[])
), purchase AS (
    INSERT INTO purchases_purchase SELECT * FROM unnest($3::text::purchases_purchase[])
), version AS (
    INSERT INTO purchases_purchaseversion SELECT * FROM unnest($4::text::purchases_purchaseversion[])
), reward AS (
    INSERT INTO rewards_reward SELECT * FROM unnest($5::text::rewards_reward[])
), decision AS (
    INSERT INTO rewards_decision SELECT * FROM unnest($6::text::rewards_decision[])
), part AS (
    INSERT INTO rewards_rewardpart (
        purchase_id, bucket, position, funder_kind, funder_id, contract_id, commission_minor, reward_minor, share_minor,
        margin_minor, billed_minor, paid_minor, written_off_minor
    )
    SELECT purchase_id, bucket, position, funder_kind, funder_id, contract_id, commission_minor, reward_minor, share_minor,
           margin_minor, billed_minor, paid_minor, written_off_minor
    FROM unnest($7::text::rewards_rewardpart[])
), counter AS (
    INSERT INTO rewards_counter AS c (wallet_id, bucket, name, period, amount_minor, count)
    SELECT * FROM unnest(
        $9::text::uuid[], $10::text::smallint[], $11::text::text[], $12::text::date[], $13::text::bigint[], $14::text::integer[]
    ) AS n (wallet_id, bucket, name, period, amount_minor, count)
    ORDER BY wallet_id, name, period
    ON CONFLICT (wallet_id, name, period) DO UPDATE
    SET amount_minor = c.amount_minor + excluded.amount_minor, count = c.count + excluded.count
)
INSERT INTO ledger_stage SELECT * FROM unnest($8::text::ledger_stage[]);
