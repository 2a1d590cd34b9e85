-- Appended returns: a set per order, kept when they arrive and laid over the order when it stands. Before the locks of
-- restate where they are kept, after them where they are laid over.

-- name: known_returns
-- in: source_id, native_ids, return_keys. out: order, key and content hash of those that are known.
-- Index: appended_return_unique. No locks.
SELECT r.native_id, r.return_key, r.content_hash
FROM unnest(%(native_ids)s::text[], %(return_keys)s::text[]) AS n (native_id, return_key)
JOIN purchases_appendedreturn AS r
    ON r.source_id = %(source_id)s AND r.native_id = n.native_id AND r.return_key = n.return_key;

-- name: keep_returns
-- in: source_id, now, one array per column. Writes purchases_appendedreturn in the order of its key; another writer of
-- the same return is waited for, and noticed by the unique key.
INSERT INTO purchases_appendedreturn (id, source_id, native_id, return_key, items, content_hash, received_at)
SELECT n.id, %(source_id)s, n.native_id, n.return_key, n.items, n.content_hash, %(now)s
FROM unnest(%(ids)s::uuid[], %(native_ids)s::text[], %(return_keys)s::text[], %(items)s::jsonb[], %(hashes)s::bytea[])
    AS n (id, native_id, return_key, items, content_hash)
ORDER BY n.native_id, n.return_key;

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
