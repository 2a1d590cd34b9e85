-- Appended returns: a set per order, kept when they arrive and laid over the order when it stands. Before the locks of
-- restate where they are kept, after them where they are laid over.

-- name: known_returns
-- in: source_id, native_ids, return_keys. out: order, key and content hash of those that are known.
-- Index: appended_return_unique. No locks.
SELECT r.native_id, r.return_key, r.content_hash
FROM unnest(%(native_ids)s::text[], %(return_keys)s::text[]) AS n (native_id, return_key)
JOIN purchases_appendedreturn AS r
    ON r.source_id = %(source_id)s AND r.native_id = n.native_id AND r.return_key = n.return_key;

-- name: known_unnamed
-- in: source_id, return_keys. out: key and content hash of those returns, among all that named no order, which are known.
-- Index: appended_return_sought. No locks.
SELECT return_key, content_hash FROM purchases_appendedreturn
WHERE source_id = %(source_id)s AND return_key = ANY(%(return_keys)s::text[]) AND sought IS NOT NULL;

-- name: keep_returns
-- in: source_id, now, one array per column. Writes purchases_appendedreturn in the order of its key; another writer of
-- the same return is waited for, and noticed by the unique key.
INSERT INTO purchases_appendedreturn (id, source_id, native_id, return_key, items, content_hash, received_at, sought)
SELECT n.id, %(source_id)s, n.native_id, n.return_key, n.items, n.content_hash, %(now)s, n.sought
FROM unnest(%(ids)s::uuid[], %(native_ids)s::text[], %(return_keys)s::text[], %(items)s::jsonb[], %(hashes)s::bytea[], %(sought)s::jsonb[])
    AS n (id, native_id, return_key, items, content_hash, sought)
ORDER BY n.native_id, n.return_key;

-- name: unnamed_candidates
-- in: programme_id, source_id, longest, tolerance, after and after_id, size. out: returns that named no order and found none, each with
-- the orders it may be of: same source, member and shop, at most so long before. The earliest first, from some place on. Index: appended_return_waiting, purchase_of_wallet.
-- No locks; guarded by lock_unnamed.
WITH unnamed AS (
    SELECT id, items, sought, (sought ->> 'at')::timestamptz AS moment
    FROM purchases_appendedreturn WHERE source_id = %(source_id)s AND native_id = '' AND purchase_id IS NULL
), found AS (
    SELECT u.id, u.items, u.sought, u.moment, p.id AS purchase_id, p.native_id, p.occurred_at,
           dense_rank() OVER (ORDER BY u.moment, u.id) AS place
    FROM unnamed AS u
    JOIN identity_member AS m ON m.programme_id = %(programme_id)s AND m.ref = u.sought ->> 'member'
    JOIN purchases_purchase AS p ON p.wallet_id = m.wallet_id
        AND p.occurred_on BETWEEN (u.moment - %(longest)s::interval)::date - 1 AND u.moment::date + 1
    WHERE p.source_id = %(source_id)s AND p.merchant_id = (u.sought ->> 'merchant_id')::uuid
        AND p.occurred_at BETWEEN u.moment - %(longest)s::interval AND u.moment + %(tolerance)s::interval
        AND (u.moment, u.id) > (%(after)s::timestamptz, %(after_id)s::uuid)
)
SELECT id, items, sought, purchase_id, native_id, occurred_at, moment FROM found WHERE place <= %(size)s ORDER BY place, purchase_id;

-- name: lock_unnamed
-- in: source_id. Keeps others from looking for the orders of this source's returns until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('unnamed returns ' || %(source_id)s::text, 0));

-- name: name_returns
-- in: one array per column. Writes the orders that returns were found to be of, and why; once. Index: primary key.
UPDATE purchases_appendedreturn AS r SET native_id = n.native_id, items = n.items, found = n.found
FROM unnest(%(ids)s::uuid[], %(native_ids)s::text[], %(items)s::jsonb[], %(found)s::jsonb[]) AS n (id, native_id, items, found)
WHERE r.id = n.id AND r.native_id = '';

