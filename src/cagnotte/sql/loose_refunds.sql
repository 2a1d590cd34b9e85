-- Refunds that name no order: kept in the inbox with what may lead to one, and given to it once it is found. Under the
-- programme's lock, before the locks of purchases.

-- name: know_refunds
-- in: one array per column. Writes what is known of refunds into their orders. Index: primary key. Locked before.
UPDATE inbox_order AS o SET attribution = coalesce(o.attribution, '{}'::jsonb) || n.known
FROM unnest(%(ids)s::uuid[], %(known)s::jsonb[]) AS n (id, known)
WHERE o.id = n.id;

-- name: candidates
-- in: account_ids, longest, tolerance, after and after_id, size. out: refunds that wait, each with the orders it may be of: same account, member and
-- shop, at most so long before. The earliest refunds first. Index: inbox_order_queue, inbox_order_of_wallet. No locks.
WITH refund AS (
    SELECT id, object_id, account_id, attribution -> 'refund' AS known,
           (attribution -> 'refund' ->> 'wallet_id')::uuid AS wallet_id, attribution -> 'refund' ->> 'merchant' AS merchant,
           (attribution -> 'refund' ->> 'at')::timestamptz AS moment
    FROM inbox_order
    WHERE account_id = ANY(%(account_ids)s) AND state = 'waiting'
        AND attribution -> 'refund' ->> 'wallet_id' IS NOT NULL AND attribution -> 'refund_of' IS NULL
), found AS (
    SELECT r.id, r.object_id, r.known, r.moment, o.id AS order_id, o.object_id AS order_name, o.purchase_id, o.occurred_at,
           dense_rank() OVER (ORDER BY r.moment, r.id) AS place
    FROM refund AS r
    JOIN inbox_order AS o ON o.wallet_id = r.wallet_id AND o.merchant = r.merchant
        AND o.occurred_at BETWEEN r.moment - %(longest)s::interval AND r.moment + %(tolerance)s::interval
    WHERE o.account_id = r.account_id AND o.state = 'standing' AND o.purchase_id IS NOT NULL
        AND (r.moment, r.id) > (%(after)s::timestamptz, %(after_id)s::uuid)
)
SELECT id, object_id, known, order_id, order_name, purchase_id, occurred_at, moment FROM found
WHERE place <= %(size)s
ORDER BY place, order_id;

-- name: give_refunds
-- in: now, one array per column. Gives refunds to the orders they are of, as pieces, has these settled again, and notes of the refunds
-- what was found. Index: primary keys, inbox_piece_unique.
WITH given AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(order_ids)s::uuid[], %(keys)s::text[], %(data)s::text[], %(known)s::jsonb[],
                         %(sentences)s::text[]) AS n (id, order_id, key, data, known, sentence)
), pieces AS (
    -- No message told them, so that none that is read again takes them away.
    INSERT INTO inbox_piece AS p (order_id, key, weight, data, message_id)
    SELECT order_id, key, 0, data, 0 FROM given ORDER BY order_id, key
    ON CONFLICT (order_id, key) DO UPDATE SET data = excluded.data
    WHERE p.data <> excluded.data
    RETURNING p.order_id
), due AS (
    UPDATE inbox_order AS o SET due = true FROM pieces WHERE o.id = pieces.order_id RETURNING 1
)
UPDATE inbox_order AS o
SET state = 'standing', reason = 'refund_found', sentence = given.sentence, settled_at = %(now)s,
    attribution = coalesce(o.attribution, '{}'::jsonb) || given.known
FROM given WHERE o.id = given.id;
