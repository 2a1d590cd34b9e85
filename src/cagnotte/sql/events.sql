-- Events: from what the books say to what others are told. One database transaction tells of all that is new.

-- name: is_waiting
-- out: whether a batch of the ledger is not told of. Index: ledger_batch_x, primary key. No locks.
SELECT EXISTS (
    SELECT FROM ledger_batch AS b
    WHERE b.x >= (SELECT mark FROM notices_mark)
        AND NOT EXISTS (SELECT FROM notices_told_batch AS t WHERE t.batch_id = b.batch_id)
);

-- name: take_mark
-- out: how far all is told; no row while another session tells. Locks the one row of notices_mark.
SELECT mark::text FROM notices_mark ORDER BY mark FOR UPDATE SKIP LOCKED;

-- name: new_batches
-- in: mark. out: the edge, below which no database transaction runs any more, and the batches not told of, by id.
-- They are all that can be seen: what a slow writer has not committed lies at the edge or above, and is found next time;
-- those that committed before it are told at once. Index: ledger_batch_x, primary key. No locks.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text, coalesce(array_agg(b.batch_id ORDER BY b.batch_id), '{}')
FROM ledger_batch AS b
WHERE b.x >= %(mark)s::xid8
    AND NOT EXISTS (SELECT FROM notices_told_batch AS t WHERE t.batch_id = b.batch_id);

-- name: move_mark
-- in: edge, batch_ids just told. Writes notices_mark, and notices_told_batch with those that the mark leaves above.
WITH moved AS (
    UPDATE notices_mark SET mark = %(edge)s::xid8
), passed AS (
    DELETE FROM notices_told_batch WHERE x < %(edge)s::xid8
)
INSERT INTO notices_told_batch (batch_id, x)
SELECT b.batch_id, b.x FROM ledger_batch AS b
WHERE b.x >= %(edge)s::xid8 AND b.batch_id = ANY(%(batch_ids)s);

-- name: audience
-- out: programmes of which somebody may hear: by an endpoint, by a key that may read events, by a listener, or as a member.
SELECT programme_id FROM notices_webhookendpoint
UNION DISTINCT SELECT programme_id FROM notices_connectedlistener WHERE disabled_at IS NULL
UNION DISTINCT SELECT id FROM identity_programme AS p
WHERE EXISTS (SELECT FROM identity_membership AS s WHERE s.programme_id = p.id)
UNION DISTINCT SELECT programme_id FROM identity_apikey WHERE revoked_at IS NULL AND 'events:read' = ANY(scopes);

-- name: plan_for_facts
-- Until the transaction ends: what is read of the ledger is looked up, whatever its tables' statistics say.
SELECT set_config(name, 'off', true) FROM unnest(ARRAY['enable_hashjoin', 'enable_mergejoin', 'jit']) AS n (name);

-- name: facts
-- in: batch_ids with the first and the last of them, programmes, kinds. out: Fact, the transactions of a wallet one after
-- the other. Index: ledger_transaction_batch (BRIN), then entries and accounts by key. Server-side cursor. No locks.
SELECT t.id, t.programme_id, t.book_id, t.kind, t.fact_id, t.occurred_on, t.recorded_at, coalesce((
    SELECT jsonb_object_agg(moved.kind, moved.amount_minor) FROM (
        SELECT a.kind, sum(e.amount_minor)::bigint AS amount_minor
        FROM ledger_entry AS e JOIN ledger_account AS a ON a.id = e.account_id
        WHERE e.bucket = t.bucket AND e.transaction_id = t.id AND (e.row_mode OR a.kind = 'programme.vouchers')
        GROUP BY a.kind
    ) AS moved
), '{}'), b.x::text::bigint
FROM ledger_transaction AS t
CROSS JOIN LATERAL (SELECT x FROM ledger_batch WHERE batch_id = t.batch_id OFFSET 0) AS b
WHERE t.batch_id BETWEEN %(first)s AND %(last)s AND t.batch_id = ANY(%(batch_ids)s)
    AND t.programme_id = ANY(%(programmes)s) AND t.kind = ANY(%(kinds)s)
ORDER BY t.bucket, t.book_id;