-- name: observe_returns
-- in: source_id, now, one array per column. Writes purchases_observation.
INSERT INTO purchases_observation (id, source_id, delivery_key, content_hash, row_number, outcome, received_at)
SELECT n.id, %(source_id)s, n.delivery_key, n.content_hash, n.row_number, n.outcome, %(now)s
FROM unnest(%(ids)s::uuid[], %(keys)s::bytea[], %(hashes)s::bytea[], %(rows)s::bigint[], %(outcomes)s::text[])
    AS n (id, delivery_key, content_hash, row_number, outcome)
ORDER BY n.delivery_key;

-- name: keep_bodies
-- in: ids, bodies. Writes purchases_observationbody.
INSERT INTO purchases_observationbody (observation_id, body)
SELECT * FROM unnest(%(ids)s::uuid[], %(bodies)s::bytea[]) AS n (id, body) ORDER BY n.id;

-- name: returns_of
-- in: source_id, native_ids. out: order, id and items of every return. Index: appended_return_unique.
-- Guarded by the purchases' locks, for purchases that stand.
SELECT native_id, id, items FROM purchases_appendedreturn
WHERE source_id = %(source_id)s AND native_id = ANY(%(native_ids)s::text[])
ORDER BY native_id, return_key;

-- name: waiting
-- in: source_id, native_ids. out: those of these orders with returns that do not count yet.
-- Index: appended_return_waiting. No locks.
SELECT DISTINCT native_id FROM purchases_appendedreturn
WHERE source_id = %(source_id)s AND native_id = ANY(%(native_ids)s::text[]) AND purchase_id IS NULL
ORDER BY native_id;

-- name: arrived
-- in: programme_id, source_id, size. out: orders that stand, with returns that do not count yet.
-- Index: appended_return_waiting, purchase_key. No locks.
SELECT DISTINCT r.native_id
FROM purchases_appendedreturn AS r
JOIN purchases_purchase AS p
    ON p.programme_id = %(programme_id)s AND p.source_id = r.source_id AND p.native_id = r.native_id
WHERE r.source_id = %(source_id)s AND r.purchase_id IS NULL
ORDER BY r.native_id
LIMIT %(size)s;

-- name: count_returns
-- in: ids, purchase_ids. Marks returns as counted; the purchases are locked.
UPDATE purchases_appendedreturn AS r SET purchase_id = n.purchase_id
FROM unnest(%(ids)s::uuid[], %(purchase_ids)s::uuid[]) AS n (id, purchase_id)
WHERE r.id = n.id;

-- name: appending_sources
-- in: ids of purchases. out: purchase and the name of its source, where it appends returns. Index: primary keys.
SELECT p.id, s.ref FROM purchases_purchase AS p JOIN purchases_source AS s ON s.id = p.source_id
WHERE p.id = ANY(%(ids)s) AND s.mapping ->> 'returns' = 'appended';

-- name: waiting_by_source
-- out: programme and source, how many returns wait for their order, and since when. Reads what waits, and no more.
SELECT g.slug AS programme, s.ref AS source, count(*) AS returns, min(r.received_at) AS since
FROM purchases_appendedreturn AS r
JOIN purchases_source AS s ON s.id = r.source_id JOIN identity_programme AS g ON g.id = s.programme_id
WHERE r.purchase_id IS NULL
GROUP BY g.slug, s.ref ORDER BY g.slug, s.ref;

-- name: digest_returns
-- in: programme_id. out: returns by natural key, and whether they count.
SELECT s.ref, r.native_id, r.items::text, r.purchase_id IS NOT NULL
FROM purchases_appendedreturn AS r JOIN purchases_source AS s ON s.id = r.source_id
WHERE s.programme_id = %(programme_id)s;