-- name: versions
-- in: ids of versions of purchases. out: id, number, state, reason, amount and amount before (null at first), and the
-- columns of PurchaseOf. The amount is the reward's as it stands, or, where a later version stands already, what was decided
-- for this one. Index: primary keys, purchase_version_unique. No locks.
WITH told AS MATERIALIZED (
    SELECT id, purchase_id, number, validation, reason FROM purchases_purchaseversion WHERE id = ANY(%(ids)s)
), both_of AS (
    SELECT purchase_id, number, validation FROM told
    UNION DISTINCT
    SELECT b.purchase_id, b.number, b.validation
    FROM told AS n JOIN purchases_purchaseversion AS b ON b.purchase_id = n.purchase_id AND b.number = n.number - 1
), stood AS MATERIALIZED (
    SELECT b.purchase_id, b.number, CASE
        WHEN b.number = p.version THEN r.amount_minor
        WHEN b.validation = 'declined' THEN 0
        ELSE (
            SELECT (d.decision ->> 'reward')::bigint
            FROM purchases_purchaseversion AS f JOIN rewards_decision AS d ON d.id = f.id
            WHERE f.purchase_id = b.purchase_id AND f.number <= b.number
            ORDER BY f.number DESC LIMIT 1
        )
    END AS amount_minor
    FROM both_of AS b
    JOIN purchases_purchase AS p ON p.id = b.purchase_id
    JOIN rewards_reward AS r ON r.purchase_id = b.purchase_id
)
SELECT n.id, n.number, n.validation, n.reason, s.amount_minor, b.amount_minor,
       p.id, p.wallet_id, p.member_id, m.ref, p.merchant_id, c.ref, p.order_ref, p.currency, p.occurred_at
FROM told AS n
JOIN stood AS s ON s.purchase_id = n.purchase_id AND s.number = n.number
LEFT JOIN stood AS b ON b.purchase_id = n.purchase_id AND b.number = n.number - 1
JOIN purchases_purchase AS p ON p.id = n.purchase_id
JOIN identity_member AS m ON m.id = p.member_id
JOIN identity_party AS c ON c.id = p.merchant_id;

-- name: lots
-- in: ids of lots that purchases earned. out: id, amount, last day, and the columns of PurchaseOf. Index: primary keys.
SELECT l.id, l.amount_minor, l.expires_on,
       p.id, p.wallet_id, p.member_id, m.ref, p.merchant_id, c.ref, p.order_ref, p.currency, p.occurred_at
FROM rewards_lot AS l
JOIN purchases_purchase AS p ON p.id = l.purchase_id
JOIN identity_member AS m ON m.id = p.member_id
JOIN identity_party AS c ON c.id = p.merchant_id
WHERE l.id = ANY(%(ids)s);

-- name: owners
-- in: wallet_ids. out: wallet, and its member's id and number. Index: that of members' wallets. No locks.
SELECT DISTINCT ON (wallet_id) wallet_id, id, ref FROM identity_member
WHERE wallet_id = ANY(%(wallet_ids)s) ORDER BY wallet_id, ref;

-- name: holds
-- in: ids. out: columns of HoldOf: with what was captured of it, and the payout that it is for. Index: primary keys.
SELECT h.id, h.wallet_id, h.purpose, h.reference, h.currency, h.amount_minor, h.merchant_id, m.ref, h.expires_at, h.state,
       c.id, c.amount_minor, c.fee_minor, p.id
FROM wallet_hold AS h
LEFT JOIN identity_party AS m ON m.id = h.merchant_id
LEFT JOIN wallet_capture AS c ON c.hold_id = h.id
LEFT JOIN payouts_payout AS p ON p.hold_id = h.id
WHERE h.id = ANY(%(ids)s);

-- name: refunds
-- in: ids of refunds. out: id, its hold, reference, amount, and what of it repaid a debt. Index: primary keys.
SELECT r.id, c.hold_id, r.reference, r.amount_minor, r.repaid_minor
FROM wallet_refund AS r JOIN wallet_capture AS c ON c.id = r.capture_id WHERE r.id = ANY(%(ids)s);

-- name: vouchers
-- in: ids. out: columns of VoucherOf. Index: primary keys. No locks.
SELECT v.id, v.wallet_id, v.origin, v.reference, v.last4, v.currency, v.amount_minor, v.minimum_basket_minor, v.valid_from,
       v.valid_until, v.merchant_id, m.ref, v.purchase_id
FROM wallet_voucher AS v LEFT JOIN identity_party AS m ON m.id = v.merchant_id WHERE v.id = ANY(%(ids)s);

-- name: uses
-- in: ids of uses of vouchers, or of refunds of uses. out: id asked for, voucher, use, shop with its name, order, kind,
-- amount (of the refund, if it is one), day, and of a refund its reference and whether it stands on the voucher again.
SELECT u.id, u.voucher_id, u.id, u.merchant_id, m.ref, u.order_ref, u.kind, u.amount_minor, u.used_on, NULL, NULL
FROM wallet_voucher_use AS u JOIN identity_party AS m ON m.id = u.merchant_id WHERE u.id = ANY(%(ids)s)
UNION ALL
SELECT f.id, u.voucher_id, u.id, u.merchant_id, m.ref, u.order_ref, u.kind, f.amount_minor, u.used_on, f.reference,
       f.to_voucher
FROM wallet_voucher_refund AS f
JOIN wallet_voucher_use AS u ON u.id = f.use_id
JOIN identity_party AS m ON m.id = u.merchant_id
WHERE f.id = ANY(%(ids)s);

-- name: payouts
-- in: ids of payouts, or of their steps. out: id asked for, the step's number (0: none), bank's code and reason, and the
-- columns of PayoutOf. Index: primary keys. No locks.
SELECT p.id, 0, '', '', p.id, p.wallet_id, p.end_to_end_id, p.currency, p.amount_minor, p.fee_minor
FROM payouts_payout AS p WHERE p.id = ANY(%(ids)s)
UNION ALL
SELECT s.id, s.n, s.code, s.reason, p.id, p.wallet_id, p.end_to_end_id, p.currency, p.amount_minor, p.fee_minor
FROM payouts_payoutstep AS s JOIN payouts_payout AS p ON p.id = s.payout_id WHERE s.id = ANY(%(ids)s);

-- name: members
-- in: ids of members, or of their wallets. out: id asked for, member, number, wallet, day of joining.
SELECT id, id, ref, wallet_id, joined_on FROM identity_member WHERE id = ANY(%(ids)s)
UNION ALL
SELECT * FROM (
    SELECT DISTINCT ON (wallet_id) wallet_id, id, ref, wallet_id AS same, joined_on FROM identity_member
    WHERE wallet_id = ANY(%(ids)s) ORDER BY wallet_id, ref
) AS of_wallet;

-- name: orders
-- in: ids of orders of the inbox. out: id, source, its name there, shop, shop's number, amount, currency, moment, reason and
-- sentence. Index: primary keys. No locks.
SELECT o.id, a.ref, o.object_id, o.merchant, o.order_ref, o.amount_minor, o.currency, o.occurred_at, o.reason, o.sentence
FROM inbox_order AS o JOIN inbox_account AS a ON a.id = o.account_id WHERE o.id = ANY(%(ids)s);

-- name: write_events
-- in: one array per column, in the order in which they happened; made_at. Writes notices_event, but those that stand
-- there already. out: the numbers of those written.
INSERT INTO notices_event (id, programme_id, type, object_id, wallet_id, fact_id, created_at, made_at, data)
SELECT n.id, n.programme_id, n.type, n.object_id, n.wallet_id, n.fact_id, n.created_at, %(made_at)s, n.data::jsonb
FROM unnest(%(ids)s::uuid[], %(programme_ids)s::uuid[], %(types)s::text[], %(object_ids)s::text[],
            %(wallet_ids)s::uuid[], %(fact_ids)s::uuid[], %(created_at)s::timestamptz[], %(data)s::text[])
    WITH ORDINALITY AS n (id, programme_id, type, object_id, wallet_id, fact_id, created_at, data, place)
ORDER BY n.place
ON CONFLICT (id) DO NOTHING
RETURNING number;

-- name: page
-- in: programme_id, before (a number, or null for the newest), count, and filters, each null for none: type, object_id,
-- since, until. out: rows of events, newest first. Index: event_of_programme, event_of_object backwards. No locks.
SELECT number, id, type, object_id, created_at, data::text FROM notices_event
WHERE programme_id = %(programme_id)s
    AND (%(before)s::bigint IS NULL OR number < %(before)s::bigint)
    AND (%(type)s::text IS NULL OR type = %(type)s::text)
    AND (%(object_id)s::text IS NULL OR object_id = %(object_id)s::text)
    AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s::timestamptz)
    AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s::timestamptz)
ORDER BY number DESC LIMIT %(count)s;

-- name: event
-- in: programme_id, id. Index: the unique id. No locks.
SELECT number, id, type, object_id, created_at, data::text FROM notices_event
WHERE id = %(id)s AND programme_id = %(programme_id)s;

-- name: drop_events
-- in: before, at_most. Deletes events of former days that nobody waits for, with their deliveries and attempts.
-- Index: event_age, delivery_of_event, attempt_of_delivery.
WITH old AS (
    SELECT e.number FROM notices_event AS e
    WHERE e.made_at < %(before)s AND NOT EXISTS (
        SELECT FROM notices_delivery AS d WHERE d.event_number = e.number AND d.state = 'pending'
    )
    ORDER BY e.made_at LIMIT %(at_most)s
), deliveries AS (
    DELETE FROM notices_delivery WHERE event_number IN (SELECT number FROM old) RETURNING number
), attempts AS (
    DELETE FROM notices_attempt WHERE delivery_number IN (SELECT number FROM deliveries)
)
DELETE FROM notices_event WHERE number IN (SELECT number FROM old);
